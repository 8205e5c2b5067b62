//! What is asked of the running containers: first a guarded call, then that nothing is lost whatever ends and starts again.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use lictor_xtask::foreground::wait_for;
use lictor_xtask::rest::{self, Api};
use lictor_xtask::run::say;
use lictor_xtask::seed::{self, FirstKey, Upstream};
use lictor_xtask::state::State;
use serde_json::{Value, json};

use super::set::Set;

/// For something to answer again, on a machine that is busy with something else.
const LIMIT: Duration = Duration::from_secs(300);
/// The one that odoo-init makes.
const DATABASE: &str = "odoo";
/// Odoo's user behind the first key: no administrator.
const LOGIN: &str = "agent";
/// The containers that go on running, each after those that it needs.
const PARTS: [&str; 4] = ["postgres", "odoo", "control-plane", "envoy"];

/// A set that works, and what is known of it.
pub(super) struct Proof<'a> {
    set: &'a Set<'a>,
    api: Api,
    first: FirstKey,
    /// Odoo's number of its user, as the gate tells it.
    uid: Value,
    /// Contacts that were made by calls through the gate.
    made: Vec<i64>,
}

impl<'a> Proof<'a> {
    /// Checks what the first start has made, and makes a user of Odoo, a key and a first call with it.
    pub(super) fn begin(set: &'a Set<'a>, state: &State) -> Result<Self> {
        let api = Api::new(&set.console_url(), &set.exec("control-plane", &["cat", "admin-token"])?);
        let settings = api.json("GET", "settings", &Value::Null)?;
        ensure!(settings.get("enforcement") == Some(&json!("secure")), "enforcement is not secure: {settings}");
        say("enforcement is `secure`");
        wait_for("an answer of Odoo through the gate", LIMIT, &mut [], || {
            let page = rest::send("GET", &format!("{}/web/health", set.gate_url()), None, None);
            Ok(page.ok().filter(|answer| answer.status == 200).map(drop))
        })?;
        let password = set.exec("odoo", &["python3", "-c", "import secrets; print(secrets.token_urlsafe(24))"])?;
        let script = format!(
            "env['res.users'].with_context(no_reset_password=True).create({{'name': 'Agent', 'login': {LOGIN:?}, 'password': \
             {password:?}, 'group_ids': [(6, 0, [env.ref('base.group_user').id, env.ref('base.group_partner_manager').id])]}})\n\
             env.cr.commit()\n"
        );
        set.tell("odoo", &["odoo", "shell", "--database=odoo", "--no-http"], &script)?;
        let upstream = Upstream { database: DATABASE, login: LOGIN, secret: &password, privileged: false };
        let first = seed::seed(state, &api, Some("compose"), &upstream, seed::TEMPLATE)?;
        let mut proof = Self { set, api, first, uid: Value::Null, made: Vec::new() };
        proof.must_work().context("the first guarded call")?;
        say(format!("the first guarded call has made contact {}", proof.made.first().context("no contact")?));
        let refused = proof.execute("unlink", &json!([proof.made]), &json!({}))?;
        ensure!(refused.get("error").is_some(), "a key that may delete nothing was answered {refused}");
        say("a call that its profile does not allow was refused");
        Ok(proof)
    }

    /// Nobody gets in with what everybody knows, and who has read the files gets in.
    pub(super) fn passwords(&self) -> Result<()> {
        let url = format!("{}/api/v1/sign-in", self.set.console_url());
        let sign_in = |password: &str| {
            let body = json!({"name": seed::ADMIN, "password": password}).to_string();
            Ok::<_, anyhow::Error>(rest::send("POST", &url, None, Some(("application/json", &body)))?.status)
        };
        let made = self.set.exec("control-plane", &["cat", "admin-password"])?;
        let (with_known, with_made) = (sign_in("admin-admin-admin")?, sign_in(&made)?);
        ensure!((with_known, with_made) == (401, 200), "the console: {with_known} and {with_made}");
        let of_odoo = self.set.exec("odoo", &["cat", "/var/lib/odoo/admin-password"])?;
        for (login, password, gets_in) in
            [("admin", "admin", false), ("demo", "demo", false), ("admin", of_odoo.as_str(), true)]
        {
            let uid = self.json_rpc("common", &json!([DATABASE, login, password]), "login")?;
            let is_in = uid.get("result").is_some_and(Value::is_number);
            ensure!(is_in == gets_in, "Odoo's {login} was answered {uid}");
        }
        let database = "! PGPASSWORD=odoo psql -h postgres -U odoo -d postgres -c 'select 1' 2>&1";
        let answer = self.set.exec("odoo", &["sh", "-c", database])?;
        ensure!(
            answer.contains("password authentication failed"),
            "PostgreSQL was asked with the password odoo: {answer}"
        );
        let master = self.set.exec("odoo", &["sed", "-n", "s/^admin_passwd = //p", "/var/lib/odoo/odoo.conf"])?;
        ensure!(master.len() > 20, "the password of Odoo's database manager is short, or not made");
        say(
            "no password that everybody knows gets in: not at the console, nor Odoo, its database manager or PostgreSQL",
        );
        Ok(())
    }

