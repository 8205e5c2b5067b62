//! The strict reader.

use std::borrow::Cow;

use quick_xml::events::BytesText;

use crate::formats::value::{Members, Value, has_twice, member};
use crate::formats::xmlrpc::scan::{Scanner, Token};
use crate::formats::xmlrpc::{Fault, MAX_DEPTH, MAX_VALUES, MethodCall, Problem, ReadError, scalar};

/// Reads one `methodCall`.
///
/// # Errors
/// See [`Problem`]: everything that is not exactly one call, also when Python would read it.
pub fn read_call(text: &str) -> Result<MethodCall<'_>, ReadError> {
    Parser::read(text, Parser::call)
}

/// Reads one `methodResponse`: the value, or the fault.
///
/// # Errors
/// See [`Problem`].
pub fn read_response(text: &str) -> Result<Result<Value<'_>, Fault>, ReadError> {
    Parser::read(text, Parser::response)
}

/// Room for those of `execute_kw`.
const USUAL_PARAMS: usize = 7;

enum Tag<'a> {
    Open(&'a str),
    Close(&'a str),
}

struct Parser<'a> {
    scanner: Scanner<'a>,
    values: usize,
}

impl<'a> Parser<'a> {
    /// Reads a whole document. A problem is where the newest token began.
    fn read<T>(text: &'a str, document: impl FnOnce(&mut Self) -> Result<T, Problem>) -> Result<T, ReadError> {
        let mut parser = Self { scanner: Scanner::new(text), values: 0 };
        let read = document(&mut parser).and_then(|read| parser.end().map(|()| read));
        read.map_err(|problem| ReadError::at(problem, text, text.len() - parser.scanner.left()))
    }

