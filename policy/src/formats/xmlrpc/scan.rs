//! Cuts an XML document into tokens. Tags as stock clients write them are recognised here, which most documents have
//! throughout; quick-xml reads whatever is unusual, one token at a time.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::errors::{Error, IllFormedError, SyntaxError};
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, Event};
use quick_xml::name::QName;

use crate::formats::xmlrpc::Problem;
use crate::formats::xmlrpc::decode::{is_character, usual_declaration};

/// A piece of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// `<name>`, or the first half of `<name/>`: the name, with its prefix.
    Open(&'a str),
    /// `</name>`, or the second half of `<name/>`.
    Close(&'a str),
    /// Text without markup or references, line ends as they came.
    Text(&'a str),
    /// What a CDATA section or a reference stands for.
    Meant(Cow<'a, str>),
    /// A comment, passed over.
    Comment,
    /// The XML declaration, at the very start of the document.
    Declaration,
    /// The end of the document.
    End,
}

/// Reads tokens off the front of a document.
pub(crate) struct Scanner<'a> {
    rest: &'a str,
    /// How many bytes were left where the newest token began.
    left: usize,
    at_start: bool,
    /// The second half of an empty element.
    close: Option<&'a str>,
}

impl<'a> Scanner<'a> {
    /// At the start of a document that was [decoded](crate::formats::xmlrpc::decode), or behind its declaration.
    pub(crate) fn new(text: &'a str) -> Self {
        let behind = usual_declaration(text.as_bytes()).and_then(|length| text.get(length..));
        Self { rest: behind.unwrap_or(text), left: text.len(), at_start: behind.is_none(), close: None }
    }

    /// How many bytes of the document were left where the newest token began.
    pub(crate) fn left(&self) -> usize {
        self.left
    }

    /// The next token.
    ///
    /// # Errors
    /// For markup that does not end or is malformed, attributes, a document type and processing instructions.
    pub(crate) fn next(&mut self) -> Result<Token<'a>, Problem> {
        if let Some(name) = self.close.take() {
            return Ok(Token::Close(name));
        }
        self.left = self.rest.len();
        let at_start = std::mem::replace(&mut self.at_start, false);
        let length = self.rest.bytes().position(|byte| matches!(byte, b'<' | b'&')).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at_checked(length).ok_or(Problem::Xml)?;
        if !text.is_empty() {
            self.rest = rest;
            return Ok(Token::Text(text));
        }
        match self.usual_tag() {
            Some(token) => Ok(token),
            None => self.unusual(at_start),
        }
    }

    /// Whether a start tag `<name>` comes next, white space before it apart; goes on behind it then. The short way to what
    /// [`Self::next`] gives in pieces, which most documents take throughout.
    #[inline(always)]
    pub(crate) fn opens(&mut self, name: &str) -> bool {
        self.takes("<", name)
    }

    /// The same for an end tag.
    #[inline(always)]
    pub(crate) fn closes(&mut self, name: &str) -> bool {
        self.takes("</", name)
    }

    #[inline(always)]
    fn takes(&mut self, mark: &str, name: &str) -> bool {
        let rest = self.rest.trim_ascii_start();
        let behind = tag(rest, mark, name).filter(|_| self.close.is_none());
        self.go_on(rest, behind).is_some()
    }

    /// The text up to `</name>`, if that is all of the element and stands for itself; goes on behind it then.
    pub(crate) fn plain(&mut self, name: &str) -> Option<&'a str> {
        let length = self.rest.bytes().position(|byte| matches!(byte, b'<' | b'&' | b'>' | b'\r'))?;
        let (text, rest) = self.rest.split_at_checked(length).filter(|_| self.close.is_none())?;
        self.go_on(self.rest, tag(rest, "</", name))?;
        Some(text)
    }

    fn go_on(&mut self, from: &'a str, behind: Option<&'a str>) -> Option<()> {
        self.rest = behind?;
        self.left = from.len();
        self.at_start = false;
        Some(())
    }

    /// A tag of nothing but a name, of the characters that XML-RPC's names have.
    fn usual_tag(&mut self) -> Option<Token<'a>> {
        let markup = self.rest.strip_prefix('<')?;
        let (is_end, markup) = markup.strip_prefix('/').map_or((false, markup), |markup| (true, markup));
        let in_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b':');
        let (name, rest) = markup.split_at_checked(markup.bytes().position(|byte| !in_name(byte))?)?;
        if let Some(behind) = rest.strip_prefix('>') {
            self.rest = behind;
            return Some(if is_end { Token::Close(name) } else { Token::Open(name) });
        }
        self.rest = rest.strip_prefix("/>").filter(|_| !is_end)?;
        self.close = Some(name);
        Some(Token::Open(name))
    }

    /// What begins with `<` or `&` otherwise, or the end.
    #[cold]
    fn unusual(&mut self, at_start: bool) -> Result<Token<'a>, Problem> {
        let mut reader = Reader::from_str(self.rest);
        let config = reader.config_mut();
        // The reader knows each element that there may be, and which of them ends.
        config.allow_unmatched_ends = true;
        config.check_comments = true;
        let event = reader.read_event().map_err(|error| problem(&error))?;
        let read = usize::try_from(reader.buffer_position()).map_err(|_| Problem::Xml)?;
        let (markup, rest) = self.rest.split_at_checked(read).ok_or(Problem::Xml)?;
        self.rest = rest;
        let named = |from: usize, QName(name): QName<'_>| markup.get(from..from + name.len()).ok_or(Problem::Xml);
        Ok(match event {
            Event::Start(tag) => {
                allowed(tag.attributes_raw())?;
                Token::Open(named(1, tag.name())?)
            }
            Event::Empty(tag) => {
                allowed(tag.attributes_raw())?;
                let name = named(1, tag.name())?;
                self.close = Some(name);
                Token::Open(name)
            }
            Event::End(tag) => Token::Close(named(2, tag.name())?),
            Event::CData(content) => Token::Meant(content.xml10_content()),
            Event::GeneralRef(reference) => Token::Meant(resolve(&reference)?),
            Event::Comment(_) => Token::Comment,
            Event::Decl(_) if at_start => Token::Declaration,
            Event::Decl(_) | Event::PI(_) => return Err(Problem::Instruction),
            Event::DocType(_) => return Err(Problem::DocumentType),
            Event::Text(_) => return Err(Problem::Xml),
            Event::Eof => Token::End,
        })
    }
}

