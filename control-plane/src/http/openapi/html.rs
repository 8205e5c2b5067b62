//! The description as a page: one file, without scripts and without any other host.

#![expect(clippy::indexing_slicing, reason = "of JSON: reading a field that is not there is null")]

use std::fmt::Write as _;

use serde_json::Value;

use crate::domain::html::escape;

const HEAD: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
    <meta name=\"viewport\" content=\"width=device-width\">\n<title>Lictor: REST API</title>\n<style>\n\
    body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }\n\
    code, pre { font: 14px/1.4 ui-monospace, monospace; }\n\
    pre { overflow: auto; padding: .5rem; border: 1px solid #8886; }\n\
    details { margin: .3rem 0; } details > :not(summary) { margin-left: 1.2rem; }\n\
    summary { cursor: pointer; }\n</style>\n";

/// The page of a document.
pub fn of(document: &Value) -> String {
    let mut page = HEAD.to_owned();
    let info = &document["info"];
    let _ = write!(
        page,
        "<h1>{} {}</h1>\n<p>{}</p>\n<p>The same for programs: <a href=\"openapi.json\">openapi.json</a>, OpenAPI {}.</p>\n",
        escape(text(&info["title"])),
        escape(text(&info["version"])),
        prose(text(&info["description"])),
        escape(text(&document["openapi"])),
    );
    let mut noun = "";
    for (path, verb, operation) in operations(document) {
        let tag = text(&operation["tags"][0]);
        if tag != noun {
            noun = tag;
            let _ = writeln!(page, "<h2>{}</h2>", escape(noun));
        }
        write_operation(&mut page, path, verb, operation);
    }
    page.push_str("<h2>Schemas</h2>\n");
    for (name, schema) in members(&document["components"]["schemas"]) {
        let name = escape(name);
        let _ =
            writeln!(page, "<details id=\"{name}\"><summary><code>{name}</code></summary>{}</details>", json(schema));
    }
    page
}

fn write_operation(page: &mut String, path: &str, verb: &str, operation: &Value) {
    let _ = writeln!(
        page,
        "<details id=\"{}\"><summary><code>{} {}</code> {}</summary>\n<p>{}</p>",
        escape(text(&operation["operationId"])),
        verb.to_ascii_uppercase(),
        escape(path),
        prose(text(&operation["summary"])),
        prose(text(&operation["description"])),
    );
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let _ = writeln!(
            page,
            "<p><code>{}</code> in the {}{}: {}</p>",
            escape(text(&parameter["name"])),
            escape(text(&parameter["in"])),
            if parameter["required"] == true { "" } else { ", optional" },
            prose(text(&parameter["description"])),
        );
    }
    if let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema") {
        let _ = writeln!(page, "<p>Takes</p>{}", json(schema));
    }
    for (status, response) in members(&operation["responses"]) {
        let _ = write!(page, "<p><b>{}</b> {}", escape(status), prose(text(&response["description"])));
        for (media, content) in members(&response["content"]) {
            let schema = &content["schema"];
            let name = text(&schema["$ref"]).rsplit('/').next().unwrap_or_default();
            match schema.pointer("/allOf/1/properties/code/enum").and_then(Value::as_array) {
                Some(codes) => {
                    let codes: Vec<_> = codes.iter().map(|code| format!("<code>{}</code>", text(code))).collect();
                    let _ = write!(page, " {}", codes.join(", "));
                }
                None if name.is_empty() => {
                    let _ = write!(page, " <code>{}</code>", escape(media));
                }
                None => {
                    let _ = write!(page, " <a href=\"#{0}\"><code>{0}</code></a>", escape(name));
                }
            }
        }
        page.push_str("</p>\n");
    }
    page.push_str("</details>\n");
}

/// The operations with their paths and verbs, noun by noun.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let mut all: Vec<_> = members(&document["paths"])
        .flat_map(|(path, item)| members(item).map(move |(verb, operation)| (path, verb, operation)))
        .collect();
    all.sort_by_key(|(_, _, operation)| text(&operation["tags"][0]));
    all
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn json(value: &Value) -> String {
    format!("<pre>{}</pre>", escape(&format!("{value:#}")))
}

/// A text in which what stands between backticks is code.
fn prose(text: &str) -> String {
    escape(text).split('`').enumerate().fold(String::new(), |html, (at, part)| {
        if at % 2 == 0 { html + part } else { format!("{html}<code>{part}</code>") }
    })
}
