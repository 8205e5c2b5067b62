//! A proxy-wasm filter that only continues. It has the same callbacks as Lictor's filter, so that what Envoy and the
//! SDK cost is in it, and nothing else.

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::ContextType;

struct Root;

impl Context for Root {}

impl RootContext for Root {
    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Request))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// The trait's own methods continue.
struct Request;

impl Context for Request {}

impl HttpContext for Request {}

#[allow(unsafe_code, reason = "proxy-wasm's entry point is an exported symbol")]
mod entry {
    use proxy_wasm::traits::RootContext;

    proxy_wasm::main! {{
        proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::new(crate::Root) });
    }}
}
