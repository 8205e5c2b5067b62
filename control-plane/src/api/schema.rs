//! `schema`: what is known of the models of the guarded Odoo, and what changed in it.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use lictor_policy::snapshot::field;
use lictor_policy::wire::{self, FieldType};
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::problem::{Code, Problem, Result};
use crate::domain::schema::sets::Numbered;
use crate::domain::time::Moment;
use crate::http::cursor::{Page, PageQuery};
use crate::http::extract::{Id, Query};
use crate::store::schema;
use crate::tasks::schema as reader;

/// A reading that ends within this time is answered with what it found.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// What is known, and a page of the models.
#[derive(Serialize, JsonSchema)]
pub struct Schema {
    #[serde(flatten)]
    status: Status,
    /// The models, in the order of their names.
    items: Vec<Entry>,
    /// Asks for the next page; none on the last.
    next_cursor: Option<String>,
}

/// How much is known, since when, and how it was read.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SchemaStatus")]
pub struct Status {
    /// Grows with every change of what is known; 0 while nothing is.
    version: u64,
    /// The sets of Odoo groups that users with keys have: Odoo was asked as a user of each.
    source: Vec<Numbered>,
    /// Models that a permission wants and this Odoo does not have.
    absent: Vec<String>,
    /// When all of it was last read.
    read_at: Option<Moment>,
    /// The seconds since then.
    age_seconds: Option<u64>,
    /// Whether it is read now, on whichever replica, or is to be read at once.
    reading: bool,
    /// When it was last tried to read it.
    tried_at: Option<Moment>,
    /// When it is read next, at the latest.
    due_at: Moment,
    /// Why the last try failed, or could not read all.
    problem: Option<String>,
}

/// A model in the list.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SchemaEntry")]
pub struct Entry {
    /// Odoo's name.
    model: String,
    /// How many fields it has.
    fields: usize,
    /// The version that changed it last.
    version: u64,
    /// When it was read last.
    read_at: Moment,
}

/// A model with its fields.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SchemaModel")]
pub struct Model {
    /// Odoo's name.
    model: String,
    /// The version that changed it last.
    version: u64,
    /// When it was read last.
    read_at: Moment,
    /// References whose fields the model has as its own.
    delegations: Vec<String>,
    /// Its fields, in the order of their names.
    fields: Vec<Field>,
}

/// A field.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SchemaField")]
pub struct Field {
    /// Its name.
    name: String,
    /// Its type; `plain` is what holds no other record, no HTML and no date.
    #[serde(rename = "type")]
    kind: FieldType,
    /// The model that a relation leads to.
    relation: Option<String>,
    /// The reference of that model by which a one2many is made.
    relation_field: Option<String>,
    /// The path that its value is taken from.
    related: Option<String>,
    /// Whether it is stored in the model's own table.
    stored: bool,
    /// Whether Odoo computes it.
    computed: bool,
    /// Whether it is read-only.
    readonly: bool,
    /// Whether Odoo shows it only to groups that not every internal user is in.
    restricted: bool,
    /// Whether it is HTML that Odoo stores as it comes.
    unsanitized: bool,
    /// The numbers of the sets of groups that see it, as in `source` of the list.
    seen_by: Vec<u32>,
    /// Whether who may read the model may read it, if the permission says nothing of it: `yes`, in one case (`path`,
    /// `reference`), or the reason why not, such as `credential` or `group`. docs/fields.md has the words.
    read: &'static str,
    /// The same for writing: `yes`, in one case (`text`, `creation`, `creation_alone`), or the reason, such as `state`.
    write: &'static str,
}

/// A change.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SchemaChange")]
pub struct Change {
    /// Its id.
    id: String,
    /// When it was found.
    at: Moment,
    /// The version that it made.
    version: u64,
    /// Odoo's name of the model.
    model: String,
    /// In words, by names of fields.
    change: String,
}

