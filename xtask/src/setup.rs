//! Brings a machine to where the repository can be built, tried and tested, and says what it does.
//!
//! Each need is looked for first. What is missing is installed where this process may (Debian or Ubuntu, root);
//! otherwise the error says exactly what to type. It changes nothing that is there already.

mod apt;
mod compose;
mod debian;
mod engine;
pub(crate) mod other_engines;
pub(crate) mod tools;
mod wasm;

use anyhow::Result;

pub(crate) use compose::find as docker_compose;
pub(crate) use engine::SOCKET;

/// What a chore needs beyond Rust itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Something that builds components.
    Wasm,
    /// A Docker Engine that answers.
    Engine,
    /// A registry to push to.
    Registry,
    /// Docker Compose v2 in two versions, the peers to compare with.
    Compose,
    /// The servers that the tests talk to.
    Servers,
    /// The program that runs the tests.
    Nextest,
    /// The program that judges what is built in: licences, sources, versions.
    Deny,
}

/// Everything that the tests and the benches need.
pub(crate) const EVERYTHING: &[Need] =
    &[Need::Wasm, Need::Engine, Need::Registry, Need::Compose, Need::Servers, Need::Nextest, Need::Deny];

/// Makes sure of each need, in order.
pub(crate) fn ensure(needs: &[Need]) -> Result<()> {
    for need in needs {
        match need {
            Need::Wasm => wasm::ensure()?,
            Need::Engine => engine::ensure()?,
            Need::Registry => apt::ensure("an image registry", &[("docker-registry", "docker-registry")])?,
            Need::Compose => compose::ensure()?,
            Need::Nextest => tools::ensure("nextest", &["--no-default-features", "--features", "default-no-update"])?,
            Need::Deny => tools::ensure("deny", &[])?,
            Need::Servers => apt::ensure(
                "servers for the tests",
                &[
                    ("sshd", "openssh-server"),
                    ("ssh", "openssh-client"),
                    ("htpasswd", "apache2-utils"),
                    ("git", "git"),
                    ("make", "make"),
                    ("minisign", "minisign"),
                    ("openssl", "openssl"),
                    ("busybox", "busybox-static"),
                    ("time", "time"),
                    ("faketime", "faketime"),
                ],
            )?,
        }
    }
    Ok(())
}

/// One line about what setting up does.
#[expect(clippy::print_stderr, reason = "chores talk to the person who runs them")]
fn say(line: &str) {
    eprintln!("setup: {line}");
}
