//! Section 4: paths into other models.

use lictor_policy::odoo::tables::{self, Closed};
use lictor_policy::wire::{Field, FieldType};

use super::known::is_relation;
use super::reading::has;
use super::{Lack, Oracle, Why};

/// Where a name stands: at the end of a path from the model of the call.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) root: String,
    /// The relations that lead there.
    pub(crate) way: Vec<String>,
}

impl Place {
    pub(crate) fn of(root: &str) -> Self {
        Self { root: root.to_owned(), way: Vec::new() }
    }

    /// The place behind a relation, or a path of them.
    pub(crate) fn behind(&self, path: &str) -> Self {
        Self { root: self.root.clone(), way: self.names(path) }
    }

    /// The whole path of a name that stands here.
    pub(crate) fn names(&self, path: &str) -> Vec<String> {
        let own = path.split(['.', '/']).map(str::to_owned);
        self.way.iter().cloned().chain(own).collect()
    }
}

impl Oracle<'_> {
    /// "A path leads from a relation to a field of its model. A date's part, a property's name and `x.id` are none. Each model on it must be
    /// readable for this key, or reference data, or the path stand in `paths` (for reading; outranks the other model's permission, not
    /// its credentials, closed models, or the key's `models`)." Answers the field at its end, and its model.
    pub(crate) fn path(&self, place: &Place, path: &str) -> Result<(String, Option<Field>), Lack> {
        let given = place.names(path);
        let root = self.permission(&place.root);
        let listed = given.len() > 1 && root.is_some_and(|found| has(&found.paths, &given.join(".")));
        let names = self.without_parts(&place.root, given);
        let whole = names.join(".");
        let mut model = place.root.clone();
        for (number, name) in names.iter().enumerate() {
            let field = self.field(&model, name);
            // "Without a schema: the fields named in `only`, nothing else": of the call's own model.
            if number > 0 && self.model(&model).is_none() {
                return Err(Lack::of(Why::Field, &model, name));
            }
            if listed && number > 0 {
                let closed = self.is_credential(&model, name) || self.is_closed_with_a_model(&model, name, false);
                if closed || field.is_none() {
                    return Err(Lack::of(Why::Field, &model, name));
                }
            } else {
                self.read(&model, name)?;
            }
            if number + 1 == names.len() {
                return Ok((model, field.cloned()));
            }
            let next = field.filter(|field| is_relation(field.kind)).and_then(|field| field.relation.clone());
            let Some(next) = next else { return Err(Lack::of(Why::Field, &model, &whole)) };
            let by_key = self.is_of_the_key(&next) || tables::is_reference_data(&next);
            let by_path = listed && by_key && self.closed(&next) != Some(Closed::Altogether);
            if !by_path && !self.is_readable(&next) {
                return Err(Lack::of(Why::Cross, &place.root, &whole));
            }
            model = next;
        }
        Err(Lack::of(Why::Field, &model, &whole))
    }

    /// "A date's part (`create_date.month_number`), a property's name and `x.id` are none."
    pub(crate) fn without_parts(&self, root: &str, mut names: Vec<String>) -> Vec<String> {
        let mut model = root.to_owned();
        for number in 0..names.len().saturating_sub(1) {
            let Some(field) = self.field(&model, &names[number]) else { break };
            let is_next_to_last = number + 2 == names.len();
            let part = matches!(field.kind, FieldType::Date | FieldType::Properties);
            if is_next_to_last && (part || (is_relation(field.kind) && names[number + 1] == "id")) {
                names.pop();
                break;
            }
            let Some(next) = field.relation.clone() else { break };
            model = next;
        }
        names
    }

    pub(crate) fn check_path(&mut self, place: &Place, path: &str) {
        let result = self.path(place, path).map(drop);
        self.note(result);
    }

    /// The same where names of what a relation points to are shown.
    pub(crate) fn check_path_with_names(&mut self, place: &Place, path: &str) {
        match self.path(place, path) {
            Ok((model, Some(field))) if place.names(path).len() == 1 => {
                let result = self.read_with_names(&model, &field.name);
                self.note(result);
            }
            Ok((model, Some(field)))
                if is_relation(field.kind) && field.kind != FieldType::Many2one && self.tells(&field) =>
            {
                self.lacks(Why::Field, &model, &field.name);
            }
            result => self.note(result.map(drop)),
        }
    }
}
