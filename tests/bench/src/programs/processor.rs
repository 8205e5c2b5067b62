//! An ext_proc service that does a gate's work: gRPC by the crate `h2`, on one thread.

use std::net::Ipv4Addr;
use std::rc::Rc;

use anyhow::{Context, Result, bail};
use bytes::{Buf as _, Bytes, BytesMut};
use h2::RecvStream;
use h2::server::SendResponse;
use http::{HeaderMap, HeaderValue, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::task::{self, LocalSet};

use super::decider::{Decider, Decision, Request};
use super::protobuf::{Fields, Message, Value};

/// Bytes of a stream, and of a connection, that Envoy may send before they are read: more than a body has.
const WINDOWS: (u32, u32) = (4 << 20, 64 << 20);
/// Of a gRPC message: whether it is compressed, and its length.
const PREFIX: usize = 5;
const MAX_MESSAGE: usize = 16 << 20;

/// Serves until the process is stopped.
pub(crate) fn serve(port: u16, decider: Decider) -> Result<()> {
    let decider = Rc::new(decider);
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    LocalSet::new().block_on(&runtime, async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        let listener = listener.with_context(|| format!("cannot listen on {port}"))?;
        loop {
            let (socket, _) = listener.accept().await?;
            let decider = Rc::clone(&decider);
            task::spawn_local(async move {
                if let Err(error) = connection(socket, &decider).await {
                    eprintln!("a connection failed: {error:#}");
                }
            });
        }
    })
}

async fn connection(socket: TcpStream, decider: &Rc<Decider>) -> Result<()> {
    socket.set_nodelay(true)?;
    let mut builder = h2::server::Builder::new();
    builder.initial_window_size(WINDOWS.0).initial_connection_window_size(WINDOWS.1);
    let mut connection = builder.handshake::<_, Bytes>(socket).await?;
    while let Some(accepted) = connection.accept().await {
        let (request, respond) = accepted?;
        let decider = Rc::clone(decider);
        task::spawn_local(async move {
            if let Err(error) = stream(request.into_body(), respond, &decider).await {
                eprintln!("a stream failed: {error:#}");
            }
        });
    }
    Ok(())
}

/// One request through Envoy: its headers and then its body are answered with a message each.
async fn stream(body: RecvStream, mut respond: SendResponse<Bytes>, decider: &Decider) -> Result<()> {
    let mut messages = Messages { body, received: BytesMut::new() };
    let response = Response::builder().header("content-type", "application/grpc").body(())?;
    let mut answers = respond.send_response(response, false)?;
    let mut headers = Bytes::new();
    while let Some(message) = messages.next().await? {
        let answer = match Part::read(&message)? {
            Part::Headers { at_end: false } => {
                headers = message;
                Message::default().bytes(Answer::HEADERS, Message::default())
            }
            Part::Headers { at_end: true } => answer(Answer::HEADERS, decider, &message, &[])?,
            Part::Body(body) => answer(Answer::BODY, decider, &headers, body)?,
        };
        answers.send_data(framed(&answer)?, false)?;
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    // Whether Envoy takes the end of a stream that it has ended makes no difference to anybody.
    drop(answers.send_trailers(trailers));
    Ok(())
}

/// gRPC's messages in a stream.
struct Messages {
    body: RecvStream,
    received: BytesMut,
}

impl Messages {
    /// The next one, or nothing when Envoy has ended the stream, in whichever way.
    async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            if let Some((prefix, rest)) = self.received.split_first_chunk::<PREFIX>() {
                let [compressed, a, b, c, d] = *prefix;
                let length = u32::from_be_bytes([a, b, c, d]) as usize;
                if compressed != 0 || length > MAX_MESSAGE {
                    bail!("a message is compressed, or has {length} bytes, more than {MAX_MESSAGE}");
                }
                if rest.len() >= length {
                    self.received.advance(PREFIX);
                    return Ok(Some(self.received.split_to(length).freeze()));
                }
            }
            match self.body.data().await {
                Some(Ok(data)) => {
                    self.received.extend_from_slice(&data);
                    self.body.flow_control().release_capacity(data.len())?;
                }
                Some(Err(error)) if error.is_reset() && error.is_remote() => return Ok(None),
                Some(Err(error)) => return Err(error.into()),
                None => return Ok(None),
            }
        }
    }
}

/// What Envoy asks about: envoy.service.ext_proc.v3.ProcessingRequest.
enum Part<'m> {
    Headers { at_end: bool },
    Body(&'m [u8]),
}

impl<'m> Part<'m> {
    fn read(message: &'m [u8]) -> Result<Self> {
        let mut fields = Fields::of(message);
        while let Some((number, value)) = fields.next()? {
            match (number, value) {
                (2, Value::Bytes(headers)) => {
                    return Ok(Self::Headers { at_end: last(headers, 3)? == Some(Value::Number(1)) });
                }
                (4, Value::Bytes(body)) => {
                    let Some(Value::Bytes(body)) = last(body, 1)? else { return Ok(Self::Body(&[])) };
                    return Ok(Self::Body(body));
                }
                _ => {}
            }
        }
        bail!("Envoy asks about neither headers nor a body of a request")
    }
}

