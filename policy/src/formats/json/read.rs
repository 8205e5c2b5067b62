//! The strict reader.

use std::borrow::Cow;

use json_event_parser::{JsonEvent, LowLevelJsonParser};

use crate::formats::json::problem::{Problem, ReadError, syntax};
use crate::formats::json::usual;
use crate::formats::value::{Members, Value, has_twice};
use crate::formats::xmlrpc::{MAX_DEPTH, MAX_VALUES};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads one JSON value.
///
/// # Errors
/// See [`ReadError`]: everything that is not exactly one value with one meaning, also when Python would read it.
pub fn read(body: &[u8]) -> Result<Value<'_>, ReadError> {
    usual::read(body).map_or_else(|| read_strictly(body), Ok)
}

/// The same without the short way.
pub(super) fn read_strictly(body: &[u8]) -> Result<Value<'_>, ReadError> {
    if body.starts_with(BYTE_ORDER_MARK) {
        return Err(ReadError { problem: Problem::ByteOrderMark, at: 0 });
    }
    let mut parser = Parser { events: LowLevelJsonParser::new(), body, began: 0, read: 0, is_whole: false, values: 0 };
    parser.document().map_err(|problem| {
        let (problem, at) = match problem {
            Stopped::At(byte) => syntax(body, byte, parser.is_whole),
            Stopped::By(problem) => (problem, parser.token()),
        };
        ReadError::at(problem, body, at)
    })
}

struct Parser<'a> {
    events: LowLevelJsonParser,
    body: &'a [u8],
    /// Where the newest event's token began, or the white space and the comma or colon before it.
    began: usize,
    /// How many bytes are read.
    read: usize,
    /// Whether the value is read.
    is_whole: bool,
    values: usize,
}

/// Why reading stopped.
enum Stopped {
    /// The parser found no JSON at this byte.
    At(usize),
    /// By the newest event.
    By(Problem),
}

