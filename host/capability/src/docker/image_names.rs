//! Changes to the names of images: pulling, tagging, removing. And which images are mounted.
//!
//! The engine has one list of images for all applications. What a plugin may do to a name depends on which application
//! owns the image: an application's own images are those of its releases.

use std::collections::{BTreeMap, BTreeSet};

use bollard::query_parameters::{RemoveImageOptions, TagImageOptions};
use serde_json::Value;
use windlass_domain::reference::Reference;
use windlass_domain::{Artifact, Failure};

use super::engine::{ORDINARY, invalid};
use super::failure::{failure, hinted};
use super::{Docker, names, pull};

impl Docker {
    /// Pulls an image with the operator's credentials, unless it is present by digest, and returns its inspection.
    /// Without a digest a pull changes what a name means, so the name must not be only another application's.
    pub async fn pull_image(&self, reference: &str) -> Result<Value, Failure> {
        self.may_write()?;
        let parts = names::reference(reference)?;
        if parts.digest().is_none() && !reference.starts_with("sha256:") {
            let has = |images: &[Artifact]| images.iter().any(|image| image.repository == parts.repository());
            if has(&self.images.others()?) && !has(&self.images.own()?) {
                return Err(self.not_ours(reference, "pull", "its repository is another application's"));
            }
        }
        pull::pull(self, reference).await.map_err(|failure| self.redacted(failure))
    }

    /// Gives an image of the application's releases one more name, in a repository of its releases or below
    /// `windlass/APPLICATION`. A name that means another image is not taken away from it, unless it is below that.
    pub async fn tag_image(&self, reference: &str, target: &str) -> Result<(), Failure> {
        self.may_write()?;
        let reference = names::image(reference)?;
        let parts = names::reference(target)?;
        if parts.digest().is_some() {
            return Err(invalid(format!("`{target}` is not a name for an image: it has a digest")));
        }
        let (own, others) = (self.images.own()?, self.images.others()?);
        let wanted = parts.repository();
        let of = |images: &[Artifact]| images.iter().any(|image| image.repository == wanted);
        if !self.is_reserved(&wanted) && (!of(&own) || of(&others)) {
            let why = "that is no repository of its releases alone";
            return Err(self.not_ours(target, "give an image the name", why));
        }
        let image = self.image(reference).await?;
        let image = image.ok_or_else(|| failure("not-found", format!("image `{reference}` is not on this host")))?;
        if !is_among(&image, &own) && !self.is_named_by(reference, &image) {
            return Err(self.not_ours(reference, "name", "it is no image of the application's releases"));
        }
        if let Some(existing) = self.image(target).await? {
            if existing["Id"] == image["Id"] {
                return Ok(());
            }
            if !self.is_reserved(&wanted) {
                return Err(failure("conflict", format!("`{target}` is the name of another image")));
            }
        }
        let tag = parts.tag().unwrap_or(names::LATEST).to_owned();
        let options = TagImageOptions { repo: Some(wanted), tag: Some(tag) };
        self.engine
            .call(ORDINARY, |client| {
                let options = options.clone();
                async move { client.tag_image(reference, Some(options)).await }
            })
            .await
            .map_err(|error| self.explain(error, &format!("tag image `{reference}` as `{target}`")))
    }

    /// The images that the application's releases brought from registries, by reference with digest, whether the engine
    /// still has them or not.
    pub fn brought_images(&self) -> Result<Vec<String>, Failure> {
        self.may_write()?;
        let own = self.images.own()?;
        let brought: BTreeSet<String> = own.iter().filter(|image| !image.local).map(Artifact::reference).collect();
        Ok(brought.into_iter().collect())
    }

    /// Removes an image of the application's releases without force, and returns whether it went. One that is in use,
    /// needed by a kept release of any application, or gone is no failure.
    pub async fn remove_image(&self, reference: &str) -> Result<bool, Failure> {
        self.may_write()?;
        let reference = names::image(reference)?;
        let Some(image) = self.image(reference).await? else { return Ok(false) };
        if !self.is_named_by(reference, &image) && !is_own_name(reference, &image, &self.images.own()?) {
            return Err(self.not_ours(reference, "remove", "it is no image of the application's releases"));
        }
        if is_among(&image, &self.images.needed()?) {
            return Ok(false);
        }
        let answer =
            self.engine
                .call(ORDINARY, |client| async move {
                    client.remove_image(reference, None::<RemoveImageOptions>, None).await
                })
                .await;
        match answer {
            Ok(_) => Ok(true),
            // In use, or gone with its last other name.
            Err(error) if matches!(error.status(), Some(404 | 409)) => Ok(false),
            Err(error) => Err(self.explain(error, &format!("remove image `{reference}`"))),
        }
    }

    /// Refuses to mount an image that does not belong to the application's releases. Returns the ids of the images that
    /// are here: the engine gets the ids, so that it mounts exactly the images that were judged. An image of a plan may
    /// not have been pulled yet.
    pub(super) async fn may_mount_images(
        &self,
        images: &BTreeSet<(String, String)>,
        is_plan: bool,
    ) -> Result<BTreeMap<String, String>, Failure> {
        let mut ids = BTreeMap::new();
        if images.is_empty() {
            return Ok(ids);
        }
        let own = self.images.own()?;
        for (reference, field) in images {
            let found = self.image(reference).await?;
            let is_own = match &found {
                Some(image) => is_among(image, &own),
                None => own.iter().any(|artifact| artifact.reference() == *reference),
            };
            if !is_own {
                return Err(self.not_mounted(reference, field));
            }
            match found.as_ref().and_then(|image| image["Id"].as_str()) {
                Some(id) => drop(ids.insert(reference.clone(), id.to_owned())),
                None if is_plan => {}
                None => {
                    let message = format!("`{field}`: image `{reference}` is not on this host");
                    return Err(hinted("not-found", message, "pull it first"));
                }
            }
        }
        Ok(ids)
    }

