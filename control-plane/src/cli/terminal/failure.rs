//! How a command ends: a status for scripts and a sentence for people.

use std::process::ExitCode;
use std::{fmt, io};

/// The result of a command.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// The exit status. docs/admin/command-line.md lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, and `diff` found nothing.
    Done = 0,
    /// No answer, a broken one, a file that cannot be used. `diff`: there are differences. `test`: a decision is not as wanted.
    Failed = 1,
    /// The command line is wrong, or nobody could be asked. `diff` and `test`: also what is 1 elsewhere, as in diff(1).
    Usage = 2,
    /// There is no such record.
    NotFound = 3,
    /// The token is not good enough, or somebody said no.
    Refused = 4,
    /// The state of things forbids it, or has changed meanwhile.
    Conflict = 5,
    /// A value that cannot be, in an option or a policy file.
    Invalid = 6,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command was not done.
#[derive(Debug)]
pub struct Failure {
    /// The status.
    pub exit: Exit,
    /// A sentence on the cause and the remedy, without a secret.
    pub message: String,
}

impl Failure {
    /// A failure of some kind.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    /// No answer, a broken one, a file that cannot be used.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// A wrong command line.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// A file that cannot be read or written.
    pub fn file(path: &std::path::Path, error: &io::Error) -> Self {
        Self::failed(format!("{}: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Writing to standard output failed. A reader that has seen enough, such as `head`, is no failure.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new(Exit::Done, ""),
            _ => Self::failed(format!("standard output: {error}")),
        }
    }
}
