//! Messages for chats. Facts are shown as they are: none can mention people, link or format.

use windlass_records::Facts;
use windlass_sdk::prelude::*;

use crate::config::Template;

/// The longest fact, in characters. Slack takes 2,000 in a field and 150 in a header.
const FACT: usize = 300;
const TITLE: usize = 150;
const FAILURE: usize = 1_500;

/// What is told, before it is dressed.
struct Message {
    title: String,
    facts: Vec<(&'static str, String)>,
    failure: Option<String>,
    look: Look,
}

/// How an outcome looks: an emoji, a colour, and a colour in the words of Adaptive Cards.
struct Look {
    emoji: &'static str,
    colour: &'static str,
    word: &'static str,
}

/// The body for a chat.
pub(crate) fn message(kind: Template, event: &Event, facts: &Facts) -> Result<Value> {
    let text = |name: &str| facts.get(name).map(|value| value.as_str().unwrap_or_default().to_owned());
    let mut told = vec![
        ("Application", text("application")?),
        ("Environment", text("environment")?),
        ("Version", text("version")?),
        ("Running", text("running.version")?),
        ("Commit", text("commit")?),
        ("Host", text("host")?),
        ("By", text("actor")?),
        ("Deployment", text("deployment")?),
    ];
    let (reason, failure) = (text("reason")?, text("failure")?);
    if reason != failure {
        told.push(("Reason", reason));
    }
    told.retain(|(_, value)| !value.is_empty());
    let message = Message {
        title: short(&text("summary")?, TITLE),
        facts: told.into_iter().map(|(name, value)| (name, short(&value, FACT))).collect(),
        failure: (!failure.is_empty()).then(|| short(&failure, FAILURE)),
        look: look(event),
    };
    Ok(match kind {
        Template::Slack => slack(&message),
        Template::Teams => teams(&message),
        Template::Mattermost => mattermost(&message),
    })
}

fn look(event: &Event) -> Look {
    let (emoji, colour, word) = match event.outcome {
        _ if event.trouble.is_some() && event.found.is_some() => (":warning:", "#c62828", "Attention"),
        _ if event.cancelled => (":octagonal_sign:", "#607d8b", "Default"),
        Outcome::Succeeded => (":white_check_mark:", "#2e7d32", "Good"),
        Outcome::Unchanged => (":ballot_box_with_check:", "#607d8b", "Default"),
        Outcome::Refused => (":no_entry:", "#f9a825", "Warning"),
        Outcome::RolledBack => (":leftwards_arrow_with_hook:", "#ef6c00", "Warning"),
        Outcome::Stuck => (":rotating_light:", "#c62828", "Attention"),
    };
    Look { emoji, colour, word }
}

/// Block Kit. `plain_text` is not looked into for mentions and links; only the fallback has to be escaped.
fn slack(message: &Message) -> Value {
    let plain = |text: &str| json!({ "type": "plain_text", "text": text, "emoji": false });
    let title = json!({ "type": "mrkdwn", "text": format!("{} *{}*", message.look.emoji, entities(&message.title)) });
    let fields: Vec<Value> = message.facts.iter().map(|(name, value)| plain(&format!("{name}: {value}"))).collect();
    let mut blocks = vec![json!({ "type": "section", "text": title }), json!({ "type": "section", "fields": fields })];
    if let Some(failure) = &message.failure {
        blocks.push(json!({ "type": "section", "text": plain(failure) }));
    }
    json!({ "text": format!("{} {}", message.look.emoji, entities(&message.title)), "blocks": blocks })
}

/// An Adaptive Card, as workflows of Teams take it. Runs of text are not Markdown; facts are.
fn teams(message: &Message) -> Value {
    let run = |text: &str, weight: &str, colour: &str| {
        let run = json!({ "type": "TextRun", "text": text, "weight": weight, "color": colour });
        json!({ "type": "RichTextBlock", "inlines": [run] })
    };
    let facts: Vec<Value> =
        message.facts.iter().map(|(name, value)| json!({ "title": name, "value": markdown(value) })).collect();
    let mut body = vec![run(&message.title, "Bolder", message.look.word), json!({ "type": "FactSet", "facts": facts })];
    if let Some(failure) = &message.failure {
        body.push(run(failure, "Default", "Default"));
    }
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
        "body": body,
    });
    json!({ "type": "message", "attachments": [
        { "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card },
    ] })
}

