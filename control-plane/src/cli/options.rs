//! Every option and environment variable: the only file that reads them.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use lictor_policy::secret::Secret;
use tracing::level_filters::LevelFilter;

use crate::cli::terminal::print::Output;
use crate::clients::smtp::SmtpTls;
use crate::domain::actor::Role;
use crate::http::tls;

/// The log.
#[derive(Debug, Args)]
pub struct Logging {
    /// The level of messages that are logged to standard error: off, error, warn, info, debug or trace.
    #[arg(long, env = "LICTOR_LOG", default_value = "info", global = true)]
    pub log: LevelFilter,
}

/// `lictor init`
#[derive(Debug, Args)]
pub struct Init {
    /// Where the data is.
    #[command(flatten)]
    pub storage: Storage,
    /// The form of the answer.
    #[arg(long, value_enum, default_value = "text")]
    pub output: Output,
    /// Make another administrator in a database that has some: for whoever has lost every token and password.
    #[arg(long)]
    pub another_admin: bool,
    /// Make an identity for a gate of this name as well.
    #[arg(long, value_name = "NAME", requires = "gate_token_file")]
    pub gate: Option<String>,
    /// Where to write the gate's token, for Envoy to read.
    #[arg(long, value_name = "FILE", requires = "gate")]
    pub gate_token_file: Option<PathBuf>,
}

/// `lictor backup`
#[derive(Debug, Args)]
pub struct Backup {
    /// The new file.
    pub file: PathBuf,
    /// The database.
    #[command(flatten)]
    pub database: DatabaseUrl,
}

/// `lictor restore`
#[derive(Debug, Args)]
pub struct Restore {
    /// The copy.
    #[arg(required_unless_present = "adopt")]
    pub file: Option<PathBuf>,
    /// Put it in the place of the database that is there. The service must have ended.
    #[arg(long, conflicts_with = "adopt")]
    pub replace: bool,
    /// Nothing is copied: the database was put back by other means. Gates are told that its revisions count anew.
    #[arg(long, conflicts_with = "file")]
    pub adopt: bool,
    /// The database, and the master key that it has.
    #[command(flatten)]
    pub storage: Storage,
}

/// `lictor rotate-master-key`
#[derive(Debug, Args)]
pub struct RotateMasterKey {
    /// The file with the new master key; made if it is not there.
    #[arg(long, value_name = "FILE")]
    pub new_master_key_file: PathBuf,
    /// The database, and the master key that it has.
    #[command(flatten)]
    pub storage: Storage,
}

/// `lictor serve`
#[derive(Debug, Args)]
pub struct Serve {
    /// Where the data is.
    #[command(flatten)]
    pub storage: Storage,
    /// The base URL of the Odoo that the gates guard, such as http://odoo:8069.
    #[arg(long, env = "LICTOR_ODOO_URL")]
    pub odoo_url: String,
    /// Where the REST API listens.
    #[arg(long, env = "LICTOR_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Where gates are served; keep it apart from what administrators reach.
    #[arg(long, env = "LICTOR_GATE_LISTEN", default_value = "127.0.0.1:8081")]
    pub gate_listen: SocketAddr,
    /// Connections that one address (of IPv6: one network of 64 bits) may have to the REST API at once. For one more, that
    /// which has waited longest for its next request is closed. A proxy in front of it has one address: raise it there.
    #[arg(
        long,
        env = "LICTOR_CONNECTIONS_PER_ADDRESS",
        value_name = "NUMBER",
        default_value_t = 64,
        value_parser = clap::value_parser!(u16).range(1..=1024)
    )]
    pub connections_per_address: u16,
    /// The base URL that people use, such as https://lictor.example.com, where it is not the listener's own: with https the
    /// cookies of browsers are for https only.
    #[arg(long, env = "LICTOR_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// The provider at which people may sign in.
    #[command(flatten)]
    pub oidc: Oidc,
    /// How mail is sent.
    #[command(flatten)]
    pub smtp: Smtp,
    /// The certificate of both listeners in PEM, with those between it and its authority. Read anew when it changes.
    #[arg(long, env = "LICTOR_TLS_CERTIFICATE", value_name = "FILE", requires = "tls_key")]
    pub tls_certificate: Option<PathBuf>,
    /// The certificate's private key in PEM.
    #[arg(long, env = "LICTOR_TLS_KEY", value_name = "FILE", requires = "tls_certificate")]
    pub tls_key: Option<PathBuf>,
    /// The authorities of gates in PEM: the gates' listener lets in who has a certificate of theirs, and a token.
    #[arg(long, env = "LICTOR_GATE_CLIENT_CA", value_name = "FILE", requires = "tls_certificate")]
    pub gate_client_ca: Option<PathBuf>,
}

