//! The text of a file that administrators keep.

use std::io::{self, Read as _};
use std::path::Path;

use crate::cli::terminal::failure::{Exit, Failure, Result};

/// Bytes that a file may have.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// A text, and what it is called in messages.
pub(crate) struct Text {
    pub(crate) name: String,
    pub(crate) text: String,
}

impl Text {
    /// Reads a file; `-` is standard input.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let mut text = String::new();
        let is_input = path == Path::new("-");
        let read = if is_input {
            io::stdin().lock().take(MAX_BYTES).read_to_string(&mut text)
        } else {
            std::fs::File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text))
        };
        let bytes = read.map_err(|error| Failure::file(path, &error))?;
        if bytes as u64 == MAX_BYTES {
            return Err(Failure::failed(format!("{}: the file is too long", path.display())));
        }
        let name = if is_input { "standard input".to_owned() } else { path.display().to_string() };
        Ok(Self { name, text })
    }
}

/// Names the fault of a YAML text and its place, without the values in it: one may be a secret in the wrong place.
pub(crate) fn wrong(name: &str, error: &serde_yaml_ng::Error, hint: impl FnOnce(&str) -> &'static str) -> Failure {
    let place = error.location().map(|place| format!(":{}:{}", place.line(), place.column())).unwrap_or_default();
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or(&message);
    let message = match (message.find("invalid "), message.find(", expected ")) {
        (Some(start), Some(end)) if start < end => {
            format!("{}{}", message.get(..start).unwrap_or_default(), message.get(end + 2..).unwrap_or_default())
        }
        _ => message.to_owned(),
    };
    // The path of an entry of a list begins with a point.
    let message = message.trim_start_matches('.');
    Failure::new(Exit::Invalid, format!("{name}{place}: {message}{}.", hint(message)))
}
