//! The audit records of a service: a file with a line a call.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{process, thread};

use anyhow::{Context, Result, anyhow};
use lictor_policy::wire::Event;

/// As often as a gate sends its events.
const TICK: Duration = Duration::from_millis(250);

/// The file, and the number of the next record.
pub(super) struct Records(Arc<Mutex<Open>>);

struct Open {
    file: BufWriter<File>,
    sequence: u64,
}

impl Records {
    /// Begins the file, which is complete a tick after the last call.
    pub(super) fn begin(path: &Path) -> Result<Self> {
        let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        let open = Arc::new(Mutex::new(Open { file: BufWriter::with_capacity(1 << 16, file), sequence: 0 }));
        let flushed = Arc::clone(&open);
        thread::spawn(move || {
            loop {
                thread::sleep(TICK);
                let done =
                    flushed.lock().map_err(|_| anyhow!("a thread has panicked")).map(|mut open| open.file.flush());
                if !matches!(done, Ok(Ok(()))) {
                    // A service that forgets calls must not be measured.
                    eprintln!("the records cannot be written: {done:?}");
                    process::exit(1);
                }
            }
        });
        Ok(Self(open))
    }

    /// Numbers a record and writes it.
    pub(super) fn write(&self, mut event: Event) -> Result<()> {
        let mut open = self.0.lock().map_err(|_| anyhow!("a thread has panicked"))?;
        event.sequence = open.sequence;
        open.sequence += 1;
        let mut json = String::with_capacity(1024);
        event.write(&mut json);
        json.push('\n');
        open.file.write_all(json.as_bytes())?;
        Ok(())
    }
}
