//! What is there now: what the `current` commands print, and whether what runs is well.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use windlass_commands::said::ending;
use windlass_commands::{Command, Runner};
use windlass_sdk::documents::OBSERVATION_FORMAT;
use windlass_sdk::prelude::*;
use windlass_strategies::Words;

use crate::config::{Config, Entry};

/// What a `current` command said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// What it printed, without spaces around it.
    Text(String),
    /// It ended with another code than 0: nothing is there that it could tell of.
    Nothing(i32),
}

impl Seen {
    /// For people.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Text(text) => shorten(text.lines().next().unwrap_or_default()),
            Self::Nothing(code) => format!("nothing ({})", ending(*code)),
        }
    }
}

fn shorten(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(100).collect()
}

/// Asks one `current` command.
pub(crate) fn look(runner: &dyn Runner, command: &Command, words: &Words) -> Result<Seen> {
    let output = runner.run(&command.filled(words)?, &[])?;
    if output.exit_code != 0 {
        return Ok(Seen::Nothing(output.exit_code));
    }
    Ok(Seen::Text(String::from_utf8_lossy(&output.stdout).trim().to_owned()))
}

/// What each step's `current` command says, in the order of the steps.
pub(crate) fn all<'a>(
    runner: &dyn Runner,
    config: &'a Config,
    words: &Words,
) -> Result<Vec<(&'a Entry, Option<Seen>)>> {
    let looked = config.steps.iter().map(|entry| {
        let seen = entry.current.as_ref().map(|command| look(runner, command, words)).transpose()?;
        Ok((entry, seen))
    });
    looked.collect()
}

/// What the fingerprint is made from, for people. Of long texts the beginning, and a hash of the whole.
fn basis(words: &Words, seen: &[(&Entry, Option<Seen>)]) -> BTreeMap<String, BTreeMap<String, String>> {
    let one = |field: &str, value: String| BTreeMap::from([(field.to_owned(), value)]);
    let looked = seen.iter().filter_map(|(entry, seen)| {
        let said = match seen.as_ref()? {
            Seen::Text(text) if shorten(text) == *text => text.clone(),
            Seen::Text(text) => format!("{} ({})", shorten(text), &hex::encode(Sha256::digest(text))[..12]),
            Seen::Nothing(_) => "nothing".to_owned(),
        };
        Some((format!("step {}", entry.name), one("current", said)))
    });
    let running = words.running().map(|release| ("the release that runs".to_owned(), one("id", release.id.clone())));
    looked.chain(running).collect()
}

/// Changes when what runs or what is seen does.
pub(crate) fn fingerprint(words: &Words, seen: &[(&Entry, Option<Seen>)]) -> String {
    let seen: Vec<_> = seen
        .iter()
        .map(|(entry, seen)| match seen {
            Some(Seen::Text(text)) => json!([entry.name, text]),
            Some(Seen::Nothing(_)) => json!([entry.name, null]),
            None => json!([entry.name]),
        })
        .collect();
    let whole = json!({ "running": words.running().map(|release| &release.id), "seen": seen });
    format!("sha256:{}", hex::encode(Sha256::digest(whole.to_string())))
}

/// The observation. Health is asked only where something runs: before the first deployment nothing can be well.
pub(crate) fn observation(runner: &dyn Runner, config: &Config, words: &Words) -> Result<Observation> {
    let seen = all(runner, config, words)?;
    let mut parts = Vec::new();
    if let (Some(running), Some(before)) = (words.running(), words.backwards()) {
        parts.push(Part {
            service: running.application.clone(),
            instance: running.application.clone(),
            release: Some(running.id.clone()),
            version: Some(running.version.clone()),
            reference: running.commit.clone(),
            state: "running".to_owned(),
            health: health(runner, config, &before)?,
            restarts: 0,
            since: None,
            trouble: None,
            finished: false,
        });
    }
    for (entry, seen) in &seen {
        let (Some(Seen::Text(text)), Some(command)) = (seen, &entry.current) else { continue };
        parts.push(Part {
            service: entry.name.clone(),
            instance: command.command.clone(),
            release: None,
            version: Some(shorten(text.lines().next().unwrap_or_default())),
            reference: None,
            state: "running".to_owned(),
            health: None,
            restarts: 0,
            since: None,
            trouble: None,
            finished: false,
        });
    }
    let (fingerprint, basis) = (fingerprint(words, &seen), basis(words, &seen));
    Ok(Observation { format: OBSERVATION_FORMAT, fingerprint, parts, basis })
}

fn health(runner: &dyn Runner, config: &Config, words: &Words) -> Result<Option<String>> {
    for command in &config.health.0 {
        // What cannot be asked now says nothing good.
        let is_well = match runner.run(&command.filled(words)?, &[]) {
            Ok(output) => output.exit_code == 0,
            Err(error) if error.code() == "timeout" => false,
            Err(error) => return Err(error),
        };
        if !is_well {
            return Ok(Some("unhealthy".to_owned()));
        }
    }
    Ok((!config.health.0.is_empty()).then(|| "healthy".to_owned()))
}
