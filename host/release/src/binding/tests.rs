//! The table of who may be an application.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use windlass_config::document::Document;

use super::*;

const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

/// A host with the operator's directory, and directories of teams beside it.
struct Ground {
    whole: tempfile::TempDir,
}

impl Ground {
    fn new() -> Self {
        let whole = tempfile::tempdir().unwrap();
        for place in ["applications/kudos", "kudos", "evil", "docs/below"] {
            fs::create_dir_all(whole.path().join(place)).unwrap();
            fs::write(whole.path().join(place).join(RELEASE_FILE), "").unwrap();
        }
        fs::set_permissions(whole.path().join("applications"), fs::Permissions::from_mode(0o755)).unwrap();
        Self { whole }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.whole.path().join(name)
    }

    fn config(&self, lines: &str) -> Config {
        let root = self.whole.path().display().to_string();
        let text = format!("applications-directory = \"ROOT/applications\"\n[releases]\nkeys = [\"{KEY}\"]\n{lines}")
            .replace("ROOT", &root);
        Config::resolve(&Document::from_text(self.at("agent.toml"), text).unwrap()).unwrap()
    }

    /// `bound`, `unbound` or why not.
    fn files(&self, lines: &str, application: &str, place: &str) -> String {
        let team = TeamDirectory::open(&self.at(place)).unwrap();
        self.said(decide(&self.config(lines), application, Claim::Files(&team)))
    }

    fn document(&self, lines: &str, application: &str, place: Option<&str>, signer: Option<&str>) -> String {
        let path = place.map(|place| self.at(place));
        if let Some(path) = &path {
            fs::write(path, "document").unwrap();
        }
        let claim = Claim::Document { path: path.as_deref(), content: b"document", signer };
        self.said(decide(&self.config(lines), application, claim))
    }

    fn said(&self, decided: Result<Option<String>, BindingError>) -> String {
        let root = fs::canonicalize(self.whole.path()).unwrap().display().to_string();
        match decided {
            Ok(None) => "bound".to_owned(),
            Ok(Some(lines)) => format!("unbound\n{lines}"),
            Err(error) => {
                assert_eq!(error.exit(), ExitCode::Refused);
                format!("{error}\n{}", error.hint().unwrap())
            }
        }
        .replace(&root, "ROOT")
    }
}

const HERE: &str = "[[applications]]\nname = \"shop\"\ndirectory = \"ROOT/kudos\"\n";

#[test]
fn a_directory_is_an_application_where_the_operator_says_so() {
    let ground = Ground::new();
    assert_eq!(ground.files("", "kudos", "applications/kudos"), "bound");
    assert_eq!(ground.files(HERE, "shop", "kudos"), "bound");
    symlink("kudos", ground.at("link")).unwrap();
    assert_eq!(ground.files(HERE, "shop", "link"), "bound", "the directory counts, not the way to it");
    insta::assert_snapshot!(ground.files(HERE, "shop", "evil"), @r#"
    `ROOT/evil` may not act for `shop`: agent.toml binds `shop` to the directory `ROOT/kudos`
    where it may act for `shop` all the same, the operator adds to agent.toml:

    [[applications]]
    name = "shop"
    directory = "ROOT/evil"
    "#);
    // The operator's own directory binds without a line.
    assert!(ground.files("", "kudos", "kudos").contains("binds `kudos` to the directory `ROOT/applications/kudos`"));
    // It binds its own name only.
    insta::assert_snapshot!(ground.files("", "other", "applications/kudos"), @r#"
    unbound
    [[applications]]
    name = "other"
    directory = "ROOT/applications/kudos"
    "#);
    assert!(ground.files(HERE, "shop", "applications/kudos").contains("may not act for `shop`"));
    // Of two ways either will do.
    let two = format!("{HERE}[[applications]]\nname = \"shop\"\ndirectory = \"ROOT/evil\"\n");
    assert_eq!(
        (ground.files(&two, "shop", "kudos"), ground.files(&two, "shop", "evil")),
        ("bound".into(), "bound".into())
    );
}

#[test]
fn what_is_linked_into_the_operators_directory_needs_a_line() {
    let ground = Ground::new();
    symlink("../evil", ground.at("applications/shop")).unwrap();
    assert!(ground.files("", "shop", "applications/shop").starts_with("unbound"));
    assert_eq!(ground.files(&HERE.replace("ROOT/kudos", "ROOT/evil"), "shop", "applications/shop"), "bound");
    // A user who can write the operator's directory could put anything there.
    fs::set_permissions(ground.at("applications"), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(ground.files("", "kudos", "applications/kudos").starts_with("unbound"));
}

#[test]
fn an_owner_is_the_owner_of_the_directory_and_of_the_release_file() {
    let ground = Ground::new();
    let me = rustix::process::geteuid().as_raw();
    let owner = |number: u32| format!("[[applications]]\nname = \"shop\"\nowner = \"{number}\"\n");
    assert_eq!(ground.files(&owner(me), "shop", "evil"), "bound");
    assert!(ground.files(&owner(me + 1), "shop", "evil").contains("to files of the user"));
    let both = format!("{}directory = \"ROOT/kudos\"\n", owner(me));
    assert_eq!(ground.files(&both, "shop", "kudos"), "bound");
    assert!(ground.files(&both, "shop", "evil").contains("`ROOT/kudos` with files of the user"), "both must hold");
    fs::remove_file(ground.at("evil").join(RELEASE_FILE)).unwrap();
    symlink("../kudos/release.toml", ground.at("evil").join(RELEASE_FILE)).unwrap();
    assert!(ground.files(&owner(me), "shop", "evil").contains("may not act"), "a link out is nobody's");
}

#[test]
fn a_document_is_an_application_by_its_signer_or_by_its_place() {
    let ground = Ground::new();
    let signer = format!("[[applications]]\nname = \"shop\"\nsigner = \"{KEY}\"\n");
    assert_eq!(ground.document(&signer, "shop", None, Some(KEY)), "bound");
    assert_eq!(ground.document(&signer, "shop", Some("evil/d.json"), Some(KEY)), "bound");
    assert!(ground.document(&signer, "shop", Some("evil/d.json"), None).contains("documents that `RWQ"));
    assert!(ground.document(&signer, "shop", None, Some("RWother")).contains("on standard input may not act"));
    // A signer binds no files.
    assert!(ground.files(&signer, "shop", "kudos").contains("may not act"));
    let docs = "[[applications]]\nname = \"shop\"\ndirectory = \"ROOT/docs\"\n";
    assert_eq!(ground.document(docs, "shop", Some("docs/below/d.json"), None), "bound");
    assert!(ground.document(docs, "shop", Some("docs/../evil/d.json"), None).contains("may not act"));
    symlink("../docs/d.json", ground.at("evil/link.json")).unwrap();
    assert_eq!(ground.document(docs, "shop", Some("evil/link.json"), None), "bound", "what it is counts");
    assert!(ground.document("", "kudos", Some("evil/d.json"), None).contains("applications/kudos"));
    insta::assert_snapshot!(ground.document("", "shop", Some("evil/d.json"), None), @r#"
    unbound
    [[applications]]
    name = "shop"
    directory = "ROOT/evil"   # or `signer`, the key that signs its release documents
    "#);
}
