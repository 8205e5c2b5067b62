//! How people reach the service and sign in.

use std::sync::Arc;

use axum::http::Uri;

use crate::app::provider::Oidc;

/// The address that people use, as far as the service knows it. Set before anything is served.
#[derive(Default)]
pub struct Entrance {
    /// The base URL without a slash at its end, such as `https://lictor.example.com`, if it was named.
    pub public_url: Option<String>,
    /// Whether the listener speaks TLS itself.
    pub tls: bool,
    /// The provider at which people may sign in, if there is one.
    pub oidc: Option<Arc<Oidc>>,
}

impl Entrance {
    /// Whether people come by https: then their cookies never leave by http.
    pub fn is_https(&self) -> bool {
        let scheme = self.public_url.as_deref().and_then(|url| url.parse::<Uri>().ok());
        scheme.map_or(self.tls, |url| url.scheme_str() == Some("https"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_come_by_https_where_the_address_says_so_or_else_the_listener() {
        for (public_url, tls, https) in [
            (None, false, false),
            (None, true, true),
            (Some("https://lictor.example.com"), false, true),
            (Some("http://127.0.0.1:8080"), true, false),
        ] {
            let entrance = Entrance { public_url: public_url.map(str::to_owned), tls, oidc: None };
            assert_eq!(entrance.is_https(), https, "{public_url:?} {tls}");
        }
    }
}
