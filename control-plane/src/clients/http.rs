//! The one HTTP client: HTTP/1.1, over TLS where the URL is https, and nothing is waited for without an end.

use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use axum::body::{Body, Bytes};
use axum::http::{Request, Response};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::{Instant, timeout_at};

/// How long a TCP connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no answer. Holds nothing of what was answered.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The deadline has passed.
    #[error("it took too long")]
    Timeout,
    /// There was no connection, or it broke before an answer began.
    #[error("the connection failed")]
    Connection(#[from] legacy::Error),
    /// The body broke off, or is longer than it may be.
    #[error("its answer is cut off or too long")]
    Body,
}

/// Sends requests, and keeps connections for the next ones.
pub struct Client(legacy::Client<HttpsConnector<HttpConnector>, Body>);

impl Client {
    /// Trusts the certificate authorities of the machine.
    ///
    /// # Errors
    /// The machine has none.
    pub fn with_native_roots() -> io::Result<Self> {
        Ok(Self::new(ClientConfig::builder().with_native_roots()?.with_no_client_auth()))
    }

    /// Trusts the certificate authorities in a file in PEM.
    ///
    /// # Errors
    /// The file cannot be read, or holds something else, or nothing.
    pub fn with_roots_in(file: &Path) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&fs::read(file)?) {
            let certificate = certificate.map_err(|_| io::Error::other("it is not PEM"))?;
            let other = |_| io::Error::other("it holds what is not the certificate of an authority");
            roots.add(certificate).map_err(other)?;
        }
        if roots.is_empty() {
            return Err(io::Error::other("it holds no certificate"));
        }
        Ok(Self::with_roots(roots))
    }

    /// Trusts nobody: http works, and every https URL fails.
    pub fn without_roots() -> Self {
        Self::with_roots(RootCertStore::empty())
    }

    fn with_roots(roots: RootCertStore) -> Self {
        Self::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
    }

    fn new(tls: ClientConfig) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        Self(legacy::Client::builder(TokioExecutor::new()).build(connector.wrap_connector(tcp)))
    }

    /// Sends a request and waits for the head of the answer, whatever its status. Follows no redirects.
    pub async fn send(&self, request: Request<Body>, deadline: Instant) -> Result<Response<Incoming>, HttpError> {
        Ok(timeout_at(deadline, self.0.request(request)).await.map_err(|_| HttpError::Timeout)??)
    }
}

/// Reads a body of at most `limit` bytes.
pub async fn read(body: Incoming, limit: usize, deadline: Instant) -> Result<Bytes, HttpError> {
    let body = timeout_at(deadline, Limited::new(body, limit).collect()).await.map_err(|_| HttpError::Timeout)?;
    Ok(body.map_err(|_| HttpError::Body)?.to_bytes())
}
