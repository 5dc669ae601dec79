//! The part of a `with` table that says where the repository is.

use schemars::JsonSchema;
use serde::Deserialize;
use windlass_sdk::{Error, Result, http};

/// A repository at GitHub or a GitHub Enterprise Server.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// `OWNER/NAME`
    pub repository: String,
    /// Where the API is. A GitHub Enterprise Server has it at `https://HOST/api/v3`.
    #[serde(default = "public")]
    pub api: String,
    /// The name of the secret that is the token. None asks without one, which only public repositories answer, and
    /// few times an hour.
    #[serde(default)]
    pub token: Option<String>,
}

fn public() -> String {
    "https://api.github.com".to_owned()
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
