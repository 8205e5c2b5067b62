//! A key as a row of bytes.
//!
//! Numbers have seven bits a byte, the lowest first, with the eighth in all but the last; texts and lists stand behind their
//! lengths. Whoever changes the row names another form in [`crate::wire::COMPACT_TYPE`], and in the names of the
//! filter's stamp.

use crate::key::{HASH_LENGTH, KeyHash};
use crate::operation::Operations;
use crate::wire::{Key, Profile};

/// What is read of a row.
pub(crate) struct Row<'b> {
    /// By what the key is found.
    pub(crate) prefix: &'b str,
    rest: Reader<'b>,
}

/// A key as a row has it: without its user and the text of its hash.
pub(crate) struct Read {
    /// `user_id` and `hash` are empty.
    pub(crate) key: Key,
    /// The stored hash.
    pub(crate) hash: KeyHash,
    /// Which of the snapshot's users it acts for, counted from 0.
    pub(crate) user: usize,
}

/// Appends a key.
pub(crate) fn write(prefix: &str, key: &Key, hash: &KeyHash, user: usize, bytes: &mut Vec<u8>) {
    let Key {
        id,
        hash: _,
        version,
        line,
        slot,
        user_id: _,
        profiles,
        scopes,
        models,
        ip_allow_list,
        rate_limit_per_minute,
        session_limit,
        expires_at,
    } = key;
    let mut row = Vec::with_capacity(256);
    text(&mut row, prefix);
    text(&mut row, id);
    let (rounds, salt, checksum) = hash.parts();
    number(&mut row, rounds.into());
    block(&mut row, salt);
    row.extend_from_slice(checksum);
    number(&mut row, *version);
    // Most keys begin their line.
    text(&mut row, if line == id { "" } else { line });
    number(&mut row, (*slot).into());
    number(&mut row, user as u64);
    texts(&mut row, profiles.iter().map(|Profile(name)| name));
    row.push(scopes.bits());
    texts(&mut row, models.iter());
    texts(&mut row, ip_allow_list.iter());
    optional(&mut row, rate_limit_per_minute.map(u64::from));
    optional(&mut row, session_limit.map(u64::from));
    optional(&mut row, *expires_at);
    block(bytes, &row);
}

/// The rows of a page; `None` stands for what is none, and ends them.
pub(crate) fn rows(page: &[u8]) -> impl Iterator<Item = Option<Row<'_>>> {
    let mut page = Reader(page);
    std::iter::from_fn(move || {
        if page.0.is_empty() {
            return None;
        }
        let row = page.block().and_then(Row::of);
        if row.is_none() {
            page = Reader(&[]);
        }
        Some(row)
    })
}

impl<'b> Row<'b> {
    fn of(bytes: &'b [u8]) -> Option<Self> {
        let mut rest = Reader(bytes);
        Some(Self { prefix: rest.text()?, rest })
    }

    /// Reads the rest.
    pub(crate) fn read(self) -> Option<Read> {
        let mut row = self.rest;
        let id = row.text()?.to_owned();
        let (rounds, salt) = (row.number()?, row.block()?);
        let hash = KeyHash::of_parts(rounds, salt, *row.chunk::<HASH_LENGTH>()?).ok()?;
        let version = row.number()?;
        let line = match row.text()? {
            "" => id.clone(),
            line => line.to_owned(),
        };
        let slot = row.number()?.try_into().ok()?;
        let user = row.number()?.try_into().ok()?;
        let key = Key {
            id,
            hash: crate::secret::Secret::new(""),
            version,
            line,
            slot,
            user_id: String::new(),
            profiles: row.texts(|name| Profile(name.to_owned()))?,
            scopes: row.chunk().and_then(|[bits]| Operations::of_bits(*bits))?,
            models: row.texts(str::to_owned)?,
            ip_allow_list: row.texts(str::to_owned)?,
            rate_limit_per_minute: row.optional()?.map(u32::try_from).transpose().ok()?,
            session_limit: row.optional()?.map(u32::try_from).transpose().ok()?,
            expires_at: row.optional()?,
        };
        row.0.is_empty().then_some(Read { key, hash, user })
    }
}

fn number(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn block(bytes: &mut Vec<u8>, block: &[u8]) {
    number(bytes, block.len() as u64);
    bytes.extend_from_slice(block);
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    block(bytes, text.as_bytes());
}

fn texts<'t>(bytes: &mut Vec<u8>, list: impl ExactSizeIterator<Item = &'t String>) {
    number(bytes, list.len() as u64);
    list.for_each(|item| text(bytes, item));
}

fn optional(bytes: &mut Vec<u8>, value: Option<u64>) {
    bytes.push(value.is_some().into());
    value.into_iter().for_each(|value| number(bytes, value));
}

/// Bytes that are read from the front. `None` where they are not what is asked for.
struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn chunk<const N: usize>(&mut self) -> Option<&'b [u8; N]> {
        let (chunk, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(chunk)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for place in 0..10 {
            let [byte] = *self.chunk()?;
            let digits = u64::from(byte & 0x7f);
            number |= digits.checked_shl(7 * place).filter(|shifted| shifted >> (7 * place) == digits)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn block(&mut self) -> Option<&'b [u8]> {
        let length = self.number()?.try_into().ok()?;
        let (block, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(block)
    }

    fn text(&mut self) -> Option<&'b str> {
        std::str::from_utf8(self.block()?).ok()
    }

    fn texts<T>(&mut self, of: impl Fn(&str) -> T) -> Option<Vec<T>> {
        // What a length promises is believed when it has come.
        (0..self.number()?).map(|_| self.text().map(&of)).collect()
    }

    fn optional(&mut self) -> Option<Option<u64>> {
        match self.chunk()? {
            [0] => Some(None),
            [1] => self.number().map(Some),
            _ => None,
        }
    }
}
