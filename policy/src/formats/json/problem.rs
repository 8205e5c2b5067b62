//! Why a body is not one strict JSON value: each cause by its own name. None holds anything of the body.

use crate::formats::xmlrpc::{MAX_DEPTH, MAX_VALUES};

/// Why a body is refused, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}, at character {at} of the body")]
pub struct ReadError {
    /// Why.
    pub problem: Problem,
    /// How many characters stand before the place.
    pub at: usize,
}

impl ReadError {
    /// `byte` is the place in the body.
    pub(crate) fn at(problem: Problem, body: &[u8], byte: usize) -> Self {
        let begins = |byte: &&u8| **byte & 0b1100_0000 != 0b1000_0000;
        Self { problem, at: body.iter().take(byte).filter(begins).count() }
    }
}

/// Why a body is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// No value at all.
    #[error("it is empty")]
    Empty,
    /// A byte-order mark, which Python refuses too.
    #[error("it begins with a byte-order mark, which JSON does not have")]
    ByteOrderMark,
    /// Bytes that are not UTF-8.
    #[error("it holds bytes that are not UTF-8")]
    Utf8,
    /// Something else than JSON.
    #[error("it is not JSON")]
    Syntax,
    /// The end comes within the value.
    #[error("it ends before the value is complete")]
    CutOff,
    /// Something behind the value.
    #[error("something follows the value")]
    Trailing,
    /// `NaN`, `Infinity` or `-Infinity`, which Python takes.
    #[error("it holds NaN or Infinity, which JSON does not have")]
    NotANumber,
    /// A whole number beyond 64 bits: Python would read another than most.
    #[error("it holds a whole number that does not fit 64 bits")]
    Integer,
    /// A number that no double holds.
    #[error("it holds a number that no double holds")]
    Double,
    /// A tab, a line end or another control character in a text.
    #[error("a text holds a control character, a tab or a line end for instance, that is not escaped")]
    Control,
    /// Half of a surrogate pair, which Python takes.
    #[error("a text holds half of a surrogate pair")]
    Surrogate,
    /// A backslash before something that it does not escape.
    #[error("a text holds an escape that JSON does not have")]
    Escape,
    /// An object with two members of one name.
    #[error("an object has two members of one name")]
    DuplicateMember,
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("arrays and objects nest deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// More than [`MAX_VALUES`].
    #[error("it has more than {MAX_VALUES} values and names")]
    TooMany,
}

/// What is wrong with a body that the parser stopped at, and at which byte. The parser says only where, and in words that
/// quote the body.
pub(crate) fn syntax(body: &[u8], at: usize, is_whole: bool) -> (Problem, usize) {
    let is_white = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let rest = body.get(at..).unwrap_or_default();
    let length = rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let is_word = |word: &str| rest.get(..length).is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes()));
    if let Err(error) = std::str::from_utf8(body) {
        (Problem::Utf8, error.valid_up_to())
    } else if body.iter().all(is_white) {
        (Problem::Empty, 0)
    } else if is_whole {
        (Problem::Trailing, at)
    } else if let Some(found) = strings(body, at) {
        found
    } else if is_word("NaN") || is_word("Infinity") {
        (Problem::NotANumber, at)
    } else if rest.iter().all(is_white) {
        (Problem::CutOff, body.len())
    } else {
        (Problem::Syntax, at)
    }
}

/// What is wrong with the first bad text that begins no later than a byte. What stands before it is JSON.
fn strings(body: &[u8], last: usize) -> Option<(Problem, usize)> {
    let mut at = 0;
    loop {
        at += body.get(at..=last)?.iter().position(|byte| *byte == b'"')? + 1;
        loop {
            at += match body.get(at).copied() {
                None => return Some((Problem::CutOff, at)),
                Some(b'"') => break,
                Some(..b' ') => return Some((Problem::Control, at)),
                Some(b'\\') => match escape(body.get(at + 1..).unwrap_or_default()) {
                    Ok(length) => 1 + length,
                    Err(problem) => return Some((problem, at)),
                },
                Some(_) => 1,
            };
        }
        at += 1;
    }
}

/// The length of what follows a backslash.
fn escape(rest: &[u8]) -> Result<usize, Problem> {
    match rest {
        [] => Err(Problem::CutOff),
        [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => Ok(1),
        [b'u', rest @ ..] => match (unit(rest)?, rest.get(4..)) {
            (0xd800..0xdc00, Some([b'\\', b'u', rest @ ..])) if (0xdc00..0xe000).contains(&unit(rest)?) => Ok(11),
            (0xd800..0xe000, _) => Err(Problem::Surrogate),
            _ => Ok(5),
        },
        _ => Err(Problem::Escape),
    }
}

/// The number of four hexadecimal digits.
fn unit(digits: &[u8]) -> Result<u32, Problem> {
    let digits = digits.first_chunk::<4>().ok_or(Problem::Escape)?;
    digits.iter().try_fold(0, |number, digit| {
        char::from(*digit).to_digit(16).map(|digit| number * 16 + digit).ok_or(Problem::Escape)
    })
}
