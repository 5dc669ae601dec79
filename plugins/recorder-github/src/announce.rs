//! The announcement: an issue or a release of GitHub's, once for each release in an environment.

use windlass_github::{Client, encode};
use windlass_sdk::prelude::*;

use crate::changes;
use crate::config::{Announce, Config};
use crate::markdown::line;

/// How many pages of 100 issues are looked through for one that is there already.
const PAGES: usize = 5;

/// The longest text, in bytes; GitHub takes 65,536 characters for an issue.
const LONGEST: usize = 60_000;

/// Announces a release that now runs, unless that was done.
pub(crate) fn tell(client: &Client<'_>, config: &Config, announce: Announce, event: &Event) -> Result<Value> {
    let mark = mark(event);
    let tag = config.tag.replace("{version}", &event.release.version);
    if let Some(known) = find(client, announce, &tag, &mark)? {
        return Ok(known);
    }
    let plain: String = event.release.version.chars().filter(|letter| !letter.is_control()).take(200).collect();
    let (title, text) = (format!("Release {plain}"), text(client, config, event, &mark)?);
    match announce {
        Announce::Issue => {
            let assignees = assignable(client, config)?;
            let body = json!({ "title": title, "body": text, "assignees": assignees, "labels": config.labels });
            let made = client.post("/issues", &body)?;
            let made = made.ok_or_else(|| {
                Error::new("not-found", format!("{} has no issues", client.repository()))
                    .hint("turn them on in its settings, or use `announce = \"release\"`")
            })?;
            Ok(json!({ "issue": made.get("number"), "url": made.get("html_url") }))
        }
        Announce::Release => {
            let mut body = json!({ "tag_name": tag, "name": title, "body": text });
            if let (Some(commit), Some(fields)) = (&event.release.commit, body.as_object_mut()) {
                fields.insert("target_commitish".to_owned(), json!(commit));
            }
            let made = client.post("/releases", &body)?;
            Ok(json!({ "release": tag, "url": made.as_ref().and_then(|made| made.get("html_url")) }))
        }
    }
}

/// What is searched for before anything is written. Hidden in the text; two hyphens would end a comment.
fn mark(event: &Event) -> String {
    let words = format!("windlass {} {} {}", event.application, event.environment, event.release.id);
    format!("<!-- {} -->", words.replace("--", "-_"))
}

fn find(client: &Client<'_>, announce: Announce, tag: &str, mark: &str) -> Result<Option<Value>> {
    if announce == Announce::Release {
        let known = client.get(&format!("/releases/tags/{}", encode(tag)))?;
        // A release that was not written by Windlass is left as it is.
        return Ok(known.map(|known| json!({ "release": tag, "url": known.get("html_url"), "there-already": true })));
    }
    let path = "/issues?state=all&sort=created&direction=desc&per_page=100";
    let known = client.pages(path, None, PAGES)?.map(|pages| pages.items).unwrap_or_default();
    let ours = known.iter().find(|issue| {
        let body = issue.get("body").and_then(Value::as_str).unwrap_or_default();
        issue.get("pull_request").is_none() && body.contains(mark)
    });
    Ok(ours.map(|issue| json!({ "issue": issue.get("number"), "url": issue.get("html_url"), "there-already": true })))
}

/// Those whom GitHub lets be assigned; it refuses the whole issue for one whom it does not.
fn assignable(client: &Client<'_>, config: &Config) -> Result<Vec<String>> {
    let mut known = Vec::new();
    for name in &config.assignees {
        if client.get(&format!("/assignees/{}", encode(name)))?.is_some() {
            known.push(name.clone());
        } else {
            log::warn(format!(
                "the issue is not assigned to `{name}`, whom {} does not let be assigned",
                client.repository()
            ));
        }
    }
    Ok(known)
}

fn text(client: &Client<'_>, config: &Config, event: &Event, mark: &str) -> Result<String> {
    let none = |_: u64| None;
    let told = |text: &str| line(text, &none);
    let mut lines = vec![
        mark.to_owned(),
        format!("Deployed to {} by {} at {}.", told(&event.environment), told(&event.actor), told(&event.finished)),
        String::new(),
    ];
    let Some(previous) = &event.previous else {
        lines.push("It is the first release there.".to_owned());
        return Ok(lines.join("\n"));
    };
    let commit = |client: &Client<'_>, release: &Release, tag: &str| match &release.commit {
        Some(commit) => Ok(Some(commit.clone())),
        None => client.commit_of_version(&release.version, tag),
    };
    let (base, head) = (commit(client, previous, &config.tag)?, commit(client, &event.release, &config.tag)?);
    lines.extend(section(client, base, head, true)?);
    for (name, own) in &config.artifacts {
        let settings = config.settings(&own.repository);
        let other = Client::new(&settings)?;
        let of = |release: &Release| release.artifacts.get(name).and_then(|artifact| artifact.tag.clone());
        let (old, new) = (of(previous), of(&event.release));
        if old == new {
            continue;
        }
        let words = |tag: &Option<String>| told(tag.as_deref().unwrap_or("nothing"));
        lines.extend([String::new(), format!("### {}: {} → {}", told(name), words(&old), words(&new)), String::new()]);
        let find = |tag: Option<String>| tag.map_or(Ok(None), |tag| other.commit_of_version(&tag, &own.tag));
        lines.extend(section(&other, find(old)?, find(new)?, false)?);
    }
    Ok(bounded(&lines))
}

fn section(client: &Client<'_>, base: Option<String>, head: Option<String>, own: bool) -> Result<Vec<String>> {
    match (base, head) {
        (Some(base), Some(head)) if base == head => Ok(vec!["No commits in between.".to_owned()]),
        (Some(base), Some(head)) => changes::bullets(client, &base, &head, own),
        _ => Ok(vec!["The changes cannot be listed: a version names no commit.".to_owned()]),
    }
}

/// As many lines as fit, and how many do not.
fn bounded(lines: &[String]) -> String {
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        if text.len() + line.len() > LONGEST {
            text.push_str(&format_args!("\nThe notes are cut: {} more lines.\n", lines.len() - number).to_string());
            break;
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}
