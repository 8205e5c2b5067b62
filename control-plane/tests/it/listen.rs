use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use lictor_control_plane::listen::{Bounds, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

async fn listening(bounds: Bounds) -> (SocketAddr, watch::Sender<bool>, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopping) = watch::channel(false);
    let router = Router::new().route("/", get(async || "hello"));
    (address, stop, tokio::spawn(serve(listener, None, router, bounds, stopping)))
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
async fn more_connections_than_there_are_places_wait_for_one() {
    let (address, _stop, _serving) = listening(Bounds { connections: 1, ..Bounds::default() }).await;
    let mut first = TcpStream::connect(address).await.unwrap();
    first.write_all(REQUEST).await.unwrap();
    assert!(answer(&mut first).await.contains("200 OK"));
    let mut second = TcpStream::connect(address).await.unwrap();
    second.write_all(REQUEST).await.unwrap();
    let waiting = tokio::time::timeout(Duration::from_millis(50), answer(&mut second)).await;
    assert!(waiting.is_err(), "the only place is taken");
    drop(first);
    assert!(answer(&mut second).await.contains("200 OK"));
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
