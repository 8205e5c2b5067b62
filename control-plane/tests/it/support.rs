//! A control plane in a directory of its own, with a stand-in for Odoo.
//!
//! Its database is a file there, or, if LICTOR_TEST_POSTGRES holds the URL of a PostgreSQL server without the name of a
//! database, a database of its own on that server. `cargo xtask test unit` runs all tests both ways.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use lictor_control_plane::api::router;
use lictor_control_plane::app::{App, Waits, first_admin};
use lictor_control_plane::clients::odoo::Odoo;
use lictor_control_plane::domain::time::Moment;
use lictor_control_plane::secrets::random;
use lictor_control_plane::secrets::vault::Vault;
use lictor_control_plane::store::{Database, Store, StoreError, engine};
use lictor_control_plane::tasks::publisher;
use lictor_policy::secret::Secret;
use lictor_policy::wire;
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _};
use tower::ServiceExt as _;

use crate::odoo::StandIn;

/// What the stand-in for Odoo takes as the secret of every login.
pub(crate) const RIGHT: &str = "right-Odoo-secret";
/// The user id it answers.
pub(crate) const UID: i64 = 7;
/// How long a request waits for the database. A service is told sooner that it is not there; a machine that runs many tests
/// at once and other things as well may only be slow.
const PATIENCE: Duration = Duration::from_secs(60);
/// When the clock of a [`Lab`] starts: 2030-01-01T00:00:00Z.
pub(crate) const START: u64 = 1_893_456_000_000_000;

/// A control plane with an administrator.
pub(crate) struct Lab {
    pub(crate) app: App,
    pub(crate) admin: Caller,
    pub(crate) clock: Arc<AtomicU64>,
    pub(crate) folder: PathBuf,
    /// Of the database.
    pub(crate) url: String,
    pub(crate) odoo: StandIn,
    /// Of PostgreSQL.
    tables: String,
    publisher: tokio::task::JoinHandle<Result<(), StoreError>>,
}

impl Lab {
    pub(crate) async fn new() -> Self {
        Self::holding(Duration::from_millis(1)).await
    }

    /// With long polls that are held so long.
    pub(crate) async fn holding(poll: Duration) -> Self {
        Self::waiting(Waits { poll, ..Waits::default() }).await
    }

    /// That waits for gates so long.
    pub(crate) async fn waiting(waits: Waits) -> Self {
        Self::with(waits, PATIENCE).await
    }

    /// That gives its database up as soon as the service does.
    pub(crate) async fn impatient(poll: Duration) -> Self {
        Self::with(Waits { poll, ..Waits::default() }, engine::ACQUIRE_TIMEOUT).await
    }

    async fn with(waits: Waits, patience: Duration) -> Self {
        let folder = std::env::temp_dir().join(format!("lictor-{}", random::id()));
        std::fs::create_dir(&folder).unwrap();
        let clock = Arc::new(AtomicU64::new(START));
        let url = database(&folder).await;
        let odoo = StandIn::default();
        let store = Store::open_with(&url, patience).await.unwrap();
        let tables = if store.database() == Database::Postgres { tables(&url).await } else { String::new() };
        let app = Self::app(store, &clock, waits, &odoo).await;
        let admin = first_admin::first_admin(&app).await.unwrap().unwrap();
        let publisher = tokio::spawn(publisher::run(app.clone()));
        let admin = Caller { router: router::api(&app), token: admin.token.expose().to_owned() };
        Self { app, admin, clock, folder, url, odoo, tables, publisher }
    }

    pub(crate) async fn open(url: &str, clock: &Arc<AtomicU64>, waits: Waits, odoo: &StandIn) -> App {
        Self::app(Store::open_with(url, PATIENCE).await.unwrap(), clock, waits, odoo).await
    }

    async fn app(store: Store, clock: &Arc<AtomicU64>, waits: Waits, odoo: &StandIn) -> App {
        let tell = Arc::clone(clock);
        let time = Arc::new(move || Moment(tell.load(Ordering::Relaxed)));
        App::with(store, vault(), Odoo::at(&odoo.start().await).unwrap(), time, waits).await.unwrap()
    }

    /// What a service that is started on the same database keeps, which publishes nothing.
    pub(crate) async fn restarted(&self) -> App {
        Self::open(&self.url, &self.clock, self.app.waits, &self.odoo).await
    }

    /// The slots of the keys that gates have, by their ids.
    pub(crate) async fn slots(&self) -> BTreeMap<String, u64> {
        let policy = self.policy(self.revision().await).await;
        let keys = policy["keys"].as_array().unwrap().iter();
        keys.map(|key| &key["record"]).map(|key| (text(&key["id"]), key["slot"].as_u64().unwrap())).collect()
    }