    /// The gate gets another token, and learns with it of a key that was made afterwards.
    pub(super) fn rotate_token(&mut self) -> Result<()> {
        let before = self.set.exec("envoy", &["cat", "/etc/lictor/identity/gate-token"])?;
        self.set.run_once("rotate-gate-token")?;
        let after = self.set.exec("envoy", &["cat", "/etc/lictor/identity/gate-token"])?;
        ensure!(before != after, "the gate's token is the same as before");
        let user = self.first.key.clone();
        let users = self.api.json("GET", "users?limit=1", &Value::Null)?;
        let user_id = users.pointer("/items/0/id").context("there is no user")?;
        let key = json!({"name": "after the rotation", "user_id": user_id, "profiles": [self.first.profile]});
        self.first.key = rest::text(&self.api.json("POST", "keys", &key)?, "key")?;
        ensure!(user != self.first.key, "the second key is the first");
        self.must_work().context("a key that was made after the gate's token was rotated")?;
        say("the gate has another token, and knows a key that was made since");
        Ok(())
    }

    /// One part after another.
    pub(super) fn restart_each(&mut self) -> Result<()> {
        for part in PARTS {
            let before = self.recorded()?;
            self.set.restart(part)?;
            self.must_work().with_context(|| format!("after a restart of {part}"))?;
            self.nothing_is_lost(&before)?;
            say(format!("{part} was restarted: the key works, and nothing is lost"));
        }
        Ok(())
    }

    /// All at once, and not asked to end.
    pub(super) fn kill_all(&mut self) -> Result<()> {
        let before = self.recorded()?;
        let killed = self.set.kill()?;
        say(format!("killed {killed} containers"));
        self.set.up()?;
        self.must_work().context("after all was killed")?;
        self.nothing_is_lost(&before)?;
        self.passwords()?;
        say("all was killed and started again: the key works, and nothing is lost");
        Ok(())
    }

    /// A call that makes a contact, tried until it is answered.
    fn must_work(&mut self) -> Result<()> {
        // The gate goes on without the control plane for a while, so its answer says nothing of that.
        wait_for("readiness of the control plane", LIMIT, &mut [], || {
            let ready = rest::send("GET", &format!("{}/readyz", self.set.console_url()), None, None);
            Ok(ready.ok().filter(|answer| answer.status == 200).map(drop))
        })?;
        let mut last = String::new();
        let this = &mut *self;
        let id = wait_for("an answer to a guarded call", LIMIT, &mut [], || {
            let (set_uid, answer) = match this.login().and_then(|uid| {
                this.uid = uid;
                let name = json!([{"name": format!("Contact {}", this.made.len() + 1)}]);
                this.execute("create", &name, &json!({}))
            }) {
                Ok(answer) => (true, answer),
                Err(error) => (false, json!(format!("{error:#}"))),
            };
            last = answer.to_string();
            Ok(answer.get("result").and_then(Value::as_i64).filter(|_| set_uid))
        });
        self.made.push(id.with_context(|| format!("the last answer was {last}"))?);
        Ok(())
    }

    /// The records, once those of all calls that made a contact are there: a gate that ends loses what it has not sent.
    fn recorded(&self) -> Result<BTreeSet<String>> {
        wait_for("the records of all calls", LIMIT, &mut [], || {
            let created = self.audit_ids("&method=create&outcome=allowed")?;
            Ok(Some(()).filter(|()| created.len() >= self.made.len()))
        })?;
        self.audit_ids("")
    }

    fn audit_ids(&self, of: &str) -> Result<BTreeSet<String>> {
        let page = self.api.json("GET", &format!("audit?limit=500{of}"), &Value::Null)?;
        let items = page.get("items").and_then(Value::as_array).context("the audit log has no `items`")?;
        items.iter().map(|item| rest::text(item, "id")).collect()
    }

    /// Each contact, each record and the chain over them, and the settings are there.
    fn nothing_is_lost(&self, recorded: &BTreeSet<String>) -> Result<()> {
        let read = self.execute("search_read", &json!([[["id", "in", self.made]]]), &json!({"fields": ["name"]}))?;
        let found = read.get("result").and_then(Value::as_array).map_or(0, Vec::len);
        ensure!(found == self.made.len(), "of {} contacts that were made {found} are there: {read}", self.made.len());
        let lost: Vec<_> = recorded.difference(&self.audit_ids("")?).cloned().collect();
        ensure!(lost.is_empty(), "records are gone: {lost:?}");
        self.set.exec("control-plane", &["lictor", "audit", "verify"]).context("the audit log's chain")?;
        let settings = self.api.json("GET", "settings", &Value::Null)?;
        ensure!(settings.get("enforcement") == Some(&json!("secure")), "enforcement is not secure any more");
        Ok(())
    }

    /// Odoo's number of the key's user.
    fn login(&self) -> Result<Value> {
        let FirstKey { database, login, key, .. } = &self.first;
        let answer = self.json_rpc("common", &json!([database, login, key]), "login")?;
        match answer.get("result") {
            Some(uid) if uid.is_number() => Ok(uid.clone()),
            _ => bail!("the login was answered {answer}"),
        }
    }

    fn execute(&self, method: &str, arguments: &Value, options: &Value) -> Result<Value> {
        let FirstKey { database, key, .. } = &self.first;
        let call = json!([database, self.uid, key, "res.partner", method, arguments, options]);
        self.json_rpc("object", &call, "execute_kw")
    }

    fn json_rpc(&self, service: &str, arguments: &Value, method: &str) -> Result<Value> {
        let parameters = json!({"service": service, "method": method, "args": arguments});
        let body = json!({"jsonrpc": "2.0", "method": "call", "id": 1, "params": parameters}).to_string();
        let url = format!("{}/jsonrpc", self.set.gate_url());
        let answer = rest::send("POST", &url, None, Some(("application/json", &body)))?;
        serde_json::from_str(&answer.body).with_context(|| format!("status {}: {}", answer.status, answer.body))
    }
}
