//! The strict reader.

use std::borrow::Cow;

use json_event_parser::{JsonEvent, SliceJsonParser};

use super::ReadError;
use crate::value::{Members, Value, has_twice};
use crate::xmlrpc::{MAX_DEPTH, MAX_VALUES};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads one JSON value.
///
/// # Errors
/// See [`ReadError`]: everything that is not exactly one value with one meaning, also when Python would read it.
pub fn read(body: &[u8]) -> Result<Value<'_>, ReadError> {
    // Python refuses the mark too.
    if body.starts_with(BYTE_ORDER_MARK) {
        return Err(ReadError::Syntax);
    }
    let mut parser = Parser { events: SliceJsonParser::new(body), values: 0 };
    let event = parser.event()?;
    let value = parser.value(event, 0)?;
    match parser.event()? {
        JsonEvent::Eof => Ok(value),
        _ => Err(ReadError::Syntax),
    }
}

struct Parser<'a> {
    events: SliceJsonParser<'a>,
    values: usize,
}

impl<'a> Parser<'a> {
    fn event(&mut self) -> Result<JsonEvent<'a>, ReadError> {
        self.events.parse_next().map_err(|_| ReadError::Syntax)
    }

    /// The value that begins with this event. Recursion is bounded by [`MAX_DEPTH`].
    fn value(&mut self, event: JsonEvent<'a>, depth: usize) -> Result<Value<'a>, ReadError> {
        self.count()?;
        match event {
            JsonEvent::String(text) => Ok(Value::String(text)),
            JsonEvent::Number(digits) => number(digits),
            JsonEvent::Boolean(truth) => Ok(Value::Bool(truth)),
            JsonEvent::Null => Ok(Value::Nil),
            JsonEvent::StartArray => self.array(deeper(depth)?).map(Value::Array),
            JsonEvent::StartObject => self.members(deeper(depth)?).map(Value::Struct),
            JsonEvent::EndArray | JsonEvent::EndObject | JsonEvent::ObjectKey(_) | JsonEvent::Eof => {
                Err(ReadError::Syntax)
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Vec<Value<'a>>, ReadError> {
        let mut values = Vec::new();
        loop {
            match self.event()? {
                JsonEvent::EndArray => return Ok(values),
                event => values.push(self.value(event, depth)?),
            }
        }
    }

    fn members(&mut self, depth: usize) -> Result<Members<'a>, ReadError> {
        let mut members = Members::new();
        loop {
            match self.event()? {
                JsonEvent::EndObject => break,
                JsonEvent::ObjectKey(name) => {
                    self.count()?;
                    let event = self.event()?;
                    members.push((name, self.value(event, depth)?));
                }
                _ => return Err(ReadError::Syntax),
            }
        }
        if has_twice(&members) { Err(ReadError::DuplicateMember) } else { Ok(members) }
    }

    fn count(&mut self) -> Result<(), ReadError> {
        self.values += 1;
        if self.values > MAX_VALUES { Err(ReadError::TooMany) } else { Ok(()) }
    }
}

fn deeper(depth: usize) -> Result<usize, ReadError> {
    if depth < MAX_DEPTH { Ok(depth + 1) } else { Err(ReadError::TooDeep) }
}

/// As Python tells them apart: with a fraction or an exponent it is a double.
fn number(digits: Cow<'_, str>) -> Result<Value<'_>, ReadError> {
    if digits.contains(['.', 'e', 'E']) {
        let finite = digits.parse().is_ok_and(f64::is_finite);
        return if finite { Ok(Value::Double(digits)) } else { Err(ReadError::Number) };
    }
    digits.parse().map(Value::Int).map_err(|_| ReadError::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(depth: usize) -> String {
        format!("{}{}", "[".repeat(depth), "]".repeat(depth))
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        use ReadError::{DuplicateMember, Number, Syntax, TooDeep};
        for (text, error) in [
            ("", Syntax),
            ("{", Syntax),
            ("{} {}", Syntax),
            ("[1,]", Syntax),
            ("{\"a\":1,}", Syntax),
            ("NaN", Syntax),
            ("[Infinity]", Syntax),
            ("[-Infinity]", Syntax),
            ("01", Syntax),
            ("+1", Syntax),
            ("1.", Syntax),
            (".5", Syntax),
            ("'a'", Syntax),
            ("// a\n1", Syntax),
            ("\"\\ud800\"", Syntax),
            ("\"\\udc00\\ud800\"", Syntax),
            ("\"\\ud800\\u0041\"", Syntax),
            ("\"\\x41\"", Syntax),
            ("\"a\nb\"", Syntax),
            ("\u{feff}1", Syntax),
            ("9223372036854775808", Number),
            ("-9223372036854775809", Number),
            ("1e400", Number),
            ("-1E+999", Number),
            ("{\"a\":1,\"a\":1}", DuplicateMember),
            ("{\"a\":1,\"\\u0061\":2}", DuplicateMember),
        ] {
            assert_eq!(read(text.as_bytes()), Err(error), "{text}");
        }
        for bytes in [&b"\"\xff\""[..], b"\xff", b"\"\xed\xa0\x80\"", b"{\"\xc3\":1}"] {
            assert_eq!(read(bytes), Err(Syntax), "{bytes:?}");
        }
        assert!(read(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert_eq!(read(nested(MAX_DEPTH + 1).as_bytes()), Err(TooDeep));
        assert_eq!(read(nested(1_000_000).as_bytes()), Err(TooDeep));
        let many = format!("[{}0]", "0,".repeat(MAX_VALUES));
        assert_eq!(read(many.as_bytes()), Err(ReadError::TooMany));
    }

    #[test]
    fn numbers_keep_their_kind_and_digits() {
        for (text, value) in [
            ("-0", Value::Int(0)),
            ("9223372036854775807", Value::Int(i64::MAX)),
            ("-9223372036854775808", Value::Int(i64::MIN)),
            ("1.0", Value::Double("1.0".into())),
            ("-0.0", Value::Double("-0.0".into())),
            ("1E5", Value::Double("1E5".into())),
            ("1e-400", Value::Double("1e-400".into())),
        ] {
            assert_eq!(read(text.as_bytes()), Ok(value), "{text}");
        }
    }
}
