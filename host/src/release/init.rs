//! `windlass init`: a release file and an operator's file from an existing Compose file.
//!
//! Pure: texts in, texts out. The command shows them and writes them.

/// The two files that `windlass init` proposes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// `release.toml`, commented.
    pub release_file: String,
    /// `agent.toml`, commented, with the grants that the release needs.
    pub agent_file: String,
    /// What could not be taken over and needs a person.
    pub remarks: Vec<String>,
}
