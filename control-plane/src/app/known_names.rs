//! Whether Odoo has the names that administrators write: a misspelt one opens nothing, or closes nothing, in silence.
//!
//! Asked are, one after the other, what is known of Odoo's models, Odoo itself as one of the users, and the table of the models
//! that an Odoo brings. Of a model whose fields nobody can tell now, fields are taken as they are given.

use std::collections::BTreeMap;
use std::time::Duration;

use lictor_policy::odoo::{calls, operations, tables};
use lictor_policy::wire::{self, FieldRule};
use tokio::time::timeout;

use crate::app::App;
use crate::clients::odoo::{OdooError, Uid};
use crate::clients::odoo_models::Asker;
use crate::domain::problem::{Problem, Result};
use crate::store::schema;
use crate::store::users::{Upstream, User};

/// How long Odoo may take to tell of a model: somebody waits.
const ASK_TIMEOUT: Duration = Duration::from_secs(5);
/// Users that are tried in turn, if Odoo refuses a credential.
const MAX_ASKERS: usize = 3;
/// How much of a name may be otherwise in one that is proposed for it: a third.
const LIKENESS: f64 = 0.66;

/// The fields of a model, with the models that relations lead to.
type Fields = BTreeMap<String, Option<String>>;

/// Refuses a permission with a name that Odoo does not have. Names that it had `before` are taken: somebody has allowed them.
///
/// # Errors
/// [`Problem::invalid`] that names the field, the name and the nearest that is known.
pub async fn of_permission(app: &App, permission: &wire::Permission, before: Option<&wire::Permission>) -> Result<()> {
    let names = Names::load(app).await?;
    let model = permission.model.as_str();
    let mut listed = Listed::of(permission).without(before.map(Listed::of));
    let told = match before {
        Some(_) if listed.is_empty() => return Ok(()),
        _ => names.told("model", model).await?,
    };
    for (place, methods) in [("calls", &listed.calls), ("methods", &listed.methods)] {
        methods.iter().try_for_each(|name| known_method(place, model, name))?;
    }
    if let Told::Fields(fields) = told {
        for (place, listed) in
            [("fields.read", &listed.read), ("fields.write", &listed.write), ("nested_writes", &listed.nested_writes)]
        {
            listed.iter().try_for_each(|name| known_field(place, model, name, &fields))?;
        }
        for path in &listed.paths {
            names.path(model, path, &fields).await?;
        }
    }
    names.groups(&listed.groups)
}

/// Refuses a list of models with one that Odoo does not have.
///
/// # Errors
/// As [`of_permission`].
pub async fn of_models(app: &App, place: &str, listed: &[String]) -> Result<()> {
    if listed.is_empty() {
        return Ok(());
    }
    let names = Names::load(app).await?;
    for model in listed {
        names.model(place, model).await?;
    }
    Ok(())
}

/// Refuses a list of models, and of methods and fields of models, with one that Odoo does not have.
///
/// # Errors
/// As [`of_permission`].
pub async fn of_exceptions(app: &App, place: &str, listed: &[String]) -> Result<()> {
    if listed.is_empty() {
        return Ok(());
    }
    let names = Names::load(app).await?;
    for name in listed {
        match name.rsplit_once('.') {
            Some((model, member)) if !names.has(name).await? && names.has(model).await? => {
                if calls::is_known(model, member) == Some(false)
                    && let Told::Fields(fields) = names.told(place, model).await?
                {
                    known_field(place, model, member, &fields)?;
                }
            }
            _ => names.model(place, name).await?,
        }
    }
    Ok(())
}

/// Refuses methods that no model of Odoo has.
///
/// # Errors
/// As [`of_permission`].
pub fn of_methods<'m>(place: &str, mut listed: impl Iterator<Item = &'m String>) -> Result<()> {
    let is_known = |name: &str| tables::all_methods().any(|known| known == name) || operations::method(name).is_some();
    match listed.find(|name| !is_known(name)) {
        None => Ok(()),
        Some(name) => {
            let detail =
                format!("No model that Odoo brings has a method {name}{}", proposal(name, tables::all_methods()));
            Err(Problem::invalid(place, detail))
        }
    }
}

/// The names in a permission beside that of its model.
struct Listed {
    read: Vec<String>,
    write: Vec<String>,
    nested_writes: Vec<String>,
    paths: Vec<String>,
    calls: Vec<String>,
    methods: Vec<String>,
    groups: Vec<String>,
}

impl Listed {
    fn of(permission: &wire::Permission) -> Self {
        let rule = |rule: &Option<FieldRule>| match rule {
            Some(FieldRule::Only(names) | FieldRule::Hide(names) | FieldRule::Also(names)) => names.clone(),
            None => Vec::new(),
        };
        Self {
            read: rule(&permission.fields.read),
            write: rule(&permission.fields.write),
            nested_writes: permission.nested_writes.clone(),
            paths: permission.paths.clone(),
            calls: permission.calls.clone(),
            methods: permission.methods.keys().cloned().collect(),
            groups: permission.groups.clone(),
        }
    }

    fn all(&mut self) -> [&mut Vec<String>; 7] {
        let Self { read, write, nested_writes, paths, calls, methods, groups } = self;
        [read, write, nested_writes, paths, calls, methods, groups]
    }

    fn without(mut self, before: Option<Self>) -> Self {
        if let Some(mut before) = before {
            for (names, before) in self.all().into_iter().zip(before.all()) {
                names.retain(|name| !before.contains(name));
            }
        }
        self
    }

