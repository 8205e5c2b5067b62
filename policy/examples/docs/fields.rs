//! The page of models and fields that the tables close. Reasons stand in the tables' own text, beside the rows.

use std::collections::BTreeMap;

use lictor_policy::snapshot::default::Default;
use lictor_policy::snapshot::field::Why;

/// The text of a table.
macro_rules! table {
    ($name:literal) => {
        include_str!(concat!("../../src/odoo/tables/", $name, ".rs"))
    };
}

/// A row: the texts that stand in it, and the line.
struct Row {
    reason: &'static str,
    texts: Vec<&'static str>,
    line: &'static str,
}

/// The rows of a constant, each with the comment that it stands under.
fn rows(text: &'static str, constant: &str) -> Result<Vec<Row>, String> {
    let missing = || format!("a table without {constant}");
    let (_, after) = text.split_once(&format!("const {constant}:")).ok_or_else(missing)?;
    let (_, after) = after.split_once("=").ok_or_else(missing)?;
    let (inside, _) = after.split_once("];").ok_or_else(missing)?;
    let (mut rows, mut reason) = (Vec::new(), "");
    for line in inside.lines() {
        if let Some(comment) = line.trim().strip_prefix("// ") {
            reason = comment;
            continue;
        }
        let texts: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
        if !texts.is_empty() {
            rows.push(Row { reason, texts, line });
        }
    }
    if rows.is_empty() { Err(format!("nothing in {constant}")) } else { Ok(rows) }
}

impl Row {
    /// The model, or the field with its model; `*` stands for every one.
    fn name(&self) -> String {
        match self.texts.as_slice() {
            [model, field, ..] => format!("`{model}.{field}`"),
            _ => self.texts.iter().map(|model| format!("`{model}`")).collect(),
        }
    }

    /// The reason without what holds for this row alone.
    fn kind(&self) -> String {
        if let Some((_, model)) = self.reason.split_once(", of ").filter(|_| self.reason.starts_with("is ")) {
            return format!("is a value of `{model}`");
        }
        for (start, kind) in [("is ", "is the same value as another of these"), ("writes ", "writes ")] {
            let path = self.reason.strip_prefix(start).filter(|rest| rest.contains('.') && !rest.contains(' '));
            match path {
                Some(path) if kind == start => return format!("writes `{path}`"),
                Some(_) => return kind.to_owned(),
                None => {}
            }
        }
        self.reason.to_owned()
    }
}

/// A table with a row for each reason, and the names that it holds for.
fn by_reason(head: &str, rows: &[Row]) -> String {
    let mut reasons = BTreeMap::<String, Vec<String>>::new();
    for row in rows {
        reasons.entry(row.kind()).or_default().push(row.name());
    }
    let mut table = format!("\n| {head} | why |\n|---|---|\n");
    for (reason, names) in reasons {
        table.push_str(&format!("| {} | {reason} |\n", names.join(" ")));
    }
    table
}

fn named(rows: &[Row]) -> String {
    rows.iter().flat_map(|row| &row.texts).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" ")
}

/// One way to be open, or closed: to what, in which cases, and what opens it.
const fn of_default(word: Default) -> (&'static str, &'static str, &'static str) {
    match word {
        Default::Open => ("both", "is open to who may read, or write, the model", "–"),
        Default::Path => (
            "read",
            "takes its value from another field: open where that may be read, and each model on the way, or is reference data",
            "`read` on those models; or its name",
        ),
        Default::Reference => (
            "read",
            "refers to a model whose names tell much: open where that model may be read",
            "`read` on that model; or its name",
        ),
        Default::Text => (
            "write",
            "holds HTML that Odoo does not sanitise, always or for users of `base.group_sanitize_override`: open to text without `<`, \
             and to all text of others",
            "its name",
        ),
        Default::Creation => {
            ("write", "is open in records that are made, and closed in those that are there", "its name")
        }
        Default::CreationAlone => (
            "write",
            "is open in records that are made and that leave the reference empty through which Odoo would write it elsewhere",
            "its name",
        ),
        Default::Closed(why) => of_reason(why),
    }
}

const fn of_reason(why: Why) -> (&'static str, &'static str, &'static str) {
    let both = match why {
        Why::Credential | Why::ClosedModel | Why::Restricted => "both",
        Why::Telling => "read",
        _ => "write",
    };
    let opens = match why {
        Why::Credential => "nothing",
        Why::ClosedModel => "`settings.never_list_exceptions`, with the closed model's name or `model.field`",
        _ => "its name",
    };
    (both, why.sentence(), opens)
}

