//! Which version of each artifact a request means, and what people call the whole.

use std::collections::BTreeMap;

use windlass_domain::reference::Reference;
use windlass_domain::{Artifact, Bundle};

use super::VersionRequest;
use super::error::ResolveError;
use crate::file::{ArtifactSource, ReleaseFile};

/// How many digits of a commit people read.
const SHORT_COMMIT: usize = 7;
/// How many digits of a digest people read.
const SHORT_DIGEST: usize = 12;
/// The longest label that is made from many versions, in characters.
const LONGEST_LABEL: usize = 120;
/// What stands for the commit in a tag.
pub(super) const COMMIT: &str = "{commit}";
/// What stands in a tag for the version of a file.
const VERSION: &str = "{version}";

/// The reference of each artifact: the request's version, else the file's.
pub(super) fn wanted<'a>(
    file: &'a ReleaseFile,
    request: &VersionRequest,
) -> Result<BTreeMap<&'a str, Reference>, ResolveError> {
    if let Some(name) = request.versions.keys().find(|name| !file.artifacts.contains_key(*name)) {
        return Err(ResolveError::UnknownArtifact {
            name: name.escape_debug().to_string(),
            application: file.application.clone(),
            known: file.artifacts.keys().cloned().collect(),
        });
    }
    if let Some(commit) = &request.commit
        && !(commit.bytes().all(|byte| byte.is_ascii_hexdigit()) && (7..=64).contains(&commit.len()))
    {
        let commit = commit.chars().take(100).collect::<String>().escape_debug().to_string();
        return Err(ResolveError::Commit { commit });
    }
    let (mut wanted, mut without_version, mut without_commit) = (BTreeMap::new(), Vec::new(), Vec::new());
    for (name, source) in file.artifacts.iter().filter(|(name, _)| !request.kept.contains_key(*name)) {
        let version = match (request.versions.get(name), &source.tag, &request.commit) {
            (Some(version), ..) => version.clone(),
            (None, Some(tag), None) if tag.contains(COMMIT) => {
                without_commit.push(name.clone());
                continue;
            }
            (None, None, _) if source.digest.is_none() => {
                without_version.push(name.clone());
                continue;
            }
            (None, _, commit) => {
                let written = written(source, request.of_files.get(name).map(String::as_str)).unwrap_or_default();
                written.replace(COMMIT, commit.as_deref().unwrap_or_default())
            }
        };
        let reference = source.repository.with_version(&version);
        let reference = reference.map_err(|error| match &source.version_file {
            Some(file) if !request.versions.contains_key(name) => {
                ResolveError::FileVersion { name: name.clone(), file: file.clone(), source: error }
            }
            _ => ResolveError::Version { name: name.clone(), source: error },
        })?;
        wanted.insert(name.as_str(), reference);
    }
    match (without_version.is_empty(), without_commit.is_empty()) {
        (false, _) => Err(ResolveError::NoVersion { artifacts: without_version }),
        (_, false) => Err(ResolveError::NoCommit { artifacts: without_commit }),
        _ => Ok(wanted),
    }
}

/// What the files say, `{commit}` included: `TAG`, `DIGEST` or `TAG@DIGEST`.
pub(super) fn written(source: &ArtifactSource, own: Option<&str>) -> Option<String> {
    let tag = source.tag.as_ref().map(|tag| tag.replace(VERSION, own.unwrap_or(VERSION)));
    match (tag, &source.digest) {
        (None, None) => None,
        (Some(tag), Some(digest)) => Some(format!("{tag}@{digest}")),
        (Some(tag), None) => Some(tag),
        (None, Some(digest)) => Some(digest.clone()),
    }
}

/// The tag of `TAG@DIGEST`, for people.
pub(super) fn without_digest(version: &str) -> &str {
    version.split_once('@').map_or(version, |(tag, _)| tag)
}

/// What people call the release: the commit, in short, and what was set besides; else the version that all artifacts
/// have; else `backend=v2,web=v1`.
pub(super) fn label(artifacts: &BTreeMap<String, Artifact>, request: &VersionRequest, bundle: &Bundle) -> String {
    let pair = |(name, artifact): (&String, &Artifact)| format!("{name}={}", version(artifact));
    let label = if let Some(commit) = &request.commit {
        // What has the commit as its version is said already.
        let differs = |artifact: &Artifact| artifact.tag.as_ref() != Some(commit);
        let set = artifacts.iter().filter(|(name, artifact)| {
            (request.versions.contains_key(*name) || request.unwritten.contains(*name)) && differs(artifact)
        });
        let set = set.map(pair);
        let short = commit.chars().take(SHORT_COMMIT).collect::<String>().to_ascii_lowercase();
        std::iter::once(short).chain(set).collect::<Vec<_>>().join(",")
    } else {
        let mut versions: Vec<_> = artifacts.values().map(version).collect();
        versions.dedup();
        match versions.as_slice() {
            [] => short(&bundle.digest),
            [common] => common.clone(),
            _ => artifacts.iter().map(pair).collect::<Vec<_>>().join(","),
        }
    };
    if label.chars().count() <= LONGEST_LABEL {
        return label;
    }
    label.chars().take(LONGEST_LABEL - 1).chain(['…']).collect()
}

/// The version of an artifact, for people.
pub(super) fn version(artifact: &Artifact) -> String {
    artifact.tag.clone().unwrap_or_else(|| short(&artifact.digest))
}

fn short(digest: &str) -> String {
    digest.trim_start_matches("sha256:").chars().take(SHORT_DIGEST).collect()
}
