//! A field of a model, and what is open of it by default: what Odoo tells of it, joined with the tables of what Odoo does not tell.

use crate::odoo::tables::{self, Closed, Html};
use crate::wire::{self, Delegation, FieldType};

/// A field.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: Box<str>,
    /// Its type.
    pub kind: FieldType,
    /// The model that a relation leads to.
    pub relation: Option<Box<str>>,
    /// Whether a record that is taken out of the field lives on, and is written; else it is deleted.
    pub releases: bool,
    /// Fields of the same model that it is computed from.
    pub copies: Box<[Box<str>]>,
    /// To which operations it is closed, as a closed model's.
    pub closed: Option<Closed>,
    /// The model that it is inherited from, or that it delegates to.
    pub from: Option<Box<str>>,
    /// The path that its value is taken from, or was when it was stored.
    pub related: Option<Box<str>>,
    /// Whether it shows another model's value, which is neither inherited nor stored.
    pub passes_on: bool,
    /// Whether it leads into a model that takes no links.
    pub into_closed: bool,
    /// How it may be read, if it is not closed.
    pub reading: Reading,
    /// How it may be written, if it is not closed.
    pub writing: Writing,
}

/// How a field may be read.
#[derive(Debug)]
pub enum Reading {
    /// By default.
    Open,
    /// By default, where the path that it is related by may be read.
    Through,
    /// By default, where the model that it refers to may be read.
    IfReadable,
    /// If a permission names it.
    Named(Why),
    /// Never: it is a credential.
    Never,
}

/// How a field may be written.
#[derive(Debug)]
pub enum Writing {
    /// By default.
    Open,
    /// By default, as long as no tag stands in its text, unless it is sanitised for the user.
    Html(Html),
    /// By default in a record to be made, else if a permission names it.
    OnCreation(Why),
    /// By default in a record to be made in which this reference is empty, else if a permission names it.
    OnCreationWithout(Box<str>),
    /// If a permission names it.
    Named(Why),
    /// Never: it is a credential.
    Never,
}

/// Why a field is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Whoever has its value has the record, or more.
    Credential,
    /// It belongs to a closed model, or passes on a value of one.
    ClosedModel,
    /// Odoo shows it to some groups only.
    Restricted,
    /// A name of the model that it refers to tells what only some may know.
    Telling,
    /// It is a value of another model.
    Related,
    /// Odoo computes it.
    Computed,
    /// It is read-only.
    ReadOnly,
    /// Odoo evaluates it.
    Evaluated,
    /// Odoo stores its HTML as it comes.
    Unsanitized,
    /// Odoo writes it somewhere else too.
    WritesElsewhere,
    /// Somebody gets rights in Odoo with it.
    Grants,
    /// A method of Odoo ought to change it.
    State,
}

impl Why {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Credential,
        Self::ClosedModel,
        Self::Restricted,
        Self::Telling,
        Self::Related,
        Self::Computed,
        Self::ReadOnly,
        Self::Evaluated,
        Self::Unsanitized,
        Self::WritesElsewhere,
        Self::Grants,
        Self::State,
    ];

    /// One word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::ClosedModel => "closed_model",
            Self::Restricted => "group",
            Self::Telling => "telling",
            Self::Related => "related",
            Self::Computed => "computed",
            Self::ReadOnly => "read_only",
            Self::Evaluated => "evaluated",
            Self::Unsanitized => "unsanitized",
            Self::WritesElsewhere => "writes_elsewhere",
            Self::Grants => "grants",
            Self::State => "state",
        }
    }

    /// The reason, to follow the field's name.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Credential => "is a credential, which nothing opens",
            Self::ClosedModel => "belongs to a closed model, or leads into one",
            Self::Restricted => "is shown by Odoo to some groups only",
            Self::Telling => "shows names that only some may know",
            Self::Related => "is a value of another model",
            Self::Computed => "is computed by Odoo",
            Self::ReadOnly => "is read-only in Odoo",
            Self::Evaluated => "is evaluated by Odoo",
            Self::Unsanitized => "holds HTML that Odoo does not sanitise",
            Self::WritesElsewhere => "is written by Odoo to another record too",
            Self::Grants => "grants rights in Odoo",
            Self::State => "is changed by Odoo's methods",
        }
    }
}

/// Grants that a record may have from the beginning: nobody has rights by it yet.
const GRANTS_ON_CREATION: [(&str, &str); 2] = [("res.partner", "email"), ("res.partner", "parent_id")];

/// The fields of `resource.resource` that a model with a `resource_id` has as its own.
const OF_RESOURCES: [&str; 4] = ["name", "active", "tz", "company_id"];

