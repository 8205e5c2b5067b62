//! Cookies that no script can read and no other site can set.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::http::openapi::describe::Output;
use crate::http::openapi::operation::Operation;

/// A cookie of the service. Where people come by https its name begins with `__Host-`: browsers take it then only by https, from
/// this very host, for all of its paths.
#[derive(Clone, Copy, Debug)]
pub struct Cookie {
    /// By https.
    secure_name: &'static str,
    /// By http, on the own machine.
    plain_name: &'static str,
    /// Whether a browser sends it when another site led here.
    same_site: &'static str,
}

/// The token of somebody who signed in: not sent when another site led here.
pub const SESSION: Cookie = Cookie { secure_name: "__Host-lictor", plain_name: "lictor", same_site: "Strict" };

/// The state of a sign-in at a provider: sent when the provider, which is another site, sends somebody back.
pub const PROVIDER: Cookie =
    Cookie { secure_name: "__Host-lictor-provider", plain_name: "lictor-provider", same_site: "Lax" };

impl Cookie {
    /// Its value in a request.
    pub fn read(self, headers: &HeaderMap, https: bool) -> Option<&str> {
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == self.name(https)).map(|(_, value)| value)
    }

    /// Gives it to a browser; none if the value cannot stand in a header.
    pub fn set(self, https: bool, value: &str, lasts: Duration) -> Option<HeaderValue> {
        let secure = if https { "; Secure" } else { "" };
        let (name, same_site, seconds) = (self.name(https), self.same_site, lasts.as_secs());
        let line = format!("{name}={value}; Path=/; HttpOnly; SameSite={same_site}; Max-Age={seconds}{secure}");
        let mut line = HeaderValue::try_from(line).ok()?;
        line.set_sensitive(true);
        Some(line)
    }

    /// Takes it away from a browser.
    pub fn clear(self, https: bool) -> Option<HeaderValue> {
        self.set(https, "", Duration::ZERO)
    }

    const fn name(self, https: bool) -> &'static str {
        if https { self.secure_name } else { self.plain_name }
    }
}

/// An answer that gives a cookie, or takes one away.
pub struct WithCookie<T>(pub Option<HeaderValue>, pub T);

impl<T: IntoResponse> IntoResponse for WithCookie<T> {
    fn into_response(self) -> Response {
        let mut response = self.1.into_response();
        if let Some(cookie) = self.0 {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }
}

impl<T: Output> Output for WithCookie<T> {
    fn describe(operation: &mut Operation) {
        T::describe(operation);
        operation.sends_header("Set-Cookie", "The session, for browsers that asked for a cookie.");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_read_by_its_whole_name() {
        let sent = HeaderValue::from_static("a=1; lictor-provider=2;lictor=3; __Host-lictor=4");
        let headers = HeaderMap::from_iter([(header::COOKIE, sent)]);
        assert_eq!((SESSION.read(&headers, false), SESSION.read(&headers, true)), (Some("3"), Some("4")));
        assert_eq!((PROVIDER.read(&headers, false), PROVIDER.read(&headers, true)), (Some("2"), None));
        assert_eq!(SESSION.read(&HeaderMap::new(), false), None);
    }

    #[test]
    fn a_cookie_says_all_that_protects_it() {
        let text = |line: Option<HeaderValue>| line.unwrap().to_str().unwrap().to_owned();
        let eight = Duration::from_secs(28_800);
        assert_eq!(
            text(SESSION.set(true, "x", eight)),
            "__Host-lictor=x; Path=/; HttpOnly; SameSite=Strict; Max-Age=28800; Secure"
        );
        assert_eq!(text(SESSION.clear(false)), "lictor=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
        assert!(SESSION.set(true, "a\nb", eight).is_none());
    }
}
