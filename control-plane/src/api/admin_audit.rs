//! `admin-audit`: what administrators did.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::app::App;
use crate::domain::problem::Result;
use crate::domain::time::DayOrMoment;
use crate::http::cursor::{Page, Window};
use crate::http::extract::Query;
use crate::store::admin_audit::{self, Filter, Record};

/// Which records are wanted: each parameter that is given must match.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// How many records; 1 to 500, 50 if left out.
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// The id of an account, `system` or `nobody`.
    actor: Option<String>,
    /// What was done, such as `key.create`.
    action: Option<String>,
    /// The id of what it was done to.
    object: Option<String>,
    /// At this moment or later.
    from: Option<DayOrMoment>,
    /// Before this moment.
    to: Option<DayOrMoment>,
}

/// `GET /api/v1/admin-audit`: newest first.
pub async fn list(State(app): State<App>, Query(query): Query<ListQuery>) -> Result<Json<Page<Record>>> {
    let window = Window::new(query.limit, query.cursor.as_deref())?;
    let ListQuery { actor, action, object, from, to, .. } = query;
    let filter = Filter { actor, action, object, from: from.map(DayOrMoment::moment), to: to.map(DayOrMoment::moment) };
    let found =
        admin_audit::list(&mut *app.store.read().await?, filter, window.after.as_ref(), window.row_limit()).await?;
    Ok(Json(window.page(found, Record::place)))
}
