//! A model of Odoo as it is looked up: its fields, and what Odoo shows of them to a set of groups.

use crate::snapshot::BadSnapshot;
use crate::snapshot::field::Field;
use crate::wire;

/// A model.
#[derive(Debug)]
pub struct Model {
    /// In the order of their names.
    fields: Vec<Field>,
    views: Vec<View>,
}

#[derive(Debug)]
struct View {
    set: u32,
    sees: Vec<u8>,
    dead_ends: Vec<u8>,
}

/// A model, as one set of groups sees it.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'s> {
    model: &'s Model,
    view: &'s View,
}

impl Model {
    /// Reads a model.
    ///
    /// # Errors
    /// Fields that are not in the order of their names, and views that are none.
    pub(crate) fn of(name: &str, wire: wire::Model) -> Result<Self, BadSnapshot> {
        let bad = || BadSnapshot::Model(name.to_owned());
        if !wire.fields.is_sorted_by(|one, next| one.name < next.name) {
            return Err(bad());
        }
        let view =
            |wire::View { set, sees, dead_ends }| Some(View { set, sees: bits(&sees)?, dead_ends: bits(&dead_ends)? });
        let views = wire.views.into_iter().map(view).collect::<Option<_>>().ok_or_else(bad)?;
        let fields = wire.fields.into_iter().map(|field| Field::of(name, field, &wire.delegations)).collect();
        Ok(Self { fields, views })
    }

    /// As a set of groups sees it; `None` if Odoo shows nothing of it to that set.
    pub(crate) fn seen(&self, set: u32) -> Option<Seen<'_>> {
        self.views.iter().find(|view| view.set == set).map(|view| Seen { model: self, view })
    }
}

impl<'s> Seen<'s> {
    /// The field with a name, if there is one and Odoo shows it.
    pub fn field(&self, name: &str) -> Option<&'s Field> {
        let at = self.model.fields.binary_search_by(|field| (*field.name).cmp(name)).ok()?;
        has(&self.view.sees, at).then(|| self.model.fields.get(at)).flatten()
    }

    /// Whether the model has a field, shown or not.
    pub fn exists(&self, name: &str) -> bool {
        self.model.fields.binary_search_by(|field| (*field.name).cmp(name)).is_ok()
    }

    /// The fields that Odoo shows, and whether a list can name each without failing.
    pub fn fields(&self) -> impl Iterator<Item = (&'s Field, bool)> {
        let Self { model, view } = *self;
        let all = model.fields.iter().enumerate().filter(|(at, _)| has(&view.sees, *at));
        all.map(|(at, field)| (field, !has(&view.dead_ends, at)))
    }
}

fn has(bits: &[u8], at: usize) -> bool {
    bits.get(at / 8).is_some_and(|byte| byte & (1 << (at % 8)) != 0)
}

/// The bytes that hexadecimal digits stand for.
fn bits(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let (pairs, rest) = digits.as_bytes().as_chunks();
    let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    rest.is_empty().then(|| pairs.iter().map(byte).collect()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_bits_from_the_lowest_on() {
        let bytes = bits("0180").unwrap();
        assert_eq!((0..17).filter(|at| has(&bytes, *at)).collect::<Vec<_>>(), [0, 15]);
        assert_eq!((bits(""), bits("0"), bits("0g")), (Some(vec![]), None, None));
    }
}
