//! Images as the host itself sees them: not narrowed to an application. Nothing is changed here.

use windlass_domain::Failure;
use windlass_domain::reference::Reference;

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
}
