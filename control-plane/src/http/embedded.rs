//! The files of the console, which are part of the program: each in the form that the client can read, and with what keeps a
//! page from loading, sending or being shown where it should not.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

/// Every file of the console; none if the program was built without it.
pub static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/console.rs"));

/// Where the files are whose names say what is in them.
const NAMED_BY_CONTENT: &str = "assets/";

/// On every answer to people's browsers: nothing from elsewhere, nothing inline, nothing sent elsewhere, and no frame around it.
pub const PROTECTION: [(HeaderName, HeaderValue); 3] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

/// A file, as `build.rs` puts it into the program.
#[derive(Debug)]
pub struct File {
    /// From the root of the console, such as `assets/index-1a2b3c.js`.
    pub path: &'static str,
    /// Its `ETag`: weak, as all its forms share it.
    pub tag: &'static str,
    /// As it is.
    pub plain: &'static [u8],
    /// By brotli, if that is smaller.
    pub brotli: Option<&'static [u8]>,
    /// By gzip, if that is smaller.
    pub gzip: Option<&'static [u8]>,
}

impl File {
    /// The file at a path, which begins with `/`.
    pub fn at<'a>(files: &'a [Self], path: &str) -> Option<&'a Self> {
        files.iter().find(|file| path.strip_prefix('/') == Some(file.path))
    }

    /// The answer to a client who sent these headers.
    pub fn answer(&self, asked: &HeaderMap) -> Response<Body> {
        let is_immutable = self.path.starts_with(NAMED_BY_CONTENT);
        let cache = if is_immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
        let (encoding, bytes) = self.form(asked);
        let is_known = asked.get_all(header::IF_NONE_MATCH).iter().any(|tags| {
            let tags = tags.to_str().unwrap_or_default();
            tags.split(',').any(|tag| tag.trim() == self.tag || tag.trim() == "*")
        });
        let mut response = Response::new(if is_known { Body::empty() } else { Body::from(bytes) });
        let headers = response.headers_mut();
        headers.extend(PROTECTION);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
        headers.insert(header::ETAG, HeaderValue::from_static(self.tag));
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        if is_known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media(self.path)));
        if let Some(encoding) = encoding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        response
    }

    /// The smallest form that the client takes, and its name.
    fn form(&self, asked: &HeaderMap) -> (Option<&'static str>, &'static [u8]) {
        let forms = [("br", self.brotli), ("gzip", self.gzip)];
        let taken = forms.into_iter().find_map(|(name, bytes)| Some((name, bytes.filter(|_| takes(asked, name))?)));
        taken.map_or((None, self.plain), |(name, bytes)| (Some(name), bytes))
    }
}

/// Whether `Accept-Encoding` names an encoding, and not with `q=0`.
fn takes(asked: &HeaderMap, encoding: &str) -> bool {
    let lists = asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.trim().parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case(encoding) && weight.is_none_or(|weight| weight > 0.0)
    })
}

/// The media type that a file's ending stands for.
fn media(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_is_taken_as_it_is_weighed() {
        for (sent, brotli, gzip) in [
            ("", false, false),
            ("gzip, deflate, br", true, true),
            ("br;q=0, gzip;q=0.5", false, true),
            ("BR ; q=1.0", true, false),
            ("brotli", false, false),
        ] {
            let asked = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(sent))]);
            assert_eq!((takes(&asked, "br"), takes(&asked, "gzip")), (brotli, gzip), "{sent}");
        }
    }
}
