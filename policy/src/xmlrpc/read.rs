//! The strict reader.

use std::borrow::Cow;

use super::scan::{Scanner, Token};
use super::{Fault, MAX_DEPTH, MAX_VALUES, MethodCall, ReadError, scalar};
use crate::value::{Members, Value, has_twice, member};

/// Reads one `methodCall`.
///
/// # Errors
/// See [`ReadError`]: everything that is not exactly one call, also when Python would read it.
pub fn read_call(text: &str) -> Result<MethodCall<'_>, ReadError> {
    let mut parser = Parser::new(text);
    parser.root("methodCall")?;
    parser.open("methodName")?;
    let method = parser.text("methodName")?;
    let mut params = Vec::new();
    match parser.next_tag()? {
        Tag::Open("params") => {
            while parser.open_or_close("param", "params")? {
                parser.open("value")?;
                params.push(parser.value(0)?);
                parser.close("param")?;
            }
            parser.close("methodCall")?;
        }
        Tag::Close("methodCall") => {}
        Tag::Open(_) | Tag::Close(_) => return Err(ReadError::Structure),
    }
    parser.end()?;
    Ok(MethodCall { method, params })
}

/// Reads one `methodResponse`: the value, or the fault.
///
/// # Errors
/// See [`ReadError`].
pub fn read_response(text: &str) -> Result<Result<Value<'_>, Fault>, ReadError> {
    let mut parser = Parser::new(text);
    parser.root("methodResponse")?;
    let answer = if parser.one_of("params", "fault")? == "params" {
        parser.open("param")?;
        parser.open("value")?;
        let value = parser.value(0)?;
        parser.close("param")?;
        parser.close("params")?;
        Ok(value)
    } else {
        parser.open("value")?;
        let members = parser.value(0)?.into_members().ok_or(ReadError::Structure)?;
        parser.close("fault")?;
        let (Some(Value::Int(code)), Some(Value::String(string))) =
            (member(&members, "faultCode"), member(&members, "faultString"))
        else {
            return Err(ReadError::Structure);
        };
        Err(Fault { code: *code, string: string.clone().into_owned() })
    };
    parser.close("methodResponse")?;
    parser.end()?;
    Ok(answer)
}

enum Tag<'a> {
    Open(&'a str),
    Close(&'a str),
}

struct Parser<'a> {
    scanner: Scanner<'a>,
    values: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Self { scanner: Scanner::new(text), values: 0 }
    }

    fn token(&mut self) -> Result<Token<'a>, ReadError> {
        let token = self.scanner.next()?;
        if let Token::Open { attributes, .. } = token {
            allowed(attributes)?;
        }
        Ok(token)
    }

    /// The first element, after an optional declaration.
    fn root(&mut self, name: &str) -> Result<(), ReadError> {
        match self.token()? {
            Token::Open { name: found, .. } if found == name => Ok(()),
            Token::Declaration | Token::Comment => self.open(name),
            Token::Text(text) if blank(text) => self.open(name),
            _ => Err(ReadError::Structure),
        }
    }

    /// The next tag; white space and comments before it are passed over.
    fn next_tag(&mut self) -> Result<Tag<'a>, ReadError> {
        loop {
            match self.token()? {
                Token::Open { name, .. } => return Ok(Tag::Open(name)),
                Token::Close(name) => return Ok(Tag::Close(name)),
                Token::Comment => {}
                Token::Text(text) if blank(text) => {}
                Token::End => return Err(ReadError::Xml),
                _ => return Err(ReadError::Structure),
            }
        }
    }

    fn open(&mut self, name: &str) -> Result<(), ReadError> {
        if self.scanner.opens(name) {
            return Ok(());
        }
        match self.next_tag()? {
            Tag::Open(found) if found == name => Ok(()),
            Tag::Open(_) | Tag::Close(_) => Err(ReadError::Structure),
        }
    }

    fn close(&mut self, name: &str) -> Result<(), ReadError> {
        if self.scanner.closes(name) {
            return Ok(());
        }
        match self.next_tag()? {
            Tag::Close(found) if found == name => Ok(()),
            Tag::Open(_) | Tag::Close(_) => Err(ReadError::Structure),
        }
    }

    fn one_of(&mut self, first: &'static str, second: &'static str) -> Result<&'static str, ReadError> {
        match self.next_tag()? {
            Tag::Open(found) if found == first => Ok(first),
            Tag::Open(found) if found == second => Ok(second),
            Tag::Open(_) | Tag::Close(_) => Err(ReadError::Structure),
        }
    }

    /// True at `<item>`, false at `</list>`.
    fn open_or_close(&mut self, item: &str, list: &str) -> Result<bool, ReadError> {
        let is_item = if self.scanner.opens(item) {
            true
        } else if self.scanner.closes(list) {
            false
        } else {
            match self.next_tag()? {
                Tag::Open(found) if found == item => true,
                Tag::Close(found) if found == list => false,
                Tag::Open(_) | Tag::Close(_) => return Err(ReadError::Structure),
            }
        };
        if is_item {
            self.count()?;
        }
        Ok(is_item)
    }

    /// Only white space and comments may follow the document.
    fn end(&mut self) -> Result<(), ReadError> {
        loop {
            match self.token()? {
                Token::End => return Ok(()),
                Token::Comment => {}
                Token::Text(text) if blank(text) => {}
                _ => return Err(ReadError::Structure),
            }
        }
    }

    fn count(&mut self) -> Result<(), ReadError> {
        self.values += 1;
        if self.values > MAX_VALUES { Err(ReadError::TooMany) } else { Ok(()) }
    }

    /// The text of an element that was opened, up to its end.
    fn text(&mut self, name: &str) -> Result<Cow<'a, str>, ReadError> {
        if let Some(text) = self.scanner.plain(name) {
            return Ok(Cow::Borrowed(text));
        }
        let mut text = Cow::Borrowed("");
        loop {
            match self.token()? {
                Token::Close(found) if found == name => return Ok(text),
                Token::End => return Err(ReadError::Xml),
                token => piece(&mut text, token)?,
            }
        }
    }

    /// The content of a `<value>` that was opened, and its end.
    fn value(&mut self, depth: usize) -> Result<Value<'a>, ReadError> {
        if let Some(text) = self.scanner.plain("value") {
            return Ok(Value::String(Cow::Borrowed(text)));
        }
        let mut text = Cow::Borrowed("");
        loop {
            match self.token()? {
                Token::Close("value") => return Ok(Value::String(text)),
                Token::Open { name, .. } if blank(&text) => {
                    let value = self.typed(name, depth)?;
                    self.close("value")?;
                    return Ok(value);
                }
                Token::End => return Err(ReadError::Xml),
                token => piece(&mut text, token)?,
            }
        }
    }

    /// The content of a typed element inside a `<value>`, and its end.
    fn typed(&mut self, name: &str, depth: usize) -> Result<Value<'a>, ReadError> {
        match name {
            "string" => self.text(name).map(Value::String),
            "int" | "i4" | "i8" | "ex:i8" => scalar::int(&self.text(name)?),
            "boolean" => scalar::boolean(&self.text(name)?),
            "double" => scalar::double(self.text(name)?),
            "base64" => scalar::base64(self.text(name)?),
            "dateTime.iso8601" => scalar::date_time(self.text(name)?),
            "nil" | "ex:nil" => self.close(name).map(|()| Value::Nil),
            "array" => self.array(deeper(depth)?).map(Value::Array),
            "struct" => self.members(deeper(depth)?).map(Value::Struct),
            _ => Err(ReadError::Structure),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Vec<Value<'a>>, ReadError> {
        let mut values = Vec::new();
        self.open("data")?;
        while self.open_or_close("value", "data")? {
            values.push(self.value(depth)?);
        }
        self.close("array")?;
        Ok(values)
    }

    fn members(&mut self, depth: usize) -> Result<Members<'a>, ReadError> {
        let mut members = Members::new();
        while self.open_or_close("member", "struct")? {
            self.open("name")?;
            let name = self.text("name")?;
            self.open("value")?;
            let value = self.value(depth)?;
            self.close("member")?;
            members.push((name, value));
        }
        if has_twice(&members) { Err(ReadError::DuplicateMember) } else { Ok(members) }
    }
}

