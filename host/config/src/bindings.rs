//! Where applications come from: which directory, user or signer may say that something is the application `kudos`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use windlass_foundation::account;
use windlass_foundation::names::Kind;

use super::document::{Read, Spot, all};
use super::file;
use super::resolve::Reader;

/// One way to be an application. All that it names must hold, apart from the signer, which is about release documents
/// and is a way of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The application.
    pub name: String,
    /// The directory of its files. Absolute.
    pub directory: Option<PathBuf>,
    /// The user that its directory and its release file belong to.
    pub owner: Option<Owner>,
    /// The public key of minisign that signs its release documents.
    pub signer: Option<String>,
}

/// A user of this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// As the operator wrote it.
    pub name: String,
    /// Its number.
    pub number: u32,
}

impl Reader<'_> {
    pub(super) fn bindings(&self, given: Vec<Spot<file::Application>>, keys: &[String]) -> Read<Vec<Binding>> {
        let mut directories = BTreeSet::new();
        all(given.into_iter().map(|written| self.binding(written, keys, &mut directories)))
    }

    fn binding(
        &self,
        Spot { value: written, span }: Spot<file::Application>,
        keys: &[String],
        directories: &mut BTreeSet<(String, PathBuf)>,
    ) -> Read<Binding> {
        let name = &written.name;
        let named =
            if Kind::Application.is(name) { Ok(()) } else { Err(self.wrong(name, Kind::Application.complaint(name))) };
        if written.directory.is_none() && written.owner.is_none() && written.signer.is_none() {
            let message = "an application is bound by one or more of `directory`, `owner` and `signer`";
            return Err(self.wrong(&Spot { value: (), span }, message));
        }
        let directory = written.directory.as_ref().map(|spot| {
            let directory = self.absolute(spot)?;
            if directories.insert((name.value.clone(), directory.clone())) {
                return Ok(directory);
            }
            Err(self.wrong(spot, format!("`{}` is bound to this directory twice", name.value)))
        });
        let signed = match &written.signer {
            Some(signer) if !keys.contains(&signer.value) => {
                let message = "this key is not one of `keys` in `[releases]`, so that nothing that it signs is trusted";
                Err(self.wrong(signer, message))
            }
            _ => Ok(()),
        };
        let owner = written.owner.as_ref().map(|owner| self.owner(owner)).transpose();
        named.and(signed)?;
        Ok(Binding {
            name: name.value.clone(),
            directory: directory.transpose()?,
            owner: owner?,
            signer: written.signer.map(|signer| signer.value),
        })
    }

    fn owner(&self, written: &Spot<String>) -> Read<Owner> {
        let number = match written.parse() {
            Ok(number) => number,
            Err(_) => account::user(written)
                .map_err(|why| self.wrong(written, format!("the user `{}` {why}", written.value)))?,
        };
        Ok(Owner { name: written.value.clone(), number })
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
    fn a_binding_says_where_and_nothing_else() {
        let config = read(&format!(
            "[[applications]]\nname = \"kudos\"\ndirectory = \"/srv/../srv/kudos\"\nowner = \"root\"\n\
             [[applications]]\nname = \"kudos\"\nsigner = \"{KEY}\"\n\
             [[applications]]\nname = \"shop\"\nowner = \"4711\"\n[releases]\nkeys = [\"{KEY}\"]\n"
        ))
        .unwrap();
        let shown: Vec<String> = config.bindings.iter().map(|binding| format!("{binding:?}")).collect();
        assert!(shown[0].contains("\"/srv/kudos\"") && shown[0].contains("number: 0"), "{shown:?}");
        assert!(shown[1].contains(KEY), "{shown:?}");
        assert!(shown[2].contains("number: 4711"), "{shown:?}");
        for (lines, words) in [
            ("name = \"kudos\"", "`directory`, `owner` and `signer`"),
            ("directory = \"/srv/kudos\"", "the key `name` is missing"),
            ("name = \"Kudos;id\"\nowner = \"root\"", "is not an application's name"),
            ("name = \"kudos\"\ndirectory = \"kudos\"", "is not an absolute path"),
            ("name = \"kudos\"\nowner = \"nobody-of-that-name\"", "does not exist on this host"),
            ("name = \"kudos\"\nsigner = \"RWQ\"", "is not one of `keys`"),
            ("name = \"kudos\"\npath = \"/srv\"", "unknown key `path`"),
        ] {
            let said = read(&format!("[[applications]]\n{lines}\n")).unwrap_err();
            assert!(said.contains(words) && said.contains("agent.toml:"), "{lines}: {said}");
        }
    }
}
