//! Where a release file says something, for what is found wrong with it later: by a plugin, or by the operator's file.
//!
//! What is wrong is not known here.

use std::ops::Range;

use windlass_config::document::Document;
use windlass_foundation::explain::Place;

/// The place of what a release file says at a path of keys and what counts in an environment; where it is not written, that
/// of the nearest table above it. None for a file that cannot be read.
#[must_use]
pub fn place(content: &[u8], name: &str, environment: &str, keys: &[&str]) -> Option<Place> {
    found(content, name, environment, keys, |document, keys| document.find(keys.iter().copied()))
}

/// The place of the last of the keys itself, for a key that should not be there.
#[must_use]
pub fn place_of_key(content: &[u8], name: &str, environment: &str, keys: &[&str]) -> Option<Place> {
    found(content, name, environment, keys, |document, keys| document.find_key(keys.iter().copied()))
}

fn found(
    content: &[u8],
    name: &str,
    environment: &str,
    keys: &[&str],
    find: impl Fn(&Document, &[&str]) -> (usize, Range<usize>),
) -> Option<Place> {
    let document = Document::from_bytes(name, content.to_vec()).ok()?;
    let own = ["environments", environment];
    let find = |keys: &[&str]| {
        let (of_own, there) = find(&document, &[&own, keys].concat());
        (of_own.saturating_sub(own.len()), there, find(&document, keys))
    };
    let (of_own, there, (of_base, base)) = find(keys);
    // A table of the environment is merged over the one of the base, so that the one that says more of it counts. Another
    // plugin does not inherit the `with` table.
    let inherits = keys.iter().position(|key| *key == "with").is_none_or(|with| {
        let plugin: Vec<&str> = keys[..with].iter().copied().chain(["plugin"]).collect();
        let (of_own, there) = document.find(own.iter().chain(&plugin).copied());
        let (_, base) = document.find(plugin.iter().copied());
        of_own < own.len() + plugin.len() || document.text().get(there) == document.text().get(base)
    });
    let span = if of_own > 0 && (of_own >= of_base || !inherits) { there } else { base };
    Some(Place::of_span(name, document.text(), span.start, span.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"application = "kudos"
[strategy]
plugin = "strategy-compose"
[checks.ready]
plugin = "./checks/ours.wasm"
with = { disk = "1GiB", ports = [80, 443] }
[environments.uat.checks.ready.with]
disk = 5
[environments.production.checks.gate]
plugin = "check-window"
[environments.test.checks.ready]
plugin = "check-image"
"#;

    #[test]
    fn a_value_is_where_it_counts_and_what_is_not_written_where_it_would_be() {
        let at = |environment: &str, keys: &[&str]| {
            let place = place(FILE.as_bytes(), "release.toml", environment, keys).unwrap();
            (place.line, place.column, place.text)
        };
        let line = |number: usize| FILE.lines().nth(number - 1).unwrap().to_owned();
        assert_eq!(at("uat", &["checks", "ready", "plugin"]), (5, 10, line(5)));
        assert_eq!(at("uat", &["checks", "ready", "with", "disk"]), (8, 8, line(8)));
        assert_eq!(at("uat", &["checks", "ready", "with", "ports", "1"]), (6, 38, line(6)));
        assert_eq!(at("production", &["checks", "ready", "with", "disk"]), (6, 17, line(6)));
        assert_eq!(at("production", &["checks", "gate", "with", "zone"]), (9, 1, line(9)));
        assert_eq!(at("test", &["checks", "ready", "with", "disk"]), (11, 1, line(11)), "another plugin");
        assert_eq!(at("uat", &["strategy", "with"]), (2, 1, line(2)));
        assert_eq!(at("uat", &["secrets", "TOKEN"]), (1, 1, line(1)));
        let key = place_of_key(FILE.as_bytes(), "release.toml", "production", &["checks", "ready", "with", "ports"]);
        assert_eq!(key.unwrap().heading(), "release.toml:6:25: ");
        assert_eq!(place(&[0xff], "release.toml", "uat", &[]), None);
    }
}
