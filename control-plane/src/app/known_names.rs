//! Whether Odoo has the names that administrators write: a misspelt one opens nothing, or closes nothing, in silence.
//!
//! Asked are, one after the other, what is known of Odoo's models, Odoo itself as one of the users, and the table of the models
//! that an Odoo brings. Of a model whose fields nobody can tell now, fields are taken as they are given.

use std::collections::BTreeMap;
use std::time::Duration;

use lictor_policy::odoo::tables;
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

/// Refuses a permission with a name that Odoo does not have.
///
/// # Errors
/// [`Problem::invalid`] that names the field, the name and the nearest that is known.
pub async fn of_permission(app: &App, permission: &wire::Permission) -> Result<()> {
    let mut names = Names::load(app).await?;
    let model = permission.model.as_str();
    let Told::Fields(fields) = names.told("model", model).await? else { return names.groups(&permission.groups) };
    let rule = |rule: &Option<FieldRule>| match rule {
        Some(FieldRule::Only(names) | FieldRule::Hide(names) | FieldRule::Also(names)) => names.clone(),
        None => Vec::new(),
    };
    for (place, listed) in [
        ("fields.read", rule(&permission.fields.read)),
        ("fields.write", rule(&permission.fields.write)),
        ("nested_writes", permission.nested_writes.clone()),
    ] {
        listed.iter().try_for_each(|name| known_field(place, model, name, &fields))?;
    }
    for path in &permission.paths {
        names.path(model, path, &fields).await?;
    }
    names.groups(&permission.groups)
}

/// Refuses a list of models, or of methods or fields of models, with a model that Odoo does not have.
///
/// # Errors
/// As [`of_permission`].
pub async fn of_models(app: &App, place: &str, listed: impl IntoIterator<Item = &String>) -> Result<()> {
    let mut names = None;
    for name in listed {
        let names = match &mut names {
            Some(names) => names,
            none => none.insert(Names::load(app).await?),
        };
        let of_model = name.rsplit_once('.').map(|(model, _)| model);
        if ![Some(name.as_str()), of_model].into_iter().flatten().any(|model| names.has(model)) {
            names.told(place, name).await?;
        }
    }
    Ok(())
}

/// What is known of a model.
enum Told {
    Fields(Fields),
    /// It is one that an Odoo brings, and nobody can tell more now.
    Exists,
}

struct Names<'a> {
    app: &'a App,
    models: BTreeMap<String, wire::Model>,
    users: Vec<User>,
}

impl<'a> Names<'a> {
    async fn load(app: &'a App) -> Result<Self> {
        let mut connection = app.store.read().await?;
        let models = schema::models(&mut connection).await?;
        let users = schema::users_with_keys(&mut connection, app.now()).await?;
        Ok(Self { app, models: models.into_iter().map(|model| (model.name, model.record)).collect(), users })
    }

    /// Whether a model is known without asking Odoo.
    fn has(&self, model: &str) -> bool {
        self.models.contains_key(model) || is_brought(model)
    }

    async fn told(&mut self, place: &str, model: &str) -> Result<Told> {
        if let Some(known) = self.models.get(model) {
            let fields = known.fields.iter().map(|field| (field.name.clone(), field.relation.clone()));
            return Ok(Told::Fields(fields.collect()));
        }
        match self.asked(model).await {
            Some(Ok(fields)) => return Ok(Told::Fields(fields)),
            // Another user may see a model that one does not: that is no model, and no right.
            Some(Err(OdooError::NoModel)) => {}
            Some(Err(_)) | None if is_brought(model) => return Ok(Told::Exists),
            Some(Err(_)) | None => {}
        }
        let mut known: Vec<&str> = self.models.keys().map(String::as_str).collect();
        for model in tables::models() {
            known.push(model);
        }
        let detail =
            format!("No model is called {model}, as far as Lictor can tell{}", proposal(model, known.into_iter()));
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

/// Whether it is a model that an Odoo brings, whichever modules this one has.
fn is_brought(model: &str) -> bool {
    tables::closed(model).is_some() || tables::models().any(|known| known == model)
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