    fn is_empty(&mut self) -> bool {
        self.all().iter().all(|names| names.is_empty())
    }
}

/// What is known of a model.
enum Told {
    Fields(Fields),
    /// It is one that an Odoo brings, and nobody can tell more now.
    Exists,
}

struct Names<'a> {
    app: &'a App,
    users: Vec<User>,
}

impl<'a> Names<'a> {
    async fn load(app: &'a App) -> Result<Self> {
        let users = schema::users_with_keys(&mut *app.store.read().await?, app.now()).await?;
        Ok(Self { app, users })
    }

    /// Whether a model is known without asking Odoo.
    async fn has(&self, model: &str) -> Result<bool> {
        Ok(tables::is_brought(model) || self.read(model).await?.is_some())
    }

    /// Refuses a model that Odoo does not have.
    async fn model(&self, place: &str, model: &str) -> Result<()> {
        if !self.has(model).await? {
            self.told(place, model).await?;
        }
        Ok(())
    }

    /// The fields as they were read.
    async fn read(&self, model: &str) -> Result<Option<Fields>> {
        let found = schema::find(&mut *self.app.store.read().await?, model).await?;
        let fields = |found: schema::Model| found.record.fields.into_iter().map(|field| (field.name, field.relation));
        Ok(found.map(|found| fields(found).collect()))
    }

    async fn told(&self, place: &str, model: &str) -> Result<Told> {
        if let Some(fields) = self.read(model).await? {
            return Ok(Told::Fields(fields));
        }
        match self.asked(model).await {
            Some(Ok(fields)) => return Ok(Told::Fields(fields)),
            // Another user may see a model that one does not: that is no model, and no right.
            Some(Err(OdooError::NoModel)) => {}
            Some(Err(_)) | None if tables::is_brought(model) => return Ok(Told::Exists),
            Some(Err(_)) | None => {}
        }
        let read = schema::names(&mut *self.app.store.read().await?).await?;
        let mut known: Vec<&str> = read.iter().map(String::as_str).collect();
        for model in tables::models() {
            known.push(model);
        }
        let near = proposal(model, known.into_iter());
        let detail = format!("No model is called {model}, as far as Lictor can tell{near}");
        Err(Problem::invalid(place, detail))
    }

    /// The fields as Odoo tells them to the first user whose credential it takes.
    async fn asked(&self, model: &str) -> Option<Result<Fields, OdooError>> {
        for user in self.users.iter().filter(|user| !user.upstream.rejected).take(MAX_ASKERS) {
            let Upstream { database, uid, sealed, .. } = &user.upstream;
            let Ok(secret) = self.app.vault.open(sealed, &Upstream::owner(&user.id)) else { continue };
            let asker = Asker { database: database.clone(), uid: Uid(*uid), secret };
            match timeout(ASK_TIMEOUT, self.app.odoo.fields_of(&asker, model)).await {
                Ok(Err(OdooError::Rejected)) => {}
                Ok(answer) => {
                    let fields = |fields: wire::Field| (fields.name, fields.relation);
                    return Some(answer.map(|answer| answer.seen().fields.into_values().map(fields).collect()));
                }
                Err(_) => return None,
            }
        }
        None
    }

    /// Each step of a path that leads over models that are known.
    async fn path(&self, model: &str, path: &str, fields: &Fields) -> Result<()> {
        let (mut model, mut fields) = (model.to_owned(), fields.clone());
        for name in path.split('.') {
            known_field("paths", &model, name, &fields)?;
            let Some(Some(next)) = fields.get(name).cloned() else { return Ok(()) };
            let Told::Fields(of_next) = self.told("paths", &next).await? else { return Ok(()) };
            (model, fields) = (next, of_next);
        }
        Ok(())
    }

    /// Groups that no user has: neither Lictor's own nor Odoo's.
    fn groups(&self, groups: &[String]) -> Result<()> {
        let known =
            || self.users.iter().flat_map(|user| user.groups.iter().chain(&user.odoo_groups)).map(String::as_str);
        match groups.iter().find(|group| !known().any(|known| known == *group)) {
            None => Ok(()),
            Some(group) => {
                let detail =
                    format!("No user has the group {group}, neither of Lictor nor of Odoo{}", proposal(group, known()));
                Err(Problem::invalid("groups", detail))
            }
        }
    }
}

fn known_method(place: &str, model: &str, name: &str) -> Result<()> {
    if calls::is_known(model, name) != Some(false) {
        return Ok(());
    }
    let methods = tables::methods(model).into_iter().flatten();
    let detail = format!("{model} of Odoo has no public method {name}{}", proposal(name, methods));
    Err(Problem::invalid(place, detail))
}

fn known_field(place: &str, model: &str, name: &str, fields: &Fields) -> Result<()> {
    if fields.contains_key(name) {
        return Ok(());
    }
    let detail = format!("{model} has no field {name}{}", proposal(name, fields.keys().map(String::as_str)));
    Err(Problem::invalid(place, detail))
}

/// The nearest name, and how to have it as it is given.
fn proposal<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> String {
    let near = known
        .map(|known| (strsim::normalized_damerau_levenshtein(name, known), known))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    let meant = near.map_or_else(String::new, |(_, known)| format!(" (is it {known}?)"));
    format!("{meant}. Add ?unknown=allow, or --allow-unknown, to take it as it is.")
}
