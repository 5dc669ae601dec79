//! Brings a machine to where the repository can be built, tried and tested, and says what it does.
//!
//! Each need is looked for first. What is missing is installed where this process may (Debian or Ubuntu, root);
//! otherwise the error says exactly what to type. It changes nothing that is there already.

mod apt;
mod compose;
mod debian;
pub(crate) mod debian_tree;
mod engine;
pub(crate) mod other_engines;
pub(crate) mod tools;
mod wasm;

use std::path::Path;

use anyhow::Result;

pub(crate) use compose::find as docker_compose;
pub(crate) use engine::SOCKET;
pub(crate) use tools::cargo_deb;

/// A font of the package that every test machine gets: pages look the same on all.
const FONT: &str = "/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf";

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
    /// An SSH server, its client and a network to put it in.
    Ssh,
    /// The servers that the tests talk to.
    Servers,
    /// The browser that looks at the status page. Large: some 300 MB with what it needs.
    Browser,
    /// The program that runs the tests.
    Nextest,
    /// The program that judges what is built in: licences, sources, versions.
    Deny,
    /// What makes the Debian package.
    Packaging,
    /// A Debian system of its own, below `target/`, to install the package in, and what boots it.
    DebianTree,
}

/// Everything that the tests and the benches need.
pub(crate) const EVERYTHING: &[Need] = &[
    Need::Wasm,
    Need::Engine,
    Need::Registry,
    Need::Compose,
    Need::Ssh,
    Need::Servers,
    Need::Browser,
    Need::Nextest,
    Need::Deny,
    Need::Packaging,
    Need::DebianTree,
];

/// Makes sure of each need, in order.
pub(crate) fn ensure(needs: &[Need]) -> Result<()> {
    for need in needs {
        match need {
            Need::Wasm => wasm::ensure()?,
            Need::Engine => engine::ensure()?,
            Need::Registry => apt::ensure("an image registry", &[("docker-registry", "docker-registry")])?,
            Need::Compose => compose::ensure()?,
            Need::Browser => {
                // Without a font it shows nothing that can be looked at.
                let programs = [("chromium", "chromium"), ("fc-list", "fontconfig")];
                apt::ensure("a browser for the status page", &programs)?;
                if !Path::new(FONT).exists() {
                    apt::install(&["fonts-liberation"])?;
                }
            }
            Need::Nextest => tools::ensure("nextest", &["--no-default-features", "--features", "default-no-update"])?,
            Need::Deny => tools::ensure("deny", &[])?,
            Need::Packaging => {
                // dpkg-shlibdeps says which C library the agent needs.
                let programs = [("dpkg-shlibdeps", "dpkg-dev"), ("strip", "binutils"), ("xz", "xz-utils")];
                apt::ensure("what makes packages", &programs)?;
                tools::ensure_cargo_deb()?;
            }
            Need::DebianTree => {
                let programs = [("debootstrap", "debootstrap"), ("systemd-nspawn", "systemd-container")];
                apt::ensure("what makes and boots a Debian system", &programs)?;
                debian_tree::ensure()?;
            }
            Need::Ssh => apt::ensure(
                "an SSH server",
                &[("sshd", "openssh-server"), ("ssh", "openssh-client"), ("ip", "iproute2")],
            )?,
            Need::Servers => apt::ensure(
                "servers for the tests",
                &[
                    ("htpasswd", "apache2-utils"),
                    ("git", "git"),
                    ("jq", "jq"),
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
