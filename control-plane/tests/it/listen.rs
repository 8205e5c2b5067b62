use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::get;
use futures_util::{StreamExt as _, stream};
use lictor_control_plane::http::listen::{Bounds, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

/// What is waited for takes milliseconds; on a machine that is busy with other tests, now and then seconds.
const PATIENCE: Duration = Duration::from_secs(20);

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

async fn listening(bounds: Bounds) -> (SocketAddr, watch::Sender<bool>, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopping) = watch::channel(false);
    let piece = || Bytes::from_static(&[b'x'; 65536]);
    let slow = move || stream::once(async move { Ok::<_, Infallible>(piece()) }).chain(stream::pending());
    let endless = move || stream::repeat_with(move || Ok::<_, Infallible>(piece()));
    let router = Router::new()
        .route("/", get(async || "hello"))
        .route("/slow", get(async move || Body::from_stream(slow())))
        .route("/endless", get(async move || Body::from_stream(endless())));
    (address, stop, tokio::spawn(serve(listener, None, router, bounds, stopping)))
}

/// Waits until a connection is answered: one before it has given its place back.
async fn there_is_room(address: SocketAddr) {
    let again = async {
        loop {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let _ = stream.write_all(REQUEST).await;
            if answer(&mut stream).await.contains("200 OK") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, again).await.unwrap();
}

/// A connection that has been answered once.
async fn asking(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(REQUEST).await.unwrap();
    assert!(timeout(PATIENCE, answer(&mut stream)).await.unwrap().contains("200 OK"));
    stream
}

async fn answer(stream: &mut TcpStream) -> String {
    let mut bytes = [0; 1024];
    let read = stream.read(&mut bytes).await.unwrap_or_default();
    String::from_utf8_lossy(&bytes[..read]).into_owned()
}

#[tokio::test]
async fn a_client_that_is_slow_with_its_headers_is_closed() {
    let bounds = Bounds { headers: Duration::from_millis(500), ..Bounds::default() };
    let (address, _stop, _serving) = listening(bounds).await;
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nhost").await.unwrap();
    assert!(!answer(&mut slow).await.contains("200 OK"));
    let mut quick = TcpStream::connect(address).await.unwrap();
    quick.write_all(REQUEST).await.unwrap();
    assert!(answer(&mut quick).await.contains("200 OK"));
}

#[tokio::test]
async fn a_slow_client_has_more_time_between_its_requests() {
    let bounds = Bounds { headers: Duration::from_secs(1), ..Bounds::default() };
    let (address, _stop, _serving) = listening(bounds).await;
    let mut client = asking(address).await;
    tokio::time::sleep(2 * bounds.headers).await;
    client.write_all(REQUEST).await.unwrap();
    assert!(answer(&mut client).await.contains("200 OK"));
    let (address, _stop, _serving) = listening(Bounds { idle: Duration::from_millis(100), ..bounds }).await;
    let mut client = asking(address).await;
    assert_eq!(answer(&mut client).await, "");
}

#[tokio::test]
async fn who_only_waits_gives_way_to_who_asks() {
    for bounds in
        [Bounds { connections: 8, ..Bounds::default() }, Bounds { connections_per_address: 8, ..Bounds::default() }]
    {
        let (address, _stop, _serving) = listening(bounds).await;
        let mut idle = asking(address).await;
        // Many silent ones, of which every other has sent a part of its headers.
        let mut silent = Vec::new();
        for number in 0..300 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            if number % 2 == 0 {
                let _ = stream.write_all(b"GET / HTTP/1.1\r\nhost").await;
            }
            silent.push(stream);
            if number % 30 == 0 {
                asking(address).await;
            }
        }
        asking(address).await;
        assert_eq!(answer(&mut idle).await, "", "it has waited longest");
        let first = timeout(PATIENCE, answer(&mut silent[0])).await.unwrap();
        assert!(!first.contains("200 OK"), "{first}");
    }
}

#[tokio::test]
async fn whoever_is_being_answered_keeps_the_place() {
    let bounds = Bounds { connections_per_address: 2, ..Bounds::default() };
    let (address, _stop, _serving) = listening(bounds).await;
    let mut busy = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        assert!(answer(&mut stream).await.contains("200 OK"));
        busy.push(stream);
    }
    let mut third = TcpStream::connect(address).await.unwrap();
    let _ = third.write_all(REQUEST).await;
    assert_eq!(timeout(PATIENCE, answer(&mut third)).await.unwrap(), "");
    drop(busy);
    there_is_room(address).await;
}

#[tokio::test]
async fn a_client_that_does_not_take_its_answer_is_closed() {
    let bounds = Bounds { write: Duration::from_millis(300), connections_per_address: 1, ..Bounds::default() };
    let (address, _stop, _serving) = listening(bounds).await;
    let mut greedy = TcpStream::connect(address).await.unwrap();
    greedy.write_all(b"GET /endless HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(answer(&mut greedy).await.contains("200 OK"));
    // The only place is free again although the client holds on to its connection.
    there_is_room(address).await;
    drop(greedy);
}

#[tokio::test]
async fn idle_connections_do_not_keep_the_service_from_ending() {
    let (address, stop, serving) = listening(Bounds::default()).await;
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(REQUEST).await.unwrap();
    assert!(answer(&mut idle).await.contains("200 OK"));
    stop.send_replace(true);
    serving.await.unwrap();
    assert_eq!(answer(&mut idle).await, "");
}
