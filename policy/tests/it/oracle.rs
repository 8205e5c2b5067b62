//! Python, which reads what the gate forwards as Odoo does, and says whether it is the call that was decided.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use lictor_policy::operation::{Operation, Operations};
use lictor_policy::refusal::shadow::Shadow;
use lictor_policy::snapshot::Snapshot;
use lictor_policy::wire;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value as Json;

/// Bodies that are generated, every other of which is damaged; as many as `LICTOR_BODIES` says, if it is there.
pub(crate) fn bodies() -> usize {
    std::env::var("LICTOR_BODIES").map_or(25_000, |number| number.parse().expect("LICTOR_BODIES is a number"))
}

/// The oracle, and how many bodies it was shown.
pub(crate) struct Oracle {
    program: Child,
    to: ChildStdin,
    sent: Sender<String>,
    reader: JoinHandle<()>,
    whole: usize,
    damaged: usize,
}

impl Oracle {
    pub(crate) fn start() -> Self {
        let mut program = Command::new("python3")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/oracle.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is needed: its readers are what Odoo reads with");
        let (to, from) = (program.stdin.take().unwrap(), BufReader::new(program.stdout.take().unwrap()));
        let (sent, received) = channel::<String>();
        let reader = std::thread::spawn(move || {
            for (line, body) in from.lines().zip(received) {
                assert_eq!(line.unwrap(), "same", "for {body:?}");
            }
        });
        Self { program, to, sent, reader, whole: 0, damaged: 0 }
    }

    /// Asks about a body that was forwarded. False if the oracle has ended: its last answer says at which body.
    pub(crate) fn ask(&mut self, damaged: bool, body: &[u8], case: &Json) -> bool {
        *(if damaged { &mut self.damaged } else { &mut self.whole }) += 1;
        self.sent.send(String::from_utf8_lossy(body).into_owned()).is_ok() && writeln!(self.to, "{case}").is_ok()
    }

    /// Waits for all answers, and checks that enough was forwarded: a test that refuses everything would show nothing.
    pub(crate) fn finish(self) {
        let Self { mut program, to, sent, reader, whole, damaged } = self;
        drop((to, sent));
        reader.join().unwrap();
        assert!(program.wait().unwrap().success());
        let bodies = bodies();
        println!("{bodies} bodies: {whole} whole and {damaged} damaged ones forwarded");
        assert!(whole > bodies / 5 && damaged > bodies / 100);
    }
}

/// The same values in every run.
pub(crate) fn runner() -> TestRunner {
    TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// With `any_method`, which takes whatever arguments and context there are, so that every value gets to the writer.
pub(crate) fn open(mut policy: wire::Snapshot) -> Snapshot {
    policy.settings.methods = [("any_method".to_owned(), Operations::of(&[Operation::Write]))].into();
    policy.settings.shadow = [Shadow::Permission].into();
    Snapshot::try_from(policy).unwrap()
}