impl<'a> Parser<'a> {
    fn document(&mut self) -> Result<Value<'a>, Stopped> {
        let event = self.event()?;
        let value = self.value(event, 0)?;
        self.is_whole = true;
        match self.event()? {
            JsonEvent::Eof => Ok(value),
            _ => Err(Stopped::By(Problem::Trailing)),
        }
    }

    fn event(&mut self) -> Result<JsonEvent<'a>, Stopped> {
        self.began = self.read;
        loop {
            let next = self.events.parse_next(self.body.get(self.read..).unwrap_or_default(), true);
            self.read += next.consumed_bytes;
            if let Some(event) = next.event {
                // A place beyond the body is its end.
                let at = |offset| usize::try_from(offset).unwrap_or(usize::MAX).min(self.body.len());
                return event.map_err(|error| Stopped::At(at(error.location().start.offset)));
            }
        }
    }

    /// Where the newest event's token began.
    fn token(&self) -> usize {
        let before = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':');
        self.began + self.body.iter().skip(self.began).take_while(before).count()
    }

    /// The value that begins with this event. Recursion is bounded by [`MAX_DEPTH`].
    fn value(&mut self, event: JsonEvent<'a>, depth: usize) -> Result<Value<'a>, Stopped> {
        self.count()?;
        match event {
            JsonEvent::String(text) => Ok(Value::String(text)),
            JsonEvent::Number(digits) => number(digits),
            JsonEvent::Boolean(truth) => Ok(Value::Bool(truth)),
            JsonEvent::Null => Ok(Value::Nil),
            JsonEvent::StartArray => self.array(deeper(depth)?).map(Value::Array),
            JsonEvent::StartObject => self.members(deeper(depth)?).map(Value::Struct),
            JsonEvent::EndArray | JsonEvent::EndObject | JsonEvent::ObjectKey(_) | JsonEvent::Eof => {
                Err(Stopped::By(Problem::Syntax))
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Vec<Value<'a>>, Stopped> {
        let mut values = Vec::new();
        loop {
            match self.event()? {
                JsonEvent::EndArray => return Ok(values),
                event => values.push(self.value(event, depth)?),
            }
        }
    }

    fn members(&mut self, depth: usize) -> Result<Members<'a>, Stopped> {
        let mut members = Members::new();
        loop {
            match self.event()? {
                JsonEvent::EndObject => break,
                JsonEvent::ObjectKey(name) => {
                    self.count()?;
                    let event = self.event()?;
                    members.push((name, self.value(event, depth)?));
                }
                _ => return Err(Stopped::By(Problem::Syntax)),
            }
        }
        if has_twice(&members) { Err(Stopped::By(Problem::DuplicateMember)) } else { Ok(members) }
    }

    fn count(&mut self) -> Result<(), Stopped> {
        self.values += 1;
        if self.values > MAX_VALUES { Err(Stopped::By(Problem::TooMany)) } else { Ok(()) }
    }
}

fn deeper(depth: usize) -> Result<usize, Stopped> {
    if depth < MAX_DEPTH { Ok(depth + 1) } else { Err(Stopped::By(Problem::TooDeep)) }
}

/// As Python tells them apart: with a fraction or an exponent it is a double.
fn number(digits: Cow<'_, str>) -> Result<Value<'_>, Stopped> {
    if digits.contains(['.', 'e', 'E']) {
        let finite = digits.parse().is_ok_and(f64::is_finite);
        return if finite { Ok(Value::Double(digits)) } else { Err(Stopped::By(Problem::Double)) };
    }
    digits.parse().map(Value::Int).map_err(|_| Stopped::By(Problem::Integer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(depth: usize) -> String {
        format!("{}{}", "[".repeat(depth), "]".repeat(depth))
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        use Problem::{
            ByteOrderMark, Control, CutOff, Double, DuplicateMember, Empty, Escape, Integer, NotANumber, Surrogate,
            Syntax, TooDeep, TooMany, Trailing, Utf8,
        };
        for (text, problem, at) in [
            ("", Empty, 0),
            (" \n", Empty, 0),
            ("{", CutOff, 1),
            ("[1, ", CutOff, 4),
            ("[\"ab", CutOff, 4),
            ("\"\\", CutOff, 1),
            ("{} {}", Trailing, 3),
            ("1 \"\t\"", Trailing, 3),
            ("[1,]", Syntax, 3),
            ("{\"a\":1,}", Syntax, 7),
            ("{a:1}", Syntax, 1),
            ("[tru]", Syntax, 1),
            ("NaN", NotANumber, 0),
            ("nan", NotANumber, 0),
            ("[Infinity]", NotANumber, 1),
            ("[-Infinity]", NotANumber, 2),
            ("{\"é\":NaN}", NotANumber, 5),
            ("01", Trailing, 1),
            ("+1", Syntax, 0),
            ("[1.]", Syntax, 3),
            (".5", Syntax, 0),
            ("'a'", Syntax, 0),
            ("// a\n1", Syntax, 0),
            ("\"\\ud800\"", Surrogate, 1),
            ("[\"é\", \"x\\ud800\"]", Surrogate, 8),
            ("\"\\udc00\\ud800\"", Surrogate, 1),
            ("\"\\ud800\\u0041\"", Surrogate, 1),
            ("\"\\ud83d\\ude00\\ud83d\"", Surrogate, 13),
            ("\"\\x41\"", Escape, 1),
            ("\"\\u00g1\"", Escape, 1),
            ("\"a\nb\"", Control, 2),
            ("{\"a\": \"\tb\"}", Control, 7),
            ("{\"a\tb\": 1}", Control, 3),
            ("\u{feff}1", ByteOrderMark, 0),
            ("[1, 9223372036854775808]", Integer, 4),
            ("-9223372036854775809", Integer, 0),
            ("1e400", Double, 0),
            ("{\"a\" : -1E+999}", Double, 7),
            ("{\"a\":1,\"a\":1}", DuplicateMember, 12),
            ("{\"a\":1,\"\\u0061\":2}", DuplicateMember, 17),
        ] {
            assert_eq!(read(text.as_bytes()), Err(ReadError { problem, at }), "{text}");
        }
        for (bytes, at) in [(&b"\"\xff\""[..], 1), (b"\xff", 0), (b"\"\xc3\xa9\xed\xa0\x80\"", 2), (b"{\"\xc3\":1}", 2)]
        {
            assert_eq!(read(bytes), Err(ReadError { problem: Utf8, at }), "{bytes:?}");
        }
        assert!(read(nested(MAX_DEPTH).as_bytes()).is_ok());
        for depth in [MAX_DEPTH + 1, 1_000_000] {
            assert_eq!(read(nested(depth).as_bytes()), Err(ReadError { problem: TooDeep, at: MAX_DEPTH }));
        }
        let many = format!("[{}0]", "0,".repeat(MAX_VALUES));
        assert_eq!(read(many.as_bytes()).map_err(|error| error.problem), Err(TooMany));
    }

    #[test]
    fn whatever_is_no_json_has_a_problem_within_it() {
        let text = "{\"a\\n\\ud83d\\ude00é\": [1, -2.5e3, \"x\", true, null, {}]}";
        for at in 0..text.len() {
            for byte in 0..=u8::MAX {
                let mut body = text.as_bytes().to_vec();
                body[at] = byte;
                for body in [&body[..], &body[..at]] {
                    if let Err(error) = read(body) {
                        assert!(error.at <= body.len(), "{error} {body:?}");
                    }
                }
            }
        }
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

    /// Whether the short way reads a body; then the strict reader must read the same.
    fn is_usual(body: &[u8]) -> bool {
        let usual = usual::read(body);
        if let Some(value) = &usual {
            assert_eq!(read_strictly(body).as_ref(), Ok(value), "{}", String::from_utf8_lossy(body));
        }
        usual.is_some()
    }

    #[test]
    fn what_the_short_way_reads_the_strict_reader_reads_too() {
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
    fn bounds_of_the_short_way_are_those_of_the_strict_reader() {
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