/// A message attachment.
fn mattermost(message: &Message) -> Value {
    let fields: Vec<Value> = message
        .facts
        .iter()
        .map(|(name, value)| json!({ "short": true, "title": name, "value": markdown(value) }))
        .collect();
    let mut attachment = json!({
        "fallback": message.title, "color": message.look.colour,
        "title": format!("{} {}", message.look.emoji, markdown(&message.title)), "fields": fields,
    });
    if let (Value::Object(parts), Some(failure)) = (&mut attachment, &message.failure) {
        parts.insert("text".to_owned(), json!(markdown(failure)));
    }
    json!({ "attachments": [attachment] })
}

/// Slack reads `<…>` as a mention or a link, and has three entities.
fn entities(text: &str) -> String {
    // Formatting marks around a word would be read as such; a zero-width space in front ends that.
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.chars()
        .flat_map(|letter| if "*_~`".contains(letter) { vec!['\u{200b}', letter] } else { vec![letter] })
        .collect()
}

/// Marks are escaped (`CommonMark` section 2.4), and a zero-width space behind `@` prevents mentions.
fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if "\\`*_{}[]()<>#+!|~:&".contains(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
        if letter == '@' {
            escaped.push('\u{200b}');
        }
    }
    escaped
}

fn short(text: &str, most: usize) -> String {
    let clean = |letter: char| if letter.is_control() && letter != '\n' { ' ' } else { letter };
    let kept: String = text.chars().map(clean).take(most).collect();
    if text.chars().nth(most).is_some() { format!("{}…", kept.trim_end()) } else { kept }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn event(outcome: &str) -> Event {
        let release = |version: &str| {
            json!({
                "format": 1, "id": "sha256:r", "application": "kudos", "version": version,
                "bundle": { "digest": "b", "files": {} }, "artifacts": {},
            })
        };
        Event::deserialize(json!({
            "format": 1, "idempotency-key": "k1", "deployment": "d1", "sequence": 1, "application": "kudos",
            "environment": "uat", "host": "uat1", "outcome": outcome, "rollback": false, "actor": "<!channel> @all *x*",
            "release": release("2"), "running": release("1"), "started": "2026-01-01T00:00:00Z",
            "finished": "2026-01-01T00:01:00Z",
            "failure": { "code": "x", "message": "[here](http://evil) <@U1> & ".repeat(100), "retryable": false },
        }))
        .unwrap()
    }

    fn dressed(kind: Template) -> Value {
        let event = event("rolled-back");
        message(kind, &event, &Facts::of(&event)).unwrap()
    }

    #[test]
    fn slack_reads_nothing_into_facts() {
        let message = dressed(Template::Slack);
        assert_eq!(
            message["blocks"][1]["fields"][5],
            json!({ "type": "plain_text", "text": "By: <!channel> @all *x*", "emoji": false })
        );
        assert_eq!(message["blocks"][2]["text"]["type"], "plain_text");
        let text = message["text"].as_str().unwrap();
        assert!(text.contains("kudos 2 failed in uat") && !text.contains('<'), "{text}");
        assert!(message["blocks"][2]["text"]["text"].as_str().unwrap().chars().count() <= 1_501);
        assert_eq!(entities("<!here>*"), "&lt;!here&gt;\u{200b}*");
    }

    #[test]
    fn teams_gets_a_card() {
        let message = dressed(Template::Teams);
        let card = &message["attachments"][0]["content"];
        assert_eq!(
            (&card["type"], &card["body"][0]["inlines"][0]["color"]),
            (&json!("AdaptiveCard"), &json!("Warning"))
        );
        assert_eq!(card["body"][1]["facts"][2], json!({ "title": "Version", "value": "2" }));
        assert_eq!(card["body"][2]["inlines"][0]["type"], "TextRun");
    }

    #[test]
    fn mattermost_mentions_nobody() {
        let message = dressed(Template::Mattermost);
        let attachment = &message["attachments"][0];
        assert_eq!(attachment["fields"][5]["value"], "\\<\\!channel\\> @\u{200b}all \\*x\\*");
        assert!(attachment["text"].as_str().unwrap().starts_with("\\[here\\]\\(http\\://evil\\) \\<@\u{200b}U1\\>"));
        assert_eq!(attachment["color"], "#ef6c00");
    }
}
