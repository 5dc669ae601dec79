//! The `with` table.

use std::collections::BTreeMap;

use windlass_sdk::prelude::*;

use crate::Expect;

/// What is sent, and what is expected.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// What paths are appended to: `http://127.0.0.1:8080`. Not needed when every request has a `url`.
    #[serde(default)]
    #[schemars(extend("format" = "uri"))]
    pub base: Option<String>,
    /// Until when a request that is not answered as expected is sent again. The host's own deadline also holds.
    #[serde(default = "thirty_seconds")]
    pub deadline: Period,
    /// How long to wait before sending again.
    #[serde(default = "one_second")]
    pub interval: Period,
    /// The requests; all are sent at once.
    #[schemars(length(min = 1, max = 50))]
    pub requests: Vec<Each>,
}

/// One request.
///
/// `${NAME}` in `url`, `path`, `body`, `json`, header values and `expect.json` is the release's variable of that name, or
/// one of `WINDLASS_APPLICATION`, `WINDLASS_ENVIRONMENT`, `WINDLASS_VERSION`, `WINDLASS_COMMIT`; `$$` is a `$`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Each {
    /// What it is called in reports. Default: method and path.
    #[serde(default)]
    pub name: Option<String>,
    /// `GET` unless something else is said.
    #[serde(default = "get")]
    pub method: String,
    /// Where to, below `base`.
    #[serde(default)]
    pub path: Option<String>,
    /// Where to, as a whole, instead of `path`.
    #[serde(default)]
    #[schemars(extend("format" = "uri"))]
    pub url: Option<String>,
    /// Headers. A secret's variable becomes its value on the way out, when the grant lets it go to that address.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body as text.
    #[serde(default)]
    pub body: Option<String>,
    /// The body as JSON, instead of `body`; sets the content type.
    #[serde(default)]
    pub json: Option<Value>,
    /// What the answer must be. Default: a status of 200 to 299 within ten seconds.
    #[serde(default)]
    pub expect: Expect,
}

fn thirty_seconds() -> Period {
    Period::seconds(30)
}

fn one_second() -> Period {
    Period::seconds(1)
}

fn get() -> String {
    "GET".to_owned()
}

impl Config {
    /// What a schema cannot say.
    pub(crate) fn check(&self) -> Result<()> {
        if self.requests.is_empty() {
            return Err(Error::config("there is no request in `requests`, so nothing would be proved"));
        }
        for request in &self.requests {
            request
                .check(self.base.as_deref())
                .map_err(|error| Error::config(format!("request `{}`: {}", request.title(), error.message())))?;
        }
        Ok(())
    }
}

impl Each {
    /// What it is called in reports.
    pub(crate) fn title(&self) -> String {
        let place = self.url.as_deref().or(self.path.as_deref()).unwrap_or("/");
        self.name.clone().unwrap_or_else(|| format!("{} {place}", self.method.to_ascii_uppercase()))
    }

    /// The whole address, variables not yet filled in.
    pub(crate) fn address(&self, base: Option<&str>) -> Result<String> {
        match (&self.url, &self.path, base) {
            (Some(_), Some(_), _) => Err(Error::config("has both `url` and `path`; one is enough")),
            (Some(url), None, _) => Ok(url.clone()),
            (None, path, Some(base)) => {
                let path = path.as_deref().unwrap_or("/");
                let slash = if path.starts_with('/') { "" } else { "/" };
                Ok(format!("{}{slash}{path}", base.trim_end_matches('/')))
            }
            (None, _, None) => Err(Error::config("has no `url`, and there is no `base` to append a `path` to")),
        }
    }

    fn check(&self, base: Option<&str>) -> Result<()> {
        if self.body.is_some() && self.json.is_some() {
            return Err(Error::config("has both `body` and `json`; one is enough"));
        }
        let address = self.address(base)?;
        if !address.contains('$') {
            http::Request::new(&self.method, address).check()?;
        }
        self.expect.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(value: Value) -> Result<()> {
        Config::deserialize(value).unwrap().check()
    }

    #[test]
    fn paths_are_appended_to_the_base() {
        let each: Each = Each::deserialize(json!({ "path": "health" })).unwrap();
        assert_eq!(each.address(Some("http://a/")).unwrap(), "http://a/health");
        assert_eq!(each.title(), "GET health");
    }

    #[test]
    fn what_makes_no_sense_is_said_before_anything_is_touched() {
        for (requests, word) in [
            (json!([]), "nothing would be proved"),
            (json!([{ "path": "/" }]), "no `base`"),
            (json!([{ "url": "http://a/", "path": "/" }]), "both `url` and `path`"),
            (json!([{ "url": "a/" }]), "http://"),
            (json!([{ "url": "http://a/", "expect": { "matches": "(" } }]), "pattern"),
            (json!([{ "url": "http://a/", "expect": { "json": { "status": 1 } } }]), "JSON pointer"),
        ] {
            let error = config(json!({ "requests": requests })).unwrap_err();
            assert!(error.message().contains(word), "{error}");
        }
    }
}
