//! What the broker knows of pacticipants beyond one deployment: their names, and who has contracts with whom.

use std::collections::BTreeSet;

use serde_json::Value;
use windlass_sdk::Result;

use crate::client::Client;
use crate::hal::Resource;
use crate::pacticipant::Pacticipant;

/// How many similar names are offered.
const SIMILAR: usize = 3;

/// Consumers and their providers, whatever version ever had a contract.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Integrations(BTreeSet<(String, String)>);

impl Client<'_> {
    /// The names of all pacticipants.
    pub fn pacticipants(&self, index: &Resource) -> Result<BTreeSet<String>> {
        let listed = self.found(&index.link("pb:pacticipants")?.href)?.embedded("pacticipants")?;
        Ok(listed.iter().filter_map(|one| one.0.get("name")?.as_str().map(str::to_owned)).collect())
    }

    /// Who has contracts with whom.
    pub fn integrations(&self, index: &Resource) -> Result<Integrations> {
        let listed = self.found(&index.link("pb:integrations")?.href)?.embedded("integrations")?;
        let name = |one: &Resource, side: &str| one.0.pointer(side).and_then(Value::as_str).map(str::to_owned);
        let pair = |one: &Resource| Some((name(one, "/consumer/name")?, name(one, "/provider/name")?));
        Ok(Integrations(listed.iter().filter_map(pair).collect()))
    }
}

impl Integrations {
    /// Adds a pair.
    pub fn add(&mut self, consumer: &str, provider: &str) {
        self.0.insert((consumer.to_owned(), provider.to_owned()));
    }

    /// Who ever had a contract with a provider.
    #[must_use]
    pub fn consumers(&self, of: &str) -> Vec<&str> {
        self.0.iter().filter(|(_, provider)| provider == of).map(|(consumer, _)| consumer.as_str()).collect()
    }

    /// With whom a consumer ever had a contract.
    #[must_use]
    pub fn providers(&self, of: &str) -> Vec<&str> {
        self.0.iter().filter(|(consumer, _)| consumer == of).map(|(_, provider)| provider.as_str()).collect()
    }
}

impl Pacticipant {
    /// What to say, and what to do, where the broker has no pacticipant of that name but those of `known`.
    #[must_use]
    pub fn unknown(&self, known: &BTreeSet<String>) -> (String, String) {
        let Self { artifact, name, .. } = self;
        let similar = similar(name, known);
        let offer = if similar.is_empty() {
            String::new()
        } else {
            let listed: Vec<String> = similar.iter().map(|name| format!("`{name}`")).collect();
            format!("; similar names that it has: {}", listed.join(", "))
        };
        (
            format!("the broker knows no pacticipant `{name}`"),
            format!(
                "names are case-sensitive; correct `pacticipants.{artifact}`, or let its build publish first{offer}"
            ),
        )
    }
}

/// Names that may have been meant, the nearest first.
fn similar<'a>(name: &str, known: &'a BTreeSet<String>) -> Vec<&'a str> {
    // Who writes `shop-api` for `Shop API` means the same.
    let plain =
        |name: &str| name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let wanted = plain(name);
    let mut near: Vec<(usize, &str)> = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(&wanted, &plain(known)), known.as_str()))
        .filter(|(distance, _)| *distance <= wanted.chars().count() / 3)
        .collect();
    near.sort_unstable();
    near.into_iter().take(SIMILAR).map(|(_, known)| known).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_may_have_been_meant_are_offered() {
        let known: BTreeSet<String> = ["Shop API", "Shop Web", "Shop Web Admin", "Mail"].map(str::to_owned).into();
        assert_eq!(similar("shop-web", &known), ["Shop Web", "Shop API"][..1]);
        assert_eq!(similar("Shop Wbe", &known), ["Shop Web"]);
        assert!(similar("Ledger", &known).is_empty());
        let asked = Pacticipant { artifact: "web".to_owned(), name: "shop web".to_owned(), version: "1".to_owned() };
        let (message, hint) = asked.unknown(&known);
        assert_eq!(message, "the broker knows no pacticipant `shop web`");
        assert!(hint.contains("`pacticipants.web`") && hint.contains("it has: `Shop Web`"), "{hint}");
        assert!(!asked.unknown(&BTreeSet::new()).1.contains("similar"));
    }
}
