//! The program as processes, and who calls it over HTTP.

use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::iter;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use http_body_util::BodyExt as _;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use lictor_control_plane::cli::master_key;
use lictor_control_plane::secrets::random;
use lictor_control_plane::store::Database;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::odoo::StandIn;
use crate::support::{database, text};

/// A machine that is busy with other tests takes its time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A database, and what replicas of the program need to run on it.
pub(crate) struct Site {
    pub(crate) folder: PathBuf,
    pub(crate) url: String,
    odoo: String,
    pub(crate) token: String,
}

impl Site {
    /// With a master key, and nothing in the database.
    pub(crate) async fn empty() -> Self {
        let folder = std::env::temp_dir().join(format!("lictor-{}", random::id()));
        std::fs::create_dir(&folder).unwrap();
        master_key::make_master_key(&folder.join("key")).unwrap();
        let url = database(&folder).await;
        Self { folder, url, odoo: StandIn::default().start().await, token: String::new() }
    }

    pub(crate) async fn new() -> Self {
        let mut site = Self::empty().await;
        let init = site.command("init").args(["--output", "json"]).output().unwrap();
        assert!(init.status.success(), "{}", String::from_utf8_lossy(&init.stderr));
        site.token = text(&serde_json::from_slice::<Value>(&init.stdout).unwrap()["token"]);
        site
    }

    pub(crate) fn command(&self, name: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lictor"));
        command.args(["--log", "warn", name]).env("LICTOR_DATABASE_URL", &self.url);
        command.env("LICTOR_MASTER_KEY_FILE", self.folder.join("key"));
        command
    }

    pub(crate) fn replica(&self) -> Replica {
        let mut replica = Replica { api: free_address(), gate: free_address(), child: None };
        replica.start(self);
        replica
    }

    /// What a replica writes: `out` or `err`.
    fn output(&self, replica: &str, stream: &str) -> File {
        File::options().create(true).append(true).open(self.folder.join(format!("{replica}.{stream}"))).unwrap()
    }

    pub(crate) fn is_postgres(&self) -> bool {
        Database::of(&self.url).unwrap() == Database::Postgres
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// An address of this machine that nothing listens on, none twice. Its port is below the range from which the kernel takes
/// the ports of outgoing connections: one of those, of another test or to the very server that was killed, would have it
/// when the server is to start. Not where `cargo xtask` and the end-to-end tests choose theirs.
fn free_address() -> String {
    static NEXT: LazyLock<AtomicUsize> = LazyLock::new(|| AtomicUsize::new(RandomState::new().hash_one(()) as usize));
    let candidate = || 14_000 + NEXT.fetch_add(1, Ordering::Relaxed) % 6_000;
    let mut addresses = iter::from_fn(|| Some(format!("127.0.0.1:{}", candidate()))).take(6_000);
    addresses.find(|address| TcpListener::bind(address).is_ok()).unwrap()
}

pub(crate) struct Replica {
    pub(crate) api: String,
    pub(crate) gate: String,
    child: Option<Child>,
}

impl Replica {
    pub(crate) fn start(&mut self, site: &Site) {
        let mut command = site.command("serve");
        command.args(["--odoo-url", &site.odoo, "--listen", &self.api, "--gate-listen", &self.gate]);
        command.stdout(site.output(&self.api, "out")).stderr(site.output(&self.api, "err"));
        self.child = Some(command.spawn().unwrap());
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    pub(crate) fn admin(&self, site: &Site) -> Http {
        Http::new(&self.api, &site.token)
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.kill();
    }
}

#[derive(Clone)]
pub(crate) struct Http {
    client: Client<HttpConnector, Body>,
    base: String,
    pub(crate) token: String,
}

impl Http {
    pub(crate) fn new(address: &str, token: &str) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { client, base: format!("http://{address}"), token: token.to_owned() }
    }

    /// None if no whole answer came: what became of the request is not known.
    pub(crate) async fn send(&self, method: &str, path: &str, body: Value) -> Option<(u16, Value)> {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        let request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        let request = request.header(header::CONTENT_TYPE, "application/json").header(header::IF_MATCH, "*");
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let answer = self.client.request(request.body(body).unwrap()).await.ok()?;
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.ok()?.to_bytes();
        Some((status, serde_json::from_slice(&bytes).unwrap_or_default()))
    }

    /// Asks again until there is an answer other than 503.
    pub(crate) async fn insist(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let asking = async {
            loop {
                match self.send(method, path, body.clone()).await {
                    Some((503, _)) | None => sleep(Duration::from_millis(20)).await,
                    Some(answer) => return answer,
                }
            }
        };
        timeout(PATIENCE, asking).await.unwrap()
    }

    pub(crate) async fn make(&self, path: &str, body: Value) -> Value {
        let (status, made) = self.insist("POST", path, body).await;
        assert!((200..300).contains(&status), "{path}: {status} {made}");
        made
    }
}
