//! Where a repository is, and with whose token it is asked about.

use windlass_sdk::{Error, Result, http};

/// Where the API of github.com is. A GitHub Enterprise Server has it at `https://HOST/api/v3`.
pub const PUBLIC: &str = "https://api.github.com";

/// A repository at GitHub or a GitHub Enterprise Server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `OWNER/NAME`
    pub repository: String,
    /// Where the API is.
    pub api: String,
    /// The name of the secret that is the token. None asks without one, which only public repositories answer, and
    /// few times an hour.
    pub token: Option<String>,
}

impl Settings {
    /// What a schema cannot say.
    pub fn check(&self) -> Result<()> {
        let plain = |part: &str| {
            !part.is_empty()
                && part.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
                && part != "."
                && part != ".."
        };
        if !self.repository.split_once('/').is_some_and(|(owner, name)| plain(owner) && plain(name)) {
            return Err(Error::config(format!("{:?} in `repository` is not OWNER/NAME", self.repository)));
        }
        http::Request::get(&self.api).check().map_err(|error| error.context("`api`"))
    }
}

/// Whether a text with `{version}` in it can be the name of a tag.
pub fn check_template(template: &str) -> Result<()> {
    if template.contains("{version}") && crate::client::is_name(&template.replace("{version}", "1")) {
        return Ok(());
    }
    Err(Error::config(format!("`tag` is {template:?}, but must be a tag's name with `{{version}}` in it"))
        .hint("write `tag = \"{version}\"` or `tag = \"v{version}\"`"))
}
