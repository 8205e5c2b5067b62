//! Where a secret is: in an environment variable or in a file. Never in a flag: every user of the machine can read those.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use lictor_policy::secret::Secret;

use crate::cli::options::{Oidc, Smtp, Storage, environment};
use crate::cli::terminal::failure::{Failure, Result};

/// The place of one secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// The environment variable of this name.
    Variable(String),
    /// The file at this path, without the end of its last line.
    File(PathBuf),
}

impl SecretSource {
    /// The variable or the file that options name; the variable if both are named.
    pub fn named(variable: Option<&String>, file: Option<&PathBuf>) -> Option<Self> {
        variable.cloned().map(Self::Variable).or_else(|| file.cloned().map(Self::File))
    }

    /// A certain variable if it holds something, else the file that an option names.
    fn variable_or(variable: &str, file: Option<&PathBuf>) -> Option<Self> {
        let variable = environment(variable).map(|_| variable.to_owned());
        Self::named(variable.as_ref(), file)
    }

    /// The same, with the path taken from a folder.
    pub fn within(self, folder: &Path) -> Self {
        match self {
            Self::File(path) => Self::File(folder.join(path)),
            variable @ Self::Variable(_) => variable,
        }
    }

    /// Reads the secret.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if the variable or the file is not there; those of reading a file; an empty secret.
    pub fn read(&self) -> io::Result<Secret> {
        match self {
            Self::Variable(name) => environment(name)
                .ok_or_else(|| io::Error::new(ErrorKind::NotFound, "the environment variable is not there, or empty")),
            Self::File(path) => {
                let text = std::fs::read_to_string(path)?;
                match text.trim_end_matches(['\r', '\n']) {
                    "" => Err(io::Error::new(ErrorKind::InvalidData, "the file is empty")),
                    secret => Ok(Secret::new(secret)),
                }
            }
        }
    }

    /// Reads a secret that a command cannot do without.
    pub fn required(&self) -> Result<Secret> {
        self.read().map_err(|error| Failure::failed(format!("{self}: {error}")))
    }

    /// The place in a message, with the option that names a file.
    pub fn with_option(&self, option: &str) -> String {
        match self {
            Self::Variable(_) => self.to_string(),
            Self::File(_) => format!("{option} {self}"),
        }
    }
}

impl Storage {
    /// Where the master key is: in the environment, else in its file.
    pub fn master_key(&self) -> SecretSource {
        let source = SecretSource::variable_or("LICTOR_MASTER_KEY", None);
        source.unwrap_or_else(|| SecretSource::File(self.master_key_file.clone()))
    }
}

impl Smtp {
    /// Where the password is, if there is one: in the environment, else in its file.
    pub fn password(&self) -> Option<SecretSource> {
        SecretSource::variable_or("LICTOR_SMTP_PASSWORD", self.smtp_password_file.as_ref())
    }
}

impl Oidc {
    /// Where the client's secret is, if there is one: in the environment, else in its file.
    pub fn client_secret(&self) -> Option<SecretSource> {
        SecretSource::variable_or("LICTOR_OIDC_CLIENT_SECRET", self.oidc_client_secret_file.as_ref())
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => f.write_str(name),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}
