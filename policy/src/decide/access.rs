//! What a key may read and write of Odoo's models: its permissions, joined with what is known of the fields.

use crate::decide::lack::{How, Lack};
use crate::effects::{By, Write, has_tags, joined};
use crate::formats::value::Value;
use crate::odoo::tables::{self, Closed, Html};
use crate::operation::Operation;
use crate::snapshot::field::{Field, Reading, Why, Writing};
use crate::snapshot::model::Seen;
use crate::snapshot::{Key, Permission, Schema, Snapshot};
use crate::wire::{FieldRule, FieldType};

/// Relations that a related field, or a name, may lead over: Odoo's own lead over three at most.
const MAX_STEPS: usize = 8;

/// Parts of a date that a path can name: `READ_GROUP_NUMBER_GRANULARITY` of Odoo 19's `orm/utils.py`, and the others that groups take.
const DATE_PARTS: [&str; 16] = [
    "hour",
    "day",
    "week",
    "month",
    "quarter",
    "year",
    "year_number",
    "quarter_number",
    "month_number",
    "iso_week_number",
    "day_of_year",
    "day_of_month",
    "day_of_week",
    "hour_number",
    "minute_number",
    "second_number",
];

/// A key with one of its profiles, and the policy that it is looked at with.
#[derive(Clone, Copy)]
pub(crate) struct Access<'s> {
    pub(crate) snapshot: &'s Snapshot,
    pub(crate) key: &'s Key,
    pub(crate) profile: &'s str,
    pub(crate) schema: Schema<'s>,
    root: Root<'s>,
}

/// The call's own model: most questions are about it, so it is looked up once.
#[derive(Clone, Copy)]
struct Root<'s> {
    model: &'s str,
    record: Option<&'s Permission>,
    /// The same, if the key's user is in one of its groups.
    permission: Option<&'s Permission>,
    seen: Option<Seen<'s>>,
}

impl<'s> Access<'s> {
    /// For a call of a model.
    pub(crate) fn of(snapshot: &'s Snapshot, key: &'s Key, profile: &'s str, model: &'s str) -> Self {
        let schema = snapshot.schema(&key.user);
        let record = snapshot.permission(profile, model);
        let permission = record.filter(|permission| fits(key, permission));
        let root = Root { model, record, permission, seen: schema.model(model) };
        Self { snapshot, key, profile, schema, root }
    }

