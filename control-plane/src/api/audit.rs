//! `audit`: what became of each call, as a list and as a file.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::{Value, json};

use crate::api::audit_query::{AuditQuery, Format};
use crate::api::csv;
use crate::app::{App, audit};
use crate::domain::audit_chain::Head;
use crate::domain::order::Order;
use crate::domain::problem::{Code, Problem, Result};
use crate::http::cursor::{Page, Window};
use crate::http::extract::Query;
use crate::http::openapi::describe::Output;
use crate::http::openapi::operation::Operation as Description;
use crate::store::audit::list::{self, Filter};
use crate::store::audit::record::{FIELDS, Place, Record};
use crate::store::{StoreError, in_time};

/// Records that an export reads at once: it holds no more of them, however many there are.
const EXPORT_PAGE: usize = 500;
const CSV: &str = "text/csv; charset=utf-8; header=present";

/// `GET /api/v1/audit`: newest first, unless the query says otherwise.
pub async fn list(State(app): State<App>, Query(query): Query<AuditQuery>) -> Result<Json<Page<Record>>> {
    if query.format.is_some() {
        return Err(only("format", "GET /api/v1/audit/export"));
    }
    let window = Window::new(query.limit, query.cursor.as_deref())?;
    let (order, filter) = (query.order(), query.filter()?);
    let mut connection = app.store.read().await?;
    let found = list::list(&mut connection, &filter, order, window.after.as_ref(), window.row_limit()).await?;
    Ok(Json(window.page(found, Record::place)))
}

/// `GET /api/v1/audit/export`: all that match, in the order of the list, as a file. If it breaks off, so does the connection, in the
/// middle of the chunked body: what was received so far does not look whole.
pub async fn export(State(app): State<App>, Query(query): Query<AuditQuery>) -> Result<Export> {
    let Some(format) = query.format else {
        return Err(Problem::with_field(Code::MissingField, "format", "Give csv or json."));
    };
    for (name, is_given) in [("limit", query.limit.is_some()), ("cursor", query.cursor.is_some())] {
        if is_given {
            return Err(only(name, "GET /api/v1/audit"));
        }
    }
    Ok(Export { app, order: query.order(), filter: query.filter()?, format, step: Step::Start })
}

/// `GET /api/v1/audit/head`: the signed end of the chain that seals the log.
pub async fn head(State(app): State<App>) -> Result<Json<Head>> {
    let none = || Problem::new(Code::NotFound, "Nothing was recorded yet: ask again after the first call.");
    audit::head(&app).await?.map(Json).ok_or_else(none)
}

fn only(name: &'static str, route: &str) -> Problem {
    Problem::with_field(Code::UnknownField, name, format!("Leave it out; it is for {route}."))
}

/// An export under way.
pub struct Export {
    app: App,
    order: Order,
    filter: Filter,
    format: Format,
    step: Step,
}

impl IntoResponse for Export {
    fn into_response(self) -> Response {
        let (media, file) = match self.format {
            Format::Csv => (CSV, "attachment; filename=\"audit.csv\""),
            Format::Json => ("application/json", "attachment; filename=\"audit.json\""),
        };
        let body = Body::from_stream(stream::try_unfold(self, Self::next));
        ([(header::CONTENT_TYPE, media), (header::CONTENT_DISPOSITION, file)], body).into_response()
    }
}

impl Output for Export {
    fn describe(operation: &mut Description) {
        operation.answers::<Vec<Record>>();
        operation.answers_media(CSV, json!({"type": "string"}));
    }
}

enum Step {
    Start,
    /// Behind the record at this place.
    After(Place),
    End,
}

impl Export {
    /// The next piece of the file, and what is left to do.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, StoreError> {
        let (after, mut text) = match &self.step {
            Step::Start => (None, self.format.head()),
            Step::After(place) => (Some(place), String::new()),
            Step::End => return Ok(None),
        };
        let page =
            in_time(self.page(after)).await.inspect_err(|error| tracing::error!(%error, "an export broke off"))?;
        let is_last = page.len() < EXPORT_PAGE;
        for (at, record) in page.iter().enumerate() {
            self.format.write(record, after.is_none() && at == 0, &mut text);
        }
        if is_last && self.format == Format::Json {
            text.push_str("]\n");
        }
        self.step = match page.last() {
            Some(last) if !is_last => Step::After(last.place()),
            _ => Step::End,
        };
        Ok(Some((Bytes::from(text), self)))
    }

    async fn page(&self, after: Option<&Place>) -> Result<Vec<Record>, StoreError> {
        let limit = i64::try_from(EXPORT_PAGE).unwrap_or(i64::MAX);
        list::list(&mut *self.app.store.read().await?, &self.filter, self.order, after, limit).await
    }
}

impl Format {
    fn head(self) -> String {
        match self {
            Self::Csv => csv::line(FIELDS),
            Self::Json => "[".to_owned(),
        }
    }

    fn write(self, record: &Record, is_first: bool, text: &mut String) {
        // A record is strings, numbers and lists of them: that is always JSON.
        let fields = serde_json::to_value(record).unwrap_or_default();
        match self {
            Self::Csv => {
                let cell = |name: &&str| fields.get(name).map(|field| cell(name, field)).unwrap_or_default();
                text.push_str(&csv::line(FIELDS.iter().map(cell)));
            }
            Self::Json => {
                text.push_str(if is_first { "\n" } else { ",\n" });
                text.push_str(&fields.to_string());
            }
        }
    }
}

/// A field as the text of a cell; the members of a list with spaces between them, or `; ` where they have spaces themselves.
fn cell(name: &str, field: &Value) -> String {
    match field {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(members) => {
            let members: Vec<_> = members.iter().map(|member| cell(name, member)).collect();
            members.join(if name == "lacks" { "; " } else { " " })
        }
        other => other.to_string(),
    }
}
