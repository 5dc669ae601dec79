//! Directories that the operator gives single applications for their data, and that no two of them share.
//!
//! What is compared here is what is written; where links lead is decided when something is mounted.

use std::path::{Path, PathBuf};

use super::document::{Read, all};
use super::file;
use super::resolve::Reader;
use super::{Config, Guarded};

impl Reader<'_> {
    /// Refuses a directory that is not for one application, an application with two directories, and two applications
    /// whose directories are the same or one in the other.
    pub(super) fn data_roots(&self, grants: &[file::Grant]) -> Read<()> {
        let mut seen: Vec<(&String, PathBuf)> = Vec::new();
        all(grants.iter().map(|grant| self.own_root(grant, &mut seen)))
    }

    fn own_root<'g>(&self, grant: &'g file::Grant, seen: &mut Vec<(&'g String, PathBuf)>) -> Read<()> {
        let Some(written) = grant.docker_write.as_ref().and_then(|write| write.data_root.as_ref()) else {
            return Ok(());
        };
        let Some([name]) = grant.applications.as_ref().map(|names| names.value.as_slice()) else {
            let message = "`data-root` is for one application: name it in this grant, `applications = [\"NAME\"]`";
            return Err(self.wrong(written, message));
        };
        let root = self.absolute(written)?;
        if root == Path::new("/") {
            return Err(self.wrong(written, "`data-root` must be a directory of the application's own, not `/`"));
        }
        for (other, taken) in &*seen {
            let why = if *other == name && *taken != root {
                format!("`{name}` has the data-root `{}` already, and an application has one", taken.display())
            } else if *other != name && (root.starts_with(taken) || taken.starts_with(&root)) {
                format!(
                    "`{}` is, contains or is inside `{}`, the data-root of `{other}`; give each application a \
                     directory beside the others'",
                    root.display(),
                    taken.display()
                )
            } else {
                continue;
            };
            return Err(self.wrong(written, why));
        }
        seen.push((name, root));
        Ok(())
    }
}

impl Config {
    /// The directory of an application's data, as far as it is granted to the plugin of that name. What is granted by
    /// name is for an application that is bound.
    #[must_use]
    pub fn data_root(&self, plugin: &str, application: &str) -> Option<&Path> {
        let mut own = self.grants.iter().filter(|grant| grant.plugin == plugin && grant.applications == [application]);
        own.find_map(|grant| grant.docker_write.as_ref()?.data_root.as_deref())
    }

    /// What no container of an application gets, whatever is granted to a plugin: see [`Config::guarded`], and the data
    /// of the other applications.
    #[must_use]
    pub fn guarded_from(&self, application: &str) -> Vec<Guarded> {
        let mut guarded = self.guarded();
        for grant in self.grants.iter().filter(|grant| !grant.applications.iter().any(|name| name == application)) {
            let root = grant.docker_write.as_ref().and_then(|write| write.data_root.clone());
            guarded.extend(root.map(|path| Guarded { path, what: "the data of another application", readable: false }));
        }
        guarded
    }
}

#[cfg(test)]
mod tests {
    use crate::Config;
    use crate::document::Document;

    fn read(grants: &[(&str, &str)]) -> Result<Config, String> {
        let text = grants.iter().map(|(applications, root)| {
            format!(
                "[[grants]]\nplugin = \"strategy-compose\"\n{applications}\ndocker-write = {{ data-root = {root:?} }}\n"
            )
        });
        let document = Document::from_text("/etc/windlass/agent.toml", text.collect::<String>()).unwrap();
        Config::resolve(&document).map_err(|error| error.to_string())
    }

    #[test]
    fn each_application_has_one_directory_of_its_own() {
        let (kudos, shop) = ("applications = [\"kudos\"]", "applications = [\"shop\"]");
        let config = read(&[(kudos, "/srv/data/kudos"), (shop, "/srv/data/shop"), (kudos, "/srv/x/../data/kudos")]);
        let config = config.unwrap();
        let theirs = |name: &str| -> Vec<String> {
            let guarded = config.guarded_from(name).into_iter().filter(|one| one.what.contains("another application"));
            guarded.map(|one| one.path.display().to_string()).collect()
        };
        assert_eq!(theirs("kudos"), ["/srv/data/shop"]);
        let own = |plugin, name| config.data_root(plugin, name).map(|path| path.display().to_string());
        assert_eq!(own("strategy-compose", "shop").as_deref(), Some("/srv/data/shop"));
        assert_eq!((own("strategy-other", "shop"), own("strategy-compose", "other")), (None, None));
        assert_eq!(theirs("shop"), ["/srv/data/kudos", "/srv/data/kudos"]);
        assert_eq!(theirs("other").len(), 3);
        for (grants, words) in [
            (vec![(kudos, "/srv/data"), (shop, "/srv/data")], "is, contains or is inside"),
            (vec![(kudos, "/srv/data"), (shop, "/srv/data/shop")], "the data-root of `kudos`"),
            (vec![(kudos, "/srv/data/a/b"), (shop, "/srv/data/../data/a")], "beside the others'"),
            (vec![(kudos, "/srv/a"), (kudos, "/srv/b")], "an application has one"),
            (vec![("", "/srv/a")], "is for one application"),
            (vec![("applications = [\"a\", \"b\"]", "/srv/a")], "is for one application"),
            (vec![(kudos, "/")], "not `/`"),
            (vec![(kudos, "data")], "is not an absolute path"),
        ] {
            let said = read(&grants).unwrap_err();
            assert!(said.contains(words) && said.contains("agent.toml:"), "{grants:?}: {said}");
        }
        read(&[(kudos, "/srv/data"), (shop, "/srv/data-too")]).unwrap();
    }
}
