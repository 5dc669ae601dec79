//! `wasi:http`: the one way from a plugin's HTTP library to `windlass_capability::http`, which decides and sends.
//!
//! What the capability refuses reaches the plugin as `internal-error` with the text `CODE: message`, because the error
//! codes of `wasi:http` carry no reason.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use http_body_util::BodyExt as _;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};
use windlass_capability::http::Timeouts;
use windlass_domain::Failure;

use crate::call::Call;
use crate::sandbox::remember;

/// What one call sends.
pub(crate) struct Requests {
    call: Option<Arc<Call>>,
    denied: Arc<Mutex<Vec<Failure>>>,
}

impl Requests {
    pub(crate) fn new(call: Option<Arc<Call>>, denied: Arc<Mutex<Vec<Failure>>>) -> Self {
        Self { call, denied }
    }
}

/// What `wasi:http` waits for besides the answer itself.
type Transfer = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Requests {
    fn send_request(
        &mut self,
        request: ::http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Transfer,
    ) -> Box<dyn Future<Output = Result<(::http::Response<WasiBody>, Transfer), Error>> + Send> {
        let (call, denied) = (self.call.clone(), Arc::clone(&self.denied));
        Box::new(async move {
            let call = call.ok_or(Error::HttpRequestDenied)?;
            let options = options.unwrap_or_default();
            let timeouts = Timeouts {
                connect: options.connect_timeout,
                first_byte: options.first_byte_timeout,
                between_bytes: options.between_bytes_timeout,
            };
            let request = request.map(Sent);
            let response = call.capabilities.http.send(request, timeouts).await.map_err(|failure| {
                if failure.code == "capability-denied" {
                    remember(&denied, &failure);
                }
                told(&failure)
            })?;
            // The connection belongs to the answer's body and ends with it.
            let transfer: Transfer = Box::new(std::future::ready(Ok(())));
            Ok((response.map(|body| body.map_err(|failure| told(&failure)).boxed_unsync()), transfer))
        })
    }
}

/// A failure as `wasi:http` can carry it.
fn told(failure: &Failure) -> Error {
    Error::InternalError(Some(format!("{}: {}", failure.code, failure.message)))
}

/// A request's body, whose errors are those that every HTTP client takes.
struct Sent(WasiBody);

impl http_body::Body for Sent {
    type Data = bytes::Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, Self::Error>>> {
        let body = Pin::new(&mut self.get_mut().0);
        body.poll_frame(context).map(|frame| frame.map(|frame| frame.map_err(|error| error.to_string().into())))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.0.size_hint()
    }
}
