//! What loosens the policy, held against the core: where nothing is said to loosen, no random call passes that was refused before.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::LazyLock;

use lictor_control_plane::domain::key::Terms;
use lictor_control_plane::domain::policy::loosening::{self, Context, Side};
use lictor_control_plane::domain::settings::Settings;
use lictor_control_plane::domain::time::Moment;
use lictor_control_plane::secrets::random;
use lictor_policy::decide::{Facts, Finding, Head, explain};
use lictor_policy::effects::outline;
use lictor_policy::key::KeyHash;
use lictor_policy::operation::{Operation, Operations};
use lictor_policy::secret::Secret;
use lictor_policy::snapshot::Snapshot;
use lictor_policy::wire::{self, FieldRule, Fields, Permission, Profile};
use serde_json::{Value, json};

use crate::support::START;

/// Pairs of policies, if LICTOR_LOOSENING_PAIRS does not say how many, and calls on each.
const PAIRS: u64 = 600;
const CALLS: usize = 40;

const MODELS: [&str; 3] = ["res.partner", "res.country", "x.thing"];
const FIELDS: [&str; 6] = ["name", "country_id", "code", "secret_code", "parent_id", "line_ids"];
const PATHS: [&str; 4] = ["country_id.code", "parent_id.name", "parent_id.country_id.code", "line_ids.name"];
const METHODS: [&str; 4] = ["action_go", "search_read", "message_post", "web_save"];
const KEYS: [&str; 3] = ["active_test", "x_key", "lang"];

/// Numbers that look random, from a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    fn some(&mut self, of: &[&str]) -> Vec<String> {
        of.iter().filter(|_| self.roll(3) == 0).map(|one| (*one).to_owned()).collect()
    }

    fn operations(&mut self) -> Operations {
        let some: Vec<_> = Operation::ON_RECORDS.into_iter().filter(|_| self.roll(2) == 0).collect();
        Operations::of(&some)
    }

    fn rule(&mut self) -> Option<FieldRule> {
        let fields = self.some(&FIELDS);
        [
            None,
            None,
            Some(FieldRule::Only(fields.clone())),
            Some(FieldRule::Hide(fields.clone())),
            Some(FieldRule::Also(fields)),
        ][self.roll(5)]
        .clone()
    }

    fn methods(&mut self) -> BTreeMap<String, Operations> {
        let names = if self.roll(3) == 0 { self.some(&METHODS) } else { Vec::new() };
        names.into_iter().map(|name| (name, self.operations())).collect()
    }
}

/// What a policy is made of.
#[derive(Clone, Debug)]
struct State {
    settings: Settings,
    groups: Vec<String>,
    terms: Terms,
    permissions: Vec<Permission>,
}

impl State {
    fn random(dice: &mut Dice) -> Self {
        let profiles = [vec![], vec!["p"], vec!["default", "p"]][dice.roll(3)].clone();
        let mut state = Self {
            settings: Settings::default(),
            groups: dice.some(&["g", "h"]),
            terms: Terms {
                name: "k".to_owned(),
                profiles: profiles.into_iter().map(|name| Profile(name.to_owned())).collect(),
                scopes: Operations::NONE,
                models: Vec::new(),
                ip_allow_list: Vec::new(),
                rate_limit_per_minute: None,
                session_limit: None,
                expires_at: None,
                active: true,
            },
            permissions: Vec::new(),
        };
        for profile in ["default", "p"] {
            for model in MODELS {
                if dice.roll(4) > 0 {
                    state.permissions.push(permission(dice, profile, model));
                }
            }
        }
        state
    }

    /// Changes something.
    fn change(&mut self, dice: &mut Dice) {
        let at = dice.roll(self.permissions.len().max(1));
        match (dice.roll(16), self.permissions.get_mut(at)) {
            (0, _) => self.groups = dice.some(&["g", "h"]),
            (1, _) => self.terms.scopes = if dice.roll(3) == 0 { Operations::NONE } else { dice.operations() },
            (2, _) => self.terms.models = dice.some(&MODELS),
            (3, _) => self.terms.ip_allow_list = dice.some(&["192.0.2.0/24", "198.51.100.0/24"]),
            (4, _) => self.terms.expires_at = [None, Some(Moment(1)), Some(Moment(START + 1))][dice.roll(3)],
            (5, _) => self.settings.methods = dice.methods(),
            (6, _) => self.settings.ip_allow_list = dice.some(&["192.0.2.0/24"]),
            (7, Some(_)) => drop(self.permissions.remove(at)),
            (8, Some(one)) => *one = permission(dice, &one.profile.0.clone(), &one.model.clone()),
            (9, Some(one)) => one.groups = dice.some(&["g", "h"]),
            (10, Some(one)) => one.fields.read = dice.rule(),
            (11, Some(one)) => one.fields.write = dice.rule(),
            (12, Some(one)) => one.paths = dice.some(&PATHS),
            (13, Some(one)) => one.calls = dice.some(&["action_go", "message_post"]),
            (14, Some(one)) => one.nested_writes = dice.some(&["line_ids", "parent_id"]),
            (_, Some(one)) => match dice.roll(3) {
                0 => one.context = dice.some(&KEYS),
                1 => one.methods = dice.methods(),
                _ => one.operations = dice.operations(),
            },
            (_, None) => self.permissions.push(permission(dice, "default", MODELS[0])),
        }
    }