    /// The profile's permission for a model, whichever groups it is for.
    pub(crate) fn record(&self, model: &str) -> Option<&'s Permission> {
        if model == self.root.model { self.root.record } else { self.snapshot.permission(self.profile, model) }
    }

    /// What is shown of a model, as far as it is known.
    fn seen(&self, model: &str) -> Option<Seen<'s>> {
        if model == self.root.model { self.root.seen } else { self.schema.model(model) }
    }

    /// The permission for a model, if the key's user is in one of its groups.
    pub(crate) fn permission(&self, model: &str) -> Option<&'s Permission> {
        if model == self.root.model {
            return self.root.permission;
        }
        self.record(model).filter(|permission| self.fits(permission))
    }

    /// What a model's permission says of the fields that may be read.
    fn read_rule(&self, model: &str) -> Option<&'s FieldRule> {
        self.permission(model)?.wire.fields.read.as_ref()
    }

    /// Whether the user is in one of a permission's groups.
    pub(crate) fn fits(&self, permission: &Permission) -> bool {
        fits(self.key, permission)
    }

    /// Whether the key's own list has the model.
    pub(crate) fn is_listed(&self, model: &str) -> bool {
        let models = &self.key.wire.models;
        models.is_empty() || models.iter().any(|listed| listed == model)
    }

    /// Whether configuration has opened a closed model.
    pub(crate) fn is_excepted(&self, model: &str) -> bool {
        self.snapshot.settings.never_list_exceptions.contains(model)
    }

    /// Whether a path may lead through a model that no `paths` name.
    fn is_readable(&self, model: &str) -> bool {
        let allows = |permission: &Permission| permission.wire.operations.contains(Operation::Read);
        self.is_listed(model) && self.permission(model).is_some_and(allows)
    }

    /// Whether any path may lead through a model: it may be read, or is reference data.
    fn is_open(&self, model: &str) -> bool {
        !self.is_closed(model) && (self.is_readable(model) || tables::is_reference_data(model))
    }

    fn is_closed(&self, model: &str) -> bool {
        tables::is_closed_to_reads(model) && !self.is_excepted(model)
    }

    /// Reads along a path from a model. Lacks more than one thing only where several fields make a name.
    pub(crate) fn reads(&self, root: &str, path: &str, by: By) -> Result<(), Vec<Lack>> {
        self.walk(root, path, by, MAX_STEPS)
    }

    fn walk(&self, root: &str, path: &str, by: By, steps: usize) -> Result<(), Vec<Lack>> {
        let names_path = |permission: &Permission| permission.wire.paths.iter().any(|listed| listed == path);
        let is_listed = path.contains('.') && self.permission(root).is_some_and(names_path);
        let (mut model, mut rest) = (root, path);
        loop {
            let (name, tail) = first(rest);
            let is_first = rest.len() == path.len();
            let field = match self.field(model, name, is_first && tail.is_none()).map_err(one)? {
                Found::Field(field) => field,
                Found::Listed if by != By::Value => return Err(one(Lack::UnknownModel(model.into()))),
                Found::Listed => return Ok(()),
            };
            let closed = match (is_first, is_listed) {
                (false, true) => self.never(model, field, steps).map(Some),
                _ => self.read_closed(model, self.read_rule(model), field, steps),
            };
            if let Some(why) = closed {
                return Err(one(Lack::Field { model: model.into(), field: name.into(), how: How::Reading, why }));
            }
            let Some(tail) = tail else {
                return if by == By::Value { Ok(()) } else { self.names(root, path, model, field, by, steps) };
            };
            let next = match (field.kind, field.relation.as_deref()) {
                (FieldType::Properties, _) => return Ok(()),
                (FieldType::Date, _) if DATE_PARTS.contains(&tail) => return Ok(()),
                (_, Some(_)) if tail == "id" && by == By::NameInTree => {
                    let relation = path.strip_suffix(".id").unwrap_or(path);
                    return self.names(root, relation, model, field, by, steps);
                }
                (_, Some(_)) if tail == "id" => return Ok(()),
                (_, Some(next)) => next,
                _ => return Err(one(Lack::UnknownField { model: model.into(), field: rest.into() })),
            };
            if !(self.is_open(next) || (is_listed && self.is_listed(next) && !self.is_closed(next))) {
                return Err(one(Lack::Path { model: root.into(), path: path.into(), other: next.into() }));
            }
            (model, rest) = (next, tail);
        }
    }

    /// The field, or that nothing is known of the model and its permission names the field.
    fn field(&self, model: &str, name: &str, is_own: bool) -> Result<Found<'s>, Lack> {
        let Some(seen) = self.seen(model) else {
            let is_named = name == "id" || is_only(self.read_rule(model), name);
            return if is_own && is_named && !is_never(model, name) {
                Ok(Found::Listed)
            } else {
                Err(Lack::UnknownModel(model.into()))
            };
        };
        let found = seen.field(name).map(Found::Field);
        found.ok_or_else(|| Lack::UnknownField { model: model.into(), field: name.into() })
    }

    /// Why a field is closed to reading, and `None` inside if the permission closes it. `rule` is what that says.
    fn read_closed(&self, model: &str, rule: Option<&FieldRule>, field: &Field, steps: usize) -> Option<Option<Why>> {
        if let Some(why) = self.never(model, field, steps) {
            return Some(Some(why));
        }
        if &*field.name == "id" {
            return None;
        }
        if let Some(opens) = self.by_rule(model, rule, field) {
            return (!opens).then_some(None);
        }
        match &field.reading {
            Reading::Open | Reading::Never => None,
            Reading::Named(why) => Some(Some(*why)),
            Reading::IfReadable => {
                let opens = field.relation.as_deref().is_some_and(|relation| self.is_readable(relation));
                (!opens).then_some(Some(Why::Telling))
            }
            Reading::Through => {
                let path = field.related.as_deref().unwrap_or_default();
                let opens = steps > 0 && self.walk(model, path, By::Value, steps - 1).is_ok();
                (!opens).then_some(Some(Why::Related))
            }
        }
    }

    /// Whether a rule opens a field; `None` where it leaves that to the default.
    fn by_rule(&self, model: &str, rule: Option<&FieldRule>, field: &Field) -> Option<bool> {
        match rule? {
            FieldRule::Only(fields) => Some(has(fields, &field.name)),
            FieldRule::Also(fields) => has(fields, &field.name).then_some(true),
            FieldRule::Hide(fields) => self.hides(model, fields, field, MAX_STEPS).then_some(false),
        }
    }

    /// Why nothing opens a field: for itself, or for what it passes on, as far as that is known.
    fn never(&self, model: &str, field: &Field, steps: usize) -> Option<Why> {
        if field.closed == Some(Closed::Altogether) && !self.lifts(model, field) {
            return Some(Why::ClosedModel);
        }
        if matches!(field.reading, Reading::Never) {
            return Some(Why::Credential);
        }
        let (path, steps) = (field.related.as_deref()?, steps.checked_sub(1)?);
        // A credential stays one where it is stored again; a value of a closed model is the record's own then.
        let closes = || field.passes_on && !self.is_excepted(&format!("{model}.{}", field.name));
        let (mut at, mut rest) = (model, path);
        loop {
            let (name, tail) = first(rest);
            if tables::is_credential(at, name) || (tables::closed_field(at, name).is_some() && closes()) {
                return Some(Why::Credential);
            }
            let on_path = self.seen(at)?.field(name)?;
            if let Some(why) = self.never(at, on_path, steps)
                && (why == Why::Credential || closes())
            {
                return Some(why);
            }
            (at, rest) = (on_path.relation.as_deref()?, tail?);
            if self.is_closed(at) && closes() {
                return Some(Why::ClosedModel);
            }
        }
    }

    /// Whether configuration has opened what closes a field: the model that it is inherited from or leads into, the field itself, or
    /// its own model, if that is a closed one.
    fn lifts(&self, model: &str, field: &Field) -> bool {
        let from = field.from.as_deref().is_some_and(|from| self.is_excepted(from));
        let own = || self.is_excepted(model) && tables::closed(model).is_some();
        from || own() || self.is_excepted(&format!("{model}.{}", field.name))
    }

    /// Whether a list hides a field, or what the field is computed or taken from; a record's name is no copy.
    fn hides(&self, model: &str, hidden: &[String], field: &Field, steps: usize) -> bool {
        if has(hidden, &field.name) {
            return true;
        }
        let Some(seen) = self.seen(model).filter(|_| steps > 0 && &*field.name != "display_name") else {
            return false;
        };
        let shown = field.related.as_deref().filter(|_| field.passes_on).map(|path| first(path).0);
        field.copies.iter().map(|name| &**name).chain(shown).any(|name| {
            has(hidden, name) || seen.field(name).is_some_and(|of| self.hides(model, hidden, of, steps - 1))
        })
    }

    /// A field is looked for by a text: where Odoo then looks into the fields that make a name, it reads them.
    fn names(&self, root: &str, path: &str, model: &str, field: &Field, by: By, steps: usize) -> Result<(), Vec<Lack>> {
        let (prefix, model) = match (field.relation.as_deref(), &*field.name) {
            (Some(relation), _) => (path, relation),
            (None, name) if name == "display_name" || (name == "id" && by == By::NameInTree) => {
                (path.strip_suffix(name).unwrap_or(path), model)
            }
            _ => return Ok(()),
        };
        let other = || one(Lack::Path { model: root.into(), path: path.into(), other: model.into() });
        let steps = steps.checked_sub(1).ok_or_else(other)?;
        let prefix = prefix.trim_end_matches('.');
        let seen = self.seen(model).ok_or_else(|| one(Lack::UnknownModel(model.into())))?;
        let exists = |name: &&&str| seen.exists(first(name).0);
        let mut names = tables::names(model).into_iter().flatten().filter(exists).peekable();
        if names.peek().is_none() {
            // Nobody has said which fields these are: it may be any that is open by default.
            let opens = (prefix.is_empty() || self.is_open(model))
                && matches!(self.read_rule(model), None | Some(FieldRule::Also(_)));
            return if opens { Ok(()) } else { Err(other()) };
        }
        let lacks: Vec<Lack> =
            names.filter_map(|name| self.walk(root, &joined(prefix, *name), By::Name, steps).err()).flatten().collect();
        if lacks.is_empty() { Ok(()) } else { Err(lacks) }
    }

    /// The fields that may be read, or also those that may be written: what takes the place of a list that names none.
    pub(crate) fn list(&self, model: &str, also_writable: bool) -> Vec<String> {
        let Some(seen) = self.seen(model) else { return vec!["id".to_owned()] };
        let permission = self.permission(model);
        let rule = permission.and_then(|permission| permission.wire.fields.read.as_ref());
        let may = |field: &Field| {
            self.read_closed(model, rule, field, MAX_STEPS).is_none()
                || (also_writable && self.write_closed(model, permission, field, None).is_none())
        };
        let open = seen.fields().filter(|(field, leads_on)| (*leads_on || also_writable) && may(field));
        let list: Vec<String> = open.map(|(field, _)| field.name.to_string()).collect();
        if list.is_empty() { vec!["id".to_owned()] } else { list }
    }

    /// Writes a field; `permission` is that for its model.
    pub(crate) fn writes(&self, write: &Write<'_>, permission: Option<&Permission>) -> Result<(), Lack> {
        let Write { model, field: name, .. } = *write;
        if !write.is_known {
            let rule = permission.and_then(|permission| permission.wire.fields.write.as_ref());
            let is_scalar =
                matches!(write.value, Some(Value::String(_) | Value::Int(_) | Value::Double(_) | Value::Decimal(_)));
            let opens = is_scalar && is_only(rule, name) && !is_never(model, name);
            return if opens { Ok(()) } else { Err(Lack::UnknownModel(model.into())) };
        }
        let field = write.found.ok_or_else(|| Lack::UnknownField { model: model.into(), field: name.into() })?;
        match self.write_closed(model, permission, field, Some(write)) {
            None => Ok(()),
            Some(why) => Err(Lack::Field { model: model.into(), field: name.into(), how: How::Writing, why }),
        }
    }

    /// Why a field is closed to writing. Without a write, as if its value were harmless.
    fn write_closed(
        &self,
        model: &str,
        permission: Option<&Permission>,
        field: &Field,
        write: Option<&Write<'_>>,
    ) -> Option<Option<Why>> {
        if field.closed.is_some() && !self.lifts(model, field) {
            return Some(Some(Why::ClosedModel));
        }
        if let never @ Some(_) = self.never(model, field, MAX_STEPS) {
            return Some(never);
        }
        if permission.is_some_and(|permission| has(&permission.wire.nested_writes, &field.name)) {
            return None;
        }
        let rule = permission.and_then(|permission| permission.wire.fields.write.as_ref());
        if let Some(opens) = self.by_rule(model, rule, field) {
            return (!opens).then_some(None);
        }
        let closed = match &field.writing {
            Writing::Open | Writing::Never => None,
            Writing::Html(html) => {
                let unsanitized =
                    write.is_some_and(|write| write.value.is_none_or(has_tags)) && self.stores_as_is(*html);
                unsanitized.then_some(Some(Why::Unsanitized))
            }
            Writing::OnCreation(why) => (!write.is_some_and(|write| write.creates)).then_some(Some(*why)),
            Writing::OnCreationWithout(reference) => {
                let alone = write.is_some_and(|write| write.creates && write.beside.leaves_empty(reference));
                (!alone).then_some(Some(Why::WritesElsewhere))
            }
            Writing::Named(why) => Some(Some(*why)),
        };
        let is_excepted = || field.relation.as_deref().is_some_and(|relation| self.is_excepted(relation));
        closed.or_else(|| (field.into_closed && !is_excepted()).then_some(Some(Why::ClosedModel)))
    }

    /// Whether Odoo stores HTML of the key's user as it comes: of one whose groups are not known, it may.
    fn stores_as_is(&self, html: Html) -> bool {
        let groups = &self.key.user.groups;
        html == Html::Never || groups.is_empty() || groups.iter().any(|group| group == "base.group_sanitize_override")
    }
}

/// A field that a path names.
enum Found<'s> {
    Field(&'s Field),
    /// Nothing is known of the model, but the permission names the field.
    Listed,
}

/// Whether the key's user is in one of a permission's groups.
fn fits(key: &Key, permission: &Permission) -> bool {
    let groups = &permission.wire.groups;
    groups.is_empty() || groups.iter().any(|group| key.user.groups.contains(group))
}

/// The only thing that is lacking.
fn one(lack: Lack) -> Vec<Lack> {
    vec![lack]
}

/// Whether nothing opens a field, by the tables alone.
fn is_never(model: &str, field: &str) -> bool {
    tables::is_credential(model, field) || tables::closed_field(model, field).is_some()
}

/// The first name of a path, and the rest if there is one.
fn first(path: &str) -> (&str, Option<&str>) {
    path.split_once('.').map_or((path, None), |(name, tail)| (name, Some(tail)))
}

/// Whether a rule opens exactly some fields, this one among them.
fn is_only(rule: Option<&FieldRule>, field: &str) -> bool {
    matches!(rule, Some(FieldRule::Only(fields)) if has(fields, field))
}

fn has(names: &[String], name: &str) -> bool {
    names.iter().any(|listed| listed == name)
}
