//! Images as the host itself sees them: not narrowed to an application, because space and the way back are not.

use std::collections::BTreeSet;

use bollard::query_parameters::RemoveImageOptions;
use windlass_documents::Failure;
use windlass_documents::reference::Reference;

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

    /// The digest under which an image was pushed to a repository or pulled from it; none when it was not.
    pub async fn pushed_digest(&self, reference: &str, repository: &str) -> Result<Option<String>, Failure> {
        let reference = names::image(reference)?;
        let answer = self.call(ORDINARY, |client| async move { client.inspect_image(reference).await }).await;
        let image = answer.map_err(|error| error.into_failure(&format!("inspect image `{reference}`")))?;
        let known = image.repo_digests.unwrap_or_default().into_iter().filter_map(|text| Reference::parse(&text).ok());
        let mut same = known.filter(|known| known.repository() == repository);
        Ok(same.find_map(|known| known.digest().map(str::to_owned)))
    }

    /// Removes images by reference, and returns the references that went. One that a container uses stays, and so does
    /// an image that has another name, under that name. What is not there is passed over.
    pub async fn remove_images(&self, references: &BTreeSet<String>) -> Result<Vec<String>, Failure> {
        let mut removed = Vec::new();
        for reference in references {
            if self.image_id(reference).await?.is_none() {
                continue;
            }
            let name = reference.as_str();
            let remove = |client: bollard::Docker| async move {
                client.remove_image(name, None::<RemoveImageOptions>, None).await
            };
            match self.call(ORDINARY, remove).await {
                Ok(_) => removed.push(reference.clone()),
                // In use, or gone with its last other name.
                Err(error) if matches!(error.status(), Some(404 | 409)) => {}
                Err(error) => return Err(error.into_failure(&format!("remove image `{reference}`"))),
            }
        }
        Ok(removed)
    }
}
