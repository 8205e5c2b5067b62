//! The strict reader.

use std::borrow::Cow;
use std::collections::BTreeSet;

use quick_xml::Reader;
use quick_xml::events::{BytesEnd, BytesRef, BytesStart, Event};

use super::{Fault, MAX_DEPTH, MAX_VALUES, MethodCall, ReadError, scalar};
use crate::value::{Members, Value, member};

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
        Tag::Open(start) if start.name().0 == "params" => {
            while parser.open_or_close("param", "params")? {
                parser.open("value")?;
                params.push(parser.value(0)?);
                parser.close("param")?;
            }
            parser.close("methodCall")?;
        }
        Tag::Close(end) if end.name().0 == "methodCall" => {}
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
    Open(BytesStart<'a>),
    Close(BytesEnd<'a>),
}

struct Parser<'a> {
    reader: Reader<&'a [u8]>,
    values: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        reader.config_mut().check_comments = true;
        Self { reader, values: 0 }
    }

    fn event(&mut self) -> Result<Event<'a>, ReadError> {
        match self.reader.read_event().map_err(|_| ReadError::Xml)? {
            Event::DocType(_) | Event::PI(_) | Event::Decl(_) => Err(ReadError::Forbidden),
            Event::Start(start) => {
                attributes(&start)?;
                Ok(Event::Start(start))
            }
            event => Ok(event),
        }
    }

    /// The first element, after an optional declaration.
    fn root(&mut self, name: &str) -> Result<(), ReadError> {
        // Only the very first event may be the declaration: after white space it is a forbidden instruction.
        match self.reader.read_event().map_err(|_| ReadError::Xml)? {
            Event::Decl(_) => self.open(name),
            Event::Start(start) if start.name().0 == name => attributes(&start),
            Event::Text(text) if blank(&text) => self.open(name),
            Event::Comment(_) => self.open(name),
            Event::DocType(_) | Event::PI(_) => Err(ReadError::Forbidden),
            _ => Err(ReadError::Structure),
        }
    }

    /// The next tag; white space and comments before it are passed over.
    fn next_tag(&mut self) -> Result<Tag<'a>, ReadError> {
        loop {
            match self.event()? {
                Event::Start(start) => return Ok(Tag::Open(start)),
                Event::End(end) => return Ok(Tag::Close(end)),
                Event::Comment(_) => {}
                Event::Text(text) if blank(&text) => {}
                Event::Eof => return Err(ReadError::Xml),
                _ => return Err(ReadError::Structure),
            }
        }
    }

    fn open(&mut self, name: &str) -> Result<(), ReadError> {
        match self.next_tag()? {
            Tag::Open(found) if found.name().0 == name => Ok(()),
            Tag::Open(_) | Tag::Close(_) => Err(ReadError::Structure),
        }
    }

    fn close(&mut self, name: &str) -> Result<(), ReadError> {
        match self.next_tag()? {
            Tag::Close(found) if found.name().0 == name => Ok(()),
            Tag::Open(_) | Tag::Close(_) => Err(ReadError::Structure),
        }
    }

    fn one_of(&mut self, first: &'static str, second: &'static str) -> Result<&'static str, ReadError> {
        match self.next_tag()? {
            Tag::Open(found) if found.name().0 == first => Ok(first),
            Tag::Open(found) if found.name().0 == second => Ok(second),
            Tag::Open(_) | Tag::Close(_) => Err(ReadError::Structure),
        }
    }

    /// True at `<item>`, false at `</list>`.
    fn open_or_close(&mut self, item: &str, list: &str) -> Result<bool, ReadError> {
        match self.next_tag()? {
            Tag::Open(found) if found.name().0 == item => {
                self.count()?;
                Ok(true)
            }
            Tag::Close(found) if found.name().0 == list => Ok(false),
            Tag::Open(_) | Tag::Close(_) => Err(ReadError::Structure),
        }
    }

    /// Only white space and comments may follow the document.
    fn end(&mut self) -> Result<(), ReadError> {
        loop {
            match self.event()? {
                Event::Eof => return Ok(()),
                Event::Comment(_) => {}
                Event::Text(text) if blank(&text) => {}
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
        let mut text = Cow::Borrowed("");
        loop {
            match self.event()? {
                Event::End(end) if end.name().0 == name => return Ok(text),
                Event::Eof => return Err(ReadError::Xml),
                event => piece(&mut text, event)?,
            }
        }
    }

    /// The content of a `<value>` that was opened, and its end.
    fn value(&mut self, depth: usize) -> Result<Value<'a>, ReadError> {
        let mut text = Cow::Borrowed("");
        loop {
            match self.event()? {
                Event::End(_) => return Ok(Value::String(text)),
                Event::Start(start) if blank(&text) => {
                    let value = self.typed(start.name().0, depth)?;
                    self.close("value")?;
                    return Ok(value);
                }
                Event::Start(_) => return Err(ReadError::Structure),
                Event::Eof => return Err(ReadError::Xml),
                event => piece(&mut text, event)?,
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
        let names: BTreeSet<&str> = members.iter().map(|(name, _)| name.as_ref()).collect();
        if names.len() == members.len() { Ok(members) } else { Err(ReadError::DuplicateMember) }
    }
}

fn deeper(depth: usize) -> Result<usize, ReadError> {
    if depth < MAX_DEPTH { Ok(depth + 1) } else { Err(ReadError::TooDeep) }
}

/// Appends what an event adds to a text; borrowed as long as one piece is all.
fn piece<'a>(text: &mut Cow<'a, str>, event: Event<'a>) -> Result<(), ReadError> {
    let piece = match event {
        Event::Text(part) if part.contains("]]>") => return Err(ReadError::Xml),
        Event::Text(part) => part.xml10_content(),
        Event::CData(part) => part.xml10_content(),
        Event::GeneralRef(reference) => Cow::Owned(resolve(&reference)?.to_string()),
        Event::Comment(_) => return Ok(()),
        _ => return Err(ReadError::Structure),
    };
    if text.is_empty() {
        *text = piece;
    } else {
        text.to_mut().push_str(&piece);
    }
    Ok(())
}

/// XML's five entities and numeric references to characters that XML has.
fn resolve(reference: &BytesRef<'_>) -> Result<char, ReadError> {
    if let Some(character) = reference.resolve_char_ref().map_err(|_| ReadError::Characters)? {
        let legal =
            matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        return if legal { Ok(character) } else { Err(ReadError::Characters) };
    }
    match reference.as_ref() {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => Err(ReadError::Forbidden),
    }
}

/// No attributes but Apache's declaration of the prefix of `ex:nil` and `ex:i8`.
fn attributes(start: &BytesStart<'_>) -> Result<(), ReadError> {
    let raw = start.attributes_raw().trim();
    let apache = "http://ws.apache.org/xmlrpc/namespaces/extensions";
    if raw.is_empty() || raw == format!("xmlns:ex=\"{apache}\"") || raw == format!("xmlns:ex='{apache}'") {
        Ok(())
    } else {
        Err(ReadError::Forbidden)
    }
}

fn blank(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
}
