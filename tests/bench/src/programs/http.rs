//! Reads messages of HTTP/1.1 that say their length, from a connection that stays open.

use std::io::{ErrorKind, Read};

use anyhow::{Context, Result, bail};

/// Most messages of the benchmark have about 1.5 kB, some a body of 1 MiB.
const USUAL_MESSAGE: usize = 64 * 1024;
const MAX_MESSAGE: usize = 4 << 20;

/// What was read of a connection and not yet used.
pub(crate) struct Incoming<S> {
    stream: S,
    buffer: Vec<u8>,
    filled: usize,
    /// Length of the message that was given out last.
    given: usize,
}

/// One message.
pub(crate) struct Message<'m> {
    /// From the first line to the last header.
    pub(crate) head: &'m [u8],
    pub(crate) body: &'m [u8],
}

impl<S: Read> Incoming<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, buffer: vec![0; USUAL_MESSAGE], filled: 0, given: 0 }
    }

    /// The next message, or nothing if the other end has closed the connection between two.
    pub(crate) fn next(&mut self) -> Result<Option<Message<'_>>> {
        self.buffer.copy_within(self.given..self.filled, 0);
        self.filled -= self.given;
        self.given = 0;
        let (head, whole) = loop {
            let known = self.buffer.get(..self.filled).unwrap_or_default();
            if let Some((head, whole)) = measure(known)?
                && whole <= self.filled
            {
                break (head, whole);
            }
            if self.filled == self.buffer.len() {
                if self.filled >= MAX_MESSAGE {
                    bail!("a message is longer than {MAX_MESSAGE} bytes");
                }
                self.buffer.resize(2 * self.filled, 0);
            }
            let free = self.buffer.get_mut(self.filled..).unwrap_or_default();
            match self.stream.read(free) {
                Ok(0) if self.filled == 0 => return Ok(None),
                Ok(0) => bail!("the connection was closed in the middle of a message"),
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        };
        self.given = whole;
        let message = self.buffer.get(..whole).unwrap_or_default();
        Ok(message.split_at_checked(head).map(|(head, body)| Message { head, body }))
    }
}

/// The lengths of a message's head and of all of it, once the head is there.
fn measure(bytes: &[u8]) -> Result<Option<(usize, usize)>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = bytes.get(..end).unwrap_or_default();
    let mut length = 0;
    for line in head.split(|byte| *byte == b'\n').skip(1) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = line.split_at(colon);
        if name.eq_ignore_ascii_case(b"content-length") {
            let digits = String::from_utf8_lossy(value);
            length = digits.trim_matches([':', ' ', '\r']).parse().context("a content-length is no number")?;
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            bail!("a message is chunked, which nothing in the benchmark should be");
        }
    }
    Ok(Some((end + 4, end + 4 + length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes in pieces of three.
    struct Pieces(Vec<u8>);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let length = self.0.len().min(3);
            buffer[..length].copy_from_slice(&self.0[..length]);
            self.0.drain(..length);
            Ok(length)
        }
    }

    fn bodies(text: &str) -> Result<Vec<String>> {
        let mut incoming = Incoming::new(Pieces(text.into()));
        let mut found = Vec::new();
        while let Some(message) = incoming.next()? {
            found.push(String::from_utf8(message.body.to_vec())?);
        }
        Ok(found)
    }

    #[test]
    fn messages_are_cut_where_their_lengths_say() {
        let text = "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\na: b\r\n\r\n";
        assert_eq!(bodies(text).unwrap(), ["abc", ""]);
    }

    #[test]
    fn what_cannot_be_measured_is_an_error() {
        for text in
            ["GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", "GET / HT", "a\r\ncontent-length: x\r\n\r\n"]
        {
            assert!(bodies(text).is_err(), "{text}");
        }
    }
}
