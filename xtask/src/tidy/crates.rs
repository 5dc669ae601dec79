//! What each crate of the agent may list in its Cargo.toml: the layers that it stands on, and the libraries whose home it is.
//!
//! A crate can name only what it lists, so the compiler holds these walls in the code. What tests alone use is not looked at.

use anyhow::Result;

use crate::test::packages::{self, Package};

/// The crates below `host`, and those of them that each may use.
const LAYERS: &[(&str, &[&str])] = &[
    // Guests are built with it: it stands on nothing of the agent.
    ("windlass-domain", &[]),
    ("windlass-foundation", &["windlass-domain"]),
    // What goes between a caller and the service is data: whoever sends a command needs nothing of the agent.
    ("windlass-api", &["windlass-domain", "windlass-foundation"]),
    ("windlass-journal", &["windlass-domain", "windlass-foundation"]),
    // The flow of a deployment knows no file of a team, no plugin and no engine; `windlass-service` brings them.
    ("windlass-deployment", &["windlass-domain", "windlass-foundation", "windlass-journal"]),
    ("windlass-config", &["windlass-domain", "windlass-foundation"]),
    ("windlass-release", &["windlass-domain", "windlass-foundation", "windlass-config"]),
    ("windlass-capability", &["windlass-domain", "windlass-foundation", "windlass-config"]),
    (
        "windlass-sandbox",
        &["windlass-domain", "windlass-foundation", "windlass-config", "windlass-release", "windlass-capability"],
    ),
    (
        "windlass-service",
        &[
            "windlass-domain",
            "windlass-foundation",
            "windlass-api",
            "windlass-journal",
            "windlass-deployment",
            "windlass-config",
            "windlass-release",
            "windlass-capability",
            "windlass-sandbox",
        ],
    ),
    // As the printer, for a browser.
    ("windlass-page", &["windlass-domain", "windlass-foundation", "windlass-api"]),
    // The service behind a socket, and the client of that socket: nothing below the service but who asks and what is told.
    (
        "windlass-daemon",
        &[
            "windlass-domain",
            "windlass-foundation",
            "windlass-api",
            "windlass-config",
            "windlass-deployment",
            "windlass-service",
            "windlass-page",
        ],
    ),
    // It exchanges the agent itself, so it asks the one that runs, and keeps the journal that it leaves.
    (
        "windlass-update",
        &[
            "windlass-domain",
            "windlass-foundation",
            "windlass-config",
            "windlass-journal",
            "windlass-service",
            "windlass-daemon",
        ],
    ),
    // What it shows may come from another process: it knows answers, and nothing that makes them.
    ("windlass-report", &["windlass-domain", "windlass-foundation", "windlass-api"]),
    // For authors of plugins, on their own machines: what they make is admitted as an agent would.
    ("windlass-authoring", &["windlass-domain", "windlass-foundation", "windlass-config", "windlass-sandbox"]),
    // A way in, and no more: what a caller may say and do is decided above it.
    ("windlass-ssh", &["windlass-domain", "windlass-foundation"]),
    // Use cases live in the service, so the command line reaches no journal, configuration or capability.
    (
        "windlass",
        &[
            "windlass-domain",
            "windlass-foundation",
            "windlass-api",
            "windlass-deployment",
            "windlass-sandbox",
            "windlass-service",
            "windlass-daemon",
            "windlass-report",
            "windlass-page",
            "windlass-ssh",
            "windlass-update",
            "windlass-authoring",
        ],
    ),
];

/// How libraries with a home begin, and the crates that may list them.
const HOMES: &[(&str, &[&str])] = &[
    ("wasm", &["windlass-sandbox"]),
    ("bollard", &["windlass-capability"]),
    ("hyper", &["windlass-capability", "windlass-daemon"]),
    ("axum", &["windlass-daemon"]),
    ("netlink", &["windlass-capability"]),
    ("reqwest", &["windlass-capability", "windlass-release"]),
    ("rusqlite", &["windlass-journal"]),
    ("clap", &["windlass"]),
    ("maud", &["windlass-page"]),
    ("indicatif", &["windlass-report"]),
    ("anstyle", &["windlass-report"]),
    ("unicode-width", &["windlass-report"]),
    ("tracing-", &["windlass-report"]),
    ("prometheus", &["windlass-daemon"]),
];

/// What is wrong with the crates of the agent.
pub(super) fn wrong() -> Result<Vec<String>> {
    let all = packages::all()?;
    Ok(all.iter().filter(|package| package.is_below("host")).flat_map(listed).collect())
}

/// What is wrong with what a crate lists.
fn listed(package: &Package) -> Vec<String> {
    let name = package.name.as_str();
    let Some((_, below)) = LAYERS.iter().find(|(layer, _)| *layer == name) else {
        return vec![format!("`{name}` has no place in the layers")];
    };
    let is_layer = |library: &str| LAYERS.iter().any(|(layer, _)| *layer == library);
    let mut wrong = Vec::new();
    for library in &package.libraries {
        if is_layer(library) && !below.contains(&library.as_str()) {
            wrong.push(format!("`{name}` lists `{library}`, which it does not stand on"));
        }
        if let Some((_, homes)) = HOMES.iter().find(|(begins, _)| library.starts_with(begins))
            && !homes.contains(&name)
        {
            wrong.push(format!("`{name}` lists `{library}`, which is for {} alone", homes.join(" and ")));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_crate_must_not_list_is_named() {
        let lists = |name: &str, libraries: &[&str]| listed(&Package::pretended(name, libraries));
        assert_eq!(
            lists("windlass-journal", &["windlass-report", "windlass-foundation", "rusqlite", "wasmtime-wasi"]),
            [
                "`windlass-journal` lists `windlass-report`, which it does not stand on",
                "`windlass-journal` lists `wasmtime-wasi`, which is for windlass-sandbox alone"
            ]
        );
        assert_eq!(lists("windlass", &["windlass-service", "clap_mangen"]), [""; 0]);
        assert_eq!(lists("windlass-idea", &[]), ["`windlass-idea` has no place in the layers"]);
    }
}
