//! A release as a file: made on one host and deployed on another.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Event, Outcome, Release, Verdict};

/// The format number that this library writes in [`ReleaseDocument::format`].
pub const RELEASE_DOCUMENT_FORMAT: u32 = 1;

/// How recorders and the history call what the strategy itself says after it applied a plan.
pub const VERIFICATION: &str = "health";

/// A release, where it succeeded, and its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(title = "A release as a file")]
pub struct ReleaseDocument {
    /// The format of this document.
    pub format: u32,
    /// The release.
    pub release: Release,
    /// Where it succeeded; none when it was not deployed before the document was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// Images that were built when the document was made, by artifact. No part of the release: the digests are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub built: BTreeMap<String, Built>,
    /// The files of its bundle by path; none where the host that deploys it must have them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<BTreeMap<String, BundledFile>>,
}

/// Where and when an image was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Built {
    /// The host's name.
    pub host: String,
    /// When it was there, RFC 3339.
    pub time: String,
    /// Whether the files had changes that are not in the commit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub changed: bool,
}

/// A deployment of the release that succeeded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Proof {
    /// The environment's name.
    pub environment: String,
    /// The host's name.
    pub host: String,
    /// The deployment's id.
    pub deployment: String,
    /// Who asked for it.
    pub actor: String,
    /// When it ended, RFC 3339.
    pub finished: String,
    /// What the checks said, by name.
    #[serde(default)]
    pub checks: BTreeMap<String, Verdict>,
    /// What the smoke tests said, by name; the strategy's own verification is not among them.
    #[serde(default)]
    pub smoke: BTreeMap<String, Verdict>,
}

/// The content of a file: one of `text` and `base64`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BundledFile {
    /// The content, where it is UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The content in Base64 (RFC 4648, section 4), where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// Whether it is a program.
    #[serde(default, skip_serializing_if = "is_false")]
    pub program: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl ReleaseDocument {
    /// What a recorder keeps of a success, without files: enough to promote the release where its files are. A deployment
    /// that changed nothing is one where it proved another release by what ran. None when the event is no success.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        let proved = match event.outcome {
            Outcome::Succeeded => true,
            Outcome::Unchanged => !event.smoke.is_empty(),
            _ => false,
        };
        if !proved {
            return None;
        }
        let verdicts = |reports: &[crate::NamedReport]| {
            let named = reports.iter().filter(|named| named.name != VERIFICATION);
            named.map(|named| (named.name.clone(), named.report.verdict)).collect()
        };
        Some(Self {
            format: RELEASE_DOCUMENT_FORMAT,
            release: event.release.clone(),
            proof: Some(Proof {
                environment: event.environment.clone(),
                host: event.host.clone(),
                deployment: event.deployment.clone(),
                actor: event.actor.clone(),
                finished: event.finished.clone(),
                checks: verdicts(&event.checks),
                smoke: verdicts(&event.smoke),
            }),
            built: BTreeMap::new(),
            files: None,
        })
    }
}
