//! Whether the release is there and well: what the `current` commands print, and what the `health` commands say.

use windlass_commands::Runner;
use windlass_commands::said::{failed, last_lines};
use windlass_sdk::prelude::*;
use windlass_strategies::Words;

use crate::config::Config;
use crate::observe::{self, Seen};

/// Looks at all of it.
pub(crate) fn verify(context: &Context<'_>, runner: &dyn Runner, config: &Config, words: &Words) -> Result<Report> {
    let mut findings = Vec::new();
    for (entry, seen) in observe::all(runner, config, words)? {
        let (Some(seen), Some(expect)) = (seen, &entry.expect) else { continue };
        let expected = words.fill(expect)?;
        let is_there = seen == Seen::Text(expected.trim().to_owned());
        let title = if is_there {
            format!("{}: {expected} is there", entry.name)
        } else {
            format!("{}: {} is there, not {expected}", entry.name, seen.words())
        };
        findings.push(finding(&format!("current:{}", entry.name), is_there, title, None));
    }
    // What is not the release need not be well.
    if findings.iter().all(|finding| finding.verdict == Verdict::Pass) {
        for command in &config.health.0 {
            context.stop_if_cancelled()?;
            log::progress(format!("waiting for `{}`", command.command), None);
            let filled = command.filled(words)?;
            findings.push(match runner.run(&filled, &[]) {
                Ok(output) if output.exit_code == 0 => finding(
                    &health(&command.command),
                    true,
                    format!("`{}` says that it is well", command.command),
                    None,
                ),
                Ok(output) => {
                    let error = failed(&filled, &output);
                    let evidence = json!({ "exit-code": output.exit_code, "said": last_lines(&output, 20) });
                    finding(&health(&command.command), false, error.message().to_owned(), Some(evidence))
                }
                Err(error) if error.code() == "timeout" => {
                    finding(&health(&command.command), false, error.message().to_owned(), None)
                }
                Err(error) => return Err(error),
            });
        }
    }
    let bad: Vec<&str> =
        findings.iter().filter(|one| one.verdict != Verdict::Pass).map(|one| one.title.as_str()).collect();
    let summary = match (bad.is_empty(), config.health.0.is_empty()) {
        (false, _) => bad.join("; "),
        (true, false) => format!("{} is there and well", words.release().version),
        (true, true) => {
            format!("{} is deployed; there is no `health` command that could say more", words.release().version)
        }
    };
    Ok(Report::of(findings, summary))
}

fn health(command: &str) -> String {
    format!("health:{command}")
}

fn finding(id: &str, is_good: bool, title: String, evidence: Option<Value>) -> Finding {
    let verdict = if is_good { Verdict::Pass } else { Verdict::Fail };
    Finding { id: id.to_owned(), verdict, title, remedy: None, evidence }
}
