//! Events that were taken and are not finished, each in a file: whoever sent one was told that it is carried out, so it
//! outlives the agent. What is kept has been judged; it holds no secret.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use windlass_foundation::private;
use windlass_service::trigger::Event;

use super::event_log::is_id;

/// How often one event is begun: one that ends the agent each time must not do so for ever.
pub(super) const MOST_TRIES: u32 = 3;

/// The largest file: an event's fields are bounded, and so are the operator's words.
const LARGEST: u64 = 1 << 20;

/// An event that was taken.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Taken {
    /// The operation that it began, and the deployment's id.
    pub(super) operation: String,
    /// The event.
    pub(super) event: Event,
    /// When it was taken.
    pub(super) since: Timestamp,
    /// How often it was begun.
    pub(super) tries: u32,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Inbox {
    directory: PathBuf,
}

impl Inbox {
    /// That of a state directory.
    pub(super) fn open(state: &Path) -> io::Result<Self> {
        let directory = state.join("inbox");
        private::directory(&directory)?;
        Ok(Self { directory })
    }

    fn path(&self, operation: &str) -> PathBuf {
        self.directory.join(format!("{operation}.json"))
    }

    /// Keeps an event. It is on disk when this returns.
    pub(super) fn keep(&self, taken: &Taken) -> io::Result<()> {
        let path = self.path(&taken.operation);
        let written = path.with_extension("new");
        let mut file = private::open(&written)?;
        file.set_len(0)?;
        file.write_all(&serde_json::to_vec(taken)?)?;
        file.sync_all()?;
        fs::rename(written, path)?;
        File::open(&self.directory)?.sync_all()
    }

    /// An event is finished. Of an operation that no event began, nothing is there.
    pub(super) fn remove(&self, operation: &str) {
        fs::remove_file(self.path(operation)).ok();
    }

    /// All that are kept, the oldest first. A file that cannot be read is left out.
    pub(super) fn all(&self) -> io::Result<Vec<Taken>> {
        let mut all = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let path = entry?.path();
            let mut text = String::new();
            if path.extension().is_some_and(|extension| extension == "json")
                && File::open(&path)?.take(LARGEST).read_to_string(&mut text).is_ok()
                && let Ok(taken) = serde_json::from_str::<Taken>(&text)
                && is_id(&taken.operation)
            {
                all.push(taken);
            }
        }
        all.sort_by_key(|taken| taken.since);
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use windlass_foundation::principal::Principal;

    use super::*;

    #[test]
    fn what_is_kept_is_there_until_it_is_removed() {
        let state = tempfile::tempdir().unwrap();
        let inbox = Inbox::open(state.path()).unwrap();
        let event = Event {
            trigger: "staging".to_owned(),
            principal: Principal::of_trigger("staging", "GitHub", Some("ada")),
            fields: [("branch".to_owned(), "main".to_owned())].into(),
            command: vec!["deploy".to_owned(), "kudos".to_owned()],
            key: "sha256:ab".to_owned(),
        };
        let at = |second| Timestamp::from_second(second).unwrap();
        let taken = |operation: &str, second| Taken {
            operation: operation.to_owned(),
            event: event.clone(),
            since: at(second),
            tries: 1,
        };
        inbox.keep(&taken("second", 2)).unwrap();
        inbox.keep(&taken("first", 1)).unwrap();
        inbox.keep(&Taken { tries: 2, ..taken("first", 1) }).unwrap();
        fs::write(inbox.path("broken"), "{").unwrap();
        fs::write(inbox.path("hostile"), serde_json::to_vec(&taken("../first", 0)).unwrap()).unwrap();
        let inbox = Inbox::open(state.path()).unwrap();
        let found: Vec<_> = inbox.all().unwrap().into_iter().map(|taken| (taken.operation, taken.tries)).collect();
        assert_eq!(found, [("first".to_owned(), 2), ("second".to_owned(), 1)]);
        inbox.remove("first");
        inbox.remove("nothing");
        assert_eq!(inbox.all().unwrap()[0].event, event);
    }
}
