//! Listeners that a slow or greedy client cannot use up: a bound on connections, and on the time that headers take.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

/// What a listener grants to its clients.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Connections at once; more wait to be accepted.
    pub connections: usize,
    /// How long the headers of a request may take, from the end of the request before: idle connections are closed too.
    /// The gates' Envoy should give idle ones up sooner by itself: an event must not meet the close.
    pub headers: Duration,
    /// How long a TLS handshake may take.
    pub handshake: Duration,
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

/// What connections are accepted with, if not as they come.
pub type Tls = Option<watch::Receiver<Arc<ServerConfig>>>;

impl Default for Bounds {
    fn default() -> Self {
        Self { connections: 1024, headers: Duration::from_secs(60), handshake: Duration::from_secs(10) }
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
    http.timer(TokioTimer::new()).header_read_timeout(bounds.headers);
    let places = Arc::new(Semaphore::new(bounds.connections));
    let graceful = GracefulShutdown::new();
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            _ = stopping.wait_for(|stopping| *stopping) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                refused(&error).await;
                continue;
            }
        };
        // Answers are written whole: waiting to fill a packet would only delay them.
        let _ = stream.set_nodelay(true);
        let connection =
            Connection { http: http.clone(), router: router.clone(), peer: peer.ip(), watcher: graceful.watcher() };
        let acceptor = tls.as_ref().map(|tls| TlsAcceptor::from(Arc::clone(&tls.borrow())));
        let mut news = stopping.clone();
        let stopped = async move { drop(news.wait_for(|stopping| *stopping).await) };
        tokio::spawn(async move {
            match acceptor {
                None => connection.serve(stream).await,
                Some(acceptor) => tokio::select! {
                    shaken = tokio::time::timeout(bounds.handshake, acceptor.accept(stream)) => match shaken {
                        Ok(Ok(stream)) => connection.serve(stream).await,
                        Ok(Err(error)) => tracing::debug!(%error, peer = %peer, "a TLS handshake failed"),
                        Err(_) => tracing::debug!(peer = %peer, "a TLS handshake took too long"),
                    },
                    () = stopped => {}
                },
            }
            drop(place);
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
}

impl Connection {
    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let (router, peer) = (TowerToHyperService::new(self.router), Peer(Some(self.peer)));
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(peer);
            router.call(request)
        });
        let served = self.watcher.watch(self.http.serve_connection(TokioIo::new(stream), service));
        if let Err(error) = served.await {
            tracing::debug!(%error, "a connection ended");
        }
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
