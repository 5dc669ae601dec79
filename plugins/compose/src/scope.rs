//! The variables that a file sees, and where each has its value from.
//!
//! What the release gives wins over `.env`; what the including file sees wins over what the included one brings.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::dotenv::EnvFile;
use crate::interpolate::Lookup;
use crate::trace::Source;

/// Variables.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    outer: Option<Rc<Scope>>,
    own: BTreeMap<String, (String, Source)>,
}

impl Scope {
    /// What the release gives.
    pub(crate) fn given(variables: &BTreeMap<String, String>) -> Self {
        let own = variables.iter().map(|(name, value)| (name.clone(), (value.clone(), Source::Given))).collect();
        Self { outer: None, own }
    }

    /// What a file sees that is included by one that sees `outer`.
    pub(crate) fn within(outer: &Rc<Self>) -> Self {
        Self { outer: Some(Rc::clone(outer)), own: BTreeMap::new() }
    }

    /// Takes the variables of an env file, a later one over an earlier one.
    pub(crate) fn add(&mut self, file: EnvFile) {
        for entry in file.entries {
            let source = Source::File(entry.position);
            match self.own.get_mut(&entry.name) {
                Some((_, Source::Given)) => {}
                Some(existing) => *existing = (entry.value, source),
                None => {
                    self.own.insert(entry.name, (entry.value, source));
                }
            }
        }
    }

    /// Sets a variable whatever it was.
    pub(crate) fn set(&mut self, name: &str, value: String, source: Source) {
        self.own.insert(name.to_owned(), (value, source));
    }

    /// A variable with its source.
    pub(crate) fn find(&self, name: &str) -> Option<(&str, &Source)> {
        let outer = self.outer.as_deref().and_then(|outer| outer.find(name));
        outer.or_else(|| self.own.get(name).map(|(value, source)| (value.as_str(), source)))
    }
}

impl Lookup for Scope {
    fn value(&self, name: &str) -> Option<&str> {
        self.find(name).map(|(value, _)| value)
    }
}

/// The variables of a whole set of files.
#[derive(Debug)]
pub(crate) struct Scopes {
    pub(crate) root: Rc<Scope>,
    /// What included files see.
    pub(crate) files: BTreeMap<std::sync::Arc<str>, Rc<Scope>>,
}

impl Scopes {
    /// The variables that a file sees.
    pub(crate) fn of(&self, file: &str) -> &Scope {
        self.files.get(file).unwrap_or(&self.root)
    }
}
