//! Listeners that a slow or greedy client cannot use up: each address has few connections, those that only wait give way,
//! and headers, bodies and answers have their time.

pub mod places;
pub mod timely;

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use places::{Answering, Place, Places};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use crate::http::listen::timely::Timely;

/// How often it is logged that connections are refused.
const WARN_INTERVAL: Duration = Duration::from_secs(60);

/// The bounds that a listener sets its clients.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Connections at once. For one more, that which has waited longest for its client is closed; if all are being answered,
    /// the new one is.
    pub connections: usize,
    /// The same for the connections of one address, or of one network of 64 bits of IPv6.
    pub connections_per_address: usize,
    /// How long the first headers of a connection may take, the TLS handshake included.
    pub headers: Duration,
    /// How long the headers of a later request may take, from the end of the request before. The gates' Envoy should give
    /// idle connections up sooner by itself: an event must not meet the close.
    pub idle: Duration,
    /// How long a client may take nothing of what it is sent.
    pub write: Duration,
}

/// The address of the connection that a request came on; none where there is no connection, as in tests.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub Option<IpAddr>);

impl Peer {
    /// For a record.
    pub fn text(self) -> Option<String> {
        self.0.map(|address| address.to_canonical().to_string())
    }
}

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().copied().unwrap_or(Self(None)))
    }
}

/// The TLS configuration that connections are accepted with, if not in clear text.
pub type Tls = Option<watch::Receiver<Arc<ServerConfig>>>;

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 1024,
            connections_per_address: 64,
            headers: Duration::from_secs(5),
            idle: Duration::from_secs(60),
            write: Duration::from_secs(30),
        }
    }
}

/// Serves until the service is to end; then finishes the requests that are under way.
pub async fn serve(
    listener: TcpListener,
    tls: Tls,
    router: Router,
    bounds: Bounds,
    mut stopping: watch::Receiver<bool>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(bounds.idle);
    let places = Places::new(bounds.connections, bounds.connections_per_address);
    let graceful = GracefulShutdown::new();
    let mut warned: Option<Instant> = None;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.wait_for(|stopping| *stopping) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                refused(&error).await;
                continue;
            }
        };
        let Some(place) = places.take(peer.ip()) else {
            if warned.is_none_or(|last| last.elapsed() >= WARN_INTERVAL) {
                warned = Some(Instant::now());
                tracing::warn!(peer = %peer.ip(), "connections are refused: as many as may be are being answered");
            }
            continue;
        };
        // Answers are written whole: waiting to fill a packet would only delay them.
        let _ = stream.set_nodelay(true);
        let stream = Timely::new(stream, bounds.write);
        let (place, asked) = (Arc::new(place), Arc::new(Notify::new()));
        let connection = Connection {
            http: http.clone(),
            router: router.clone(),
            peer: peer.ip(),
            watcher: graceful.watcher(),
            place: Arc::clone(&place),
            asked: Arc::clone(&asked),
        };
        let acceptor = tls.as_ref().map(|tls| TlsAcceptor::from(Arc::clone(&tls.borrow())));
        let mut stop = stopping.clone();
        let stopped = async move { drop(stop.wait_for(|stopping| *stopping).await) };
        tokio::spawn(async move {
            let served = async {
                match acceptor {
                    None => connection.serve(stream).await,
                    Some(acceptor) => tokio::select! {
                        shaken = acceptor.accept(stream) => match shaken {
                            Ok(stream) => connection.serve(stream).await,
                            Err(error) => tracing::debug!(%error, peer = %peer, "a TLS handshake failed"),
                        },
                        () = stopped => {}
                    },
                }
            };
            let too_slow = async {
                if tokio::time::timeout(bounds.headers, asked.notified()).await.is_ok() {
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                () = served => {}
                () = too_slow => tracing::debug!(peer = %peer, "a connection is closed: it asked for nothing in time"),
                () = place.given_away() => tracing::debug!(peer = %peer, "a connection that waited gives its place away"),
            }
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

/// A connection that was accepted.
struct Connection {
    http: http1::Builder,
    router: Router,
    peer: IpAddr,
    watcher: Watcher,
    place: Arc<Place>,
    /// Told at each request: only the first is waited for.
    asked: Arc<Notify>,
}

impl Connection {
    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let Self { http, router, peer, watcher, place, asked } = self;
        let (router, peer) = (TowerToHyperService::new(router), Peer(Some(peer)));
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            asked.notify_one();
            let answering = place.answering();
            request.extensions_mut().insert(peer);
            let answer = router.call(request);
            async move { answer.await.map(|answer| answer.map(|body| Answer { body, _answering: answering })) }
        });
        let served = watcher.watch(http.serve_connection(TokioIo::new(stream), service));
        if let Err(error) = served.await {
            tracing::debug!(%error, "a connection ended");
        }
    }
}

/// The body of an answer: until all of it is handed over, its connection keeps its place.
struct Answer {
    body: Body,
    _answering: Answering,
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Out of file descriptors, mostly: waits for some to be closed. A client that went away is no reason to wait.
async fn refused(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        return;
    }
    tracing::error!(%error, "a connection could not be accepted");
    tokio::time::sleep(Duration::from_secs(1)).await;
}
