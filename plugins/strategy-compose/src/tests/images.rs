//! What going back lacks, and what earlier releases left behind. No engine.

use std::cell::RefCell;

use windlass_sdk::{Error, Result};

use super::world::release;
use crate::engine::Images;
use crate::images::{missing, prune};

const OLD: &str = "docker.io/library/front@sha256:aaaa";
const NEW: &str = "docker.io/library/front@sha256:bbbb";
const USED: &str = "docker.io/library/back@sha256:cccc";

/// The application brought all of these; the engine has some.
struct Few {
    there: RefCell<Vec<&'static str>>,
    used: Vec<&'static str>,
    asked: RefCell<Vec<String>>,
}

impl Few {
    fn of(there: &[&'static str]) -> Self {
        Self { there: RefCell::new(there.to_vec()), used: vec![USED], asked: RefCell::default() }
    }
}

impl Images for Few {
    fn has(&self, reference: &str) -> Result<bool> {
        if reference == "broken" {
            return Err(Error::new("unavailable", "the engine is away"));
        }
        Ok(self.there.borrow().contains(&reference))
    }

    fn brought(&self) -> Result<Vec<String>> {
        Ok([OLD, NEW, USED].map(str::to_owned).to_vec())
    }

    fn remove(&self, reference: &str) -> Result<bool> {
        self.asked.borrow_mut().push(reference.to_owned());
        let goes = self.has(reference)? && !self.used.contains(&reference);
        self.there.borrow_mut().retain(|image| !goes || *image != reference);
        Ok(goes)
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn what_the_engine_does_not_have_is_named_in_one_sentence() {
    let images = Few::of(&[OLD]);
    assert_eq!(missing(&images, &names(&[OLD])).unwrap(), names(&[]));
    assert_eq!(
        missing(&images, &names(&[OLD, NEW, USED])).unwrap(),
        [format!("the engine does not have {NEW}, {USED}")]
    );
    assert_eq!(missing(&images, &names(&["broken"])).unwrap_err().code(), "unavailable");
}

#[test]
fn images_that_no_kept_release_has_go_and_those_in_use_stay() {
    let images = Few::of(&[OLD, NEW, USED]);
    let mut kept = release("app", &[("front", "sha256:bbbb")], &[]);
    kept.artifacts.get_mut("front").unwrap().local = false;
    assert_eq!(prune(&images, std::slice::from_ref(&kept)).unwrap(), [format!("image {OLD}")]);
    assert_eq!(*images.asked.borrow(), [OLD, USED], "what is kept is not even asked for");
    assert_eq!(prune(&images, &[kept]).unwrap(), names(&[]), "what is gone is not told again");
}
