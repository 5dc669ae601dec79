//! What goes between the command line and the service is data that may come from another process. In a build with debug
//! assertions it goes through JSON here, so that every test of a command proves that nothing is lost on the way.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The value after it was written as JSON and read again; itself in a build that is to be shipped.
///
/// # Errors
/// When it cannot be written or read.
pub(super) fn passed<T: Serialize + DeserializeOwned>(value: T) -> Result<T, serde_json::Error> {
    if cfg!(debug_assertions) { serde_json::from_str(&serde_json::to_string(&value)?) } else { Ok(value) }
}
