//! The description that a plugin has before any of its code runs: the custom section `windlass.manifest`.
//!
//! The section is read, never executed. It is the only source of a plugin's name, kind and requested capabilities.

use serde::{Deserialize, Serialize};
use windlass_foundation::identity::{Ask, Kind};

/// The custom section's name.
pub(super) const SECTION: &str = "windlass.manifest";

/// The newest format of the manifest that this agent reads.
pub const MANIFEST_FORMAT: u32 = 1;

/// What a plugin says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The format of this document.
    pub format: u32,
    /// The plugin's name: lower-case letters, digits and `-`.
    pub name: String,
    /// Its version, semantic versioning.
    pub version: String,
    /// What it is for.
    pub kind: Kind,
    /// The version of the contract that it was built against.
    pub contract: String,
    /// What it would like to reach.
    #[serde(default)]
    pub capabilities: Vec<Ask>,
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// There is no such section.
    #[error("it has no `{SECTION}` section")]
    Missing,
    /// There is more than one.
    #[error("it has {0} `{SECTION}` sections instead of one")]
    Several(usize),
    /// It is far too long.
    #[error("its `{SECTION}` section has {0} bytes; it may have {LONGEST}")]
    Long(usize),
    /// It is not the JSON that it should be.
    #[error("its `{SECTION}` section cannot be read")]
    Malformed(#[source] serde_json::Error),
    /// It is newer than this agent.
    #[error("its manifest has format {0}; this agent reads up to {MANIFEST_FORMAT}")]
    Newer(u32),
    /// A value in it is not allowed.
    #[error("its manifest's `{field}` is {value:?}, but must be {expected}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// What it says.
        value: String,
        /// What it may say.
        expected: &'static str,
    },
}

/// The longest manifest, in bytes.
const LONGEST: usize = 64 << 10;

/// The longest version, root's name, and reason, in bytes.
const LONGEST_WORD: usize = 64;
const LONGEST_REASON: usize = 500;

/// The most capabilities that a plugin asks for.
const MOST_ASKS: usize = 64;

/// Names that a capability can have.
const CAPABILITIES: [&str; 9] =
    ["docker-read", "docker-write", "http", "files", "secrets", "reveal", "exec", "registry", "state"];

impl Manifest {
    /// Reads the manifest out of the sections of that name.
    pub(super) fn read(sections: &[&[u8]]) -> Result<Self, ManifestError> {
        let section = match sections {
            [] => return Err(ManifestError::Missing),
            [section] => *section,
            several => return Err(ManifestError::Several(several.len())),
        };
        if section.len() > LONGEST {
            return Err(ManifestError::Long(section.len()));
        }
        // The format first: a newer one may have another shape.
        let format: Format = serde_json::from_slice(section).map_err(ManifestError::Malformed)?;
        if format.format > MANIFEST_FORMAT {
            return Err(ManifestError::Newer(format.format));
        }
        let manifest: Self = serde_json::from_slice(section).map_err(ManifestError::Malformed)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Whether every value in it is allowed.
    pub fn check(&self) -> Result<(), ManifestError> {
        let invalid = |field, value: &str, expected| {
            Err(ManifestError::Invalid { field, value: super::text::beginning(value, 100), expected })
        };
        if !is_name(&self.name) {
            return invalid("name", &self.name, "at most 64 lower-case letters, digits and `-`");
        }
        if self.version.len() > LONGEST_WORD || semver::Version::parse(&self.version).is_err() {
            return invalid("version", &self.version, "a semantic version such as 1.2.0");
        }
        if self.contract.len() > LONGEST_WORD || semver::Version::parse(&self.contract).is_err() {
            return invalid("contract", &self.contract, "a semantic version such as 0.2.0");
        }
        if self.capabilities.len() > MOST_ASKS {
            return invalid("capabilities", &format!("{} of them", self.capabilities.len()), "at most 64");
        }
        for ask in &self.capabilities {
            if ask.reason.len() > LONGEST_REASON || super::text::plain(&ask.reason) != ask.reason {
                return invalid("reason", &ask.reason, "at most 500 bytes of ordinary text");
            }
            if let Some(root) = &ask.root
                && (root.len() > LONGEST_WORD || super::text::plain(root) != *root)
            {
                return invalid("root", root, "a name of at most 64 bytes");
            }
            if !CAPABILITIES.contains(&ask.name.as_str()) {
                let expected = "docker-read, docker-write, http, files, secrets, reveal, exec, registry or state";
                return invalid("capabilities", &ask.name, expected);
            }
        }
        Ok(())
    }
}

/// Whether a text can be a plugin's name: at most 64 lower-case letters, digits and `-`.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.len() <= 64 && text.chars().all(word)
}

/// Only the format of a manifest.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(json: &str) -> Result<Manifest, String> {
        Manifest::read(&[json.as_bytes()]).map_err(|error| error.to_string())
    }

    #[test]
    fn reads_what_a_plugin_asks_for() -> Result<(), String> {
        let manifest = read(
            r#"{"format":1,"name":"check-x","version":"1.0.0","kind":"check","contract":"0.2.0","later":true,
                "capabilities":[{"name":"files","root":"records","write":true,"reason":"to write"}]}"#,
        )?;
        assert_eq!(manifest.kind, Kind::Check);
        assert_eq!(manifest.capabilities[0].root.as_deref(), Some("records"));
        Ok(())
    }

    #[test]
    fn refuses_with_a_sentence() {
        assert_eq!(
            read(r#"{"format":2,"shape":"new"}"#),
            Err("its manifest has format 2; this agent reads up to 1".to_owned())
        );
        assert_eq!(
            read(r#"{"format":1,"name":"../x","version":"1.0.0","kind":"check","contract":"0.2.0"}"#),
            Err("its manifest's `name` is \"../x\", but must be at most 64 lower-case letters, digits and `-`"
                .to_owned())
        );
        let ask = |name: &str, root: &str, reason: &str| json!({"name": name, "root": root, "reason": reason});
        let long = "x".repeat(600);
        for (field, value, expected) in [
            ("version", json!(format!("1.0.0-{long}")), "a semantic version"),
            ("contract", json!(format!("0.2.0+{long}")), "a semantic version"),
            ("capabilities", json!(vec![ask("state", "r", ""); 65]), "\"65 of them\", but must be at most 64"),
            ("capabilities", json!([ask("root", "r", "")]), "but must be docker-read"),
            ("capabilities", json!([ask("files", &long, "")]), "`root` is"),
            ("capabilities", json!([ask("state", "r", &long)]), "`reason` is"),
            ("capabilities", json!([ask("state", "r", "\u{1b}[2J")]), "`reason` is"),
        ] {
            let mut manifest = json!({
                "format": 1, "name": "check-x", "version": "1.0.0", "kind": "check", "contract": "0.2.0",
            });
            manifest[field] = value;
            let error = read(&manifest.to_string()).err().unwrap_or_default();
            assert!(error.contains(expected) && error.len() < 300, "{field}: {error}");
        }
        assert!(matches!(Manifest::read(&[]), Err(ManifestError::Missing)));
        assert!(matches!(Manifest::read(&[b"{}", b"{}"]), Err(ManifestError::Several(2))));
    }
}
