//! Prints the documents that are made from the tables: `cargo run -p lictor-policy --example docs -- refusals`.

mod fields;

use std::process::ExitCode;

use lictor_policy::effects;
use lictor_policy::odoo::left_out::LEFT_OUT;
use lictor_policy::odoo::never;
use lictor_policy::odoo::operations::{METHODS, Method};
use lictor_policy::odoo::tables::{self, Closed};
use lictor_policy::records;
use lictor_policy::refusal::Reason;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("refusals") => print!("{}", refusals()),
        Some("operations") => print!("{}", operations()),
        Some("fields") => match fields::page() {
            Ok(page) => print!("{page}"),
            Err(problem) => {
                eprintln!("{problem}");
                return ExitCode::FAILURE;
            }
        },
        _ => {
            eprintln!("say which: refusals, operations or fields");
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
         A method that is not in this table is refused with `method_denied`, unless a permission lists it under `calls`, or an\n\
         administrator maps it to a list of operations, for all models (`settings.methods`) or for one\n\
         (`permissions/{{model}}.methods`); `[]` closes a method.\n\n\
         Behind an argument stands what the gate looks for in it. Every field that is named must be open\n\
         ([permissions](admin/permissions.md)), by its path if it is another model's:\n\n\
         - a **list** of fields that names none stands for all of them in Odoo; it is forwarded with those that may be read;\n\
         - in **field paths**, **groups**, **aggregates**, an **order**, a **domain** and a **specification**, what leads into another\n\
         \x20 model (`a.b`, `a/b`, `any`, sub-`fields`) is a read of that model;\n\
         - a text that is compared with a relation, or **searched in names**, reads the fields that the names of that model are made of;\n\
         - the operators of a **domain**, and an **operator** by itself, are those of Odoo: {}.\n\
         \x20 They are compared in lower case and forwarded so; another one is refused (`malformed_request`) with its place.\n\
         \x20 `any!` and `not any!`, which step over Odoo's own access rules, are refused in any spelling, wherever in a call a\n\
         \x20 condition stands;\n\
         - in **values**, and in `default_*` keys of the context where the call makes a record, a command is an operation on the\n\
         \x20 field's model: 0 create, 1 write, 2 delete; of lines, 3, 5, `false` and null delete, or write where the line lives on, 4 writes,\n\
         \x20 and 6 and a list of ids do both. A link of many2many fields needs the field alone. Anything else in such a field is refused;\n\
         - **column paths** (`a/b`, `a.id`, `a:id`) count as the values that they hold;\n\
         - what is **to be listed under calls** reads other models in ways of its own.\n\n\
         A call that writes or deletes names at most {} records, those in its commands among them, since each is recorded;\n\
         more are refused (`too_many_records`).\n\n\
         | method | operations | arguments |\n|---|---|---|\n",
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
         Nothing opens methods that begin with `_`, nor those that are private in Odoo 19 and callable in older versions: {}.\n",
        names(tables::closed_models(Closed::Altogether).iter().copied()),
        names(tables::closed_models(Closed::Writing).iter().copied()),
        names(never::METHODS.iter().copied()),
        names(never::PRIVATE.iter().copied()),
    ));
    page
}

fn words(method: &Method) -> String {
    let operations: Vec<String> = method.operations.iter().map(|operation| operation.to_string()).collect();
    let also = if method.name == "web_save" { "; without ids read, create" } else { "" };
    let mapped = if method.mapped_only { "; when mapped" } else { "" };
    let crosses = if method.crosses { "; to be listed under calls" } else { "" };
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
