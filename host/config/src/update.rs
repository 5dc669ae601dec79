//! Who signs new versions of Windlass itself: `[update]`.

use super::document::Read;
use super::file;
use super::resolve::Reader;

/// New versions of Windlass itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Update {
    /// Public keys of minisign that are trusted, in Base64. Those of `[releases]` do not count: who releases an application does not
    /// exchange the agent.
    pub keys: Vec<String>,
}

impl Reader<'_> {
    pub(super) fn update(&self, given: file::Update) -> Read<Update> {
        Ok(Update { keys: self.keys(given.keys)? })
    }
}

#[cfg(test)]
mod tests {
    use crate::Config;
    use crate::document::Document;

    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

    fn read(text: &str) -> Result<Config, String> {
        let document = Document::from_text("/etc/windlass/agent.toml", text).unwrap();
        Config::resolve(&document).map_err(|error| error.to_string())
    }

    #[test]
    fn keys_of_releases_are_no_keys_of_updates_and_a_bad_one_has_its_place() {
        let releases = read(&format!("[releases]\nkeys = [\"{KEY}\"]\n")).unwrap();
        assert!(releases.update.keys.is_empty());
        let update = read(&format!("[update]\nkeys = [\"{KEY}\"]\n")).unwrap();
        assert_eq!(update.update.keys, [KEY]);
        let said = read("[update]\nkeys = [\n  \"RWQ\",\n]\n").unwrap_err();
        assert!(said.contains("agent.toml:3:") && said.contains("`RWQ` is not a public key of minisign"), "{said}");
    }
}