impl Serve {
    /// The files for TLS on the listener for administrators, and on the one for gates.
    pub fn tls_files(&self) -> Option<[tls::Files; 2]> {
        let (certificate, key) = self.tls_certificate.clone().zip(self.tls_key.clone())?;
        let api = tls::Files { certificate, key, client_ca: None };
        let gate = tls::Files { client_ca: self.gate_client_ca.clone(), ..api.clone() };
        Some([api, gate])
    }
}

/// The provider of OpenID Connect at which people may sign in, beside names and passwords.
#[derive(Debug, Args)]
pub struct Oidc {
    /// The provider's address, exactly as it calls itself, such as https://id.example.com/realms/staff.
    #[arg(long, env = "LICTOR_OIDC_ISSUER", value_name = "URL", requires_all = ["public_url", "oidc_client_id", "oidc_roles"])]
    pub oidc_issuer: Option<String>,
    /// The id of this service at the provider, which is to send people back to <public URL>/api/v1/oidc/callback.
    #[arg(long, env = "LICTOR_OIDC_CLIENT_ID", value_name = "ID", requires = "oidc_issuer")]
    pub oidc_client_id: Option<String>,
    /// The file with its secret at the provider. LICTOR_OIDC_CLIENT_SECRET may hold the secret itself instead. Left out for a
    /// public client.
    #[arg(long, env = "LICTOR_OIDC_CLIENT_SECRET_FILE", value_name = "FILE", requires = "oidc_issuer")]
    pub oidc_client_secret_file: Option<PathBuf>,
    /// The role that a group of the provider's has here, such as 'lictor-admins=admin'; several with ';' between them. Whoever
    /// is in several has the greatest, and whoever is in none is not let in.
    #[arg(
        long,
        env = "LICTOR_OIDC_ROLES",
        value_name = "GROUP=ROLE",
        value_delimiter = ';',
        value_parser = group_and_role,
        requires = "oidc_issuer"
    )]
    pub oidc_roles: Vec<(String, Role)>,
    /// The claim of the ID token that lists the groups.
    #[arg(long, env = "LICTOR_OIDC_GROUPS_CLAIM", value_name = "CLAIM", default_value = "groups")]
    pub oidc_groups_claim: String,
    /// The scopes that the provider is asked for, with spaces between; some list groups only when asked for them.
    #[arg(long, env = "LICTOR_OIDC_SCOPES", value_name = "SCOPES", default_value = "openid profile email")]
    pub oidc_scopes: String,
    /// The words on the button of the console.
    #[arg(long, env = "LICTOR_OIDC_LABEL", value_name = "TEXT", default_value = "Single sign-on")]
    pub oidc_label: String,
    /// The authorities (PEM) that the provider's certificate is checked with, in the place of the system's.
    #[arg(long, env = "LICTOR_OIDC_CA_FILE", value_name = "FILE", requires = "oidc_issuer")]
    pub oidc_ca_file: Option<PathBuf>,
}

