//! The program itself, as processes over HTTP: replicas that hear of each other, and kills in the middle of writes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lictor_control_plane::secrets::random;
use lictor_control_plane::store::Store;
use lictor_policy::wire;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use crate::replica::{Http, PATIENCE, Replica, Site};
use crate::support::{event, text, user_body};

/// Policies that go from one replica to a gate at another.
const CHANGES: u64 = 10;
/// Asks for the next policy once, as a gate that has this one.
async fn poll(gate: &Http, epoch: &Value, since: &Value) -> Value {
    let epoch = epoch.as_str().unwrap_or_default();
    let path = format!("{}?epoch={epoch}&since={}", wire::POLICY_PATH, since.as_u64().unwrap_or_default());
    gate.insist("GET", &path, Value::Null).await.1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_at_one_replica_reaches_a_gate_at_another_which_takes_over_when_the_first_is_killed() {
    let site = Site::new().await;
    if !site.is_postgres() {
        return; // SQLite has one process.
    }
    let (mut first, second) = (site.replica(), site.replica());
    let admin = first.admin(&site);
    let token = text(&admin.make("/api/v1/gates", json!({"name": "edge"})).await["token"]);
    let (here, there) = (Http::new(&first.gate, &token), Http::new(&second.gate, &token));
    let mut has = poll(&there, &Value::Null, &Value::Null).await;
    // The second replica may have published before the gate was made.
    while has["revision"].as_u64().is_none_or(|revision| revision < 2) {
        let policy = poll(&there, &has["epoch"], &has["revision"]).await;
        has = policy;
    }
    let mut waited = Duration::ZERO;
    for n in 0..CHANGES {
        let model = format!("model.n{n}");
        let hanging = tokio::spawn({
            let (there, epoch, since) = (there.clone(), has["epoch"].clone(), has["revision"].clone());
            async move { (poll(&there, &epoch, &since).await, Instant::now()) }
        });
        sleep(Duration::from_millis(100)).await;
        admin.insist("PUT", &format!("/api/v1/permissions/{model}?unknown=allow"), json!({})).await;
        let changed = Instant::now();
        let (policy, heard) = timeout(PATIENCE, hanging).await.unwrap().unwrap();
        assert!(policy["permissions"].to_string().contains(&model), "{policy}");
        waited += heard.saturating_duration_since(changed);
        has = policy;
    }
    println!("{CHANGES} changes at one replica reached a gate at another within {waited:?} together");
    // A replica that is not told looks once a second. One change may be slow on a machine that is busy with other tests.
    assert!(waited < Duration::from_secs(CHANGES) / 2, "{waited:?}");

    // The gate runs what the second replica gives it, and the first knows that.
    let following = tokio::spawn({
        let (there, mut has) = (there.clone(), has.clone());
        async move {
            loop {
                let policy = poll(&there, &has["epoch"], &has["revision"]).await;
                if policy["revision"].is_u64() {
                    has = policy;
                }
            }
        }
    });
    let order = json!({"reason": "a test", "confirm": "REVOKE ALL KEYS"});
    let known = async {
        loop {
            let report = admin.make("/api/v1/emergency-revocation", order.clone()).await;
            assert_eq!(report["gates"][0]["name"], "edge");
            // Each waits for a second, in which a machine that is busy with other tests may not come to it.
            if report["gates"][0]["acknowledged"] == true {
                return;
            }
        }
    };
    timeout(PATIENCE, known).await.unwrap();
    following.abort();

    first.kill();
    assert!(here.send("GET", "/healthz", Value::Null).await.is_none());
    let admin = second.admin(&site);
    assert_eq!(admin.insist("PUT", "/api/v1/permissions/model.after?unknown=allow", json!({})).await.0, 201);
    let follows = async {
        let mut has = poll(&there, &Value::Null, &Value::Null).await;
        while !has["permissions"].to_string().contains("model.after") {
            let policy = poll(&there, &has["epoch"], &has["revision"]).await;
            has = policy;
        }
    };
    timeout(PATIENCE, follows).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_services_that_start_at_once_on_an_empty_database_postgresql_serves_all_and_a_file_one() {
    const REPLICAS: usize = 4;
    let mut site = Site::empty().await;
    let mut replicas: Vec<_> = (0..REPLICAS).map(|_| site.replica()).collect();
    if !site.is_postgres() {
        let all_but_one_end = async {
            while replicas.iter_mut().map(Replica::is_running).filter(|runs| *runs).count() > 1 {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, all_but_one_end).await.unwrap();
        let ended: Vec<_> = replicas.extract_if(.., |replica| !replica.is_running()).collect();
        assert_eq!(replicas.len(), 1);
        for replica in ended {
            let said = std::fs::read_to_string(site.folder.join(format!("{}.err", replica.api))).unwrap();
            assert!(said.contains("another service has the database: several need PostgreSQL"), "{said}");
        }
    }
    for replica in &replicas {
        assert_eq!(replica.admin(&site).insist("GET", "/readyz", Value::Null).await.0, 200);
    }
    // One of them has made the administrator, whom all let in.
    let said = |replica: &Replica| std::fs::read_to_string(site.folder.join(format!("{}.out", replica.api))).unwrap();
    let said: String = replicas.iter().map(said).collect();
    let [token] = said.lines().filter_map(|line| line.rsplit_once(": ")).collect::<Vec<_>>().try_into().unwrap();
    site.token = token.1.to_owned();
    for (number, replica) in replicas.iter().enumerate() {
        let path = format!("/api/v1/permissions/model.n{number}?unknown=allow");
        assert_eq!(replica.admin(&site).insist("PUT", &path, json!({})).await.0, 201);
    }
    let shown = replicas[0].admin(&site).insist("GET", "/api/v1/permissions", Value::Null).await.1;
    assert_eq!(shown["items"].as_array().unwrap().len(), replicas.len());
}

/// What one writer knows of what it wrote.
#[derive(Default)]
struct Written {
    permissions: Vec<String>,
    keys: BTreeMap<String, String>,
    batches: Vec<String>,
    /// The last name of the writer's own key that was acknowledged, as a number.
    renamed: usize,
}

const WRITES: usize = 400;
const WRITERS: usize = 4;
const EVENTS: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_in_the_middle_of_writes_loses_nothing_acknowledged_and_leaves_nothing_half_done() {
    let site = Site::new().await;
    let mut replica = site.replica();
    let admin = replica.admin(&site);
    let user = text(&admin.make("/api/v1/users", user_body()).await["id"]);
    let gate = text(&admin.make("/api/v1/gates", json!({"name": "g"})).await["token"]);
    let gate = Http::new(&replica.gate, &gate);
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let all: Arc<Mutex<Vec<(String, Written)>>> = Arc::default();
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let own = text(&admin.make("/api/v1/keys", json!({"name": "0", "user_id": user})).await["id"]);
        let (admin, gate, user) = (admin.clone(), gate.clone(), user.clone());
        let (acknowledged, all) = (Arc::clone(&acknowledged), Arc::clone(&all));
        writers.spawn(async move {
            let mut written = Written::default();
            let mut n = 0;
            while acknowledged.load(Ordering::Relaxed) < WRITES {
                n += 1;
                let name = format!("w{writer}.n{n}");
                let done = match n % 4 {
                    0 => {
                        let answer =
                            admin.send("PUT", &format!("/api/v1/permissions/{name}?unknown=allow"), json!({})).await;
                        let done = answer.is_some_and(|(status, _)| status == 201);
                        written.permissions.extend(done.then_some(name));
                        done
                    }
                    1 => {
                        let body = json!({"name": name, "user_id": user});
                        let answer = admin.send("POST", "/api/v1/keys", body).await;
                        let made = answer.filter(|(status, _)| *status == 201).map(|(_, made)| text(&made["id"]));
                        made.map(|id| written.keys.insert(id, name)).is_some()
                    }
                    2 => {
                        let answer =
                            admin.send("PATCH", &format!("/api/v1/keys/{own}"), json!({"name": n.to_string()})).await;
                        let done = answer.is_some_and(|(status, _)| status == 200);
                        written.renamed = if done { n } else { written.renamed };
                        done
                    }
                    _ => {
                        // As a gate does: the same batch again until it is acknowledged.
                        let fields = json!({"key_id": own, "session": name});
                        let events: Vec<_> = (0..EVENTS).map(|at| event(at as u64, fields.clone())).collect();
                        let batch = json!({"version": wire::VERSION, "boot": name, "events": events});
                        let (status, answer) = gate.insist("POST", wire::EVENTS_PATH, batch).await;
                        assert_eq!(status, 200, "{answer}");
                        written.batches.push(name);
                        true
                    }
                };
                if done {
                    acknowledged.fetch_add(1, Ordering::Relaxed);
                } else {
                    sleep(Duration::from_millis(20)).await;
                }
            }
            all.lock().unwrap().push((own, written));
        });
    }
    let mut kills = 0;
    while acknowledged.load(Ordering::Relaxed) < WRITES * 9 / 10 {
        let [more, late] = random::bytes::<2>().unwrap();
        let at = (acknowledged.load(Ordering::Relaxed) + 20 + usize::from(more) / 8).min(WRITES * 9 / 10);
        let writing = async {
            while acknowledged.load(Ordering::Relaxed) < at {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE, writing).await.unwrap();
        sleep(Duration::from_micros(u64::from(late) * 50)).await;
        replica.kill();
        kills += 1;
        replica.start(&site);
    }
    while let Some(ended) = timeout(PATIENCE, writers.join_next()).await.unwrap() {
        ended.unwrap();
    }
    assert!(kills >= 5, "{kills}");

    let all = std::mem::take(&mut *all.lock().unwrap());
    let mut batches = 0;
    for (own, written) in &all {
        for model in &written.permissions {
            assert_eq!(
                admin.insist("GET", &format!("/api/v1/permissions/{model}"), Value::Null).await.0,
                200,
                "{model}"
            );
        }
        for (id, name) in &written.keys {
            let (status, key) = admin.insist("GET", &format!("/api/v1/keys/{id}"), Value::Null).await;
            assert_eq!((status, &key["name"]), (200, &json!(name)));
        }
        let name = text(&admin.insist("GET", &format!("/api/v1/keys/{own}"), Value::Null).await.1["name"]);
        assert!(name.parse::<usize>().unwrap() >= written.renamed, "{name} after {}", written.renamed);
        batches += written.batches.len();
        for session in &written.batches {
            let (_, found) = admin.insist("GET", &format!("/api/v1/sessions/{session}"), Value::Null).await;
            assert_eq!(found["requests"], json!(EVENTS), "{session}");
        }
    }
    replica.kill();
    let store = Store::open(&site.url).await.unwrap();
    let number = async |sql: &'static str| -> i64 {
        sqlx::query_scalar(sql).fetch_one(&mut *store.read().await.unwrap()).await.unwrap()
    };
    assert_eq!(number("SELECT COUNT(*) FROM audit").await, i64::try_from(batches * EVENTS).unwrap());
    let revisions = number("SELECT revision FROM meta").await;
    assert_eq!(number("SELECT COUNT(*) FROM admin_audit WHERE revision IS NOT NULL").await, revisions);
    assert_eq!(number("SELECT COUNT(*) FROM keys WHERE changed > (SELECT revision FROM meta)").await, 0);
    store.close().await;
    println!("{} writes were acknowledged over {kills} kills; none is missing", acknowledged.load(Ordering::Relaxed));
}
