//! Why the arguments of a call are not those of the method: which one, and what the method takes. Holds no value.

use crate::odoo::operations::{Method, Param};

/// Why the arguments are not those of the method.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadArguments {
    /// The record ids are missing.
    #[error("the record ids are missing; its first argument must be one whole number or an array of them")]
    NoIds,
    /// The record ids are neither one whole number nor a list of them.
    #[error("the record ids, its first argument (ids in JSON-2), must be one whole number or an array of them")]
    Ids,
    /// More arguments than the method has.
    #[error("it has more arguments than {} takes, which are {}", .0.name, takes(.0))]
    TooMany(&'static Method),
    /// A keyword that the method does not have.
    #[error("it has a keyword argument that {} does not take; its arguments are {}", .0.name, takes(.0))]
    Keyword(&'static Method),
    /// An argument that is given twice, by its place and its name or by both of its names.
    #[error("{} is given twice", .0.name)]
    Twice(&'static Param),
    /// An argument of another shape than the method takes: see [`Self::of`].
    #[error("an argument has another shape than the method takes")]
    Shape,
    /// The same, of this parameter.
    #[error("{} must be {}", .0.name, .0.kind.shape())]
    ShapeOf(&'static Param),
    /// A command in a value of a field with many records that is none of Odoo's, or not one of those that name one record.
    #[error(
        "a field that holds many records has neither record ids nor commands: arrays that begin with a whole number from 0 to \
         6, each with one positive record id or with values, as its code needs"
    )]
    Command,
    /// More than one value in a field that holds one.
    #[error("a field that holds one value has an array or a struct")]
    OneValue,
    /// A value of properties that defines them.
    #[error(
        "a value of properties defines them, for all records: give a struct of their values, or a list without definition_changed"
    )]
    Definitions,
    /// A record of another model, of which only the number of the model is known.
    #[error("res_model_id names a model by its number; name it by res_model, or call activity_schedule on the record")]
    ModelByNumber,
    /// A file that browsers would run, or one that is not as `attach` takes it.
    #[error("{0}")]
    Form(&'static str),
    /// An operator that Odoo does not have, or not there.
    #[error("{0} is none of the operators that Odoo takes there")]
    Operator(String),
    /// A condition that steps over Odoo's access rules.
    #[error("{0} holds `any!` or `not any!`, which step over Odoo's own access rules; `any` and `not any` do not")]
    Bypass(String),
}

impl BadArguments {
    /// What is wrong with the argument of a parameter, which has its name then.
    pub(crate) fn of(self, param: &'static Param) -> Self {
        if self == Self::Shape { Self::ShapeOf(param) } else { self }
    }
}

/// The arguments of a method, by their names.
fn takes(method: &Method) -> String {
    let ids = method.ids.then_some("the record ids");
    let names: Vec<&str> = ids.into_iter().chain(method.params.iter().map(|param| param.name)).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
