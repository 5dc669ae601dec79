//! Docker Compose in the two versions that everything is compared with.
//!
//! `cargo xtask setup` fetches the programs. Their absence is an error: without them nothing is compared.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Compose {
    /// What a stable Debian has.
    Older,
    /// The newest that Debian has. It is followed where the two disagree.
    Newer,
}

impl Compose {
    /// Both, the older one first.
    pub const BOTH: [Self; 2] = [Self::Older, Self::Newer];

    /// The version that the tests were last compared with, as the documentation calls it.
    #[must_use]
    pub fn series(self) -> &'static str {
        match self {
            Self::Older => "2.26",
            Self::Newer => "2.40",
        }
    }

    /// The variable that tells a test where the program is.
    #[must_use]
    pub fn variable(self) -> &'static str {
        match self {
            Self::Older => "DOCKER_COMPOSE",
            Self::Newer => "DOCKER_COMPOSE_NEWER",
        }
    }

    /// The program's name below `target/docker-compose`.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            Self::Older => "older",
            Self::Newer => "newer",
        }
    }

    /// The program: what the variable names, or what `cargo xtask setup` brings.
    ///
    /// # Errors
    /// When it is not there.
    pub fn program(self) -> Result<PathBuf> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let unpacked = root.join("target/docker-compose").join(self.file());
        let path = std::env::var_os(self.variable()).map_or(unpacked, PathBuf::from);
        path.canonicalize()
            .with_context(|| format!("{} is not there: `cargo xtask setup` fetches Docker Compose", path.display()))
    }
}
