//! Mail, over SMTP.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::ValueEnum;
use lettre::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Code;
use lictor_policy::secret::Secret;

use crate::clients::delivery::Failure;
use crate::clients::mail::Page;
use crate::domain::message::Message;
use crate::domain::time::Moment;

/// How long connecting and sending may each take.
const PHASE_TIMEOUT: Duration = Duration::from_secs(15);

/// The SMTP server, and as whom mail is sent.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its name.
    pub host: String,
    /// Its port; by default the usual one of `tls`.
    pub port: Option<u16>,
    /// How the connection is encrypted.
    pub tls: SmtpTls,
    /// The address that mail comes from.
    pub from: String,
    /// The user to sign in as.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<Secret>,
}

/// How the connection to the SMTP server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SmtpTls {
    /// By STARTTLS: a server that does not offer it gets nothing.
    Starttls,
    /// From the first byte.
    Implicit,
    /// Not at all: for a server on the same machine.
    None,
}

/// Why mail cannot be sent as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    /// Not a sender.
    #[error("--smtp-from: write an address such as lictor@example.com or Lictor <lictor@example.com>")]
    From,
    /// A user without a password, or a password without a user.
    #[error("--smtp-user and a password (--smtp-password-file or LICTOR_SMTP_PASSWORD) go together")]
    Credentials,
    /// A password without TLS.
    #[error("--smtp-tls none sends no password: remove --smtp-user, or use starttls or implicit")]
    PasswordInTheClear,
    /// A file without certificates.
    #[error("--smtp-ca-file: it must hold certificates in PEM")]
    Ca,
    /// TLS.
    #[error("TLS for SMTP cannot be used: {0}")]
    Tls(SmtpError),
}

/// The way to the SMTP server.
pub struct Mailer {
    server: (String, u16),
    tls: Option<(SmtpTls, TlsParameters)>,
    credentials: Option<Credentials>,
    from: Mailbox,
    hello: ClientId,
}

impl Mailer {
    /// Prepares to send mail; talks to nobody yet. `ca` is PEM, trusted in the place of the system's authorities.
    pub fn new(server: Server, ca: Option<&[u8]>) -> Result<Self, MailerError> {
        let Server { host, port, tls, from, user, password } = server;
        let from: Mailbox = from.parse().map_err(|_| MailerError::From)?;
        let credentials = match (user, password) {
            (Some(user), Some(password)) => Some(Credentials::new(user, password.expose().to_owned())),
            (None, None) => None,
            _ => return Err(MailerError::Credentials),
        };
        let (tls, usual_port) = match tls {
            SmtpTls::None if credentials.is_some() => return Err(MailerError::PasswordInTheClear),
            SmtpTls::None => (None, 25),
            SmtpTls::Starttls => (Some((SmtpTls::Starttls, trust(&host, ca)?)), 587),
            SmtpTls::Implicit => (Some((SmtpTls::Implicit, trust(&host, ca)?)), 465),
        };
        let server = (host, port.unwrap_or(usual_port));
        let hello = ClientId::Domain(from.email.domain().to_owned());
        Ok(Self { server, tls, credentials, from, hello })
    }

    /// The address that mail comes from.
    pub fn from(&self) -> String {
        self.from.to_string()
    }

    /// The server's name and port.
    pub fn server(&self) -> String {
        format!("{}:{}", self.server.0, self.server.1)
    }

