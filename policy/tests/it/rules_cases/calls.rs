//! Random calls: of every method whose arguments name fields, with every argument that does.

use lictor_policy::call::Call;
use lictor_policy::formats::value::{Members, Value};
use lictor_policy::wire::Schema;

use super::names::{name, path};
use super::values::{list, members, text, value, values};
use super::{Choices, fields, is_relation};
use crate::oracle_rules::Who;
use crate::setting::UID;

const METHODS: [&str; 39] = [
    "read",
    "search_read",
    "write",
    "create",
    "search",
    "web_save",
    "web_search_read",
    "web_read",
    "formatted_read_group",
    "read_group",
    "copy",
    "export_data",
    "name_search",
    "fields_get",
    "search_count",
    "web_read_group",
    "write",
    "create",
    "search_read",
    "search",
    "default_get",
    "web_name_search",
    "web_save_multi",
    "read_progress_bar",
    "unlink",
    "name_create",
    "action_archive",
    "get_metadata",
    "onchange",
    "action_do",
    "message_post",
    "activity_schedule",
    "web_resequence",
    "get_field_translations",
    "formatted_read_grouping_sets",
    "write",
    "create",
    "load",
    "attach",
];

pub(crate) fn call(c: &mut Choices<'_>, who: &Who, model: &str) -> Call<'static> {
    let schema = &*who.schema;
    let method = *c.of(&METHODS);
    let ids = || list(&[1, 2]);
    let mut named: Vec<(&str, Value<'static>)> = Vec::new();
    let mut args = Vec::new();
    match method {
        "read" => {
            args.push(ids());
            if !c.one_in(4) {
                named.push(("fields", names(c, schema, model)));
            }
        }
        "search_read" | "search" | "search_count" => {
            args.push(domain(c, schema, model, 2));
            if method == "search_read" && !c.one_in(4) {
                named.push(("fields", names(c, schema, model)));
            }
            if method != "search_count" && c.one_in(3) {
                named.push(("order", order(c, schema, model)));
            }
        }
        "write" => args = vec![ids(), given(c, schema, model)],
        "create" => args.push(if c.one_in(4) {
            Value::Array(vec![given(c, schema, model), given(c, schema, model)])
        } else {
            given(c, schema, model)
        }),
        "copy" => {
            args.push(ids());
            if !c.one_in(4) {
                args.push(given(c, schema, model));
            }
        }
        "web_save" => {
            args = vec![
                if c.one_in(3) { list(&[]) } else { list(&[1]) },
                given(c, schema, model),
                specification(c, schema, model, 1),
            ];
            if c.one_in(8) {
                named.push(("next_id", Value::Int(5)));
            }
        }
        "web_save_multi" => {
            args = vec![
                ids(),
                Value::Array(vec![given(c, schema, model), given(c, schema, model)]),
                specification(c, schema, model, 1),
            ]
        }
        "web_read" => args = vec![ids(), specification(c, schema, model, 2)],
        "web_search_read" => args = vec![domain(c, schema, model, 1), specification(c, schema, model, 2)],
        "web_resequence" => args = vec![ids(), specification(c, schema, model, 0), text(&name(c, schema, model))],
        "formatted_read_group" => {
            args = vec![domain(c, schema, model, 1), groupby(c, schema, model), aggregates(c, schema, model, false)];
            if c.one_in(3) {
                named.push(("having", having(c, schema, model)));
            }
            if c.one_in(3) {
                named
                    .push(("order", text(&format!("{}:sum desc, {}", name(c, schema, model), name(c, schema, model)))));
            }
        }
        "formatted_read_grouping_sets" => {
            args = vec![
                domain(c, schema, model, 1),
                Value::Array(vec![groupby(c, schema, model)]),
                aggregates(c, schema, model, false),
            ];
        }
        "web_read_group" => {
            args = vec![domain(c, schema, model, 1), groupby(c, schema, model), aggregates(c, schema, model, false)];
            if c.one_in(4) {
                named.push(("unfold_read_specification", specification(c, schema, model, 1)));
            }
        }
        "read_group" => {
            args = vec![domain(c, schema, model, 1), aggregates(c, schema, model, true), groupby(c, schema, model)]
        }
        "export_data" => {
            let paths = (0..1 + c.below(3)).map(|_| text(&path(c, schema, model, 3).replace('.', "/")));
            args = vec![ids(), Value::Array(paths.collect())];
        }
        "name_search" | "web_name_search" => {
            args.push(text("x"));
            if method == "web_name_search" {
                args.push(specification(c, schema, model, 1));
            }
            if c.one_in(3) {
                named.push(("domain", domain(c, schema, model, 1)));
            }
            if c.one_in(4) {
                named.push(("operator", text_of(c, &["ilike", "=", "ANY!", "in"])));
            }
        }
        "fields_get" => {
            if !c.one_in(2) {
                named.push(("allfields", names(c, schema, model)));
            }
        }
        "load" => {
            let columns: Vec<_> = (0..1 + c.below(3)).map(|_| column(c, schema, model)).collect();
            let row = columns.iter().map(|_| text("x")).collect();
            args = vec![Value::Array(columns), Value::Array(vec![Value::Array(row)])];
        }
        "default_get" => args.push(names(c, schema, model)),
        "get_field_translations" => args = vec![ids(), text(&name(c, schema, model))],
        "read_progress_bar" => {
            let bar = vec![("field".into(), text(&name(c, schema, model))), ("colors".into(), Value::Struct(vec![]))];
            args = vec![domain(c, schema, model, 1), text(&path(c, schema, model, 1)), Value::Struct(bar)];
        }
        "unlink" | "action_archive" | "get_metadata" | "action_do" => args.push(ids()),
        "name_create" => args.push(text("x")),
        "onchange" => args = vec![ids(), Value::Struct(vec![]), text("name"), Value::Struct(vec![])],
        "message_post" => {
            args.push(ids());
            named.push(("body", text("x")));
            match c.below(8) {
                0 | 1 => {}
                2 => named.push(("message_type", text_of(c, &["comment", "notification", "email"]))),
                3 => named.push(("subtype_xmlid", text_of(c, &["mail.mt_note", "mail.mt_comment"]))),
                4 => named.push((
                    "attachments",
                    Value::Array(vec![Value::Array(vec![text_of(c, &["a.txt", "a.Js", "a.b.htc", "js"]), text("x")])]),
                )),
                5 => named.push(("partner_ids", list(&[3]))),
                6 => named.push(("attachment_ids", list(&[3]))),
                _ => named.extend([("subject", text("x")), ("parent_id", Value::Int(3))]),
            }
        }
        "activity_schedule" => {
            args.push(ids());
            named.push(("act_type_xmlid", text("mail.mail_activity_data_todo")));
            named.push((
                *c.of(&["summary", "note", "user_id", "date_deadline", "res_model_id", "activity_type_id"]),
                Value::Int(3),
            ));
        }
        _ => return attach(c, model),
    }
    let mut kwargs: Members<'static> = named.into_iter().map(|(name, value)| (name.into(), value)).collect();
    if c.one_in(4) {
        kwargs.push(("context".into(), Value::Struct(context(c, schema, model))));
    }
    made(model, method, args, kwargs)
}

pub(crate) fn made(model: &str, method: &str, args: Vec<Value<'static>>, kwargs: Members<'static>) -> Call<'static> {
    Call {
        database: None,
        uid: None,
        password: "".into(),
        model: model.to_owned().into(),
        method: method.to_owned().into(),
        args,
        kwargs,
    }
}

fn attach(c: &mut Choices<'_>, model: &str) -> Call<'static> {
    let mut file = vec![
        ("res_model".to_owned(), text(model)),
        ("res_id".to_owned(), Value::Int(if c.one_in(6) { 0 } else { 5 })),
        ("name".to_owned(), text_of(c, &["a.pdf", "a.JS", "a", "a.tar.xslt"])),
        ("datas".to_owned(), text("eA==")),
    ];
    match c.below(6) {
        3 => file.push(("mimetype".to_owned(), text_of(c, &["text/plain", "text/css", "message/rfc822"]))),
        4 => file.push(("public".to_owned(), Value::Bool(true))),
        5 => file.push(("description".to_owned(), text("x"))),
        _ => {}
    }
    made("ir.attachment", "create", vec![Value::Struct(members(file))], vec![])
}

fn given(c: &mut Choices<'_>, schema: &Schema, model: &str) -> Value<'static> {
    Value::Struct(values(c, schema, model, 2))
}

fn names(c: &mut Choices<'_>, schema: &Schema, model: &str) -> Value<'static> {
    match c.below(16) {
        13 => Value::Array(vec![]),
        14 => Value::Bool(false),
        15 => Value::Array(vec![text(&path(c, schema, model, 2))]),
        _ => Value::Array((0..1 + c.below(3)).map(|_| text(&name(c, schema, model))).collect()),
    }
}

/// A field of `load`, or of lines.
fn column(c: &mut Choices<'_>, schema: &Schema, model: &str) -> Value<'static> {
    let mark = ['/', '.', ':'][c.below(3)];
    let path = path(c, schema, model, 2).replace('.', &mark.to_string());
    let end = *c.of(&["", "", "", "/id", "/.id", ":id"]);
    text(&format!("{path}{end}"))
}

fn domain(c: &mut Choices<'_>, schema: &Schema, model: &str, depth: usize) -> Value<'static> {
    let mut items = c.some(2, |c| condition(c, schema, model, depth));
    if items.len() == 2 && c.one_in(3) {
        items.insert(0, text("|"));
    }
    Value::Array(items)
}

fn condition(c: &mut Choices<'_>, schema: &Schema, model: &str, depth: usize) -> Value<'static> {
    let relations: Vec<_> = fields(schema, model).iter().filter(|field| is_relation(field.kind)).collect();
    if depth > 0 && !relations.is_empty() && c.one_in(6) {
        let through = *c.of(&relations);
        let other = through.relation.as_deref().unwrap_or_default();
        let operator = *c.of(&["any", "not any", "ANY", "any!"]);
        let inner = Value::Array(vec![condition(c, schema, other, depth - 1)]);
        return Value::Array(vec![text(&through.name), text(operator), inner]);
    }
    let operators =
        ["=", "in", "ilike", "child_of", "!=", "not in", "=like", "parent_of", "NOT ILIKE", ">", "like%", "Not Any!"];
    let operator = match c.below(30) {
        29 => operators[10 + c.below(2)],
        _ => operators[c.below(10)],
    };
    let field = if c.one_in(12) { "id".to_owned() } else { path(c, schema, model, 2) };
    let value = match c.below(6) {
        0 => Value::Int(3),
        1 => list(&[3, 4]),
        2 => Value::Bool(false),
        3 => Value::Array(vec![Value::Int(3), text("3")]),
        _ => text("x"),
    };
    Value::Array(vec![text(&field), text(operator), value])
}

fn order(c: &mut Choices<'_>, schema: &Schema, model: &str) -> Value<'static> {
    text(&format!("{} desc, {}", path(c, schema, model, 1), name(c, schema, model)))
}

fn groupby(c: &mut Choices<'_>, schema: &Schema, model: &str) -> Value<'static> {
    let one = |c: &mut Choices<'_>| {
        let path = path(c, schema, model, 2);
        text(&if c.one_in(4) { format!("{path}:month") } else { path })
    };
    Value::Array((0..1 + c.below(2)).map(|_| one(c)).collect())
}

fn aggregates(c: &mut Choices<'_>, schema: &Schema, model: &str, aliases: bool) -> Value<'static> {
    let one = |c: &mut Choices<'_>| {
        let field = if c.one_in(12) { path(c, schema, model, 1) } else { name(c, schema, model) };
        match c.below(4) {
            0 => text("__count"),
            1 if aliases => text(&format!("alias:sum({field})")),
            2 if aliases => text(&field),
            _ => text(&format!("{field}:sum")),
        }
    };
    Value::Array((0..1 + c.below(2)).map(|_| one(c)).collect())
}

fn having(c: &mut Choices<'_>, schema: &Schema, model: &str) -> Value<'static> {
    let aggregate = if c.one_in(3) { "__count".to_owned() } else { format!("{}:sum", name(c, schema, model)) };
    Value::Array(vec![Value::Array(vec![text(&aggregate), text_of(c, &[">", "=", "any!"]), Value::Int(3)])])
}

fn specification(c: &mut Choices<'_>, schema: &Schema, model: &str, depth: usize) -> Value<'static> {
    let named = c.some(3, |c| {
        let field = name(c, schema, model);
        let known = fields(schema, model).iter().find(|known| known.name == field);
        let inner = match known {
            Some(known) if depth > 0 && is_relation(known.kind) && c.one_in(2) => {
                let other = known.relation.as_deref().unwrap_or_default();
                let mut inner = vec![("fields".into(), specification(c, schema, other, depth - 1))];
                if c.one_in(4) {
                    inner.push(("order".into(), text(&name(c, schema, other))));
                }
                inner
            }
            _ => vec![],
        };
        (field, Value::Struct(inner))
    });
    Value::Struct(members(named))
}

fn context(c: &mut Choices<'_>, schema: &Schema, model: &str) -> Members<'static> {
    let given = (0..1 + c.below(3)).map(|_| match c.below(12) {
        0 => ("lang".to_owned(), text("en_US")),
        1 => ("params".to_owned(), Value::Struct(vec![])),
        2 => ("search_default_x".to_owned(), Value::Int(1)),
        3 => ("uid".to_owned(), Value::Int(if c.one_in(4) { 1 } else { UID })),
        4 => ("active_id".to_owned(), Value::Int(3)),
        5 => ((*c.of(&["employee_id", "x_key", "bin_size_x", "form_view_ref"])).to_owned(), Value::Int(3)),
        _ => {
            let field = name(c, schema, model);
            let known = fields(schema, model).iter().find(|known| known.name == field);
            let value = known.map_or(Value::Int(3), |known| value(c, schema, known, 1, true));
            (format!("default_{field}"), value)
        }
    });
    let given: Vec<_> = given.collect();
    members(given)
}

fn text_of(c: &mut Choices<'_>, texts: &[&str]) -> Value<'static> {
    let chosen = *c.of(texts);
    text(chosen)
}
