//! TLS for the listeners: the certificate and its key from files, read anew when they change.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::sync::watch;

/// How often the files are looked at.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// The files of a listener, in PEM.
#[derive(Clone, Debug)]
pub struct Files {
    /// The certificate, and those between it and its authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The authorities of clients: only those with a certificate of theirs get in.
    pub client_ca: Option<PathBuf>,
}

/// A file that cannot be read or used.
#[derive(Debug, thiserror::Error)]
#[error("{option} {}: {why}", path.display())]
pub struct BadFile {
    option: &'static str,
    path: PathBuf,
    why: String,
}

/// The option that names a file, and its path.
type File<'a> = (&'static str, &'a Path);

/// The contents of the files.
#[derive(PartialEq, Eq)]
struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

/// The TLS configuration of a listener: always that of the files that were read last and fit together.
pub struct Tls {
    files: Files,
    contents: Contents,
    current: watch::Sender<Arc<ServerConfig>>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// The file that cannot be read or used.
    pub fn load(files: Files) -> Result<Self, BadFile> {
        let contents = files.read()?;
        let current = watch::Sender::new(Arc::new(files.configure(&contents)?));
        Ok(Self { files, contents, current })
    }

    /// The configuration for new connections.
    pub fn subscribe(&self) -> watch::Receiver<Arc<ServerConfig>> {
        self.current.subscribe()
    }

    /// Looks at the files for ever. Files that do not fit together, as when only one of them is renewed yet, change
    /// nothing.
    pub async fn keep_current(mut self) {
        loop {
            tokio::time::sleep(CHECK_INTERVAL).await;
            self.look();
        }
    }

    fn look(&mut self) {
        let contents = match self.files.read() {
            Ok(contents) if contents == self.contents => return,
            Ok(contents) => contents,
            Err(error) => return tracing::warn!(%error, "the certificate stays as it is"),
        };
        match self.files.configure(&contents) {
            Ok(config) => {
                self.current.send_replace(Arc::new(config));
                tracing::info!(path = %self.files.certificate.display(), "new connections get the new certificate");
            }
            Err(error) => tracing::warn!(%error, "the certificate stays as it is"),
        }
        // Whether they could be used or not: the next look is for what changes after this.
        self.contents = contents;
    }
}

impl Files {
    fn read(&self) -> Result<Contents, BadFile> {
        let read = |(option, path): File| std::fs::read(path).map_err(|error| BadFile::new((option, path), error));
        Ok(Contents {
            certificate: read(self.certificate())?,
            key: read(self.key())?,
            client_ca: self.client_ca().map(read).transpose()?,
        })
    }

    fn configure(&self, contents: &Contents) -> Result<ServerConfig, BadFile> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let chain = certificates(self.certificate(), &contents.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(&contents.key)
            .map_err(|_| BadFile::new(self.key(), "there is no private key in PEM in it"))?;
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|error| BadFile::new(self.certificate(), error))?;
        let builder = match contents.client_ca.as_ref().zip(self.client_ca()) {
            Some((pem, file)) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(file, pem)? {
                    roots.add(certificate).map_err(|error| BadFile::new(file, error))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                builder.with_client_cert_verifier(verifier.map_err(|error| BadFile::new(file, error))?)
            }
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(|error| {
            let certificate = self.certificate.display();
            BadFile::new(self.key(), format!("it does not go with --tls-certificate {certificate}: {error}"))
        })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    fn certificate(&self) -> File<'_> {
        ("--tls-certificate", &self.certificate)
    }

    fn key(&self) -> File<'_> {
        ("--tls-key", &self.key)
    }

    fn client_ca(&self) -> Option<File<'_>> {
        self.client_ca.as_deref().map(|path| ("--gate-client-ca", path))
    }
}

impl BadFile {
    fn new((option, path): File, why: impl ToString) -> Self {
        Self { option, path: path.to_owned(), why: why.to_string() }
    }
}

fn certificates(file: File, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, BadFile> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let read = read.ok().filter(|certificates| !certificates.is_empty());
    read.ok_or_else(|| BadFile::new(file, "there is no certificate in PEM in it"))
}
