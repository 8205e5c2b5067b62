//! Random permissions and calls over Odoo's schema and over made-up ones.
//!
//! A case is read out of a list of numbers, each of which is a choice; 0, and what is chosen when the list has ended, is the plainest.
//! So a shorter list of smaller numbers is a smaller case, and proptest can shrink it.

pub(crate) mod calls;
mod made_up;
mod names;
mod permissions;
mod values;

use std::fmt;
use std::sync::Arc;

use lictor_policy::call::Call;
use lictor_policy::formats;
use lictor_policy::formats::value::Value;
use lictor_policy::odoo::tables;
use lictor_policy::operation::Operations;
use lictor_policy::wire::{Field, FieldType, ModelEntry, Permission, Schema};

use crate::oracle_rules::Who;
use crate::real_schema::SCHEMA;
use crate::setting::UID;

/// Whose call, and which.
pub(crate) struct Case {
    pub(crate) who: Who,
    pub(crate) call: Call<'static>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { who, call } = self;
        let json = |value: &Value<'static>| {
            let mut text = String::new();
            formats::json::write(&mut text, value);
            text
        };
        writeln!(
            f,
            "{} {} {} {}",
            call.model,
            call.method,
            json(&Value::Array(call.args.clone())),
            json(&Value::Struct(call.kwargs.clone()))
        )?;
        for permission in &who.permissions {
            writeln!(f, "  permission {}", serde_json::to_string(permission).unwrap())?;
        }
        writeln!(
            f,
            "  view {:?}, models {:?}, scopes {:?}, exceptions {:?}",
            who.view, who.models, who.scopes, who.exceptions
        )?;
        for entry in &who.schema.models {
            writeln!(f, "  model {} {:?}", entry.name, entry.record.delegations)?;
            if who.schema.models.len() < SMALL && entry.record.fields.len() < SMALL {
                for field in &entry.record.fields {
                    writeln!(f, "    {}", serde_json::to_string(field).unwrap())?;
                }
            }
        }
        Ok(())
    }
}

/// The case that a list of numbers stands for.
pub(crate) fn case(numbers: &[u32]) -> Case {
    let mut choices = Choices { numbers, at: 0 };
    let c = &mut choices;
    let (schema, model) = if c.one_in(2) { real(c) } else { made_up::schema(c) };
    let permissions = permissions::permissions(c, &schema, &model);
    let schema = if schema.models.len() > SMALL { Arc::new(pushed(&schema, &permissions, &model)) } else { schema };
    let mut who = Who {
        permissions,
        schema,
        view: [Some(0), Some(1), Some(2), None, Some(77)][c.rarely(5)],
        groups: vec!["g1".to_owned()],
        uid: UID,
        models: vec![],
        scopes: Operations::NONE,
        exceptions: vec![],
        methods: [].into(),
    };
    permissions::restrict(c, &mut who, &model);
    let call = calls::call(c, &who, &model);
    permissions::suit(&mut who, &call);
    Case { who, call }
}

/// Models of a schema that is pushed whole.
const SMALL: usize = 20;
/// Models of reference data that are pushed with the others, to keep a case small.
const MAX_REFERENCE_DATA: usize = 8;

/// Models of Odoo whose fields are of many kinds.
const REAL: [&str; 36] = [
    "res.partner",
    "sale.order",
    "crm.lead",
    "hr.employee",
    "account.move",
    "project.task",
    "product.template",
    "product.product",
    "hr.job",
    "product.document",
    "calendar.event",
    "sale.order.line",
    "purchase.order",
    "stock.picking",
    "stock.quant",
    "hr.applicant",
    "mailing.mailing",
    "survey.survey",
    "mail.activity",
    "res.users",
    "hr.employee.public",
    "account.move.line",
    "hr.leave",
    "hr.expense",
    "event.registration",
    "website.menu",
    "account.payment",
    "project.project",
    "res.company",
    "crm.team",
    "stock.move",
    "hr.leave.type",
    "account.bank.statement.line",
    "res.partner.bank",
    "mail.message",
    "ir.cron",
];

fn real(c: &mut Choices<'_>) -> (Arc<Schema>, String) {
    (SCHEMA.clone(), (*c.of(&REAL)).to_owned())
}

/// What a control plane would push: "the models that permissions name, comodels of their `nested_writes`, models on their paths, and
/// reference data that is reachable".
fn pushed(schema: &Schema, permissions: &[Permission], model: &str) -> Schema {
    let find = |name: &str| schema.models.iter().find(|entry| entry.name == name);
    let mut names: Vec<String> = permissions.iter().map(|permission| permission.model.clone()).collect();
    for permission in permissions {
        for path in permission.paths.iter().chain(&permission.nested_writes) {
            let mut at = permission.model.clone();
            for name in path.split('.') {
                let field = find(&at).and_then(|entry| entry.record.fields.iter().find(|field| field.name == name));
                let Some(next) = field.and_then(|field| field.relation.clone()) else { break };
                names.push(next.clone());
                at = next;
            }
        }
    }
    names.push(model.to_owned());
    let relations = |name: &String| {
        find(name).into_iter().flat_map(|entry| &entry.record.fields).filter_map(|field| field.relation.clone())
    };
    let mut data: Vec<String> =
        names.iter().flat_map(relations).filter(|name| tables::is_reference_data(name)).collect();
    data.dedup();
    data.truncate(MAX_REFERENCE_DATA);
    names.extend(data);
    names.sort();
    names.dedup();
    let models: Vec<ModelEntry> = names.iter().filter_map(|name| find(name)).cloned().collect();
    Schema { version: 1, read_at: 0, models }
}

/// Choices that are still to be made.
pub(crate) struct Choices<'n> {
    numbers: &'n [u32],
    at: usize,
}

impl Choices<'_> {
    fn next(&mut self) -> u32 {
        self.at += 1;
        self.numbers.get(self.at - 1).copied().unwrap_or(0)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.next() as usize % end.max(1)
    }

    /// Once in so many times.
    pub(crate) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    /// 0 in three of four times, else a number below `end`.
    pub(crate) fn rarely(&mut self, end: usize) -> usize {
        if self.one_in(4) { self.below(end) } else { 0 }
    }

    pub(crate) fn of<'l, T>(&mut self, list: &'l [T]) -> &'l T {
        &list[self.below(list.len())]
    }

    /// Up to `most` of what is made.
    pub(crate) fn some<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| make(self)).collect()
    }
}

pub(crate) fn fields<'s>(schema: &'s Schema, model: &str) -> &'s [Field] {
    schema.models.iter().find(|entry| entry.name == model).map_or(&[], |entry| &entry.record.fields)
}

pub(crate) const fn is_relation(kind: FieldType) -> bool {
    matches!(kind, FieldType::Many2one | FieldType::One2many | FieldType::Many2many)
}

pub(crate) const fn is_x2many(kind: FieldType) -> bool {
    matches!(kind, FieldType::One2many | FieldType::Many2many)
}
