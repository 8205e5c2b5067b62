//! Random permissions and calls, over Odoo's schema and made-up ones: a gate says what the second reading of the rules says.
//!
//! `LICTOR_RULES_CASES=100000 LICTOR_RULES_SEED=7 cargo test --release --package lictor-policy --test it -- rules_property` tries more.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::env;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, RngSeed, TestCaseError, TestRunner};

use crate::oracle_rules::judge;
use crate::rules_cases::{Case, case};
use crate::rules_core::difference;

/// Cases of a usual run.
const CASES: u32 = 500;
/// Cases among which each method's call passes in one and not in another.
const MANY: u32 = 5000;
/// More choices than any case has.
const CHOICES: usize = 400;

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Checks as many cases, drawn by such a seed, as the environment says. Answers how many.
pub(crate) fn each_case(check: impl Fn(&Case) -> Result<(), String>) -> u32 {
    let seed = number("LICTOR_RULES_SEED").unwrap_or(1);
    let cases = number("LICTOR_RULES_CASES").map_or(CASES, |cases| cases.try_into().unwrap());
    let config = Config {
        cases,
        failure_persistence: None,
        rng_algorithm: RngAlgorithm::ChaCha,
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: 4000,
        ..Config::default()
    };
    let result = TestRunner::new(config).run(&proptest::collection::vec(any::<u32>(), CHOICES), |numbers| {
        let case = case(&numbers);
        check(&case).map_err(|told| TestCaseError::fail(format!("{told}\n{case}")))
    });
    if let Err(error) = result {
        let told = error.to_string();
        panic!("seed {seed}: {}", told.split("minimal failing input").next().unwrap_or(&told));
    }
    cases
}

#[test]
fn a_gate_says_what_the_second_reading_of_the_rules_says() {
    // How often a method's call passed, and how often it did not.
    let met: RefCell<BTreeMap<String, [u32; 2]>> = RefCell::default();
    let cases = each_case(|case| {
        let answer = judge(&case.who, &case.call);
        met.borrow_mut().entry(case.call.method.to_string()).or_default()[usize::from(!answer.lacks.is_empty())] += 1;
        difference(&case.who, &case.call, &answer).map_or(Ok(()), Err)
    });
    let met = met.into_inner();
    for (method, times) in met.iter().filter(|_| cases >= MANY) {
        assert!(times.iter().all(|times| *times > 0), "{method} {times:?}");
    }
    for passed_or_not in [0, 1] {
        assert!(met.values().map(|times| times[passed_or_not]).sum::<u32>() > cases / 5, "{met:?}");
    }
}