    fn snapshot(&self) -> Snapshot {
        let user = wire::User {
            id: "u".to_owned(),
            groups: self.groups.clone(),
            upstream: serde_json::from_value(json!({"database": "d", "login": "l", "uid": 7, "secret": "s"})).unwrap(),
            upstream_rejected: false,
            view: Some(0),
        };
        let terms = &self.terms;
        let record = wire::Key {
            id: "k".to_owned(),
            hash: Secret::new(KEY.1.clone()),
            version: 1,
            line: "k".to_owned(),
            slot: 0,
            user_id: "u".to_owned(),
            profiles: terms.profiles.clone(),
            scopes: terms.scopes,
            models: terms.models.clone(),
            ip_allow_list: terms.ip_allow_list.clone(),
            rate_limit_per_minute: None,
            session_limit: None,
            expires_at: terms.expires_at.map(|end| end.0),
        };
        let policy: wire::Snapshot = wire::Snapshot {
            version: wire::VERSION,
            epoch: "e".to_owned(),
            revision: 1,
            settings: self.settings.clone().into(),
            users: vec![user],
            keys: vec![wire::KeyEntry { prefix: KEY.0.clone(), record }],
            permissions: self.permissions.clone(),
            schema: schema(),
            pauses: Vec::new(),
            terminations: Vec::new(),
        };
        Snapshot::try_from(policy).unwrap()
    }

    /// What another state has loosened.
    fn loosened_in(&self, after: &Self) -> BTreeSet<String> {
        // As the schema below tells.
        let is_open = |model: &str, field: &str, side| match side {
            Side::Read => model == "res.partner" && matches!(field, "name" | "country_id"),
            Side::Write => model == "res.partner" && field == "name",
        };
        let context = Context { settings: (&self.settings, &after.settings), is_open: &is_open };
        let mut loosened: BTreeSet<String> = BTreeSet::new();
        let mut add = |noun: &str, fields: loosening::Loosened| {
            loosened.extend(fields.into_iter().map(|field| format!("{noun}.{field}")));
        };
        add("key", loosening::key(Some(&self.terms), &after.terms, context));
        let has_rules = loosening::has_rules_of_groups(&after.permissions);
        add("user", loosening::user((&self.groups, false), (&after.groups, false), has_rules));
        for profile in ["default", "p"] {
            for model in MODELS {
                let of = |state: &Self| {
                    let is_it = |one: &&Permission| one.profile.0 == profile && one.model == model;
                    state.permissions.iter().find(is_it).cloned()
                };
                add(model, loosening::permission(of(self).as_ref(), of(after).as_ref(), context));
            }
        }
        for path in ["methods", "ip_allow_list"] {
            let value = |settings: &Settings| serde_json::to_value(settings).unwrap()[path].clone();
            if value(&self.settings) != value(&after.settings)
                && loosening::setting(path, &self.settings, &after.settings)
            {
                loosened.insert(path.to_owned());
            }
        }
        loosened
    }
}

/// A key: its prefix and its hash.
static KEY: LazyLock<(String, String)> = LazyLock::new(|| {
    let key = random::key().unwrap();
    (key.prefix().to_owned(), KeyHash::of(&key, [0; 16]).text())
});

fn permission(dice: &mut Dice, profile: &str, model: &str) -> Permission {
    Permission {
        profile: Profile(profile.to_owned()),
        model: model.to_owned(),
        operations: dice.operations(),
        groups: if dice.roll(3) == 0 { dice.some(&["g", "h"]) } else { Vec::new() },
        fields: Fields { read: dice.rule(), write: dice.rule() },
        calls: dice.some(&["action_go", "message_post"]),
        paths: dice.some(&PATHS),
        nested_writes: dice.some(&["line_ids", "parent_id"]),
        context: dice.some(&KEYS),
        methods: dice.methods(),
    }
}