/// Why quick-xml does not go on.
fn problem(error: &Error) -> Problem {
    match error {
        Error::Syntax(SyntaxError::InvalidBangMarkup | SyntaxError::UnclosedDoctype)
        | Error::IllFormed(IllFormedError::MissingDoctypeName) => Problem::DocumentType,
        Error::Syntax(SyntaxError::UnclosedPI | SyntaxError::UnclosedXmlDecl) => Problem::Instruction,
        Error::Syntax(_) => Problem::CutOff,
        _ => Problem::Xml,
    }
}

/// No attributes but Apache's declaration of the prefix of `ex:nil` and its other types.
fn allowed(attributes: &str) -> Result<(), Problem> {
    const APACHE: [&str; 2] = [
        "xmlns:ex=\"http://ws.apache.org/xmlrpc/namespaces/extensions\"",
        "xmlns:ex='http://ws.apache.org/xmlrpc/namespaces/extensions'",
    ];
    let attributes = attributes.trim_ascii();
    if attributes.is_empty() || APACHE.contains(&attributes) { Ok(()) } else { Err(Problem::Attribute) }
}

/// XML's five entities, and numeric references to characters that XML has.
fn resolve(reference: &BytesRef<'_>) -> Result<Cow<'static, str>, Problem> {
    if reference.is_char_ref() {
        let character = reference.resolve_char_ref().ok().flatten().filter(|character| is_character(*character));
        return character.map(|character| Cow::Owned(character.to_string())).ok_or(Problem::Character);
    }
    resolve_xml_entity(reference).map(Cow::Borrowed).ok_or(Problem::Entity)
}

/// What stands behind a tag without attributes that a text begins with.
#[inline(always)]
fn tag<'a>(text: &'a str, mark: &str, name: &str) -> Option<&'a str> {
    text.strip_prefix(mark)?.strip_prefix(name)?.strip_prefix('>')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> Result<Vec<Token<'_>>, Problem> {
        let mut scanner = Scanner::new(text);
        let mut tokens = Vec::new();
        loop {
            match scanner.next()? {
                Token::End => return Ok(tokens),
                token => tokens.push(token),
            }
        }
    }

    #[test]
    fn every_token_is_told_apart() {
        let meant = |text| Token::Meant(Cow::Borrowed(text));
        let apache = "<a xmlns:ex='http://ws.apache.org/xmlrpc/namespaces/extensions' />";
        for (text, tokens) in [
            ("", vec![]),
            ("<?xml version='1.0'?>\n", vec![Token::Text("\n")]),
            ("<?xml version='1.0' ?>\n", vec![Token::Declaration, Token::Text("\n")]),
            ("<a>b</a >", vec![Token::Open("a"), Token::Text("b"), Token::Close("a")]),
            ("<a/>", vec![Token::Open("a"), Token::Close("a")]),
            ("<a\n/>", vec![Token::Open("a"), Token::Close("a")]),
            (apache, vec![Token::Open("a"), Token::Close("a")]),
            ("x&lt;y&#x42;", vec![Token::Text("x"), meant("<"), Token::Text("y"), meant("B")]),
            ("<!-- <a> -->z", vec![Token::Comment, Token::Text("z")]),
            ("<![CDATA[<&]]>", vec![meant("<&")]),
            ("<![CDATA[a\r\nb\rc]]>", vec![meant("a\nb\nc")]),
            (
                "<!---->\u{feff}<!-- -->\u{feff}",
                vec![Token::Comment, Token::Text("\u{feff}"), Token::Comment, Token::Text("\u{feff}")],
            ),
            ("é<ü>", vec![Token::Text("é"), Token::Open("ü")]),
        ] {
            assert_eq!(scan(text), Ok(tokens), "{text}");
        }
    }

    #[test]
    fn what_does_not_end_and_what_is_not_allowed_is_refused() {
        for (text, error) in [
            ("<a", Problem::CutOff),
            ("</a", Problem::CutOff),
            ("&lt", Problem::Xml),
            ("&l<t;", Problem::Xml),
            ("&nbsp;", Problem::Entity),
            ("&#+65;", Problem::Character),
            ("&#1;", Problem::Character),
            ("&#xffff;", Problem::Character),
            ("<a b='c'>", Problem::Attribute),
            ("<a b>", Problem::Attribute),
            ("<a xmlns:ex = 'http://ws.apache.org/xmlrpc/namespaces/extensions'>", Problem::Attribute),
            ("<!-- a -- b -->", Problem::Xml),
            ("<!-- a --->", Problem::Xml),
            ("<!-->", Problem::CutOff),
            ("<![cdata[a]]>", Problem::CutOff),
            ("<![CDATA[a]]", Problem::CutOff),
            ("<?xml version='1.0'", Problem::Instruction),
            ("<?xml version='1.0'?><?xml version='1.0'?>", Problem::Instruction),
            (" <?xml version='1.0'?>", Problem::Instruction),
            ("<?php ?>", Problem::Instruction),
            ("<!DOCTYPE a>", Problem::DocumentType),
            ("<!doctype a", Problem::DocumentType),
            ("<!ENTITY a 'b'>", Problem::DocumentType),
        ] {
            assert_eq!(scan(text), Err(error), "{text}");
        }
    }
}