    fn not_mounted(&self, reference: &str, field: &str) -> Failure {
        let (plugin, application) = (&self.scope.plugin, &self.scope.about.application);
        let message = format!(
            "plugin `{plugin}` may not mount the image `{reference}` (`{field}`) for application `{application}`: it is no \
             image of the application's releases"
        );
        hinted("capability-denied", message, "make it an artifact of the release; no grant allows more")
    }

    /// Whether a repository is the agent's for this application: `windlass/APPLICATION`, or below.
    fn is_reserved(&self, repository: &str) -> bool {
        let own = format!("docker.io/windlass/{}", self.scope.about.application);
        repository.strip_prefix(&own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Whether a reference is a name of the image below `windlass/APPLICATION`.
    fn is_named_by(&self, reference: &str, image: &Value) -> bool {
        let parsed = Reference::parse(reference).ok().filter(|parsed| parsed.digest().is_none());
        parsed.is_some_and(|parsed| self.is_reserved(&parsed.repository()) && has_name(image, &parsed))
    }

    fn not_ours(&self, reference: &str, what: &str, why: &str) -> Failure {
        let (plugin, application) = (&self.scope.plugin, &self.scope.about.application);
        let message = format!("plugin `{plugin}` may not {what} `{reference}` for application `{application}`: {why}");
        let hint = format!(
            "give images that belong to no release a name below `windlass/{application}`; no grant allows more"
        );
        hinted("capability-denied", message, &hint)
    }
}

/// The image's names, as far as they are names: engines write `<none>` where there is none.
fn names_of(image: &Value) -> impl Iterator<Item = Reference> {
    let fields = ["RepoTags", "RepoDigests"].into_iter().filter_map(|field| image[field].as_array());
    fields.flatten().filter_map(|name| Reference::parse(name.as_str()?).ok())
}

/// Whether the engine found the image by this name, and not by the beginning of its id.
fn has_name(image: &Value, name: &Reference) -> bool {
    let tag = name.tag().unwrap_or(names::LATEST);
    names_of(image).any(|known| {
        known.repository() == name.repository()
            && match name.digest() {
                Some(digest) => known.digest() == Some(digest),
                None => known.tag() == Some(tag),
            }
    })
}

/// Whether an image is one of these.
fn is_among(image: &Value, artifacts: &[Artifact]) -> bool {
    artifacts.iter().any(|artifact| is(image, artifact))
}

fn is(image: &Value, artifact: &Artifact) -> bool {
    image["Id"] == artifact.digest.as_str()
        || names_of(image)
            .any(|name| name.repository() == artifact.repository && name.digest() == Some(artifact.digest.as_str()))
}

/// Whether a reference names one of these images by a name of its repository; or, by its id, an image that has no
/// other name.
fn is_own_name(reference: &str, image: &Value, own: &[Artifact]) -> bool {
    let these: Vec<&Artifact> = own.iter().filter(|artifact| is(image, artifact)).collect();
    let is_ours = |name: &Reference| these.iter().any(|artifact| artifact.repository == name.repository());
    match Reference::parse(reference).ok().filter(|parsed| has_name(image, parsed)) {
        Some(name) => is_ours(&name),
        None => !these.is_empty() && names_of(image).all(|name| is_ours(&name)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn artifact(repository: &str, digest: char, local: bool) -> Artifact {
        let digest = format!("sha256:{}", digest.to_string().repeat(64));
        Artifact { repository: repository.to_owned(), tag: None, digest, local }
    }

    fn digest(of: char) -> String {
        format!("sha256:{}", of.to_string().repeat(64))
    }

    #[test]
    fn an_image_is_removed_by_names_of_its_releases_alone() {
        let image = json!({
            "Id": digest('1'),
            "RepoTags": ["registry.lan/kudos/web:v1", "other/web:v1", "<none>:<none>"],
            "RepoDigests": [format!("registry.lan/kudos/web@{}", digest('a'))],
        });
        let own = [artifact("registry.lan/kudos/web", 'a', false), artifact("docker.io/library/redis", 'b', false)];
        for (reference, expected) in [
            ("registry.lan/kudos/web:v1", true),
            ("other/web:v1", false),
            ("docker.io/other/web:v1", false),
            ("other/web", false),
            ("redis:7", false),
            // By its id, every name of the image would go, also the other's.
            (&digest('1'), false),
            ("111111111111", false),
            (&format!("registry.lan/kudos/web@{}", digest('a')), true),
            (&format!("registry.lan/kudos/web@{}", digest('b')), false),
        ] {
            assert_eq!(is_own_name(reference, &image, &own), expected, "{reference}");
        }
        let alone = json!({ "Id": digest('1'), "RepoTags": ["registry.lan/kudos/web:v1"], "RepoDigests": [
            format!("registry.lan/kudos/web@{}", digest('a'))] });
        assert!(is_own_name("111111111111", &alone, &own));
        // The same repository, but no image of a release.
        let unknown = json!({ "Id": digest('2'), "RepoTags": ["registry.lan/kudos/web:v2"], "RepoDigests": null });
        assert!(!is_own_name("registry.lan/kudos/web:v2", &unknown, &own));
        let local = [artifact("docker.io/library/built", '3', true)];
        let built = json!({ "Id": digest('3'), "RepoTags": ["built:1"] });
        assert!(is_own_name("built:1", &built, &local) && is_among(&built, &local) && !is_among(&built, &own));
    }
}
