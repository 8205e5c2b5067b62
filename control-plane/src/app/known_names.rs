//! Whether Odoo has the names that administrators write: a misspelt one opens nothing, or closes nothing, in silence.
//!
//! Asked are, one after the other, what is known of Odoo's models, Odoo itself as one of the users, and the table of the models
//! that an Odoo brings. Of a model whose fields nobody can tell now, fields are taken as they are given.

use std::collections::BTreeMap;
use std::time::Duration;

use lictor_policy::odoo::{calls, operations, tables};
use lictor_policy::wire::{self, FieldRule, Profile};
use tokio::time::timeout;

use crate::app::App;
use crate::clients::odoo::OdooError;
use crate::domain::policy::Draft;
use crate::domain::problem::{Problem, Result};
use crate::store::users::User;
use crate::store::{permissions, schema};

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
    Names::load(app).await?.permission(permission, before).await
}

/// Refuses a draft with a name that Odoo does not have, but for permissions that stay as they are.
///
/// # Errors
/// As [`of_permission`], with the place in the draft.
pub async fn of_draft(app: &App, draft: &Draft) -> Result<()> {
    let mut names = Names::load(app).await?;
    names.more_groups = draft.users.iter().flatten().flat_map(|user| &user.groups).cloned().collect();
    let stored = permissions::all(&mut *app.store.read().await?).await?;
    for entry in draft.rules() {
        let permission = entry.rules.clone().of(Profile(entry.profile.to_owned()), entry.model.to_owned())?;
        if !stored.contains(&permission) {
            names.permission(&permission, None).await.map_err(|problem| problem.within(&entry.place()))?;
        }
    }
    for (at, key) in draft.keys.iter().flatten().enumerate() {
        for model in &key.models {
            names.model("models", model).await.map_err(|problem| problem.within(&format!("keys[{at}]")))?;
        }
    }
    Ok(())
}

/// Refuses a list of models with one that Odoo does not have.
///
/// # Errors
/// As [`of_permission`].
pub async fn of_models(app: &App, place: &str, listed: &[String]) -> Result<()> {
    if listed.is_empty() {
        return Ok(());
    }
    let mut names = Names::load(app).await?;
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
    let mut names = Names::load(app).await?;
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
    /// Groups that users are to have.
    more_groups: Vec<String>,
    /// The models that were told of.
    known: BTreeMap<String, Fields>,
    /// Whether Odoo was too slow: it is not asked again.
    is_slow: bool,
}

impl<'a> Names<'a> {
    async fn load(app: &'a App) -> Result<Self> {
        let users = schema::users_with_keys(&mut *app.store.read().await?, app.now()).await?;
        Ok(Self { app, users, more_groups: Vec::new(), known: BTreeMap::new(), is_slow: false })
    }

    /// Refuses a permission as [`of_permission`] does.
    async fn permission(&mut self, permission: &wire::Permission, before: Option<&wire::Permission>) -> Result<()> {
        let model = permission.model.as_str();
        let mut listed = Listed::of(permission).without(before.map(Listed::of));
        let told = match before {
            Some(_) if listed.is_empty() => return Ok(()),
            _ => self.told("model", model).await?,
        };
        for (place, methods) in [("calls", &listed.calls), ("methods", &listed.methods)] {
            methods.iter().try_for_each(|name| known_method(place, model, name))?;
        }
        if let Told::Fields(fields) = told {
            for (place, listed) in [
                ("fields.read", &listed.read),
                ("fields.write", &listed.write),
                ("nested_writes", &listed.nested_writes),
            ] {
                listed.iter().try_for_each(|name| known_field(place, model, name, &fields))?;
            }
            for path in &listed.paths {
                self.path(model, path, &fields).await?;
            }
        }
        self.groups(&listed.groups)
    }

    /// Whether a model is known without asking Odoo.
    async fn has(&self, model: &str) -> Result<bool> {
        Ok(tables::is_brought(model) || self.read(model).await?.is_some())
    }

    /// Refuses a model that Odoo does not have.
    async fn model(&mut self, place: &str, model: &str) -> Result<()> {
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

    async fn told(&mut self, place: &str, model: &str) -> Result<Told> {
        if let Some(fields) = self.known.get(model) {
            return Ok(Told::Fields(fields.clone()));
        }
        let fields = match self.read(model).await? {
            Some(fields) => Some(Ok(fields)),
            None => self.asked(model).await,
        };
        match fields {
            Some(Ok(fields)) => {
                self.known.insert(model.to_owned(), fields.clone());
                return Ok(Told::Fields(fields));
            }
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
    async fn asked(&mut self, model: &str) -> Option<Result<Fields, OdooError>> {
        let users = self.users.iter().filter(|user| !user.upstream.rejected && !self.is_slow).take(MAX_ASKERS);
        for asker in users.filter_map(|user| self.app.asker(user)).collect::<Vec<_>>() {
            match timeout(ASK_TIMEOUT, self.app.odoo.fields_of(&asker, model)).await {
                Ok(Err(OdooError::Rejected)) => {}
                Ok(answer) => {
                    let fields = |fields: wire::Field| (fields.name, fields.relation);
                    return Some(answer.map(|answer| answer.seen().fields.into_values().map(fields).collect()));
                }
                Err(_) => {
                    self.is_slow = true;
                    return None;
                }
            }
        }
        None
    }

    /// Each step of a path that leads over models that are known.
    async fn path(&mut self, model: &str, path: &str, fields: &Fields) -> Result<()> {
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
        let of_users = || self.users.iter().flat_map(|user| user.groups.iter().chain(&user.odoo_groups));
        let known = || of_users().chain(&self.more_groups).map(String::as_str);
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