impl Field {
    /// A field of a model, with the model's delegations.
    pub fn of(model: &str, wire: wire::Field, delegations: &[Delegation]) -> Self {
        let places = Places::of(model, &wire, delegations);
        let (reading, writing) = (reading(&wire, &places), writing(&wire, &places));
        let passes_on = wire.related.is_some() && !places.is_own && wire.unstored;
        let into_closed = wire.relation.as_deref().is_some_and(|model| !tables::takes_references(model));
        let (closed, from) = (places.closed(), places.from.or(places.leads_to).map(Into::into));
        let relation_field = wire.relation_field.as_deref().unwrap_or_default();
        let releases = wire.relation.as_deref().is_some_and(|model| tables::is_released(model, relation_field));
        let own = |path: &String| !path.contains('.') && *path != wire.name;
        let copies = wire.depends.iter().filter(|path| own(path)).map(|path| path.as_str().into()).collect();
        Self {
            name: wire.name.into(),
            kind: wire.kind,
            relation: wire.relation.map(Into::into),
            releases,
            copies,
            closed,
            from,
            related: wire.related.map(Into::into),
            passes_on,
            into_closed,
            reading,
            writing,
        }
    }
}

/// Where a field stands: in its model and, if it is inherited, in the model that it is inherited from.
struct Places<'m> {
    model: &'m str,
    field: &'m str,
    from: Option<&'m str>,
    /// The model that it delegates to, if it does.
    leads_to: Option<&'m str>,
    is_own: bool,
}

impl<'m> Places<'m> {
    fn of(model: &'m str, field: &'m wire::Field, delegations: &'m [Delegation]) -> Self {
        let inherited =
            field.related.as_deref().and_then(|path| path.split_once('.')).filter(|(_, of)| *of == field.name);
        let from = inherited.and_then(|(by, _)| delegations.iter().find(|delegation| delegation.field == by));
        let of_resource = inherited.is_some_and(|(by, name)| by == "resource_id" && OF_RESOURCES.contains(&name));
        let from = from.map(|delegation| delegation.model.as_str());
        let is_own = field.related.is_none() || from.is_some() || of_resource;
        let delegates = delegations.iter().find(|delegation| delegation.field == field.name);
        let leads_to = delegates.map(|delegation| delegation.model.as_str());
        Self { model, field: &field.name, from, leads_to, is_own }
    }

    /// Asks a table for both.
    fn any(&self, table: impl Fn(&str, &str) -> bool) -> bool {
        table(self.model, self.field) || self.from.is_some_and(|model| table(model, self.field))
    }

    fn find<T>(&self, table: impl Fn(&str, &str) -> Option<T>) -> Option<T> {
        table(self.model, self.field).or_else(|| table(self.from?, self.field))
    }

    /// To which operations it is closed, as a closed model's.
    fn closed(&self) -> Option<Closed> {
        self.find(tables::closed_field).or_else(|| tables::closed(self.from.or(self.leads_to)?))
    }
}

fn reading(field: &wire::Field, places: &Places<'_>) -> Reading {
    let tells = field.relation.as_deref().is_some_and(tables::is_telling);
    if places.any(tables::is_credential) {
        Reading::Never
    } else if field.restricted {
        Reading::Named(Why::Restricted)
    } else if let Some(path) = field.related.as_deref()
        && !places.is_own
        && field.unstored
    {
        let freely = places.model == "hr.employee.public";
        if freely && path.starts_with("employee_id.") { Reading::Open } else { Reading::Through }
    } else if tells {
        Reading::IfReadable
    } else {
        Reading::Open
    }
}

fn writing(field: &wire::Field, places: &Places<'_>) -> Writing {
    let is_computed = !field.depends.is_empty();
    let inverse = places.find(tables::inverse);
    let grants = places.any(tables::is_grant);
    if places.any(tables::is_credential) {
        Writing::Never
    } else if field.restricted {
        Writing::Named(Why::Restricted)
    } else if !places.is_own {
        Writing::Named(Why::Related)
    } else if places.any(tables::is_evaluated) {
        Writing::Named(Why::Evaluated)
    } else if grants && GRANTS_ON_CREATION.contains(&(places.model, places.field)) {
        Writing::OnCreation(Why::Grants)
    } else if grants {
        Writing::Named(Why::Grants)
    } else if places.any(tables::is_state) {
        Writing::Named(Why::State)
    } else if field.readonly && is_computed {
        Writing::Named(Why::Computed)
    } else if inverse.is_some() {
        // Of the model's own: what it is inherited from may be a record that is there already, with a reference in it.
        match tables::inverse(places.model, places.field) {
            Some(reference) if !reference.is_empty() => Writing::OnCreationWithout(reference.into()),
            _ => Writing::Named(Why::WritesElsewhere),
        }
    } else if field.readonly {
        Writing::OnCreation(Why::ReadOnly)
    } else if let Some(html) = places.find(tables::html) {
        Writing::Html(html)
    } else if field.kind == FieldType::Html && field.unsanitized {
        Writing::Html(Html::Never)
    } else {
        Writing::Open
    }
}
