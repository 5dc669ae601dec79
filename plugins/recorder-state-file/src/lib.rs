//! Writes what runs in an environment as one JSON file, which a CI job reads with `jq`.
//!
//! The file holds all applications of the environment; this plugin changes only its own application's part. It is
//! written to the operator's root `records`, atomically: readers see the old content or the new.

use windlass_records::merge;
use windlass_sdk::prelude::*;

/// The release file's lines that show what it can do.
const EXAMPLE: &str = include_str!("../example.toml");

/// The root that the operator grants.
const ROOT: &str = "records";

/// The plugin.
#[derive(Debug)]
pub struct RecorderStateFile;

/// The `with` table.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// The file below the root `records`. Default: the environment's name with `.json`.
    path: Option<String>,
    /// How many of the last deployments are kept in the file.
    #[schemars(range(max = 1000))]
    history: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { path: None, history: 10 }
    }
}

impl Recorder for RecorderStateFile {
    type Config = Config;

    fn validate(config: &Config) -> Result<()> {
        let Some(path) = &config.path else { return Ok(()) };
        let parts = || path.split('/');
        if path.starts_with('/') || parts().any(|part| part.is_empty() || part == "." || part == "..") {
            return Err(Error::config(format!("`path` must be relative to the root `{ROOT}`, but is {path:?}"))
                .hint(format!("the operator decides where `{ROOT}` is; write `path = \"uat.json\"`")));
        }
        Ok(())
    }

    fn deliver(_: &Context<'_>, config: &Config, event: &Event) -> Result<Option<Value>> {
        let path = config.path.clone().unwrap_or_else(|| format!("{}.json", event.environment));
        // The file is on this host, whose operator puts right what is in its way; what was to be written waits for that.
        let old = files::read_if_there(ROOT, &path).map_err(Error::retryable)?;
        let merged = merge(old.as_deref(), event, config.history);
        match merged.map_err(|error| error.context(&path).retryable())? {
            Some(file) => {
                let mut text = serde_json::to_vec_pretty(&file)?;
                text.push(b'\n');
                files::write_atomic(ROOT, &path, &text).map_err(Error::retryable)?;
                Ok(Some(json!({ "root": ROOT, "path": path, "summary": format!("wrote {path}") })))
            }
            None => Ok(Some(json!({ "root": ROOT, "path": path, "unchanged": true }))),
        }
    }
}

windlass_sdk::export!(recorder RecorderStateFile {
    name: "recorder-state-file",
    summary: "writes the deployed versions of an environment to a JSON file",
    example: EXAMPLE,
    capabilities: ["files" root "records" write true => "the state file is kept there"],
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_names_every_key() {
        let page = include_str!("../../../docs/plugins.md");
        assert_eq!(windlass_sdk::testing::undocumented::<Config>(page, EXAMPLE), [""; 0]);
    }

    #[test]
    fn the_example_is_valid() {
        let config: Config = windlass_sdk::testing::example(EXAMPLE).unwrap();
        RecorderStateFile::validate(&config).unwrap();
        assert_eq!(config.history, 20);
    }

    #[test]
    fn a_path_stays_in_its_root() {
        for path in ["/etc/x", "../x", "a/../../x", "", "a//b"] {
            let config = Config { path: Some(path.to_owned()), history: 1 };
            assert!(RecorderStateFile::validate(&config).is_err(), "{path}");
        }
    }
}
