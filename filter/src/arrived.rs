//! A request on a road before it is judged: what its headers say.

use std::borrow::Cow;
use std::net::IpAddr;

use lictor_policy::address;
use lictor_policy::decide::Head;
use lictor_policy::formats::unsupported::{Label, Unsupported};
use lictor_policy::gate::{self, Body};
use lictor_policy::road::{Road, Target};

use crate::headers::Headers;
use crate::host::{self, HostError};

/// In the spelling that Odoo's server takes: it looks at what stands before the first semicolon.
fn is_multipart(content_type: &[u8]) -> bool {
    let kind = content_type.split(|byte| *byte == b';').next().unwrap_or_default();
    kind.trim_ascii().eq_ignore_ascii_case(b"multipart/form-data")
}

/// A request on a road, of which nothing is decided yet.
pub(crate) struct Arrived {
    /// Where it came.
    pub(crate) road: Road,
    /// All of its headers.
    pub(crate) headers: Headers,
    /// The method that its path names, on JSON-2.
    target: Option<Target>,
}

impl Arrived {
    /// On a road, with these headers.
    pub(crate) fn on(road: Road, headers: Headers) -> Self {
        let path = || std::str::from_utf8(headers.first(":path")?).ok();
        let target = if road == Road::Json2 { path().and_then(Target::of) } else { None };
        Self { road, headers, target }
    }

    /// The body that came, as far as it can be read. `unread` is what [`Self::is_read`] has against it.
    pub(crate) fn body<'b>(&self, bytes: &'b [u8], unread: Option<&'b Unsupported>) -> Body<'b> {
        match unread {
            _ if !self.is_post() => Body::NotPost(bytes),
            Some(problem) => Body::Encoded(bytes, problem),
            None => Body::Whole(bytes),
        }
    }

    /// Asks for another protocol.
    pub(crate) fn is_upgrade(&self) -> bool {
        !self.is_post() && self.headers.first("upgrade").is_some()
    }

    fn is_post(&self) -> bool {
        self.headers.first(":method") == Some(b"POST")
    }

    /// Whether a body is in a Content-Encoding, or of a type or charset, that is not read on the road.
    pub(crate) fn is_read(&self, is_empty: bool) -> Result<(), Unsupported> {
        let foreign = |encoding: &Cow<'_, str>| !encoding.eq_ignore_ascii_case("identity");
        if let Some(encoding) = self.headers.text("content-encoding").filter(foreign) {
            return Err(Unsupported::ContentEncoding(Label::of(&encoding)));
        }
        match self.headers.text("content-type") {
            Some(kind) => gate::reads(self.road, &kind),
            None if is_empty => Ok(()),
            None => gate::reads(self.road, ""),
        }
    }

    /// What roads look at that name the call, or carry the key, in the head.
    pub(crate) fn head(&self) -> Head<'_> {
        let text = |name| self.headers.first(name).map(|value| std::str::from_utf8(value).unwrap_or("\u{fffd}"));
        Head {
            path: text(":path").unwrap_or_default(),
            target: self.target.as_ref(),
            authorization: self.headers.first("authorization").unwrap_or_default(),
            database: text("x-odoo-database").filter(|name| !name.is_empty()),
            api_key: self.headers.first("x-api-key").unwrap_or_default(),
            is_post: self.is_post(),
            has_session: self.headers.has_cookie("session_id"),
            is_multipart: self.headers.first("content-type").is_some_and(is_multipart),
            all: self.headers.all(),
        }
    }

    /// The client's address, as Envoy has it. `written`: it may be read in a header, see
    /// [`crate::config::Config::external_address`].
    pub(crate) fn client(&self, written: bool) -> Result<Option<IpAddr>, HostError> {
        let read = || address::client(&self.headers.text("x-envoy-external-address")?);
        if written && let Some(address) = read() {
            return Ok(Some(address));
        }
        Ok(host::text_property(&["source", "address"])?.and_then(|text| address::client(&text)))
    }
}
