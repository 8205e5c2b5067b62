//! Cuts an XML document into tokens, of which XML-RPC needs few: no attributes are parsed, and names are compared by the
//! reader, which knows every element that there may be.

use crate::formats::xmlrpc::Problem;

/// A piece of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// `<name>`, or the first half of `<name/>`; with what stands between the name and the end.
    Open {
        /// The name, with its prefix.
        name: &'a str,
        /// Attributes, unread.
        attributes: &'a str,
    },
    /// `</name>`, or the second half of `<name/>`.
    Close(&'a str),
    /// Text without markup or references, line ends as they came.
    Text(&'a str),
    /// The content of a CDATA section.
    CData(&'a str),
    /// What stands between `&` and `;`.
    Reference(&'a str),
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
    /// At the start of a document.
    pub(crate) fn new(text: &'a str) -> Self {
        Self { rest: text, left: text.len(), at_start: true, close: None }
    }

    /// How many bytes of the document were left where the newest token began.
    pub(crate) fn left(&self) -> usize {
        self.left
    }

    /// The next token.
    ///
    /// # Errors
    /// For markup that does not end or is malformed, a document type and processing instructions.
    pub(crate) fn next(&mut self) -> Result<Token<'a>, Problem> {
        if let Some(name) = self.close.take() {
            return Ok(Token::Close(name));
        }
        self.left = self.rest.len();
        let at_start = std::mem::replace(&mut self.at_start, false);
        if let Some(markup) = self.rest.strip_prefix('<') {
            return self.markup(markup, at_start);
        }
        if let Some(reference) = self.rest.strip_prefix('&') {
            let name = self.until(cut(reference, b';'))?;
            return if name.contains(['<', '&']) { Err(Problem::Xml) } else { Ok(Token::Reference(name)) };
        }
        let length = self.rest.bytes().position(|byte| matches!(byte, b'<' | b'&')).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at_checked(length).ok_or(Problem::Xml)?;
        self.rest = rest;
        Ok(if text.is_empty() { Token::End } else { Token::Text(text) })
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
        let behind = tag(self.rest.trim_ascii_start(), mark, name).filter(|_| self.close.is_none());
        self.go_on(behind).is_some()
    }

    /// The text up to `</name>`, if that is all of the element and stands for itself; goes on behind it then.
    pub(crate) fn plain(&mut self, name: &str) -> Option<&'a str> {
        let length = self.rest.bytes().position(|byte| matches!(byte, b'<' | b'&' | b'>' | b'\r'))?;
        let (text, rest) = self.rest.split_at_checked(length).filter(|_| self.close.is_none())?;
        self.go_on(tag(rest, "</", name))?;
        Some(text)
    }

    fn go_on(&mut self, behind: Option<&'a str>) -> Option<()> {
        let behind = behind?;
        self.left = self.rest.len();
        self.rest = behind;
        self.at_start = false;
        Some(())
    }

    /// What follows a `<`.
    fn markup(&mut self, markup: &'a str, at_start: bool) -> Result<Token<'a>, Problem> {
        match markup.as_bytes().first() {
            Some(b'/') => {
                let tag = self.until(cut(markup, b'>'))?;
                Ok(Token::Close(tag.strip_prefix('/').unwrap_or(tag).trim_ascii_end()))
            }
            Some(b'!') => self.declared(markup),
            Some(b'?') if at_start && markup.starts_with("?xml") => {
                self.until(markup.split_once("?>"))?;
                Ok(Token::Declaration)
            }
            Some(b'?') => Err(Problem::Instruction),
            _ => {
                let tag = self.until(cut(markup, b'>'))?;
                let tag = match tag.strip_suffix('/') {
                    Some(tag) => {
                        let (name, _) = name(tag);
                        self.close = Some(name);
                        tag
                    }
                    None => tag,
                };
                let (name, attributes) = name(tag);
                Ok(Token::Open { name, attributes })
            }
        }
    }

    /// What follows `<!`: a comment, or a CDATA section.
    fn declared(&mut self, markup: &'a str) -> Result<Token<'a>, Problem> {
        if let Some(comment) = markup.strip_prefix("!--") {
            self.until(comment.split_once("--"))?;
            // A comment holds no `--`, so the first one ends it.
            self.rest = self.rest.strip_prefix('>').ok_or(Problem::Xml)?;
            return Ok(Token::Comment);
        }
        match markup.strip_prefix("![CDATA[") {
            Some(content) => self.until(content.split_once("]]>")).map(Token::CData),
            None => Err(Problem::DocumentType),
        }
    }

    /// What stands before an end; goes on behind it.
    fn until(&mut self, cut: Option<(&'a str, &'a str)>) -> Result<&'a str, Problem> {
        let (before, after) = cut.ok_or(Problem::CutOff)?;
        self.rest = after;
        Ok(before)
    }
}

/// What stands behind a tag without attributes that a text begins with.
#[inline(always)]
fn tag<'a>(text: &'a str, mark: &str, name: &str) -> Option<&'a str> {
    text.strip_prefix(mark)?.strip_prefix(name)?.strip_prefix('>')
}

/// What stands before and behind the first such ASCII character. Tags are short: a plain loop finds their end sooner
/// than a search that is made for long texts.
fn cut(text: &str, at: u8) -> Option<(&str, &str)> {
    let (before, after) = text.split_at_checked(text.bytes().position(|byte| byte == at)?)?;
    Some((before, after.get(1..)?))
}

/// The name that a tag begins with, and what follows it.
fn name(tag: &str) -> (&str, &str) {
    match tag.bytes().position(|byte| byte.is_ascii_whitespace()) {
        Some(at) => tag.split_at_checked(at).map_or((tag, ""), |(name, rest)| (name, rest.trim_ascii())),
        None => (tag, ""),
    }
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
        let open = |name| Token::Open { name, attributes: "" };
        for (text, tokens) in [
            ("", vec![]),
            ("<?xml version='1.0'?>\n", vec![Token::Declaration, Token::Text("\n")]),
            ("<a>b</a >", vec![open("a"), Token::Text("b"), Token::Close("a")]),
            ("<a/>", vec![open("a"), Token::Close("a")]),
            ("<a\n/>", vec![open("a"), Token::Close("a")]),
            ("<a b='c'>", vec![Token::Open { name: "a", attributes: "b='c'" }]),
            ("x&lt;y", vec![Token::Text("x"), Token::Reference("lt"), Token::Text("y")]),
            ("<!-- <a> -->z", vec![Token::Comment, Token::Text("z")]),
            ("<![CDATA[<&]]>", vec![Token::CData("<&")]),
            ("é<ü>", vec![Token::Text("é"), open("ü")]),
        ] {
            assert_eq!(scan(text), Ok(tokens), "{text}");
        }
    }

    #[test]
    fn what_does_not_end_and_what_is_not_allowed_is_refused() {
        for (text, error) in [
            ("<a", Problem::CutOff),
            ("</a", Problem::CutOff),
            ("&lt", Problem::CutOff),
            ("&l<t;", Problem::Xml),
            ("<!-- a -- b -->", Problem::Xml),
            ("<!-->", Problem::CutOff),
            ("<![CDATA[a]]", Problem::CutOff),
            ("<?xml version='1.0'", Problem::CutOff),
            (" <?xml version='1.0'?>", Problem::Instruction),
            ("<?php ?>", Problem::Instruction),
            ("<!DOCTYPE a>", Problem::DocumentType),
        ] {
            assert_eq!(scan(text), Err(error), "{text}");
        }
    }
}