/// The last of a message's fields with this number: the one that counts.
fn last(message: &[u8], wanted: u64) -> Result<Option<Value<'_>>> {
    let (mut fields, mut found) = (Fields::of(message), None);
    while let Some((number, value)) = fields.next()? {
        if number == wanted {
            found = Some(value);
        }
    }
    Ok(found)
}

/// Headers as Envoy has sent them, in ProcessingRequest.request_headers.headers.
fn headers(message: &[u8]) -> Result<Vec<(&[u8], &[u8])>> {
    let Some(Value::Bytes(headers)) = last(message, 2)? else { bail!("a body comes before its headers") };
    let Some(Value::Bytes(map)) = last(headers, 1)? else { bail!("a request has no headers") };
    let (mut fields, mut pairs) = (Fields::of(map), Vec::with_capacity(16));
    while let Some(field) = fields.next()? {
        let (1, Value::Bytes(pair)) = field else { continue };
        let (mut name, mut text) = (&b""[..], &b""[..]);
        let mut fields = Fields::of(pair);
        while let Some(field) = fields.next()? {
            match field {
                (1, Value::Bytes(bytes)) => name = bytes,
                (2 | 3, Value::Bytes(bytes)) => text = bytes,
                _ => {}
            }
        }
        pairs.push((name, text));
    }
    Ok(pairs)
}

/// Numbers of fields of envoy.service.ext_proc.v3.ProcessingResponse.
struct Answer;

impl Answer {
    const HEADERS: u64 = 1;
    const BODY: u64 = 3;
    const IMMEDIATE: u64 = 7;
}

/// Decides, and says what Envoy is to do.
fn answer(part: u64, decider: &Decider, message: &[u8], body: &[u8]) -> Result<Message> {
    let headers = headers(message)?;
    let named = |wanted: &[u8]| headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
    let method = named(b":method").unwrap_or_default();
    let path = std::str::from_utf8(named(b":path").unwrap_or_default())?;
    let decision = decider.decide(&Request { method, path, headers, body })?;
    Ok(written(part, path, decision))
}

fn written(part: u64, path: &str, decision: Decision) -> Message {
    let reply = match decision {
        Decision::Pass => return Message::default().bytes(part, Message::default()),
        Decision::Forward(call) => {
            let mut headers = Message::default().bytes(1, header("content-length", &call.document.len().to_string()));
            headers = headers.bytes(1, header("content-type", call.kind));
            if call.path != path {
                headers = headers.bytes(1, header(":path", &call.path));
            }
            for (name, value) in &call.headers {
                headers = headers.bytes(1, header(name, value.expose()));
            }
            let document = Message::default().bytes(1, &call.document);
            // Without a body of its own a request takes this one only if all of it is to be replaced.
            let replaces = u64::from(part == Answer::HEADERS);
            let common = Message::default().number(1, replaces).bytes(2, headers).bytes(3, document);
            return Message::default().bytes(part, Message::default().bytes(1, common));
        }
        Decision::Answer(reply) => reply,
    };
    let status = Message::default().number(1, reply.status.into());
    let headers = Message::default().bytes(1, header("content-type", reply.kind));
    let immediate = Message::default().bytes(1, status).bytes(2, headers).bytes(3, reply.document);
    Message::default().bytes(Answer::IMMEDIATE, immediate)
}

/// A header that takes the place of what there is of its name: envoy.config.core.v3.HeaderValueOption.
fn header(name: &str, value: &str) -> Message {
    const OVERWRITE_IF_EXISTS_OR_ADD: u64 = 2;
    let pair = Message::default().bytes(1, name).bytes(3, value);
    Message::default().bytes(1, pair).number(3, OVERWRITE_IF_EXISTS_OR_ADD)
}

fn framed(message: &Message) -> Result<Bytes> {
    let length = u32::try_from(message.0.len()).context("an answer has more than 4 GiB")?;
    Ok([&[0][..], &length.to_be_bytes(), &message.0].concat().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_request_are_told_apart() {
        let pair = Message::default().bytes(1, ":path").bytes(3, "/x");
        let map = Message::default().bytes(1, pair);
        let whole = |at_end| Message::default().bytes(2, Message::default().bytes(1, &map).number(3, at_end));
        assert!(matches!(Part::read(&whole(0).0).unwrap(), Part::Headers { at_end: false }));
        assert!(matches!(Part::read(&whole(1).0).unwrap(), Part::Headers { at_end: true }));
        assert_eq!(headers(&whole(0).0).unwrap(), [(&b":path"[..], &b"/x"[..])]);
        let body = Message::default().bytes(4, Message::default().bytes(1, "text").number(2, 1));
        assert!(matches!(Part::read(&body.0).unwrap(), Part::Body(b"text")));
        assert!(Part::read(&Message::default().bytes(3, "").0).is_err(), "an answer's headers");
    }

    #[test]
    fn a_message_carries_its_length() {
        assert_eq!(&framed(&Message::default().number(1, 1)).unwrap()[..], b"\x00\x00\x00\x00\x02\x08\x01");
    }
}
