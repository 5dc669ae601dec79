//! A check whose configuration has any schema: a test writes one over the room that is left for it in the component.

use std::borrow::Cow;
use std::hint::black_box;

use windlass_sdk::prelude::*;
use windlass_sdk::schemars::{Schema, SchemaGenerator};

/// What a test looks for, and replaces from here on.
const HERE: &[u8] = b"{\"title\": \"here goes the schema of a test\"}";

/// JSON ends in any number of spaces.
static ROOM: [u8; 512 << 10] = room();

#[expect(clippy::large_stack_arrays, reason = "it is made by the compiler")]
const fn room() -> [u8; 512 << 10] {
    let mut room = [b' '; 512 << 10];
    let mut at = 0;
    while at < HERE.len() {
        room[at] = HERE[at];
        at += 1;
    }
    room
}

/// The check.
pub struct Hostile;

/// Anything.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct Config(pub Value);

impl JsonSchema for Config {
    fn schema_name() -> Cow<'static, str> {
        "Config".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let written: Option<Value> = serde_json::from_slice(black_box(&ROOM)).ok();
        written.and_then(|written| Schema::try_from(written).ok()).unwrap_or_default()
    }
}

impl Check for Hostile {
    type Config = Config;

    fn run(_: &Context<'_>, _: &Config) -> Result<Report> {
        Ok(Report::pass("all is well"))
    }
}

windlass_sdk::export!(check Hostile {
    name: "hostile-schema",
    summary: "a check whose schema a test writes",
    capabilities: [],
});
