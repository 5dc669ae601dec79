//! What was recorded, as it stands in the facts that the agent keeps and gives back.

use windlass_pact::{Pacticipant, Record};
use windlass_sdk::prelude::*;

/// One record at the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Whose; its artifact is not known of what was recorded before.
    pub(crate) pacticipant: Pacticipant,
    /// The environment's name at the broker.
    pub(crate) environment: String,
    /// As which instance.
    pub(crate) instance: Instance,
    /// What kind of record.
    pub(crate) record: Record,
    /// Where it is at the broker.
    pub(crate) address: Option<String>,
}

/// What the broker calls an application instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Instance {
    /// The one without a name.
    Unnamed,
    /// One with a name.
    Named(String),
    /// Facts of earlier versions of this plugin do not say.
    Unsaid,
}

impl Instance {
    pub(crate) fn of(name: Option<&str>) -> Self {
        name.map_or(Self::Unnamed, |name| Self::Named(name.to_owned()))
    }

    /// Its name; where nothing was said, that of now.
    pub(crate) fn name<'a>(&'a self, now: Option<&'a str>) -> Option<&'a str> {
        match self {
            Self::Unnamed => None,
            Self::Named(name) => Some(name),
            Self::Unsaid => now,
        }
    }
}

/// What was recorded when a recorder was told something last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Earlier {
    /// The address of the broker; none in what earlier versions of this plugin wrote.
    pub(crate) broker: Option<String>,
    /// The release that ran.
    pub(crate) release: Option<String>,
    /// What was recorded of it.
    pub(crate) entries: Vec<Entry>,
}

impl Earlier {
    /// The newest of some facts that say what is recorded. Facts about deployments that changed nothing may say nothing.
    pub(crate) fn of(facts: &[Value]) -> Self {
        facts.iter().find_map(Self::read).unwrap_or_default()
    }

    fn read(facts: &Value) -> Option<Self> {
        let recorded = facts.get("recorded")?.as_array()?;
        let text = |from: &Value, name: &str| from.get(name).and_then(Value::as_str).map(str::to_owned);
        if recorded.is_empty() && text(facts, "environment").is_none() {
            return None;
        }
        let entries = recorded.iter().filter_map(|entry| {
            let either = |name: &str| text(entry, name).or_else(|| text(facts, name));
            let name = text(entry, "pacticipant")?;
            Some(Entry {
                pacticipant: Pacticipant { artifact: String::new(), name, version: text(entry, "version")? },
                environment: either("environment")?,
                // A null says that it has no name.
                instance: entry.get("instance").map_or(Instance::Unsaid, |name| Instance::of(name.as_str())),
                record: if either("record")? == "release" { Record::Release } else { Record::Deployment },
                address: text(entry, "address"),
            })
        });
        Some(Self { broker: text(facts, "broker"), release: text(facts, "release"), entries: entries.collect() })
    }

    /// The facts that say so again, after a deployment that changed nothing.
    pub(crate) fn facts(&self) -> Value {
        if self.entries.is_empty() {
            return json!({ "recorded": [] });
        }
        facts(self.broker.as_deref(), self.release.as_deref(), &self.entries)
    }
}

/// Facts about records, from which [`Earlier`] is read.
pub(crate) fn facts(broker: Option<&str>, release: Option<&str>, entries: &[Entry]) -> Value {
    let recorded: Vec<Value> = entries.iter().map(Entry::fact).collect();
    let mut facts = json!({ "recorded": recorded });
    if let (Some(fields), Some(first)) = (facts.as_object_mut(), entries.first()) {
        fields.insert("environment".to_owned(), json!(first.environment));
        fields.insert("record".to_owned(), json!(word(first.record)));
    }
    for (name, value) in [("broker", broker), ("release", release)] {
        if let (Some(fields), Some(value)) = (facts.as_object_mut(), value) {
            fields.insert(name.to_owned(), json!(value));
        }
    }
    facts
}

impl Entry {
    fn fact(&self) -> Value {
        let mut fact = json!({
            "pacticipant": self.pacticipant.name, "version": self.pacticipant.version,
            "environment": self.environment, "record": word(self.record), "address": self.address,
        });
        if let Some(fields) = fact.as_object_mut().filter(|_| self.instance != Instance::Unsaid) {
            fields.insert("instance".to_owned(), json!(self.instance.name(None)));
        }
        fact
    }

    /// Whether a newer record takes the place of this one at the broker, or is it.
    pub(crate) fn is_replaced_by(&self, newer: &Self) -> bool {
        // What is not known of an older record is taken to be as it is now.
        let same =
            self.instance == newer.instance || self.instance == Instance::Unsaid || newer.instance == Instance::Unsaid;
        self.record == newer.record
            && self.environment == newer.environment
            && self.pacticipant.name == newer.pacticipant.name
            && same
    }
}

impl std::fmt::Display for Entry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.pacticipant)?;
        if let Instance::Named(instance) = &self.instance {
            write!(formatter, " ({instance})")?;
        }
        Ok(())
    }
}

fn word(record: Record) -> &'static str {
    match record {
        Record::Deployment => "deployment",
        Record::Release => "release",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_as_they_were_written() {
        let entry = Entry {
            pacticipant: Pacticipant { artifact: String::new(), name: "A".to_owned(), version: "1".to_owned() },
            environment: "uat".to_owned(),
            instance: Instance::Named("blue".to_owned()),
            record: Record::Deployment,
            address: Some("http://b/deployed-versions/1".to_owned()),
        };
        let earlier =
            Earlier { broker: Some("http://b".to_owned()), release: Some("r".to_owned()), entries: vec![entry] };
        assert_eq!(Earlier::of(&[json!({ "recorded": [] }), json!({ "skipped": 1 }), earlier.facts()]), earlier);
    }

    #[test]
    fn facts_of_earlier_versions_say_no_instance() {
        let facts = json!({ "environment": "uat", "record": "deployment", "recorded": [
            { "pacticipant": "A", "version": "1", "address": "http://b/1", "already": false },
        ] });
        let earlier = Earlier::of(&[facts]);
        assert_eq!((earlier.broker, earlier.entries[0].instance.clone()), (None, Instance::Unsaid));
        assert_eq!(earlier.entries[0].environment, "uat");
    }
}
