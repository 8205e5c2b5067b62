//! The text forms of XML-RPC's scalars, none of them wider than what Python reads as the same value.

use std::borrow::Cow;

use super::ReadError;
use crate::value::Value;

/// `int`, `i4`, `i8`: an optional sign and decimal digits, within 64 bits.
pub(super) fn int(text: &str) -> Result<Value<'static>, ReadError> {
    text.parse().map(Value::Int).map_err(|_| ReadError::Scalar)
}

/// `boolean`: `0` or `1`.
pub(super) fn boolean(text: &str) -> Result<Value<'static>, ReadError> {
    match text {
        "0" => Ok(Value::Bool(false)),
        "1" => Ok(Value::Bool(true)),
        _ => Err(ReadError::Scalar),
    }
}

/// `double`: digits with an optional sign, fraction and exponent; neither `nan`, `inf` nor Python's `1_0`.
pub(super) fn double(text: Cow<'_, str>) -> Result<Value<'_>, ReadError> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(&text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let well_formed = digits(whole)
        && digits(fraction)
        && whole.len() + fraction.len() > 0
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent));
    if well_formed { Ok(Value::Double(text)) } else { Err(ReadError::Scalar) }
}

/// `base64`: the usual alphabet, padded; white space between the characters is dropped.
pub(super) fn base64(text: Cow<'_, str>) -> Result<Value<'_>, ReadError> {
    let white = |character: char| matches!(character, ' ' | '\t' | '\n' | '\r');
    let text = if text.contains(white) { Cow::Owned(text.replace(white, "")) } else { text };
    let body = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(&text);
    let alphabet = body.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    if alphabet && text.len() % 4 == 0 { Ok(Value::Base64(text)) } else { Err(ReadError::Scalar) }
}

/// `dateTime.iso8601`: `YYYYMMDDTHH:MM:SS` and a day that exists, as Odoo's `strptime` wants it.
pub(super) fn date_time(text: Cow<'_, str>) -> Result<Value<'_>, ReadError> {
    if exists(&text).unwrap_or(false) { Ok(Value::DateTime(text)) } else { Err(ReadError::Scalar) }
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
        for text in ["", " 1", "1_0", "0x1", "1.0", "9223372036854775808", "٣"] {
            assert!(int(text).is_err(), "{text}");
        }
        for text in ["", ".", "1_0.0", "nan", "inf", "-infinity", "1e", "1e+", "0x1p3", " 1", "1,5", "--1"] {
            assert!(double(text.into()).is_err(), "{text}");
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
        for text in ["1", "-1.50", ".5", "5.", "1e10", "+1.5E-3"] {
            assert_eq!(double(text.into()), Ok(Value::Double(text.into())));
        }
        assert_eq!(base64("aGk=\n".into()), Ok(Value::Base64("aGk=".into())));
        assert_eq!(date_time("20240229T23:59:59".into()), Ok(Value::DateTime("20240229T23:59:59".into())));
    }
}
