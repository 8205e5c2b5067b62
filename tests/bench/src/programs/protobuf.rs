//! The part of Protocol Buffers that Envoy's ext_proc needs: fields that are numbers, texts or messages.

use anyhow::{Context, Result, bail};

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'m> {
    /// A number or a truth value.
    Number(u64),
    /// A text, bytes, or a message.
    Bytes(&'m [u8]),
    /// Of a fixed length: nothing that is read here.
    Fixed,
}

/// Reads the fields of a message, in their order.
pub(crate) struct Fields<'m>(&'m [u8]);

impl<'m> Fields<'m> {
    pub(crate) fn of(message: &'m [u8]) -> Self {
        Self(message)
    }

    /// The next field's number and value.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, Value<'m>)>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.number()?;
        let value = match tag & 7 {
            0 => Value::Number(self.number()?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = usize::try_from(self.number()?)?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            kind => bail!("a field of the kind {kind}, which is none"),
        };
        Ok(Some((tag >> 3, value)))
    }

    fn number(&mut self) -> Result<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = u64::from(*self.take(1)?.first().context("a message ends in a number")?);
            number |= (byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        bail!("a number of more than 64 bits")
    }

    fn take(&mut self, length: usize) -> Result<&'m [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).context("a message ends in a field")?;
        self.0 = rest;
        Ok(taken)
    }
}

/// A message that is being written.
#[derive(Default)]
pub(crate) struct Message(pub(crate) Vec<u8>);

impl Message {
    /// Appends a number.
    pub(crate) fn number(mut self, field: u64, value: u64) -> Self {
        self.varint(field << 3);
        self.varint(value);
        self
    }

    /// Appends a text, bytes or a message.
    pub(crate) fn bytes(mut self, field: u64, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref();
        self.varint(field << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }
}

impl AsRef<[u8]> for Message {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_they_were_written() {
        let message = Message::default().number(1, 300).bytes(16, "text").bytes(2, Message::default().number(1, 0));
        assert_eq!(message.0, b"\x08\xac\x02\x82\x01\x04text\x12\x02\x08\x00");
        let mut fields = Fields::of(&message.0);
        assert_eq!(fields.next().unwrap(), Some((1, Value::Number(300))));
        assert_eq!(fields.next().unwrap(), Some((16, Value::Bytes(b"text"))));
        assert_eq!(fields.next().unwrap(), Some((2, Value::Bytes(b"\x08\x00"))));
        assert_eq!(fields.next().unwrap(), None);
    }

    #[test]
    fn what_is_cut_off_is_an_error() {
        for message in [&b"\x08"[..], b"\x08\x80", b"\x12\x05text", b"\x0d123", b"\x0b"] {
            assert!(Fields::of(message).next().is_err(), "{message:?}");
        }
    }
}
