//! An ext_authz service that does a gate's work. It cannot write a call anew, as ext_authz replaces no bodies: an Odoo behind it
//! would be given the client's own body, with the Lictor key in it.

use std::borrow::Cow;

use anyhow::{Context, Result};

use super::decider::{Decider, Decision, Request};
use super::http::Message;
use super::server::{self, Answer};

/// Serves until the process is stopped.
pub(crate) fn serve(port: u16, decider: Decider) -> Result<()> {
    server::serve(port, || {
        let decider = decider.another();
        let answer: Answer = Box::new(move |message| {
            let answer = answer(&decider, message);
            Cow::Owned(answer.unwrap_or_else(|error| {
                eprintln!("a request could not be judged: {error:#}");
                b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n".to_vec()
            }))
        });
        Ok(answer)
    })
}

fn answer(decider: &Decider, message: &Message<'_>) -> Result<Vec<u8>> {
    Ok(match decider.decide(&request(message)?)? {
        Decision::Pass => b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec(),
        Decision::Forward(call) => {
            let headers = call.headers.iter().map(|(name, value)| format!("{name}: {}\r\n", value.expose()));
            format!("HTTP/1.1 200 OK\r\n{}content-length: 0\r\n\r\n", headers.collect::<String>()).into_bytes()
        }
        // Any other status than 200 is a no: a fault with 200, as XML-RPC's clients expect it, cannot be sent.
        Decision::Answer(reply) => {
            let (kind, length) = (reply.kind, reply.document.len());
            let head = format!("HTTP/1.1 403 Forbidden\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n");
            [head.as_bytes(), reply.document.as_bytes()].concat()
        }
    })
}

fn request<'m>(message: &Message<'m>) -> Result<Request<'m>> {
    let mut lines = message.head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let mut words = lines.next().unwrap_or_default().split(|byte| *byte == b' ');
    let (method, path) = words.next().zip(words.next()).context("a request has no path")?;
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_at_checked(line.iter().position(|byte| *byte == b':')?)?;
        Some((name, value.get(1..)?.trim_ascii_start()))
    });
    Ok(Request { method, path: std::str::from_utf8(path)?, headers: headers.collect(), body: message.body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_from_its_lines() {
        let message = Message { head: b"POST /a HTTP/1.1\r\nhost: x\r\nuser-agent: a: b\r\n\r\n", body: b"text" };
        let request = request(&message).unwrap();
        assert_eq!((request.method, request.path, request.body), (&b"POST"[..], "/a", &b"text"[..]));
        assert_eq!(request.headers, [(&b"host"[..], &b"x"[..]), (b"user-agent", b"a: b")]);
    }
}