    /// Connects and signs in. What goes wrong here is no fault of a message: all are tried again.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let connecting = async {
            let wrapped = match &self.tls {
                Some((SmtpTls::Implicit, parameters)) => Some(parameters.clone()),
                _ => None,
            };
            let server = (self.server.0.as_str(), self.server.1);
            let connection =
                AsyncSmtpConnection::connect_tokio1(server, Some(PHASE_TIMEOUT), &self.hello, wrapped, None);
            let mut connection = connection.await.map_err(|error| describe_error("could not connect", &error))?;
            if let Some((SmtpTls::Starttls, parameters)) = &self.tls {
                let secured = connection.starttls(parameters.clone(), &self.hello).await;
                secured.map_err(|error| describe_error("STARTTLS failed", &error))?;
            }
            if let Some(credentials) = &self.credentials {
                let signed_in = connection.auth(DEFAULT_MECHANISMS, credentials).await;
                // Without the server's words, which might repeat the password.
                signed_in
                    .map_err(|error| describe_error("the SMTP server refused --smtp-user and its password", &error))?;
            }
            Ok(connection)
        };
        let connected = tokio::time::timeout(PHASE_TIMEOUT, connecting).await;
        connected.unwrap_or_else(|_| Err("could not connect: it took too long".to_owned())).map_err(Failure::Later)
    }

    fn write(&self, mail: &Mail<'_>) -> Result<lettre::Message, Failure> {
        let page = Page::of(mail.message);
        let to: Address = mail.to.parse().map_err(|_| Failure::Never("not a mail address".to_owned()))?;
        let domain = self.from.email.domain();
        let auto = HeaderName::new_from_ascii_str("Auto-Submitted");
        let written = lettre::Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(page.subject.as_str())
            .date(UNIX_EPOCH.checked_add(Duration::from_micros(mail.at.0)).unwrap_or_else(SystemTime::now))
            .message_id(Some(format!("<{}@{domain}>", mail.message_id)))
            // Keeps holiday notices from answering.
            .raw_header(HeaderValue::new(auto, "auto-generated".to_owned()))
            .multipart(MultiPart::alternative_plain_html(page.text(), page.html()));
        written.map_err(|_| Failure::Never("the mail could not be written".to_owned()))
    }
}

fn trust(host: &str, ca: Option<&[u8]>) -> Result<TlsParameters, MailerError> {
    let parameters = TlsParameters::builder(host.to_owned());
    let parameters = match ca {
        None => parameters,
        Some(pem) if !pem.windows(10).any(|bytes| bytes == b"-----BEGIN") => return Err(MailerError::Ca),
        Some(pem) => {
            let authority = Certificate::from_pem(pem).map_err(|_| MailerError::Ca)?;
            parameters.certificate_store(CertificateStore::None).add_root_certificate(authority)
        }
    };
    parameters.build().map_err(MailerError::Tls)
}

/// A mail to be sent.
pub(crate) struct Mail<'a> {
    /// The same for each try.
    pub(crate) message_id: &'a str,
    /// The address.
    pub(crate) to: &'a str,
    /// The content.
    pub(crate) message: &'a Message,
    /// When it was written.
    pub(crate) at: Moment,
}

/// Sends mails one after the other, over one connection as long as it holds.
pub(crate) struct Session<'a> {
    mailer: &'a Mailer,
    connection: Option<AsyncSmtpConnection>,
}

impl<'a> Session<'a> {
    pub(crate) fn new(mailer: &'a Mailer) -> Self {
        Self { mailer, connection: None }
    }

    /// Sends a mail: the server has taken it when this is `Ok`.
    pub(crate) async fn send(&mut self, mail: &Mail<'_>) -> Result<(), Failure> {
        let written = self.mailer.write(mail)?;
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.mailer.connect().await?,
        };
        let bytes = written.formatted();
        let sent = tokio::time::timeout(PHASE_TIMEOUT, connection.send(written.envelope(), &bytes)).await;
        let Ok(sent) = sent else { return Err(Failure::Later("the SMTP server took too long".to_owned())) };
        match sent {
            Ok(_) => {
                self.connection = Some(connection);
                Ok(())
            }
            // The connection is closed by now.
            Err(error) => Err(refused(&error, mail.message.carries_secret())),
        }
    }

    pub(crate) async fn end(self) {
        if let Some(mut connection) = self.connection {
            // Everything is delivered: whether the server says goodbye changes nothing.
            let _ = tokio::time::timeout(PHASE_TIMEOUT, connection.quit()).await;
        }
    }
}

/// A mail that was not taken. A server that quotes the mail must not put a key into our database.
fn refused(error: &SmtpError, secret: bool) -> Failure {
    /// The server wants authentication, or better: the configuration is wrong, and not the mail.
    const SIGN_IN: [u16; 4] = [530, 534, 535, 538];
    let reason = if secret { describe_error("the SMTP server did not take it", error) } else { format!("{error}") };
    let code = error.status().map(u16::from);
    if error.is_permanent() && !code.is_some_and(|code| SIGN_IN.contains(&code)) {
        return Failure::Never(reason);
    }
    Failure::Later(reason)
}

/// Names the step that failed and the kind of failure; of the server's answer only the code.
fn describe_error(tried: &str, error: &SmtpError) -> String {
    match error.status().map(|code: Code| code.to_string()) {
        Some(code) => format!("{tried}: it answered {code}"),
        None if error.is_response() => format!("{tried}: what it answered is not SMTP"),
        None => format!("{tried}: {error}"),
    }
}