fn group_and_role(text: &str) -> Result<(String, Role), String> {
    let (group, role) = text.rsplit_once('=').filter(|(group, _)| !group.is_empty()).ok_or("write GROUP=ROLE")?;
    let role = Role::named(role).ok_or_else(|| format!("the roles are {}", Role::ALL.map(Role::name).join(", ")))?;
    Ok((group.to_owned(), role))
}

/// How mail is sent. Without a host mail waits in the outbox.
#[derive(Debug, Args)]
pub struct Smtp {
    /// The SMTP server that takes mail.
    #[arg(long, env = "LICTOR_SMTP_HOST", requires = "smtp_from")]
    pub smtp_host: Option<String>,
    /// Its port; 587 with starttls, 465 with implicit and 25 with none, unless it is named.
    #[arg(long, env = "LICTOR_SMTP_PORT")]
    pub smtp_port: Option<u16>,
    /// How the connection is encrypted.
    #[arg(long, env = "LICTOR_SMTP_TLS", value_enum, default_value = "starttls")]
    pub smtp_tls: SmtpTls,
    /// The address that mail comes from, such as 'Lictor <lictor@example.com>'.
    #[arg(long, env = "LICTOR_SMTP_FROM")]
    pub smtp_from: Option<String>,
    /// The user to sign in as.
    #[arg(long, env = "LICTOR_SMTP_USER")]
    pub smtp_user: Option<String>,
    /// The file with the user's password. LICTOR_SMTP_PASSWORD may hold the password itself instead.
    #[arg(long, env = "LICTOR_SMTP_PASSWORD_FILE")]
    pub smtp_password_file: Option<PathBuf>,
    /// The authorities (PEM) that the server's certificate is checked with, in the place of the system's.
    #[arg(long, env = "LICTOR_SMTP_CA_FILE")]
    pub smtp_ca_file: Option<PathBuf>,
}

/// Where a service runs, as whom it is asked, and how its answers are shown. LICTOR_TOKEN may hold the token itself.
#[derive(Debug, Args)]
#[command(next_help_heading = "The service")]
pub struct Server {
    /// Where the REST API is, such as https://lictor.example.com.
    #[arg(long, env = "LICTOR_URL", default_value = "http://127.0.0.1:8080", global = true)]
    pub url: String,
    /// The file with the API token. LICTOR_TOKEN may hold the token itself instead.
    #[arg(long, env = "LICTOR_TOKEN_FILE", global = true, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// The certificates of the authorities to trust, in PEM. Left out: those that the machine trusts.
    #[arg(long, env = "LICTOR_CA_FILE", global = true, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// The form of the answer: tables, or what the API answered.
    #[arg(long, value_enum, default_value = "text", global = true)]
    pub output: Output,
}

/// A secret in the environment, if there is one.
pub fn environment(name: &str) -> Option<Secret> {
    std::env::var(name).ok().filter(|text| !text.is_empty()).map(Secret::new)
}

/// Where the database is.
#[derive(Debug, Args)]
pub struct DatabaseUrl {
    /// The database: sqlite://path, a file that is made if it is not there, or postgres://user:password@host/database,
    /// which must be there and which several replicas may share. Who puts a password into it gives it in the
    /// environment: every user of the machine can read flags.
    #[arg(long, env = "LICTOR_DATABASE_URL", default_value = "sqlite://lictor.db", hide_env_values = true)]
    pub database_url: String,
}

/// Where the data is.
#[derive(Debug, Args)]
pub struct Storage {
    /// The database.
    #[command(flatten)]
    pub database: DatabaseUrl,
    /// The file with the master key that encrypts the Odoo credentials: 32 random bytes in base64 or hexadecimal.
    /// `init` makes it. LICTOR_MASTER_KEY may hold the key itself instead.
    #[arg(long, env = "LICTOR_MASTER_KEY_FILE", default_value = "lictor.key")]
    pub master_key_file: PathBuf,
}
