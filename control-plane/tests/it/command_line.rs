//! The command line, as people and programs see it: each help, and each list from fixed records. The expected texts are in
//! `snapshots/`; CONTRIBUTING.md says how to make them anew.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use axum::http::Uri;
use axum::{Json, Router};
use clap::CommandFactory as _;
use lictor_control_plane::cli::args::Config;
use serde_json::{Value, json};

use crate::openapi::DOCUMENT;

/// The program's commands, complete. Values in the environment of whoever tests are not shown.
fn program() -> clap::Command {
    let mut program = without_values(Config::command());
    program.build();
    program
}

fn without_values(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|argument| argument.hide_env_values(true));
    command.mut_subcommands(without_values)
}

/// The helps of the commands below one, each without the options that it shares with that.
fn helps_below(command: &mut clap::Command) -> String {
    let mut helps = String::new();
    for below in command.get_subcommands_mut().filter(|below| below.get_name() != "help") {
        *below = below.clone().mut_args(|option| if option.is_global_set() { option.hide(true) } else { option });
        let name = below.get_bin_name().unwrap().to_owned();
        helps.push_str(&format!("\n---- {name}\n\n{}\n", below.render_long_help()));
        helps.push_str(&helps_below(below));
    }
    helps
}

#[test]
fn each_command_has_the_help_in_its_snapshot() {
    let mut program = program();
    let help = program.render_long_help();
    insta::assert_snapshot!("help", help);
    for command in program.get_subcommands_mut().filter(|command| command.get_name() != "help") {
        let help = format!("{}\n{}", command.render_long_help(), helps_below(command));
        insta::assert_snapshot!(format!("help_{}", command.get_name()), help);
    }
}

/// The words of each command that shows a list of records, and the collection that it shows.
fn list_commands() -> BTreeMap<String, Vec<&'static str>> {
    const NOUNS: [(&str, &str); 15] = [
        ("accounts", "account"),
        ("alerts", "alert"),
        ("audit", "audit"),
        ("gates", "gate"),
        ("jobs", "job"),
        ("keys", "key"),
        ("outbox", "outbox"),
        ("pauses", "pause"),
        ("permissions", "permission"),
        ("profiles", "profile"),
        ("schema", "schema"),
        ("sessions", "session"),
        ("tokens", "token"),
        ("users", "user"),
        ("webhooks", "webhook"),
    ];
    let mut commands: BTreeMap<_, _> =
        NOUNS.into_iter().map(|(path, noun)| (path.to_owned(), vec![noun, "list"])).collect();
    commands.insert("admin-audit".to_owned(), vec!["admin-audit"]);
    commands.insert("schema/changes".to_owned(), vec!["schema", "changes"]);
    commands
}

#[tokio::test(flavor = "multi_thread")]
async fn each_list_is_the_table_and_the_json_in_its_snapshot() {
    let records: BTreeMap<String, Value> = serde_json::from_str(include_str!("lists.json")).unwrap();
    let commands = list_commands();
    assert!(records.keys().eq(commands.keys()), "each list has its records");
    let url = serve(records.clone()).await;
    for (path, words) in commands {
        let text = output(&url, &words, "text");
        let json = output(&url, &words, "json");
        let answer: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(answer["items"], records[&path], "{path}: programs get what the API answered");
        let shown = format!("{text}\n---- --output json\n\n{json}");
        insta::assert_snapshot!(format!("list_{}", path.replace('/', "_")), shown);
    }
}

#[test]
fn every_command_that_lists_has_a_snapshot() {
    let commands = list_commands();
    let covered: BTreeSet<_> = commands.values().map(|words| words[0]).collect();
    let program = program();
    let lists = program.get_subcommands().filter(|command| command.find_subcommand("list").is_some());
    let missing: Vec<_> = lists.map(clap::Command::get_name).filter(|name| !covered.contains(name)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn the_records_of_the_lists_have_the_fields_that_the_api_answers() {
    let records: BTreeMap<String, Vec<Value>> = serde_json::from_str(include_str!("lists.json")).unwrap();
    let resolved = |schema: &Value| {
        let name = schema["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
        DOCUMENT["components"]["schemas"][name].clone()
    };
    for (path, records) in records {
        let answer = &DOCUMENT["paths"][format!("/api/v1/{path}")]["get"]["responses"]["200"];
        let page = resolved(&answer["content"]["application/json"]["schema"]);
        let record = resolved(&page["properties"]["items"]["items"]);
        let fields: Vec<_> = record["properties"].as_object().unwrap().keys().collect();
        for record in records {
            assert!(record.as_object().unwrap().keys().eq(fields.iter().copied()), "{path}: {record} of {fields:?}");
        }
    }
}

/// A stand-in for the REST API that has these records; answers its URL.
async fn serve(records: BTreeMap<String, Value>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = move |uri: Uri| {
        let items = records[uri.path().strip_prefix("/api/v1/").unwrap()].clone();
        async move { Json(json!({"items": items, "next_cursor": null})) }
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    url
}

/// The standard output of a command.
fn output(url: &str, words: &[&str], form: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lictor"));
    command.env_clear().env("LICTOR_TOKEN", "t").args(words).args(["--url", url, "--output", form]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
