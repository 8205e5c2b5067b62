//! The short way to JSON as stock clients write it: texts without escapes, and whole numbers. Whatever else comes, right or
//! wrong, is left to the strict reader.

use std::borrow::Cow;

use crate::formats::json::escapes::first_escaped;
use crate::formats::value::{Members, Value, has_twice};
use crate::formats::xmlrpc::{MAX_DEPTH, MAX_VALUES};

/// Digits that fit in 64 bits, whichever they are.
const DIGITS: usize = 18;

/// The value that the strict reader would read; `None` where it has to.
pub(super) fn read(body: &[u8]) -> Option<Value<'_>> {
    let mut usual = Usual { text: str::from_utf8(body).ok()?, at: 0, values: 0 };
    let value = usual.value(0)?;
    usual.next_byte().is_none().then_some(value)
}

struct Usual<'a> {
    text: &'a str,
    /// How many bytes are read.
    at: usize,
    values: usize,
}

impl<'a> Usual<'a> {
    /// Recursion is bounded by [`MAX_DEPTH`].
    fn value(&mut self, depth: usize) -> Option<Value<'a>> {
        self.count()?;
        match self.next_byte()? {
            b'"' => self.string().map(|text| Value::String(Cow::Borrowed(text))),
            b'[' if depth < MAX_DEPTH => self.array(depth + 1).map(Value::Array),
            b'{' if depth < MAX_DEPTH => self.members(depth + 1).map(Value::Struct),
            b't' => self.word("true").map(|()| Value::Bool(true)),
            b'f' => self.word("false").map(|()| Value::Bool(false)),
            b'n' => self.word("null").map(|()| Value::Nil),
            _ => self.number(),
        }
    }

    fn array(&mut self, depth: usize) -> Option<Vec<Value<'a>>> {
        let mut values = Vec::new();
        self.at += 1;
        if self.takes(b']') {
            return Some(values);
        }
        loop {
            values.push(self.value(depth)?);
            if self.takes(b']') {
                return Some(values);
            }
            self.takes(b',').then_some(())?;
        }
    }

    fn members(&mut self, depth: usize) -> Option<Members<'a>> {
        let mut members = Members::new();
        self.at += 1;
        if self.takes(b'}') {
            return Some(members);
        }
        loop {
            self.count()?;
            let name = self.next_byte().filter(|byte| *byte == b'"').and_then(|_| self.string())?;
            self.takes(b':').then_some(())?;
            members.push((Cow::Borrowed(name), self.value(depth)?));
            if self.takes(b'}') {
                return Some(members).filter(|members| !has_twice(members));
            }
            self.takes(b',').then_some(())?;
        }
    }

    /// A text, from its first quote on.
    fn string(&mut self) -> Option<&'a str> {
        let behind = self.text.get(self.at + 1..)?;
        let (text, rest) = behind.split_at_checked(first_escaped(behind)?)?;
        self.at = self.text.len() - rest.strip_prefix('"')?.len();
        Some(text)
    }

    /// As many digits as there are; with a point or an exponent behind them, it goes on with what is no token here.
    fn number(&mut self) -> Option<Value<'a>> {
        let rest = self.text.get(self.at..)?;
        let digits = rest.strip_prefix('-').unwrap_or(rest);
        let length = digits.bytes().take_while(u8::is_ascii_digit).count();
        let is_negative = digits.len() < rest.len();
        let is_usual = if digits.starts_with('0') { length == 1 && !is_negative } else { length <= DIGITS };
        let number = rest.get(..rest.len() - digits.len() + length).filter(|_| is_usual)?;
        self.at += number.len();
        number.parse().ok().map(Value::Int)
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.text.get(self.at..)?.strip_prefix(word)?;
        self.at += word.len();
        Some(())
    }

    /// Whether this byte comes next; then it is read.
    fn takes(&mut self, byte: u8) -> bool {
        let is_next = self.next_byte() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// The next byte that is no white space.
    fn next_byte(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    fn count(&mut self) -> Option<()> {
        self.values += 1;
        (self.values <= MAX_VALUES).then_some(())
    }
}