    fn call(&mut self) -> Result<MethodCall<'a>, Problem> {
        self.root("methodCall")?;
        self.open("methodName")?;
        let method = self.text("methodName")?;
        let mut params = Vec::with_capacity(USUAL_PARAMS);
        match self.next_tag(Problem::End)? {
            Tag::Open("params") => {
                while self.open_or_close("param", "params")? {
                    self.open("value")?;
                    params.push(self.value(0)?);
                    self.close("param")?;
                }
                self.close("methodCall")?;
            }
            Tag::Close("methodCall") => {}
            Tag::Open(_) | Tag::Close(_) => return Err(Problem::Element("params")),
        }
        Ok(MethodCall { method, params })
    }

    fn response(&mut self) -> Result<Result<Value<'a>, Fault>, Problem> {
        self.root("methodResponse")?;
        let answer = match self.next_tag(Problem::Element("params"))? {
            Tag::Open("params") => {
                self.open("param")?;
                self.open("value")?;
                let value = self.value(0)?;
                self.close("param")?;
                self.close("params")?;
                Ok(value)
            }
            Tag::Open("fault") => {
                self.open("value")?;
                let members = self.value(0)?.into_members().ok_or(Problem::Element("struct"))?;
                self.close("fault")?;
                let (Some(Value::Int(code)), Some(Value::String(string))) =
                    (member(&members, "faultCode"), member(&members, "faultString"))
                else {
                    return Err(Problem::Element("member"));
                };
                Err(Fault { code: *code, string: string.clone().into_owned() })
            }
            Tag::Open(_) | Tag::Close(_) => return Err(Problem::Element("params")),
        };
        self.close("methodResponse")?;
        Ok(answer)
    }

    /// The first element, after an optional declaration.
    fn root(&mut self, name: &'static str) -> Result<(), Problem> {
        match self.scanner.next()? {
            Token::Open(found) if found == name => Ok(()),
            Token::Declaration | Token::Comment => self.open(name),
            Token::Text(text) if blank(text) => self.open(name),
            Token::End => Err(Problem::CutOff),
            _ => Err(Problem::Element(name)),
        }
    }

    /// The next tag; white space and comments before it are passed over, and something else is `problem`.
    fn next_tag(&mut self, problem: Problem) -> Result<Tag<'a>, Problem> {
        loop {
            match self.scanner.next()? {
                Token::Open(name) => return Ok(Tag::Open(name)),
                Token::Close(name) => return Ok(Tag::Close(name)),
                Token::Comment => {}
                Token::Text(text) if blank(text) => {}
                Token::End => return Err(Problem::CutOff),
                _ => return Err(problem),
            }
        }
    }

    // In place, as are `close` and what they call: with a known name, a look at a tag is one comparison.
    #[inline(always)]
    fn open(&mut self, name: &'static str) -> Result<(), Problem> {
        if self.scanner.opens(name) { Ok(()) } else { self.open_in_pieces(name) }
    }

    #[inline(never)]
    fn open_in_pieces(&mut self, name: &'static str) -> Result<(), Problem> {
        match self.next_tag(Problem::Element(name))? {
            Tag::Open(found) if found == name => Ok(()),
            Tag::Open(_) | Tag::Close(_) => Err(Problem::Element(name)),
        }
    }

    #[inline(always)]
    fn close(&mut self, name: &str) -> Result<(), Problem> {
        if self.scanner.closes(name) { Ok(()) } else { self.close_in_pieces(name) }
    }

    #[inline(never)]
    fn close_in_pieces(&mut self, name: &str) -> Result<(), Problem> {
        match self.next_tag(Problem::End)? {
            Tag::Close(found) if found == name => Ok(()),
            Tag::Close(_) => Err(Problem::Xml),
            Tag::Open(_) => Err(Problem::End),
        }
    }

    /// True at `<item>`, false at `</list>`.
    #[inline(always)]
    fn open_or_close(&mut self, item: &'static str, list: &str) -> Result<bool, Problem> {
        let is_item = if self.scanner.opens(item) {
            true
        } else if self.scanner.closes(list) {
            false
        } else {
            self.open_or_close_in_pieces(item, list)?
        };
        if is_item {
            self.count()?;
        }
        Ok(is_item)
    }

    #[inline(never)]
    fn open_or_close_in_pieces(&mut self, item: &'static str, list: &str) -> Result<bool, Problem> {
        match self.next_tag(Problem::Element(item))? {
            Tag::Open(found) if found == item => Ok(true),
            Tag::Close(found) if found == list => Ok(false),
            Tag::Open(_) | Tag::Close(_) => Err(Problem::Element(item)),
        }
    }

    /// Only white space and comments may follow the document.
    fn end(&mut self) -> Result<(), Problem> {
        loop {
            match self.scanner.next()? {
                Token::End => return Ok(()),
                Token::Comment => {}
                Token::Text(text) if blank(text) => {}
                _ => return Err(Problem::Trailing),
            }
        }
    }

    fn count(&mut self) -> Result<(), Problem> {
        self.values += 1;
        if self.values > MAX_VALUES { Err(Problem::TooMany) } else { Ok(()) }
    }

    /// The text of an element that was opened, up to its end.
    fn text(&mut self, name: &str) -> Result<Cow<'a, str>, Problem> {
        if let Some(text) = self.scanner.plain(name) {
            return Ok(Cow::Borrowed(text));
        }
        let mut text = Cow::Borrowed("");
        loop {
            match self.scanner.next()? {
                Token::Close(found) if found == name => return Ok(text),
                Token::End => return Err(Problem::CutOff),
                token => piece(&mut text, token)?,
            }
        }
    }

    /// The content of a `<value>` that was opened, and its end.
    fn value(&mut self, depth: usize) -> Result<Value<'a>, Problem> {
        if let Some(text) = self.scanner.plain("value") {
            return Ok(Value::String(Cow::Borrowed(text)));
        }
        if let Some(value) = self.usual(depth)? {
            self.close("value")?;
            return Ok(value);
        }
        let mut text = Cow::Borrowed("");
        loop {
            match self.scanner.next()? {
                Token::Close("value") => return Ok(Value::String(text)),
                Token::Open(name) if blank(&text) => {
                    let value = self.typed(name, depth)?;
                    self.close("value")?;
                    return Ok(value);
                }
                Token::End => return Err(Problem::CutOff),
                token => piece(&mut text, token)?,
            }
        }
    }

    /// The content of a typed element of those that most values have, and its end: the short way to what [`Self::typed`] gives.
    #[inline(always)]
    fn usual(&mut self, depth: usize) -> Result<Option<Value<'a>>, Problem> {
        let value = if self.scanner.opens("string") {
            Value::String(self.text("string")?)
        } else if self.scanner.opens("int") {
            scalar::int(&self.text("int")?)?
        } else if self.scanner.opens("array") {
            Value::Array(self.array(deeper(depth)?)?)
        } else if self.scanner.opens("struct") {
            Value::Struct(self.members(deeper(depth)?)?)
        } else {
            return Ok(None);
        };
        Ok(Some(value))
    }

    /// The content of a typed element inside a `<value>`, and its end.
    fn typed(&mut self, name: &str, depth: usize) -> Result<Value<'a>, Problem> {
        match name {
            "string" => self.text(name).map(Value::String),
            "int" | "i4" | "i8" | "i1" | "i2" | "biginteger" => scalar::int(&self.text(name)?),
            // Apache's names have its prefix; Python takes them with it and without.
            "ex:i8" | "ex:i1" | "ex:i2" | "ex:biginteger" => scalar::int(&self.text(name)?),
            "boolean" => scalar::boolean(&self.text(name)?),
            "double" | "float" | "ex:float" => scalar::double(self.text(name)?),
            "bigdecimal" | "ex:bigdecimal" => scalar::decimal(self.text(name)?),
            "base64" => scalar::base64(self.text(name)?),
            "dateTime.iso8601" => scalar::date_time(self.text(name)?),
            "nil" | "ex:nil" => self.close(name).map(|()| Value::Nil),
            "array" => self.array(deeper(depth)?).map(Value::Array),
            "struct" => self.members(deeper(depth)?).map(Value::Struct),
            _ => Err(Problem::Type),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Vec<Value<'a>>, Problem> {
        let mut values = Vec::new();
        self.open("data")?;
        while self.open_or_close("value", "data")? {
            values.push(self.value(depth)?);
        }
        self.close("array")?;
        Ok(values)
    }

    fn members(&mut self, depth: usize) -> Result<Members<'a>, Problem> {
        let mut members = Members::new();
        while self.open_or_close("member", "struct")? {
            self.open("name")?;
            let name = self.text("name")?;
            self.open("value")?;
            let value = self.value(depth)?;
            self.close("member")?;
            members.push((name, value));
        }
        if has_twice(&members) { Err(Problem::DuplicateMember) } else { Ok(members) }
    }
}

fn deeper(depth: usize) -> Result<usize, Problem> {
    if depth < MAX_DEPTH { Ok(depth + 1) } else { Err(Problem::TooDeep) }
}

/// Appends what a token adds to a text; borrowed as long as one piece is all.
fn piece<'a>(text: &mut Cow<'a, str>, token: Token<'a>) -> Result<(), Problem> {
    let piece = match token {
        // Hardly a text has a `>`, and looking for one is quicker than for all three.
        Token::Text(part) if part.bytes().any(|byte| byte == b'>') && part.contains("]]>") => {
            return Err(Problem::Xml);
        }
        Token::Text(part) => BytesText::from_escaped(part).xml10_content(),
        Token::Meant(part) => part,
        Token::Comment => return Ok(()),
        Token::Close(_) => return Err(Problem::Xml),
        _ => return Err(Problem::Mixed),
    };
    if text.is_empty() {
        *text = piece;
    } else {
        text.to_mut().push_str(&piece);
    }
    Ok(())
}

/// Of the characters that a document may have, XML and ASCII call the same white space.
fn blank(text: &str) -> bool {
    text.trim_ascii_start().is_empty()
}
