//! `?unknown=allow`: takes names that Odoo does not have, as far as is known.

use lictor_policy::wire;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::app::{App, known_names};
use crate::domain::policy::{Draft, GivenSettings};
use crate::domain::problem::{Problem, Result};

/// What becomes of a name that nobody knows.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unknown {
    /// `allow` takes models, fields, methods and groups that are not known; left out, they are refused with the nearest known name.
    unknown: Option<Allow>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Allow {
    Allow,
}

impl Unknown {
    /// Looks at the names of a permission that it did not have before.
    pub(crate) async fn permission(
        self,
        app: &App,
        permission: &wire::Permission,
        before: Option<&wire::Permission>,
    ) -> Result<()> {
        if self.unknown.is_some() { Ok(()) } else { known_names::of_permission(app, permission, before).await }
    }

    /// Checks a draft, and looks at all its names.
    pub(crate) async fn draft(self, app: &App, draft: &Draft) -> Result<()> {
        let checked = async {
            draft.check()?;
            if self.unknown.is_some() {
                return Ok(());
            }
            known_names::of_draft(app, draft).await?;
            let Some(GivenSettings(given)) = &draft.settings else { return Ok(()) };
            self.settings(app, given).await.map_err(|problem| problem.within("settings"))
        };
        checked.await.map_err(|problem: Problem| problem.within("draft"))
    }

    /// Looks at the models in a list.
    pub(crate) async fn models(self, app: &App, place: &str, listed: &[String]) -> Result<()> {
        if self.unknown.is_some() { Ok(()) } else { known_names::of_models(app, place, listed).await }
    }

    /// Looks at the exceptions and the mapped methods in a patch of settings.
    pub(crate) async fn settings(self, app: &App, patch: &Value) -> Result<()> {
        if self.unknown.is_some() {
            return Ok(());
        }
        let (exceptions, methods) = ("never_list_exceptions", "methods");
        known_names::of_exceptions(app, exceptions, &texts(patch, exceptions)).await?;
        let mapped = patch.get(methods).and_then(Value::as_object).into_iter().flatten();
        // What takes a mapping away may name anything.
        let mapped = mapped.filter(|(_, operations)| !operations.is_null());
        known_names::of_methods(methods, mapped.map(|(name, _)| name))
    }
}

/// The texts of a list in a patch, whatever else is wrong with it.
pub(crate) fn texts(patch: &Value, list: &str) -> Vec<String> {
    let listed = patch.get(list).and_then(Value::as_array).into_iter().flatten();
    listed.filter_map(Value::as_str).map(str::to_owned).collect()
}
