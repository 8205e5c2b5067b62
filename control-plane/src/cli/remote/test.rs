//! `lictor test`

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::cli::options::Server;
use crate::cli::remote::Unknown;
use crate::cli::remote::cases::{Case, Decision};
use crate::cli::remote::client::Client;
use crate::cli::terminal::failure::{Exit, Failure, Result};
use crate::cli::terminal::print::{self, Output};
use crate::domain::policy::{MAX_CASES, Policy};

/// Say whether calls would be decided as is wanted, if a policy file were applied. Nothing is called and nothing is changed. The
/// exit status is 1 if a decision is not as wanted, and 2 or more if that cannot be said.
#[derive(Debug, Args)]
pub struct Test {
    /// The policy file in YAML; `-` is standard input. Left out: the policy that the service has.
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The cases in YAML: calls, and the decision that is wanted on each.
    #[arg(short = 't', long, value_name = "FILE")]
    cases: PathBuf,
    /// As if the file were applied with --prune.
    #[arg(long, requires = "file")]
    prune: bool,
    #[command(flatten)]
    unknown: Unknown,
}

pub(crate) async fn run(server: &Server, order: Test) -> Result<Exit> {
    let client = Client::new(server)?;
    let draft = order.file.as_deref().map(|path| Policy::load(path)?.draft()).transpose()?;
    let cases = Case::load(&order.cases)?;
    let mut explanations = Vec::with_capacity(cases.len());
    for some in cases.chunks(MAX_CASES) {
        let questions: Vec<_> = some.iter().map(Case::question).collect();
        let body = json!({"draft": draft, "prune": order.prune, "cases": questions});
        let answer = client.post(&order.unknown.path("explain/cases"), &body).await;
        let answer = answer.map_err(|failure| of_case(failure, some))?.json;
        explanations.extend(answer.get("explanations").and_then(Value::as_array).cloned().unwrap_or_default());
    }
    if explanations.len() != cases.len() {
        return Err(Failure::failed("The service did not answer on every case."));
    }
    let results: Vec<_> = cases.iter().zip(explanations).map(Tested::of).collect::<Result<_>>()?;
    let failed = results.iter().filter(|result| !result.is_as_wanted).count();
    match client.output {
        Output::Json => {
            let results: Vec<_> = results.iter().map(Tested::document).collect();
            print::document(&json!({"cases": results, "failed": failed}))?;
        }
        Output::Text => {
            let head = ["", "CASE", "WANTED", "CAME", "WHAT WOULD HAVE TO CHANGE"];
            print::table(head.map(str::to_owned).to_vec(), results.iter().map(Tested::row))?;
            let all = results.len();
            print::note(&match failed {
                0 => format!("{all} of {all} decisions are as wanted."),
                _ => format!("{} of {all} decisions are as wanted, {failed} are not.", all - failed),
            });
        }
    }
    Ok(if failed == 0 { Exit::Done } else { Exit::Failed })
}

/// A case, and what came of it.
struct Tested<'c> {
    case: &'c Case,
    explanation: Value,
    wanted: Decision,
    came: Decision,
    is_as_wanted: bool,
}

impl<'c> Tested<'c> {
    fn of((case, explanation): (&'c Case, Value)) -> Result<Self> {
        let (wanted, came) = (case.wanted(), Decision::told(&explanation)?);
        Ok(Self { case, is_as_wanted: wanted.takes(&came), explanation, wanted, came })
    }

    fn document(&self) -> Value {
        json!({"name": self.case.name, "as_wanted": self.is_as_wanted, "wanted": self.wanted,
            "explanation": self.explanation})
    }

    fn row(&self) -> Vec<String> {
        let checks = self.explanation.get("checks").and_then(Value::as_array).into_iter().flatten();
        let details = checks.filter_map(|check| check.get("detail")?.as_str());
        let (came, details) = match self.is_as_wanted {
            // Only what was asked for: a long table hides what is wrong in it.
            true => (self.wanted.words(), String::new()),
            false => (self.came.words(), details.collect::<Vec<_>>().join(" ")),
        };
        let sign = if self.is_as_wanted { "ok" } else { "FAILED" };
        [sign, &self.case.name, &self.wanted.words(), &came, &details].map(print::printable).to_vec()
    }
}

/// A failure of the service, with the name of the case in the place of its number.
fn of_case(failure: Failure, cases: &[Case]) -> Failure {
    let named = cases.iter().enumerate().find_map(|(at, case)| {
        let number = format!("cases[{at}]");
        let (before, after) = failure.message.split_once(&number)?;
        // Then follows the field, as in `cases[3].key: …`.
        Some(format!("{before}case '{}': {}", case.name, after.trim_start_matches(['.', ':', ' '])))
    });
    match named {
        Some(message) => Failure { message, ..failure },
        None => failure,
    }
}
