//! Profiles to begin with: what an agent of some kind, or some client, needs and no more.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::named::named;
use crate::domain::permission::Rules;
use crate::domain::problem::{Problem, Result};

named! {
    /// A profile to begin with; each is a file in `control-plane/templates`.
    pub enum Template {
        /// Writes and confirms quotations, without prices of its own.
        SalesAssistant = "sales-assistant",
        /// Enters bills as drafts, and posts none.
        Bookkeeper = "bookkeeper",
        /// Takes customers' requests as tasks.
        Helpdesk = "helpdesk",
        /// Answers who works where.
        HrDirectory = "hr-directory",
        /// Reads what a business does, and changes nothing.
        ReadOnlyAnalyst = "read-only-analyst",
        /// For the MCP server of that name.
        McpServerOdoo = "mcp-server-odoo",
        /// For the MCP server of that name.
        OdooMcp = "odoo-mcp",
        /// For n8n's Odoo node.
        N8n = "n8n",
    }
}

/// A profile as its file has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// For people: whom it is for.
    pub description: String,
    /// What it allows, by model.
    pub permissions: BTreeMap<String, Rules>,
}

impl Template {
    const fn text(self) -> &'static str {
        match self {
            Self::SalesAssistant => include_str!("../../templates/sales-assistant.yaml"),
            Self::Bookkeeper => include_str!("../../templates/bookkeeper.yaml"),
            Self::Helpdesk => include_str!("../../templates/helpdesk.yaml"),
            Self::HrDirectory => include_str!("../../templates/hr-directory.yaml"),
            Self::ReadOnlyAnalyst => include_str!("../../templates/read-only-analyst.yaml"),
            Self::McpServerOdoo => include_str!("../../templates/mcp-server-odoo.yaml"),
            Self::OdooMcp => include_str!("../../templates/odoo-mcp.yaml"),
            Self::N8n => include_str!("../../templates/n8n.yaml"),
        }
    }

    /// Reads the file.
    ///
    /// # Errors
    /// A fault of the file, which a test excludes.
    pub fn content(self) -> Result<Content> {
        serde_yaml_ng::from_str(self.text()).map_err(Problem::internal)
    }
}

#[cfg(test)]
mod tests {
    use lictor_policy::odoo::tables;
    use lictor_policy::wire::{FieldRule, Profile};

    use super::*;

    #[test]
    fn each_file_is_a_profile_that_deletes_nothing_over_models_that_odoo_brings() {
        for template in Template::ALL {
            let content = template.content().unwrap_or_else(|problem| panic!("{}: {problem:?}", template.name()));
            assert!(!content.description.is_empty() && !content.permissions.is_empty());
            for (model, rules) in content.permissions {
                assert!(tables::is_brought(&model), "{}: {model}", template.name());
                let permission = rules.of(Profile::default(), model.clone()).unwrap();
                let words = permission.operations.words();
                assert!(!words.contains("delete"), "{}: {model}", template.name());
                // Of what Odoo keeps closed to others, single fields only.
                let is_narrow = matches!(permission.fields.read, Some(FieldRule::Only(_)));
                assert!(tables::closed(&model).is_none() || is_narrow, "{}: {model}", template.name());
            }
        }
    }
}
