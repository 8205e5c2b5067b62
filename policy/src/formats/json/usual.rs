//! The short way to JSON as stock clients write it: texts without escapes, and whole numbers. Whatever else comes, right or
//! wrong, is left to the strict reader.

use std::borrow::Cow;

use crate::formats::json::write::first_escaped;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::json::read::read_strictly;

    /// Whether the short way reads a body; then the strict reader must read the same.
    fn is_usual(body: &[u8]) -> bool {
        let usual = read(body);
        if let Some(value) = &usual {
            assert_eq!(read_strictly(body).as_ref(), Ok(value), "{}", String::from_utf8_lossy(body));
        }
        usual.is_some()
    }

    #[test]
    fn what_it_reads_the_strict_reader_reads_too() {
        const PIECES: [&str; 28] = [
            "[", "]", "{", "}", ",", ":", "\"", "\"a\"", "\"b\"", "\"a\":", "\\", "\\u0061", " ", "\n", "\u{b}", "\t",
            "1", "0", "-", ".5", "e1", "true", "false", "null", "NaN", "\u{feff}", "é", "\u{7f}",
        ];
        let mut bodies = vec![String::new()];
        let mut usual = 0;
        for _ in 0..4 {
            bodies = bodies.iter().flat_map(|body| PIECES.map(|piece| format!("{body}{piece}"))).collect();
            usual += bodies.iter().filter(|body| is_usual(body.as_bytes())).count();
        }
        assert!(usual > 1000, "{usual}");
    }

    #[test]
    fn a_call_is_usual_and_one_byte_may_make_it_unusual_but_never_another() {
        let call = r#" {"jsonrpc": "2.0", "id": 7, "params": {"args": ["odoo", -70, "é", [[1, 2]], {"a": [], "b": {}, "c": null}]}} "#;
        assert!(is_usual(call.as_bytes()));
        for at in 0..call.len() {
            for byte in 0..=u8::MAX {
                let mut bytes = call.as_bytes().to_vec();
                bytes[at] = byte;
                is_usual(&bytes);
            }
            is_usual(&call.as_bytes()[..at]);
        }
    }

    #[test]
    fn its_bounds_are_those_of_the_strict_reader() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let many = |count: usize| format!("[{}1]", "1,".repeat(count - 2));
        let named = |count: usize| format!("[{}1]", "{\"a\":1},".repeat(count));
        assert!(is_usual(nested(MAX_DEPTH).as_bytes()) && !is_usual(nested(MAX_DEPTH + 1).as_bytes()));
        assert!(is_usual(many(MAX_VALUES).as_bytes()) && !is_usual(many(MAX_VALUES + 1).as_bytes()));
        assert!(
            is_usual(named((MAX_VALUES - 2) / 3).as_bytes()) && !is_usual(named((MAX_VALUES - 2) / 3 + 1).as_bytes())
        );
        for (number, usual) in [
            ("999999999999999999", true),
            ("-999999999999999999", true),
            ("9223372036854775807", false),
            ("0", true),
            ("-0", false),
            ("00", false),
            ("-", false),
            ("1.0", false),
        ] {
            assert_eq!(is_usual(number.as_bytes()), usual, "{number}");
        }
    }
}