    /// Moves the clock on.
    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }

    /// An account's token with a role.
    pub(crate) async fn caller(&self, role: &str) -> Caller {
        let account = json!({"name": random::id(), "role": role});
        let account = self.admin.post("/api/v1/accounts", account).await.json;
        let token = json!({"account_id": account["id"], "name": "t", "role": role});
        let token = self.admin.post("/api/v1/tokens", token).await.json;
        Caller { router: self.admin.router.clone(), token: text(&token["token"]) }
    }

    /// A gate: its id and who may call as it.
    pub(crate) async fn gate(&self) -> (String, Caller) {
        let gate = self.admin.post("/api/v1/gates", json!({"name": random::id()})).await.json;
        (text(&gate["id"]), Caller { router: router::gate(&self.app), token: text(&gate["token"]) })
    }

    /// The id of a new user.
    pub(crate) async fn user(&self) -> String {
        text(&self.admin.post("/api/v1/users", user_body()).await.json["id"])
    }

    /// A new key of a new user.
    pub(crate) async fn key(&self) -> Value {
        let user = self.user().await;
        self.admin.post("/api/v1/keys", json!({"name": "k", "user_id": user})).await.json
    }

    /// Runs a job now, and answers how it ended.
    pub(crate) async fn run(&self, job: &str) -> Value {
        let answer = self.admin.post(&format!("/api/v1/jobs/{job}/run"), json!({})).await;
        assert!(answer.status.is_success(), "{}", answer.text);
        // A slow machine answers before the run has ended.
        self.app.runs.ended().await;
        self.admin.get(&format!("/api/v1/jobs/{job}")).await.json
    }

    /// The policy that a gate without one gets, of this revision or a later one.
    pub(crate) async fn policy(&self, revision: u64) -> Value {
        let mut policies = self.app.publisher.subscribe();
        let policy = policies.wait_for(|policy| policy.as_ref().is_some_and(|policy| policy.revision.0 >= revision));
        let policy = tokio::time::timeout(Duration::from_secs(60), policy).await.unwrap().unwrap();
        serde_json::from_slice(&policy.as_ref().unwrap().json().unwrap().unwrap()).unwrap()
    }

    /// The last revision in the database.
    pub(crate) async fn revision(&self) -> u64 {
        let row: i64 = self.number("SELECT revision FROM meta").await;
        u64::try_from(row).unwrap()
    }

    /// A number that the database knows.
    pub(crate) async fn number(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&mut *self.app.store.read().await.unwrap()).await.unwrap()
    }

    /// Does something to the database that the service would not do.
    pub(crate) async fn tamper(&self, sql: impl Into<String>) {
        let mut tx = self.app.store.write().await.unwrap();
        if self.app.store.database() == Database::Postgres {
            // What alters a table waits for whoever reads it, which takes its time on a busy machine.
            sqlx::query("SET LOCAL lock_timeout = 0").execute(&mut *tx).await.unwrap();
        }
        sqlx::query(sqlx::AssertSqlSafe(sql.into())).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// The same, and has it accepted: as if the service had done it.
    pub(crate) async fn edit(&self, sql: impl Into<String>) {
        self.tamper(sql).await;
        self.app.store.accept_rows().await.unwrap();
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.publisher.abort();
        let _ = std::fs::remove_dir_all(&self.folder);
        if self.app.store.database() == Database::Postgres {
            give_back(&self.url, &self.tables);
        }
    }
}

/// The master key of every [`Lab`].
pub(crate) fn vault() -> Vault {
    Vault::parse(&Secret::new("ab".repeat(32))).unwrap()
}

/// Databases of the PostgreSQL server that no test uses now: emptying one is quick, making its tables is not.
static FREE: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Tells a database with the tables of this version from one that a test has altered.
const TABLES: &str = "SELECT md5(concat( \
    (SELECT string_agg(concat(attrelid::regclass, attname, atttypid), ',' ORDER BY attrelid, attnum) FROM pg_attribute \
     JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace AND NOT attisdropped), \
    (SELECT string_agg(tgname, ',') FROM pg_trigger WHERE NOT tgisinternal), \
    (SELECT string_agg(version::text, ',') FROM _sqlx_migrations)))";
/// Whoever is still connected is sent away; whether a row has what it refers to is of no interest on the way.
const EMPTY: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
    WHERE datname = current_database() AND pid <> pg_backend_pid(); \
    DO $$ DECLARE name text; BEGIN \
        PERFORM set_config('session_replication_role', 'replica', true); \
        FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> '_sqlx_migrations' LOOP \
            IF pg_relation_size(name::regclass) > 1000000 THEN EXECUTE format('TRUNCATE %I CASCADE', name); \
            ELSE EXECUTE format('DELETE FROM %I', name); END IF; \
        END LOOP; \
    END $$";