/// `GET /api/v1/schema`
pub async fn list(State(app): State<App>, Query(query): Query<PageQuery>) -> Result<Json<Schema>> {
    let window = query.window()?;
    let after = window.after.clone().unwrap_or_default();
    // First: models that are read meanwhile are in the list then, and not the other way round.
    let status = status(&app).await?;
    let found = schema::list(&mut *app.store.read().await?, &after, window.row_limit()).await?;
    let entry = |model: schema::Model| {
        let schema::Model { name, record, version, read_at } = model;
        Entry { model: name, fields: record.fields.len(), version, read_at }
    };
    let entries = found.into_iter().map(entry).collect();
    let Page { items, next_cursor } = window.page(entries, |entry| entry.model.clone());
    Ok(Json(Schema { status, items, next_cursor }))
}

/// `GET /api/v1/schema/{model}`
pub async fn show(State(app): State<App>, Id(name): Id) -> Result<Json<Model>> {
    let found = schema::find(&mut *app.store.read().await?, &name).await?;
    let found = found.ok_or_else(|| {
        let detail = "The schema has no such model: it has those that permissions name, and those that these lead to.";
        Problem::new(Code::NotFound, detail)
    })?;
    Ok(Json(found.into()))
}

/// `GET /api/v1/schema/changes`: newest first.
pub async fn changes(State(app): State<App>, Query(query): Query<PageQuery>) -> Result<Json<Page<Change>>> {
    let window = query.window()?;
    let found = schema::changes(&mut *app.store.read().await?, window.after.as_deref(), window.row_limit()).await?;
    let change = |change| {
        let schema::Change { id, at, version, model, change } = change;
        Change { id, at, version, model, change }
    };
    Ok(Json(window.page(found.into_iter().map(change).collect(), |change: &Change| change.id.clone())))
}

/// `POST /api/v1/schema/refresh`: now. 200 if it was read soon; 202 if that goes on, here or on another replica.
pub async fn refresh(State(app): State<App>, actor: Actor) -> Result<(StatusCode, Json<Status>)> {
    if let Some(claim) = reader::claim(&app, true).await? {
        // What it found is kept in any case.
        let _ = tokio::time::timeout(ANSWER_TIMEOUT, reader::start(&app, actor, claim)).await;
    }
    let status = status(&app).await?;
    Ok((if status.reading { StatusCode::ACCEPTED } else { StatusCode::OK }, Json(status)))
}

async fn status(app: &App) -> Result<Status> {
    let mut connection = app.store.read_consistently().await?;
    let schema::Known { version, sets, absent } = schema::known(&mut connection).await?;
    let progress = schema::progress(&mut connection).await?;
    let now = app.now();
    let age = |read_at: Moment| now.0.saturating_sub(read_at.0) / 1_000_000;
    Ok(Status {
        version,
        source: sets,
        absent,
        read_at: progress.read_at,
        age_seconds: progress.read_at.map(age),
        reading: reader::is_under_way(app, &mut connection).await?,
        tried_at: progress.tried_at,
        due_at: progress.due_at,
        problem: progress.problem,
    })
}

impl From<schema::Model> for Model {
    fn from(schema::Model { name, record, version, read_at }: schema::Model) -> Self {
        let wire::Model { fields, delegations, views } = record;
        let field = |(at, field): (usize, wire::Field)| {
            let decided = field::Field::of(&name, field.clone(), &delegations);
            Field {
                name: field.name,
                kind: field.kind,
                relation: field.relation,
                relation_field: field.relation_field,
                related: field.related,
                stored: !field.unstored,
                computed: !field.depends.is_empty(),
                readonly: field.readonly,
                restricted: field.restricted,
                unsanitized: field.unsanitized,
                seen_by: views.iter().filter(|view| view.sees.has(at)).map(|view| view.set).collect(),
                read: decided.read_by_default().word(),
                write: decided.written_by_default().word(),
            }
        };
        let fields = fields.into_iter().enumerate().map(field).collect();
        Self {
            model: name,
            version,
            read_at,
            delegations: delegations.into_iter().map(|delegation| delegation.field).collect(),
            fields,
        }
    }
}
