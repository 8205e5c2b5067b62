//! The parts of a suggested profile to look at twice before it is applied, each with a plain sentence.

use std::collections::BTreeSet;

use lictor_policy::call::Call;
use lictor_policy::decide::lack::{How, Lack};
use lictor_policy::odoo::calls::{self, ATTACH, MESSAGE_POST, MESSAGE_POST_MAIL};
use lictor_policy::odoo::operations;
use lictor_policy::operation::Operation;
use lictor_policy::snapshot::BadSnapshot;
use lictor_policy::snapshot::field::Why;
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::named::named;
use crate::domain::suggest::draft::{Asked, Draft};
use crate::domain::suggest::grant::Grant;
use crate::domain::suggest::search::Needs;

/// Calls of which the gate lets only the harmless form through.
const SAFE: [&str; 3] = [MESSAGE_POST, ATTACH, "activity_schedule"];

/// Fields with which Odoo mails somebody who may be a stranger, and whom: read in the source of Odoo 19.
const MAILING: [(&str, &str, &str); 6] = [
    ("calendar.event", "attendee_ids", "Odoo invites attendees by mail"),
    ("calendar.event", "partner_ids", "Odoo invites attendees by mail"),
    ("hr.applicant", "stage_id", "a stage may mail the applicant"),
    ("project.project", "stage_id", "a stage may mail the customer"),
    ("project.task", "partner_id", "Odoo mails the customer of a task"),
    ("project.task", "stage_id", "a stage may mail the customer"),
];

named! {
    /// What to look at.
    pub enum Attention {
        /// Records are deleted.
        Delete = "delete",
        /// A method is called that may do anything.
        Call = "call",
        /// A method that nobody knows of the model.
        UnknownMethod = "unknown_method",
        /// A method or an argument reads other models.
        OtherReads = "other_reads",
        /// Anybody may be mailed.
        Mail = "mail",
        /// A field with which somebody gets rights in Odoo.
        Grants = "grants",
        /// HTML that Odoo does not sanitise.
        UnsanitizedHtml = "unsanitized_html",
        /// Another field that is closed by default.
        ClosedField = "closed_field",
        /// All fields are read that are open by default.
        WideRead = "wide_read",
        /// A model that calls write through a field of another one.
        OtherModel = "other_model",
        /// A key of the context, which Odoo's code goes by.
        Context = "context",
    }
}

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Mark {
    /// The model whose permission it is about.
    pub model: String,
    /// The rule of the permission, such as `delete`, `calls` or `fields.write`; empty for all of it.
    pub rule: &'static str,
    /// What to look at.
    pub attention: Attention,
    /// The field, the method or the key.
    pub name: Option<String>,
    /// Why, in a sentence.
    pub detail: String,
}

/// The marks of a profile, and of what these calls need of it.
pub(super) fn marks(
    draft: &mut Draft,
    grants: &BTreeSet<Grant>,
    calls: &[(&Call<'_>, &Needs)],
) -> Result<Vec<Mark>, BadSnapshot> {
    let mut marks: BTreeSet<Mark> = grants.iter().filter_map(of_grant).collect();
    let changes = |grant: &Grant, model: &str| matches!(grant, Grant::Operation { model: of, operation } if of == model && *operation != Operation::Read);
    for (model, field, other) in calls.iter().flat_map(|(_, needs)| &needs.through) {
        if model != other && grants.iter().any(|grant| changes(grant, other)) {
            let detail = format!(
                "The calls change it through {field} of {model}; this permission opens the same without {model}, too."
            );
            marks.insert(mark(other, "", Attention::OtherModel, None, detail));
        }
    }
    // With the default in the place of the lists of fields, what the calls lack is what the lists open beyond it.
    draft.put_without_fields(grants)?;
    for (call, _) in calls {
        let Asked::Lacks(lacks) = draft.ask(call)? else { continue };
        for lack in lacks {
            if let Lack::Field { model, field, how, why: Some(why) } = lack {
                marks.insert(of_field(&model, &field, how, why));
            }
        }
    }
    Ok(marks.into_iter().collect())
}

fn mark(model: &str, rule: &'static str, attention: Attention, name: Option<&str>, detail: String) -> Mark {
    Mark { model: model.to_owned(), rule, attention, name: name.map(str::to_owned), detail }
}

fn of_grant(grant: &Grant) -> Option<Mark> {
    Some(match grant {
        Grant::Operation { model, operation: Operation::Delete } => {
            mark(model, "delete", Attention::Delete, None, format!("It deletes records of {model}."))
        }
        Grant::Call { name, .. } if SAFE.contains(&name.as_str()) => return None,
        Grant::Call { model, name } => {
            let is_of_table = operations::method(name).is_some() || calls::is_argument(name);
            let (attention, detail) = if name == MESSAGE_POST_MAIL {
                (Attention::Mail, format!("{name} may mail anybody, strangers too, whatever the text."))
            } else if calls::is_known(model, name) == Some(false) {
                let detail = format!(
                    "No Odoo brings {name} for {model}: `apply` takes it with --allow-unknown. It may do anything."
                );
                (Attention::UnknownMethod, detail)
            } else if is_of_table {
                (Attention::OtherReads, format!("{name} reads other models, whatever their permissions say."))
            } else {
                (
                    Attention::Call,
                    format!("{name} may do anything: the gate knows neither what it does nor its arguments."),
                )
            };
            mark(model, "calls", attention, Some(name), detail)
        }
        Grant::Write { model, field } => {
            let (.., what) = MAILING.iter().find(|(of, name, _)| of == model && name == field)?;
            mark(model, "fields.write", Attention::Mail, Some(field), format!("By {field} {what}."))
        }
        Grant::ReadAll { model } => {
            let detail = "All fields may be read that are open by default, as calls name none, or compare a text with whatever names a record.";
            mark(model, "read", Attention::WideRead, None, detail.to_owned())
        }
        Grant::Context { model, key } => {
            let detail = format!("Odoo's code goes by {key}: see what it does with it.");
            mark(model, "context", Attention::Context, Some(key), detail)
        }
        Grant::Path { .. } | Grant::Read { .. } | Grant::Operation { .. } => return None,
    })
}

fn of_field(model: &str, field: &str, how: How, why: Why) -> Mark {
    let (rule, to) = match how {
        How::Reading => ("fields.read", "reading"),
        How::Writing => ("fields.write", "writing"),
    };
    let attention = match why {
        Why::Grants => Attention::Grants,
        Why::Unsanitized => Attention::UnsanitizedHtml,
        _ => Attention::ClosedField,
    };
    let detail = format!("{field} is closed to {to} by default: it {}.", why.sentence());
    mark(model, rule, attention, Some(field), detail)
}