/// The URL of a database without rows.
pub(crate) async fn database(folder: &Path) -> String {
    let Ok(server) = std::env::var("LICTOR_TEST_POSTGRES") else {
        return format!("sqlite://{}/lictor.db", folder.display());
    };
    let free = FREE.lock().unwrap().pop();
    if let Some(url) = free {
        return url;
    }
    let name = format!("lab_{}", random::id().replace('-', ""));
    let mut connection = sqlx::PgConnection::connect(&format!("{server}/postgres")).await.unwrap();
    connection.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    format!("{server}/{name}")
}

/// The tables of a database that a store has just opened.
async fn tables(url: &str) -> String {
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    sqlx::query_scalar(TABLES).fetch_one(&mut connection).await.unwrap()
}

/// Empties a database and keeps it for another test, if it has the tables with which it was opened. In a thread of its own,
/// as a destructor cannot wait.
fn give_back(url: &str, opened_with: &str) {
    let is_as_before = std::thread::scope(|scope| {
        let emptied = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let is_as_before = tables(url).await == opened_with;
                if is_as_before {
                    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
                    connection.execute(sqlx::raw_sql(EMPTY)).await.unwrap();
                }
                is_as_before
            })
        });
        emptied.join().unwrap()
    });
    if is_as_before {
        FREE.lock().unwrap().push(url.to_owned());
    }
}

/// Somebody with a token.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) router: Router,
    pub(crate) token: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
    pub(crate) text: String,
    /// Null if the body is not JSON.
    pub(crate) json: Value,
}

impl Answer {
    /// The stable code of a problem and the field it names.
    pub(crate) fn problem(&self) -> (u16, &str, &str) {
        let field = |name: &str| self.json[name].as_str().unwrap_or_default();
        (self.status.as_u16(), field("code"), field("field"))
    }

    pub(crate) fn etag(&self) -> String {
        self.headers[header::ETAG].to_str().unwrap().to_owned()
    }
}

/// The path of a request whose test is not about names of models: any is taken.
fn with_any_names(path: &str) -> String {
    let names = |noun: &str| path.strip_prefix("/api/v1/")?.strip_prefix(noun).map(|rest| rest.matches('/').count());
    let is_named = names("permissions/") == Some(0) || path.contains("/permissions/");
    let is_record = names("keys").is_some_and(|parts| parts < 2) || names("settings").is_some();
    if (is_named || is_record) && !path.contains('?') { format!("{path}?unknown=allow") } else { path.to_owned() }
}

/// What an edit says whose test is not about two who edit at once.
const WHATEVER_IT_IS: (&str, &str) = ("if-match", "*");

impl Caller {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None, &[]).await
    }
    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None, &[WHATEVER_IT_IS]).await
    }
    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", &with_any_names(path), Some(body.to_string()), &[]).await
    }
    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send("PUT", &with_any_names(path), Some(body.to_string()), &[WHATEVER_IT_IS]).await
    }
    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send("PATCH", &with_any_names(path), Some(body.to_string()), &[WHATEVER_IT_IS]).await
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<String>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !self.token.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        }
        if body.is_some() && headers.iter().all(|(name, _)| *name != "content-type") {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = request.body(body.map_or(Body::empty(), Body::from)).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let json = serde_json::from_str(&text).unwrap_or_default();
        let answer = Answer { status, headers, bytes: bytes.into(), text, json };
        crate::openapi::check(method, path, &answer);
        answer
    }
}

/// An event of a call at [`START`] and as many microseconds as its sequence says, with these fields.
pub(crate) fn event(sequence: u64, fields: Value) -> Value {
    let mut event = json!({"sequence": sequence, "at": START + sequence, "decision_id": "d", "client_ip": "192.0.2.1",
        "road": "/xmlrpc/2/mcp", "outcome": "allowed", "gate_us": 1, "odoo_us": 2, "request_bytes": 3,
        "response_bytes": 4});
    event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    event
}

/// Sends events as a gate does.
pub(crate) async fn send(gate: &Caller, boot: &str, events: Vec<Value>) -> Value {
    let answer = gate.post(wire::EVENTS_PATH, json!({"version": wire::VERSION, "boot": boot, "events": events})).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json
}

/// A user that Odoo knows.
pub(crate) fn user_body() -> Value {
    json!({"name": "Ada", "email": "ada@example.com", "groups": ["sales"],
           "upstream": {"database": "odoo", "login": "ada", "secret": RIGHT}})
}

/// The text in a JSON value.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
