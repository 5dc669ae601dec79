//! Secrets by name, without their values.

use crate::Result;
use crate::bindings::imports::windlass::plugin::secrets as host;
use crate::error::ask;

/// A text that stands for the value: put it in an HTTP header, or in the path or query of an address, to a host that
/// the secret is granted for, in a container's environment, or in a file mounted into a container. Needs a `secrets`
/// grant for the name.
pub fn placeholder(name: &str) -> Result<String> {
    ask(|| host::placeholder(name))
}

/// The value itself. Needs a `reveal` grant for the name, which operators give rarely.
pub fn reveal(name: &str) -> Result<Vec<u8>> {
    ask(|| host::reveal(name))
}