/// The page.
///
/// # Errors
/// A table that is not written as it is read here.
pub(crate) fn page() -> Result<String, String> {
    let mut page = String::from(
        "# Models and fields that are closed\n\n\
         <!-- Made by `cargo run -p lictor-policy --example docs -- fields`; `cargo xtask tidy` compares. -->\n\n\
         Here you see which models and fields of Odoo are closed although a permission allows the operation, why, and what opens\n\
         them. [Permissions](admin/permissions.md) says how to write that down. Odoo itself tells the gate most of this: of each field\n\
         its type, its groups, what it is computed from ([schema](admin/schema.md)). This page has what Odoo does not tell. It was\n\
         read from all modules of Odoo 19; rows of modules that your Odoo does not have mean nothing.\n\n\
         `lictor schema show MODEL` has a word for each field of a model under READ and WRITE, what the default opens of it:\n\n\
         | word | of | the field | opened by |\n|---|---|---|---|\n",
    );
    let closed = Why::ALL
        .into_iter()
        .filter(|why| !matches!(why, Why::Telling | Why::ReadOnly | Why::Unsanitized | Why::WritesElsewhere));
    for word in Default::OPEN.into_iter().chain(closed.map(Default::Closed)) {
        let (of, sentence, opens) = of_default(word);
        page.push_str(&format!("| `{}` | {of} | {sentence} | {opens} |\n", word.word()));
    }
    page.push_str(
        "\n\"Its name\" means: in the permission of the field's model, under `fields.read` or `fields.write`, in `also` or `only`.\n\
         An x2many field is also opened to writing by its name under `nested_writes`.\n",
    );
    let closed = table!("closed");
    let fields: Vec<Row> = rows(table!("closed_fields"), "ROWS")?;
    let (altogether, writing): (Vec<Row>, Vec<Row>) =
        fields.into_iter().partition(|row| row.line.contains("Closed::Altogether"));
    let sections = [
        (
            "Closed models",
            "No permission opens these; `settings.never_list_exceptions` must name the model. No path leads into them, and no link.",
            by_reason("model", &rows(closed, "ALTOGETHER")?),
        ),
        (
            "Models that are closed to writing",
            "They may be read with a permission. To write them `settings.never_list_exceptions` must name the model. Links into them are\n\
             closed too, but for those to `res.users` and `ir.model`.",
            by_reason("model", &rows(closed, "WRITING")?),
        ),
        (
            "Fields that belong to a closed model",
            "Their models are open, and they are values of a closed one, or lead into it. `settings.never_list_exceptions` must name the closed\n\
             model, or the field as `model.field`; the default, or the permission, decides then.\n\n\
             Closed to reading and writing:",
            format!("{}\nClosed to writing:\n{}", by_reason("field", &altogether), by_reason("field", &writing)),
        ),
        (
            "Credentials",
            "Closed to reading, searching, grouping, sorting, copying and writing. Nothing opens them.",
            by_reason("field", &rows(table!("credentials"), "ROWS")?),
        ),
        (
            "Fields that grant rights",
            "Closed to writing; open by name. `res.partner.email` and `parent_id` are open in partners that are made.",
            by_reason("field", &rows(table!("grants"), "ROWS")?),
        ),
        (
            "Fields that Odoo's methods change",
            "Closed to writing; open by name. `*` stands for every model. List the method under `calls` in their place, such as\n\
             `action_confirm`.",
            format!(
                "{}\nOpen all the same: {}.\n",
                by_reason("field", &rows(table!("states"), "ROWS")?),
                rows(table!("states"), "FREE")?.iter().map(Row::name).collect::<Vec<_>>().join(" "),
            ),
        ),
        (
            "Fields that Odoo evaluates",
            "Closed to writing; open by name. Who writes such a text has Odoo do what stands in it, with more rights than his own.",
            by_reason("field", &rows(table!("evaluated"), "ROWS")?),
        ),
        (
            "Fields that Odoo writes somewhere else too",
            "Closed to writing; open by name. Those that go through a reference of their own record are open in records that are made with\n\
             that reference empty. `*` stands for every model.",
            by_reason("field", &rows(table!("inverses"), "ROWS")?),
        ),
        (
            "HTML that Odoo stores as it comes",
            "Closed to writing where a `<` stands in the text; open by name. Where `sanitize_overridable` stands, only for users of\n\
             `base.group_sanitize_override`, whose text Odoo takes as it comes. Other fields of the kind are known by what Odoo tells.",
            by_reason("field", &rows(table!("html"), "ROWS")?),
        ),
        (
            "Models whose names tell much",
            "A reference into one of these is closed to reading until the key may read the model, since a reference shows a name.",
            by_reason("model", &rows(table!("names_that_tell"), "ROWS")?),
        ),
        (
            "Reference data",
            "May be read on a path (`partner_id.country_id.code`) without a permission. To be searched, listed or written they need one,\n\
             as any other model.",
            by_reason("model", &rows(table!("reference_data"), "ROWS")?),
        ),
    ];
    for (title, text, table) in sections {
        page.push_str(&format!("\n## {title}\n\n{text}\n{table}"));
    }
    page.push_str(
        "\n## Models that inherit another's fields\n\n\
         Their fields are judged in both models, and need a permission for the first alone.\n\n\
         | model | through | inherits the fields of |\n|---|---|---|\n",
    );
    for row in rows(table!("delegations"), "ROWS")? {
        if let [model, field, other] = row.texts.as_slice() {
            page.push_str(&format!("| `{model}` | `{field}` | `{other}` |\n"));
        }
    }
    let context = table!("context");
    let read = rows(context, "READ")?.len();
    page.push_str(&format!(
        "\n## Keys of the context\n\n\
         - Open in every call: {} {}…\n\
         - Left out of what is forwarded, as web clients send them without need: {} {}… …{}\n\
         - `uid`: left out if it is the key's own, refused otherwise.\n\
         - `default_<field>`: open where the call makes a record and may write the field.\n\
         - Every other is refused by its name until the permission of the called model lists it under `context`. Odoo's code and\n\
         \x20 templates read {read} of them.\n",
        named(&rows(context, "OPEN")?),
        named(&rows(context, "OPEN_PREFIXES")?),
        named(&rows(context, "LEFT_OUT")?),
        named(&rows(context, "LEFT_OUT_PREFIXES")?),
        named(&rows(context, "LEFT_OUT_SUFFIXES")?),
    ));
    Ok(page)
}
