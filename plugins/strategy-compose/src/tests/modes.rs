//! Mounted files whose content is the same and whose mode is another, as plans tell it. No engine.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::plans::{planned, running};
use super::world::{desired_on, host, release};
use crate::desired::Desired;
use crate::{labels, state::State};

const FRONT: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const TEXT: &str =
    "services:\n  front: {image: front, volumes: ['./bin/start.sh:/start.sh:ro', './bin:/tools:ro', './c:/c:ro']}\n";
const FILE: &str = "services:\n  front: {image: front, volumes: ['./bin/start.sh:/start.sh:ro']}\n";

/// With which programs, where the release says it.
fn with(text: &str, programs: Option<&[&str]>) -> Desired {
    let files = [("compose.yaml", text), ("bin/start.sh", "run"), ("bin/stop.sh", "halt"), ("c", "c")];
    let mut release = release("app", &[("front", FRONT)], &files);
    release.bundle.programs = programs.map(|names| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>());
    let contents: BTreeMap<String, Vec<u8>> =
        files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
    desired_on(&host(), &contents, &release).unwrap_or_else(|error| panic!("{error}"))
}

fn kept(desired: &Desired, state: &State) -> bool {
    planned(desired, state).contains("keep service front: as it should be")
}

#[test]
fn a_mounted_file_that_may_be_executed_now_replaces_the_container() {
    let (before, after) = (with(FILE, Some(&[])), with(FILE, Some(&["bin/start.sh"])));
    let plan = planned(&after, &running(&before));
    assert!(plan.contains("replace service front: mode of mounted file bin/start.sh changed [start-first]"), "{plan}");
    assert!(plan.contains("  mode of /start.sh: not executable -> executable"), "{plan}");
    assert!(kept(&after, &running(&after)));
    // The other way round, and below a directory.
    let (before, after) = (with(TEXT, Some(&["bin/start.sh"])), with(TEXT, Some(&[])));
    let plan = planned(&after, &running(&before));
    assert!(plan.contains("replace service front: modes of mounted files changed"), "{plan}");
    assert!(plan.contains("  mode of /start.sh: executable -> not executable"), "{plan}");
    assert!(plan.contains("  mode of /tools: "), "{plan}");
    assert!(!plan.contains("mode of /c"), "{plan}");
    assert!(kept(&with(FILE, Some(&["c"])), &running(&with(FILE, Some(&[])))), "a file that it does not mount");
}

#[test]
fn containers_of_earlier_versions_stay_until_something_else_changes() {
    // A release that does not say who is a program gives the labels that earlier versions wrote.
    let earlier = with(TEXT, None);
    let written: Value =
        serde_json::from_str(earlier.services["front"].body["Labels"][labels::FILES].as_str().unwrap_or_default())
            .unwrap();
    assert!(written.as_object().unwrap().values().all(|file| !file.as_str().unwrap().contains(' ')), "{written}");
    assert_eq!(earlier.services["front"].hash, earlier.services["front"].hash_before);
    let state = running(&earlier);
    let now = with(TEXT, Some(&["bin/start.sh"]));
    assert_eq!(now.services["front"].hash_before, earlier.services["front"].hash);
    assert!(kept(&now, &state));
    // Where a container tells the modes, they count.
    let mut telling = running(&with(TEXT, Some(&[])));
    assert!(!kept(&now, &telling));
    telling.containers[0].labels.insert(labels::HASH.to_owned(), earlier.services["front"].hash.clone());
    assert!(!kept(&now, &telling));
    let content = json!({ "/c": "other" }).to_string();
    let mut other = state;
    other.containers[0].labels.insert(labels::HASH.to_owned(), "other".to_owned());
    other.containers[0].labels.insert(labels::FILES.to_owned(), content);
    assert!(planned(&now, &other).contains("content of mounted files changed"));
}
