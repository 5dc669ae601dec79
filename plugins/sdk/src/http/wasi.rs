//! Requests and errors in the words of `wasi:http`.

use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, Headers, Method, OutgoingBody, OutgoingRequest, RequestOptions, Scheme,
};
use wasip2::io::streams::{OutputStream, StreamError};

use super::{Address, Request};
use crate::{Error, Result};

/// The most that one write to a WASI stream may hold.
const CHUNK: usize = 4096;

/// Hands a request to the host.
pub(super) fn start(request: &Request) -> Result<FutureIncomingResponse> {
    let address = Address::parse(&request.url)?;
    let refused = |what: &str| Error::new("invalid-argument", format!("{}: {what} is not allowed", request.url));
    let outgoing = OutgoingRequest::new(headers(request)?);
    outgoing.set_method(&method(&request.method)).map_err(|()| refused("the method"))?;
    let scheme = if address.tls { Scheme::Https } else { Scheme::Http };
    outgoing.set_scheme(Some(&scheme)).map_err(|()| refused("the scheme"))?;
    outgoing.set_authority(Some(address.authority)).map_err(|()| refused("the host"))?;
    outgoing.set_path_with_query(Some(&address.path)).map_err(|()| refused("the path"))?;
    let body = outgoing.body().map_err(|()| refused("a second body"))?;

    let options = RequestOptions::new();
    let timeout = Some(u64::try_from(request.timeout.as_nanos()).unwrap_or(u64::MAX));
    // Hosts that clamp or refuse a timeout keep their own, and ours is kept by `exchange` anyway.
    let _ = options.set_connect_timeout(timeout);
    let _ = options.set_first_byte_timeout(timeout);
    let _ = options.set_between_bytes_timeout(timeout);

    let future = outgoing_handler::handle(outgoing, Some(options)).map_err(|code| error(&request.url, &code))?;
    // A body that is not taken is no error by itself: when the host refused the request, or the server answered before
    // it read the body, the future says so.
    let taken = request.body.is_empty() || {
        let stream = body.write().map_err(|()| refused("a second body"))?;
        write(&stream, &request.body).is_ok()
    };
    if taken {
        let _ = OutgoingBody::finish(body, None);
    }
    Ok(future)
}

fn write(stream: &OutputStream, bytes: &[u8]) -> Result<(), StreamError> {
    bytes.chunks(CHUNK).try_for_each(|chunk| stream.blocking_write_and_flush(chunk))
}

fn headers(request: &Request) -> Result<Headers> {
    let fields = Fields::new();
    let append = |name: &str, value: &str| {
        fields
            .append(name, value.as_bytes())
            .map_err(|cause| Error::new("invalid-argument", format!("the header {name:?} cannot be sent: {cause}")))
    };
    for (name, value) in &request.headers {
        append(name, value)?;
    }
    // Not every server reads a body whose length it is not told.
    let told = request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    if !request.body.is_empty() && !told {
        append("content-length", &request.body.len().to_string())?;
    }
    Ok(fields)
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        "TRACE" => Method::Trace,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    }
}

/// A failed exchange as an error for people.
pub(super) fn error(url: &str, code: &ErrorCode) -> Error {
    if let ErrorCode::InternalError(Some(text)) = code {
        return told(url, text);
    }
    let (word, message, retryable) = match code {
        ErrorCode::DnsTimeout | ErrorCode::DnsError(_) => ("unavailable", "the name cannot be resolved", true),
        ErrorCode::ConnectionRefused => ("unavailable", "the connection was refused", true),
        ErrorCode::ConnectionTerminated | ErrorCode::HttpResponseIncomplete => {
            ("unavailable", "the connection was closed in the middle", true)
        }
        ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => ("timeout", "no answer in time", true),
        ErrorCode::TlsCertificateError => ("untrusted", "its certificate is not trusted", false),
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => ("untrusted", "it speaks no TLS", false),
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => {
            ("capability-denied", "the operator's `http` grant does not cover it", false)
        }
        ErrorCode::DestinationUnavailable | ErrorCode::DestinationIpUnroutable | ErrorCode::DestinationNotFound => {
            ("unavailable", "there is no way to it", true)
        }
        other => return Error::new("unavailable", format!("{url}: {other:?}")).retryable(),
    };
    let error = Error::new(word, format!("{url}: {message}"));
    if retryable { error.retryable() } else { error }
}

/// What the host says in its own words: `CODE: message`.
fn told(url: &str, text: &str) -> Error {
    const CODES: [&str; 7] =
        ["capability-denied", "limit-exceeded", "timeout", "unavailable", "untrusted", "invalid-argument", "cancelled"];
    let known = text.split_once(": ").filter(|(code, _)| CODES.contains(code));
    let (code, message) = known.unwrap_or(("unavailable", text));
    let message = if message.contains(url) { message.to_owned() } else { format!("{url}: {message}") };
    let error = Error::new(code, message);
    if matches!(code, "timeout" | "unavailable") { error.retryable() } else { error }
}

/// A stream that broke.
pub(super) fn stream_error(url: &str, cause: &StreamError) -> Error {
    match cause {
        StreamError::Closed => Error::new("unavailable", format!("{url}: the connection was closed in the middle")),
        StreamError::LastOperationFailed(cause) => {
            if let Some(code) = wasip2::http::types::http_error_code(cause) {
                return error(url, &code);
            }
            // What the host says in its own words comes through a stream as the text of an error.
            let text = cause.to_debug_string();
            return told(url, text.strip_prefix("internal error: ").unwrap_or(&text));
        }
    }
    .retryable()
}
