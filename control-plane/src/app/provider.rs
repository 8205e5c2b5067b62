//! Signing in at a provider of OpenID Connect: the authorization code flow with PKCE.
//!
//! State, nonce and the verifier of PKCE go sealed into a cookie of the browser, not into the database: whoever begins and
//! never comes back leaves nothing behind, and any replica can end what another began.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lictor_policy::secret::Secret;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::app::App;
use crate::clients::provider::{Code, Provider, ProviderError, form};
use crate::domain::actor::Role;
use crate::domain::id_token::{self, BadToken, Claims, Expected};
use crate::domain::problem::Problem;
use crate::domain::time::Moment;
use crate::secrets::random;
use crate::secrets::stored::Sealed;

/// The path that the provider sends people back to.
pub const CALLBACK: &str = "/api/v1/oidc/callback";
/// How long somebody may take at the provider.
pub const PATIENCE: Duration = Duration::from_secs(600);
/// The owner of the sealed state.
const OWNER: &str = "sign-in at the provider";

/// A provider, and what its groups may do here.
pub struct Oidc {
    /// The words on the button.
    pub label: String,
    /// The provider.
    pub provider: Provider,
    /// This service at the provider.
    pub client_id: String,
    /// Its secret, if it has one.
    pub client_secret: Option<Secret>,
    /// The scopes that are asked for, with spaces between.
    pub scopes: String,
    /// The claim that lists the groups.
    pub groups_claim: String,
    /// The role of each group.
    pub roles: BTreeMap<String, Role>,
    /// The address that people use, without a slash at its end.
    pub public_url: String,
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// This browser has not begun, has ended already, took too long, or comes with another one's state.
    #[error("this browser has begun no sign-in that this answer belongs to, or it took longer than 10 minutes")]
    NotBegun,
    /// The provider let nobody in.
    #[error("the provider did not sign you in")]
    ByProvider,
    /// The provider cannot be asked, or did not take what was asked.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The ID token is not good.
    #[error("the provider's ID token is refused: {0}")]
    Token(#[from] BadToken),
    /// None of the groups has a role here.
    #[error("none of your groups at the provider has a role here")]
    NoGroup,
    /// An administrator has taken the account out of use.
    #[error("your account is not active")]
    Inactive,
    /// Something else.
    #[error(transparent)]
    Problem(#[from] Problem),
}

/// A sign-in that has begun.
pub struct Begun {
    /// Where the browser is to go.
    pub location: String,
    /// The sealed state, which it is to bring back.
    pub sealed: Sealed,
}

/// Somebody whom the provider has let in.
pub struct Identity {
    /// Who it is there.
    pub subject: String,
    /// The name of an account that is made for them.
    pub name: String,
    /// The greatest role of their groups; none if no group has one.
    pub role: Option<Role>,
    /// Where they wanted to go: a path.
    pub return_to: String,
}

#[derive(Serialize, Deserialize)]
struct Pending {
    state: String,
    nonce: String,
    verifier: String,
    return_to: String,
    ends_at: u64,
}

impl Oidc {
    /// Begins a sign-in, after which the browser goes to a path of the console.
    pub async fn begin(&self, app: &App, return_to: &str) -> Result<Begun, Refused> {
        let known = self.provider.known(false).await?;
        let [state, nonce, verifier] = [secret()?, secret()?, secret()?];
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        let query = form(&[
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", &self.redirect_uri()),
            ("scope", &self.scopes),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        let page = &known.authorization_endpoint;
        let location = format!("{page}{}{query}", if page.query().is_some() { '&' } else { '?' });
        let return_to = if is_path(return_to) { return_to } else { "/" }.to_owned();
        let pending = Pending { state, nonce, verifier, return_to, ends_at: app.now().plus(PATIENCE).0 };
        let pending = Secret::new(serde_json::to_string(&pending).map_err(Problem::internal)?);
        let sealed = app.vault.seal(&pending, OWNER).map_err(Problem::internal)?;
        Ok(Begun { location, sealed })
    }

    /// Ends a sign-in with what the provider sent the browser back with, and what the browser kept.
    pub async fn end(&self, app: &App, sealed: &str, state: &str, code: Option<&str>) -> Result<Identity, Refused> {
        let opened = app.vault.open(&Sealed::new(sealed), OWNER).map_err(|_| Refused::NotBegun)?;
        let pending: Pending = serde_json::from_str(opened.expose()).map_err(|_| Refused::NotBegun)?;
        // By their hashes: how long it takes tells nothing of where they differ.
        let is_its_own = Sha256::digest(&pending.state) == Sha256::digest(state);
        if !is_its_own || Moment(pending.ends_at) <= app.now() {
            return Err(Refused::NotBegun);
        }
        let known = self.provider.known(false).await?;
        let exchanged = Code {
            code: code.ok_or(Refused::ByProvider)?,
            verifier: &pending.verifier,
            redirect_uri: &self.redirect_uri(),
            client_id: &self.client_id,
            client_secret: self.client_secret.as_ref(),
        };
        let token = self.provider.exchange(&known, &exchanged).await?;
        let (issuer, client_id) = (self.provider.issuer.as_str(), self.client_id.as_str());
        let expected = Expected { issuer, client_id, nonce: &pending.nonce, now: app.now() };
        let claims = match id_token::verify(&token, &known.keys, expected) {
            // A key that is newer than what is known.
            Err(BadToken::Signature) => id_token::verify(&token, &self.provider.known(true).await?.keys, expected)?,
            verified => verified?,
        };
        Ok(self.identity(&claims, pending.return_to))
    }

    fn identity(&self, claims: &Claims, return_to: String) -> Identity {
        let subject = claims.text("sub").unwrap_or_default().to_owned();
        let names = ["preferred_username", "email", "name", "sub"].into_iter().filter_map(|claim| claims.text(claim));
        let is_usable = |name: &&str| name.chars().count() <= 100 && !name.chars().any(char::is_control);
        let name = names.into_iter().find(is_usable).unwrap_or("provider").to_owned();
        // The greatest role of all the groups.
        let role =
            claims.texts(&self.groups_claim).into_iter().filter_map(|group| self.roles.get(group)).max().copied();
        Identity { subject, name, role, return_to }
    }

    fn redirect_uri(&self) -> String {
        format!("{}{CALLBACK}", self.public_url)
    }
}

fn secret() -> Result<String, Problem> {
    Ok(URL_SAFE_NO_PAD.encode(random::bytes::<32>().map_err(Problem::internal)?))
}

/// Whether a text is a path here, whatever a browser makes of it: what begins with two slashes is another host.
fn is_path(text: &str) -> bool {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    text.starts_with('/') && !text.starts_with("//") && is_plain && text.len() <= 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_sent_to_a_path_of_this_host_only() {
        for good in ["/", "/keys?state=active#x", "/audit/018f"] {
            assert!(is_path(good), "{good}");
        }
        for bad in
            ["", "keys", "//evil.example", "/\\evil.example", "https://evil.example", "/a b", "/a\r\nSet-Cookie: x"]
        {
            assert!(!is_path(bad), "{bad}");
        }
    }
}
