//! Which of the members that `/jsonrpc` takes stand in the `params` of a JSON document, found while it passes.
//!
//! Only strings, brackets and colons are looked at: what is no JSON does not matter, as Odoo reads no call in it.

/// Longer names are none of those that are looked for.
const LONGEST: usize = 7;

/// What is found so far, and where in the document the last piece ended.
#[derive(Debug, Default)]
pub(crate) struct Members {
    service: bool,
    method: bool,
    args: bool,
    depth: u64,
    /// Inside of the value of `params`.
    in_params: bool,
    /// Which is an array: of pairs, of which Python makes a dictionary too.
    is_list: bool,
    string: Option<Escape>,
    /// The string that was read last, or is being read.
    name: Vec<u8>,
}

/// Where in a string the last piece ended.
#[derive(Clone, Copy, Debug)]
enum Escape {
    /// Not in an escape.
    No,
    /// Behind a backslash.
    Begun,
    /// Behind `\u`: so many digits, and what they are worth.
    Digits(u8, u32),
}

impl Members {
    pub(crate) fn have_service(&self) -> bool {
        self.service
    }

    pub(crate) fn are_all(&self) -> bool {
        self.service && self.method && self.args
    }

    pub(crate) fn see(&mut self, piece: &[u8]) {
        let mut rest = piece;
        while let Some((byte, tail)) = rest.split_first() {
            rest = tail;
            match self.string {
                None => self.token(*byte),
                Some(Escape::No) if self.name.len() > LONGEST => {
                    // Of a long text only the end matters.
                    let length = rest_of_text(*byte, tail);
                    self.string = if length.is_some() { self.string } else { self.in_string(Escape::No, *byte) };
                    rest = length.and_then(|length| tail.get(length..)).unwrap_or(tail);
                }
                Some(escape) => self.string = self.in_string(escape, *byte),
            }
        }
    }

    fn token(&mut self, byte: u8) {
        match byte {
            b'"' => {
                self.name.clear();
                self.string = Some(Escape::No);
            }
            b'{' | b'[' => {
                self.depth += 1;
                if self.depth == 2 {
                    self.is_list = byte == b'[';
                }
            }
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            // A string before a colon is the name of a member.
            b':' if self.depth == 1 => self.in_params = self.name == b"params",
            b':' if self.depth == 2 && self.in_params => self.note(),
            _ => {}
        }
    }

    /// What the string is in after one more byte of it; none if it has ended.
    fn in_string(&mut self, escape: Escape, byte: u8) -> Option<Escape> {
        match (escape, byte) {
            (Escape::No, b'"') => {
                if self.in_params && self.is_list && self.depth > 2 {
                    self.note();
                }
                return None;
            }
            (Escape::No, b'\\') => return Some(Escape::Begun),
            (Escape::Begun, b'u') => return Some(Escape::Digits(0, 0)),
            (Escape::Digits(count, value), digit) => {
                let value = value * 16 + char::from(digit).to_digit(16).unwrap_or_default();
                if count < 3 {
                    return Some(Escape::Digits(count + 1, value));
                }
                self.push(u8::try_from(value).unwrap_or(b'?'));
            }
            // No other escape is a letter of the names.
            (Escape::Begun, _) => self.push(b'?'),
            (Escape::No, byte) => self.push(byte),
        }
        Some(Escape::No)
    }

    fn push(&mut self, byte: u8) {
        if self.name.len() <= LONGEST {
            self.name.push(byte);
        }
    }

    fn note(&mut self) {
        match self.name.as_slice() {
            b"service" => self.service = true,
            b"method" => self.method = true,
            b"args" => self.args = true,
            _ => {}
        }
    }
}

/// How many bytes of a string may be passed over up to its end or an escape; none if it is at one.
fn rest_of_text(byte: u8, tail: &[u8]) -> Option<usize> {
    let ends = |byte: &u8| matches!(byte, b'"' | b'\\');
    (!ends(&byte)).then(|| tail.iter().position(ends).unwrap_or(tail.len()))
}
