//! Images as the host itself sees them: not narrowed to an application, because space and the way back are not.

use std::collections::BTreeSet;

use bollard::query_parameters::{ListImagesOptions, RemoveImageOptions};
use windlass_documents::Failure;

use super::Engine;
use super::engine::ORDINARY;
use super::names;

impl Engine {
    /// The id (`sha256:…`) of a local image, or none when it is not on the host.
    pub async fn image_id(&self, reference: &str) -> Result<Option<String>, Failure> {
        let reference = names::image(reference)?;
        let answer = self.call(ORDINARY, |client| async move { client.inspect_image(reference).await }).await;
        match answer {
            Ok(image) => Ok(image.id),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error.into_failure(&format!("inspect image `{reference}`"))),
        }
    }

    /// Removes images of these repositories that nothing pins, and returns the references that went. An image stays
    /// when a container uses it, when `pinned` holds its id or one of its references, or when it also has a name
    /// outside the repositories.
    pub async fn prune_images(
        &self,
        repositories: &BTreeSet<String>,
        pinned: &BTreeSet<String>,
    ) -> Result<Vec<String>, Failure> {
        let images = self
            .call(ORDINARY, |client| async move { client.list_images(None::<ListImagesOptions>).await })
            .await
            .map_err(|error| error.into_failure("list images"))?;
        let mut removed = Vec::new();
        for image in images {
            let has_meaning = |name: &&String| !name.starts_with("<none>");
            let names: Vec<&String> = image.repo_tags.iter().chain(&image.repo_digests).filter(has_meaning).collect();
            let ours = |name: &String| {
                names::Reference::parse(name).is_ok_and(|parts| repositories.contains(parts.repository))
            };
            let is_pinned = pinned.contains(&image.id) || names.iter().any(|name| pinned.contains(*name));
            if is_pinned || names.is_empty() || !names.iter().all(|name| ours(name)) {
                continue;
            }
            for name in names {
                let answer = self
                    .call(ORDINARY, |client| async move {
                        client.remove_image(name, None::<RemoveImageOptions>, None).await
                    })
                    .await;
                match answer {
                    Ok(_) => removed.push(name.clone()),
                    // In use, or gone with its last other name.
                    Err(error) if matches!(error.status(), Some(404 | 409)) => {}
                    Err(error) => return Err(error.into_failure(&format!("remove image `{name}`"))),
                }
            }
        }
        Ok(removed)
    }
}
