//! Prints the documents that are made from the tables: `cargo run -p lictor-policy --example docs -- refusals`.

use std::process::ExitCode;

use lictor_policy::effects;
use lictor_policy::odoo::never;
use lictor_policy::odoo::operations::{LEFT_OUT, METHODS, Method};
use lictor_policy::odoo::tables::Closed;
use lictor_policy::records;
use lictor_policy::refusal::Reason;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("refusals") => print!("{}", refusals()),
        Some("operations") => print!("{}", operations()),
        _ => {
            eprintln!("say which: refusals or operations");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn refusals() -> String {
    let mut page = String::from(
        "# Refusals\n\n\
         <!-- Made by `cargo run -p lictor-policy --example docs -- refusals`; `cargo xtask tidy` compares. -->\n\n\
         A refused call is answered with an XML-RPC fault and HTTP status 200, as XML-RPC clients expect. Its\n\
         `faultString` is the reason, a colon, a sentence that says what would have to change, and the decision id, under\n\
         which the audit log has the call. Before the key is verified the sentence names nothing of the\n\
         policy, but says what is wrong with the request itself. On `429` and `session_terminated` a `Retry-After` header\n\
         says how many seconds to wait.\n\n\
         | reason | fault code | counts toward the alert | in shadow | what would have to change |\n|---|---|---|---|---|\n",
    );
    for reason in Reason::ALL {
        let row = reason.row();
        let (alert, shadow) = (name(row.alert), name(row.shadow));
        page.push_str(&format!("| `{}` | {} | {alert} | {shadow} | {} |\n", row.name, row.code, row.sentence));
    }
    page.push_str(
        "\n`malformed_request` counts toward its alert only when the key was verified.\n\n\
         \"In shadow\" is the name in `settings.shadow` of the stage that lets it pass in shadow mode, if one can. A pause\n\
         (`permission_denied`), the never-list and private methods (`method_denied`) refuse in shadow too.\n",
    );
    page
}

/// A word of the wire format.
fn name(word: Option<impl serde::Serialize>) -> String {
    let word = word.and_then(|word| serde_json::to_value(word).ok());
    word.as_ref().and_then(|word| word.as_str()).map_or("–".to_owned(), |word| format!("`{word}`"))
}

fn operations() -> String {
    let mut page = format!(
        "# Operations\n\n\
         <!-- Made by `cargo run -p lictor-policy --example docs -- operations`; `cargo xtask tidy` compares. -->\n\n\
         What a method does decides which of a permission's four operations a call needs. The gate goes by exact names.\n\
         A method that is not in this table is refused with `method_denied`, unless an administrator maps it to a list of\n\
         operations, for all models (`settings.methods`) or for one (`permissions/{{model}}.methods`); `[]` closes a method.\n\n\
         Behind an argument stands what the gate looks for in it:\n\n\
         - in **field paths**, an **order**, a **domain** or a **specification**, what leads into another model (`a.b`,\n\
         \x20 `a/b`, `a:id`, `any`, sub-`fields`, a `context`) needs `cross_model_reads`; so does what **reads other models**\n\
         \x20 in any case;\n\
         - in the **context**, a key with which references show more than a name needs it too: {};\n\
         - the operators of a **domain**, and an **operator** by itself, are those of Odoo: {}.\n\
         \x20 They are compared in lower case and forwarded so; another one is refused (`malformed_request`) with its place.\n\
         \x20 `any!` and `not any!`, which step over Odoo's own access rules, are refused in any spelling, wherever in a call a\n\
         \x20 condition stands;\n\
         - in **values** and in `default_*` keys of the context, a field that holds an array needs to be listed under\n\
         \x20 `nested_writes`, and its commands need their operations in the key's scopes: 0 create, 1 and 4 write, 2, 3 and 5\n\
         \x20 delete, 6 and a list of ids write and delete, `false` and null for a field under `nested_writes` delete. A list that\n\
         \x20 is neither ids nor such commands, each with one record id where it names one, is refused. A field with\n\
         \x20 text that begins like a list of objects, which Odoo takes for the definition of properties, needs the same;\n\
         - **column paths** (`a/b`, `a.id`, `a:id`) and columns under `name_create_enabled_fields` need the same.\n\n\
         A call that writes or deletes names at most {} records, those in its commands among them, since each is recorded;\n\
         more are refused (`too_many_records`).\n\n\
         | method | operations | arguments |\n|---|---|---|\n",
        names(effects::TELLING.iter().copied()),
        names(effects::OPERATORS.iter().copied()),
        records::MAX_CHANGED,
    );
    for method in METHODS {
        page.push_str(&format!("| `{}` | {} | {} |\n", method.name, words(method), arguments(method)));
    }
    page.push_str(
        "\n## Left out\n\n\
         Public methods of every model, or of every model with messages, that do more than their names say.\n\n\
         | method | what it does |\n|---|---|\n",
    );
    for (name, what) in LEFT_OUT {
        page.push_str(&format!("| `{name}` | {what} |\n"));
    }
    page.push_str(&format!(
        "\n## The never-list\n\n\
         No permission and no mapping opens these; `settings.never_list_exceptions` must name the model, or the model and\n\
         the method as `model.method`.\n\n\
         - Models that are closed: {}.\n\
         - Models that are closed to all but reads: {}.\n\
         - Methods that are closed on all models, whatever they are mapped to: {}.\n\n\
         Nothing opens methods that begin with `_`, nor those that are private in Odoo 19 and callable in older versions: {}.\n\
         \n## Limits\n\n\
         The gate does not know the types of fields. So within a permission on one model\n\n\
         - a bare `false` clears a field that holds many records, if `nested_writes` does not list it;\n\
         - reading a reference shows the name of the record it points to, and a condition that compares a reference with\n\
         \x20 text searches by that name;\n\
         - a field of another model that Odoo passes on as one of its own (`related`, `_inherits`) can be read and\n\
         \x20 written;\n\
         - the columns of a mapped `load` find and link records of other models by their names.\n",
        names(never::models(Closed::Altogether)),
        names(never::models(Closed::Writing)),
        names(never::METHODS.iter().copied()),
        names(never::PRIVATE.iter().copied()),
    ));
    page
}

fn words(method: &Method) -> String {
    let operations: Vec<String> = method.operations.iter().map(|operation| operation.to_string()).collect();
    let also = if method.name == "web_save" { "; without ids read, create" } else { "" };
    let mapped = if method.mapped_only { "; when mapped" } else { "" };
    let crosses = if method.crosses { "; reads other models" } else { "" };
    format!("{}{also}{mapped}{crosses}", operations.join(", "))
}

/// All parameters in their order, with what the gate looks for in them.
fn arguments(method: &Method) -> String {
    let params = method.params.iter().map(|param| match param.kind.remark() {
        Some(remark) => format!("`{}` ({remark})", param.name),
        None => format!("`{}`", param.name),
    });
    method.ids.then(|| "ids".to_owned()).into_iter().chain(params).collect::<Vec<_>>().join(", ")
}

fn names<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" ")
}
