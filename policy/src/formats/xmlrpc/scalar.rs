//! The text forms of XML-RPC's scalars, none of them wider than what Python reads as the same value.

use std::borrow::Cow;

use crate::formats::value::Value;
use crate::formats::xmlrpc::Problem;
use crate::formats::xmlrpc::problem::Scalar;

/// XML's white space, which Python passes over round a number, as it does over more.
const WHITE: [char; 4] = [' ', '\t', '\n', '\r'];

/// `int`, `i1`, `i2`, `i4`, `i8`, `biginteger`: an optional sign and decimal digits, within 64 bits.
pub(crate) fn int(text: &str) -> Result<Value<'static>, Problem> {
    text.trim_matches(WHITE).parse().map(Value::Int).map_err(|_| Problem::Scalar(Scalar::Integer))
}

/// `boolean`: `0` or `1`.
pub(crate) fn boolean(text: &str) -> Result<Value<'static>, Problem> {
    match text {
        "0" => Ok(Value::Bool(false)),
        "1" => Ok(Value::Bool(true)),
        _ => Err(Problem::Scalar(Scalar::Boolean)),
    }
}

/// `double`, `float`: digits with an optional sign, fraction and exponent; neither `nan`, `inf` nor Python's `1_0`.
pub(crate) fn double(text: Cow<'_, str>) -> Result<Value<'_>, Problem> {
    let text = trimmed(text);
    if exponent(&text).is_some() { Ok(Value::Double(text)) } else { Err(Problem::Scalar(Scalar::Double)) }
}

/// `bigdecimal`: as a double, with a small exponent. Odoo makes whole numbers of decimals, and one with a long exponent
/// would fill its memory with zeros.
pub(crate) fn decimal(text: Cow<'_, str>) -> Result<Value<'_>, Problem> {
    const EXPONENT_DIGITS: usize = 3;
    let text = trimmed(text);
    let is_small = exponent(&text).is_some_and(|exponent| exponent.len() <= EXPONENT_DIGITS);
    if is_small { Ok(Value::Decimal(text)) } else { Err(Problem::Scalar(Scalar::Decimal)) }
}

/// The digits of a number's exponent, none if it has none; nothing if it is no number.
fn exponent(text: &str) -> Option<&str> {
    let unsigned = |text| str::strip_prefix(text, ['+', '-']).unwrap_or(text);
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match unsigned(text).split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(unsigned(exponent))),
        None => (unsigned(text), None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let well_formed = digits(whole)
        && digits(fraction)
        && whole.len() + fraction.len() > 0
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent));
    well_formed.then_some(exponent.unwrap_or(""))
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_matches(WHITE)),
        Cow::Owned(text) => Cow::Owned(text.trim_matches(WHITE).to_owned()),
    }
}

/// `base64`: the usual alphabet, padded; white space between the characters is dropped.
pub(crate) fn base64(text: Cow<'_, str>) -> Result<Value<'_>, Problem> {
    let text = if text.contains(WHITE) { Cow::Owned(text.replace(WHITE, "")) } else { text };
    let body = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(&text);
    let alphabet = body.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    if alphabet && text.len() % 4 == 0 { Ok(Value::Base64(text)) } else { Err(Problem::Scalar(Scalar::Base64)) }
}

/// `dateTime.iso8601`: `YYYYMMDDTHH:MM:SS` and a day that exists, as Odoo's `strptime` wants it.
pub(crate) fn date_time(text: Cow<'_, str>) -> Result<Value<'_>, Problem> {
    if exists(&text).unwrap_or(false) { Ok(Value::DateTime(text)) } else { Err(Problem::Scalar(Scalar::DateTime)) }
}

fn exists(text: &str) -> Option<bool> {
    let number = |at: usize, length: usize| -> Option<u32> {
        let digits = text.get(at..at + length)?;
        if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
    };
    let (year, month, day) = (number(0, 4)?, number(4, 2)?, number(6, 2)?);
    let (hour, minute, second) = (number(9, 2)?, number(12, 2)?, number(15, 2)?);
    let separators = text.len() == 17 && text.get(8..9)? == "T" && text.get(11..12)? == ":" && text.get(14..15)? == ":";
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    };
    Some(separators && year > 0 && (1..=days).contains(&day) && hour < 24 && minute < 60 && second < 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_that_python_reads_otherwise_are_refused() {
        for text in ["", " ", "1 0", "\u{a0}1", "- 1", "1_0", "0x1", "1.0", "9223372036854775808", "٣"] {
            assert!(int(text).is_err(), "{text}");
        }
        for text in
            ["", ".", "1_0.0", "nan", "inf", "-infinity", "1e", "1e+", "0x1p3", "1 .5", "\u{2003}1", "1,5", "--1"]
        {
            assert!(double(text.into()).is_err(), "{text}");
            assert!(decimal(text.into()).is_err(), "{text}");
        }
        for text in ["1e1000", "0E-999999999999999999999", "sNaN"] {
            assert!(decimal(text.into()).is_err(), "{text}");
        }
        for text in [" 1", "1\n"] {
            assert!(boolean(text).is_err(), "Python wants it bare: {text}");
        }
        for text in ["a", "ab=", "abc!", "====", "ab==cd==", "a==="] {
            assert!(base64(text.into()).is_err(), "{text}");
        }
        for text in
            ["20260230T00:00:00", "2026-01-01T00:00:00", "20260101T24:00:00", "00000101T00:00:00", "20260101 00:00:00"]
        {
            assert!(date_time(text.into()).is_err(), "{text}");
        }
        assert!(boolean("true").is_err());
    }

    #[test]
    fn good_forms_keep_their_digits() {
        assert_eq!(int("-5"), Ok(Value::Int(-5)));
        assert_eq!(int("+5"), Ok(Value::Int(5)));
        assert_eq!(int("\n 007\t"), Ok(Value::Int(7)));
        for text in ["1", "-1.50", ".5", "5.", "1e10", "+1.5E-3"] {
            assert_eq!(double(format!(" {text}\r\n").into()), Ok(Value::Double(text.into())));
            assert_eq!(decimal(format!("\t{text}").into()), Ok(Value::Decimal(text.into())));
        }
        assert_eq!(base64("aGk=\n".into()), Ok(Value::Base64("aGk=".into())));
        assert_eq!(date_time("20240229T23:59:59".into()), Ok(Value::DateTime("20240229T23:59:59".into())));
    }
}
