//! Images of earlier releases: those that going back would need, and those that nothing needs any more.
//!
//! Images that came another way, and local ones, which no registry could give back, stay. The host keeps what a release of
//! another application needs, whatever is asked for here.

use std::collections::BTreeSet;

use windlass_domain::{Artifact, Release};
use windlass_sdk::Result;

use crate::engine::Images;

/// Which of the images that a plan names for the way back the engine does not have, in one sentence.
pub(crate) fn missing(images: &impl Images, way_back: &[String]) -> Result<Vec<String>> {
    let mut gone = Vec::new();
    for reference in way_back {
        if !images.has(reference)? {
            gone.push(reference.as_str());
        }
    }
    let said = (!gone.is_empty()).then(|| format!("the engine does not have {}", gone.join(", ")));
    Ok(said.into_iter().collect())
}

/// Removes the images of earlier releases that none of `kept` has; returns those that went.
pub(crate) fn prune(images: &impl Images, kept: &[Release]) -> Result<Vec<String>> {
    let needed: BTreeSet<String> =
        kept.iter().flat_map(|release| release.artifacts.values()).map(Artifact::reference).collect();
    let mut went = Vec::new();
    for image in images.brought()?.into_iter().filter(|image| !needed.contains(image)) {
        if images.remove(&image)? {
            went.push(format!("image {image}"));
        }
    }
    Ok(went)
}