fn deeper(depth: usize) -> Result<usize, ReadError> {
    if depth < MAX_DEPTH { Ok(depth + 1) } else { Err(ReadError::TooDeep) }
}

/// Appends what a token adds to a text; borrowed as long as one piece is all.
fn piece<'a>(text: &mut Cow<'a, str>, token: Token<'a>) -> Result<(), ReadError> {
    let piece = match token {
        // Hardly a text has a `>`, and looking for one is quicker than for all three.
        Token::Text(part) if part.bytes().any(|byte| byte == b'>') && part.contains("]]>") => {
            return Err(ReadError::Xml);
        }
        Token::Text(part) | Token::CData(part) => with_line_feeds(part),
        Token::Reference(name) => Cow::Owned(resolve(name)?.to_string()),
        Token::Comment => return Ok(()),
        _ => return Err(ReadError::Structure),
    };
    if text.is_empty() {
        *text = piece;
    } else {
        text.to_mut().push_str(&piece);
    }
    Ok(())
}

/// Every line end as a line feed, as XML 1.0 (2.11) wants it.
fn with_line_feeds(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte == b'\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

/// XML's five entities and numeric references to characters that XML has.
fn resolve(reference: &str) -> Result<char, ReadError> {
    let number = match reference.strip_prefix('#') {
        None => {
            return match reference {
                "lt" => Ok('<'),
                "gt" => Ok('>'),
                "amp" => Ok('&'),
                "quot" => Ok('"'),
                "apos" => Ok('\''),
                _ => Err(ReadError::Forbidden),
            };
        }
        Some(number) => number,
    };
    let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |digits| (digits, 16));
    // `from_str_radix` would take a sign.
    let plain = digits.chars().all(|digit| digit.is_digit(radix));
    let character = u32::from_str_radix(digits, radix).ok().filter(|_| plain).and_then(char::from_u32);
    let legal = |character: &char| matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    character.filter(legal).ok_or(ReadError::Characters)
}

/// No attributes but Apache's declaration of the prefix of `ex:nil` and `ex:i8`.
fn allowed(attributes: &str) -> Result<(), ReadError> {
    const APACHE: [&str; 2] = [
        "xmlns:ex=\"http://ws.apache.org/xmlrpc/namespaces/extensions\"",
        "xmlns:ex='http://ws.apache.org/xmlrpc/namespaces/extensions'",
    ];
    if attributes.is_empty() || APACHE.contains(&attributes) { Ok(()) } else { Err(ReadError::Forbidden) }
}

/// Of the characters that a document may have, XML and ASCII call the same white space.
fn blank(text: &str) -> bool {
    text.trim_ascii_start().is_empty()
}
