//! The sliding window against the exact log of what it admitted.

use lictor_policy::memory::rate::Window;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

const MICROS: u64 = 1_000_000;
const START: u64 = 1_800_000_000 * MICROS;

proptest! {
    // The same cases in every run: one that fails can be looked at.
    #![proptest_config(Config { rng_seed: RngSeed::Fixed(60), failure_persistence: None, ..Config::default() })]

    #[test]
    fn never_more_than_the_limit_in_any_60_s_and_never_much_too_strict(
        limit in 1u32..200,
        gaps in proptest::collection::vec(prop_oneof![8 => 0..MICROS, 2 => 0..10 * MICROS, 1 => 0..100 * MICROS], 1..600),
    ) {
        let (mut window, mut now) = (Window::default(), START);
        let mut admitted: Vec<u64> = Vec::new();
        for gap in gaps {
            now += gap;
            let within = |seconds: u64| admitted.iter().filter(|at| **at + seconds * MICROS > now).count() as u32;
            match window.take(limit, now) {
                Ok(quota) => {
                    prop_assert!(within(60) < limit);
                    prop_assert!(quota.remaining < limit && quota.reset > now / MICROS);
                    admitted.push(now);
                }
                Err(quota) => {
                    // Refused only if the last 61 s and the fraction of the current second hold the limit.
                    prop_assert!(within(61) >= limit);
                    prop_assert_eq!(quota.remaining, 0);
                    let reset = quota.reset * MICROS;
                    prop_assert!(reset > now && window.clone().take(limit, reset).is_ok());
                }
            }
            let mut bytes = Vec::new();
            window.write(&mut bytes);
            prop_assert_eq!(Window::parse(&bytes), Some(window.clone()));
        }
    }

    #[test]
    fn a_clock_that_jumps_admits_no_more_than_the_limit_a_window(
        limit in 1u32..20,
        jumps in proptest::collection::vec(-300i64..300, 1..400),
    ) {
        // `real` is the time that nobody sees; `now` what the clock shows.
        let (mut window, mut real, mut offset) = (Window::default(), START, 0i64);
        let mut admitted: Vec<u64> = Vec::new();
        for (number, jump) in jumps.into_iter().enumerate() {
            real += 200_000;
            if number % 40 == 39 && jump < 0 {
                offset += jump * MICROS as i64;
            }
            if window.take(limit, real.saturating_add_signed(offset)).is_ok() {
                prop_assert!(admitted.iter().filter(|at| **at + 60 * MICROS > real).count() < limit as usize);
                admitted.push(real);
            }
        }
    }
}

#[test]
fn after_a_long_jump_back_the_window_is_full_for_60_s_and_then_starts_anew() {
    let mut window = Window::default();
    assert!(window.take(5, START).is_ok());
    let earlier = START - 3_600 * MICROS;
    assert!(window.take(5, earlier).is_err());
    assert!(window.take(5, earlier + 59 * MICROS).is_err());
    assert!(window.take(5, earlier + 60 * MICROS).is_ok());
}

#[test]
fn a_limit_that_was_lowered_refuses_until_the_window_has_room() {
    let mut window = Window::default();
    for _ in 0..10 {
        assert!(window.take(10, START).is_ok());
    }
    assert!(window.take(3, START).is_err());
    assert!(window.take(3, START + 61 * MICROS).is_ok());
}