fn schema() -> wire::Schema {
    let model = |name: &str, fields: Value| {
        // The bits of eight fields.
        let views = json!([{"set": 0, "sees": "ff"}]);
        json!({"name": name, "record": {"fields": fields, "views": views}})
    };
    let field = |name: &str| json!({"name": name, "type": "plain"});
    let to = |name: &str, kind: &str, relation: &str| json!({"name": name, "type": kind, "relation": relation});
    let secret = json!({"name": "secret_code", "type": "plain", "restricted": true});
    let lines = json!({"name": "line_ids", "type": "one2many", "relation": "x.thing", "relation_field": "parent_id"});
    let models = json!([
        model("res.country", json!([field("code"), field("name")])),
        model(
            "res.partner",
            json!([
                to("country_id", "many2one", "res.country"),
                field("id"),
                lines,
                field("name"),
                to("parent_id", "many2one", "res.partner"),
                secret
            ])
        ),
        model("x.thing", json!([field("code"), field("name"), to("parent_id", "many2one", "res.partner")])),
    ]);
    serde_json::from_value(json!({"version": 1, "read_at": 1, "models": models})).unwrap()
}

/// A model, a method, and its arguments.
fn call(dice: &mut Dice) -> (&'static str, &'static str, String) {
    let model = MODELS[dice.roll(3)];
    let names = dice.some(&FIELDS);
    let path = if dice.roll(2) == 0 { PATHS[dice.roll(4)] } else { FIELDS[dice.roll(6)] };
    let domain = if dice.roll(2) == 0 { json!([]) } else { json!([[path, "=", 1]]) };
    let mut values: BTreeMap<&str, Value> = BTreeMap::new();
    for name in ["name", "code", "secret_code"] {
        if dice.roll(3) == 0 {
            values.insert(name, json!("x"));
        }
    }
    if dice.roll(3) == 0 {
        values.insert(
            "line_ids",
            [json!([[0, 0, {"name": "x"}]]), json!([[1, 3, {"code": "x"}]]), json!([[2, 3, 0]])][dice.roll(3)].clone(),
        );
    }
    let (method, args, mut kwargs) = match dice.roll(8) {
        0 | 1 => ("search_read", json!([domain]), json!({"fields": names})),
        2 => ("read", json!([[1], names]), json!({})),
        3 => ("write", json!([[1], values]), json!({})),
        4 => ("create", json!([values]), json!({})),
        5 => ("unlink", json!([[1]]), json!({})),
        6 => ("action_go", json!([[1]]), json!({})),
        _ => ("search_count", json!([domain]), json!({})),
    };
    if dice.roll(4) == 0 {
        kwargs["context"] = json!({KEYS[dice.roll(3)]: true});
    }
    (model, method, json!({"args": args, "kwargs": kwargs}).to_string())
}

fn passes(snapshot: &Snapshot, (model, method, arguments): &(&str, &str, String)) -> bool {
    let call = outline::call(model, method, arguments).unwrap();
    let key = snapshot.key(&KEY.0).unwrap().unwrap();
    let client = Some(IpAddr::from([192, 0, 2, 7]));
    let facts = Facts { now: START, client, user_agent: b"", head: Head::default() };
    let call = lictor_policy::call::Call { database: Some("d".into()), uid: Some(7), ..call };
    !explain(snapshot, key, &call, facts).iter().any(|check| matches!(check.finding, Finding::Refused(_)))
}

#[test]
fn what_is_not_said_to_loosen_lets_no_call_pass_that_was_refused() {
    let (mut tight, mut opened, mut passing) = (0, 0, 0);
    let pairs = std::env::var("LICTOR_LOOSENING_PAIRS").ok().and_then(|text| text.parse().ok()).unwrap_or(PAIRS);
    for seed in 1..=pairs {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        dice.roll(1);
        let before = State::random(&mut dice);
        let mut after = before.clone();
        for _ in 0..=dice.roll(3) {
            after.change(&mut dice);
        }
        let loosened = before.loosened_in(&after);
        tight += u32::from(loosened.is_empty());
        let (old, new) = (before.snapshot(), after.snapshot());
        for _ in 0..CALLS {
            let call = call(&mut dice);
            let (passed, now) = (passes(&old, &call), passes(&new, &call));
            passing += u32::from(passed);
            if now && !passed {
                opened += 1;
                assert!(!loosened.is_empty(), "seed {seed}: {call:?} passes\nbefore: {before:#?}\nafter: {after:#?}");
            }
        }
    }
    // Or the calls would prove nothing.
    println!(
        "{pairs} pairs, {tight} of which nothing loosens; {opened} calls pass that did not, of {passing} that did"
    );
    assert!(tight > 150 && opened > 60 && passing > 2500, "{tight} {opened} {passing}");
}
