//! The provider of OpenID Connect, as options name it.

use std::sync::Arc;

use anyhow::{Context as _, Result};

use crate::app::provider::Oidc;
use crate::cli::options;
use crate::clients::http::Client;
use crate::clients::provider::Provider;
use crate::domain::validate;

/// The provider, if one is named.
pub(crate) fn provider(named: &options::Oidc, public_url: Option<&str>) -> Result<Option<Arc<Oidc>>> {
    let Some(issuer) = named.oidc_issuer.clone() else { return Ok(None) };
    validate::public_url("--oidc-issuer", &issuer).context("--oidc-issuer")?;
    let secret = named.client_secret();
    let secret = secret
        .map(|source| source.read().with_context(|| source.with_option("--oidc-client-secret-file")))
        .transpose()?;
    let client = match &named.oidc_ca_file {
        Some(path) => Client::with_roots_in(path).with_context(|| format!("--oidc-ca-file {}", path.display()))?,
        None => Client::with_native_roots().context("--oidc-issuer: this machine has no CA certificates")?,
    };
    Ok(Some(Arc::new(Oidc {
        label: named.oidc_label.clone(),
        provider: Provider::new(issuer, client),
        client_id: named.oidc_client_id.clone().unwrap_or_default(),
        client_secret: secret,
        scopes: named.oidc_scopes.clone(),
        groups_claim: named.oidc_groups_claim.clone(),
        roles: named.oidc_roles.iter().cloned().collect(),
        public_url: public_url.unwrap_or_default().to_owned(),
    })))
}
