//! From the configuration to findings: one for each variable, file and secret.

use std::collections::BTreeMap;

use windlass_sdk::prelude::*;

use crate::config::{Config, File, Format};
use crate::file::{self, Read};
use crate::rule::Rule;
use crate::unresolved::Unresolved;

/// What a variable's value looks like when it is a secret's placeholder.
const SECRET: &str = "{{windlass.secret:";

/// Unresolved places of one file that are told one by one.
const MOST: usize = 10;

/// Looks at everything.
pub(crate) fn run(context: &Context<'_>, config: &Config) -> Result<Report> {
    let variables = context.variables()?;
    let mut findings = judge_variables(config, &variables)?;
    for file in &config.files {
        findings.extend(judge_file(file, config, &variables)?);
    }
    for name in &config.secrets {
        findings.push(judge_secret(name, &variables)?);
    }
    let wrong: Vec<&str> = findings
        .iter()
        .filter(|finding| finding.verdict == Verdict::Fail)
        .map(|finding| finding.title.as_str())
        .collect();
    let summary = match wrong.as_slice() {
        [] => format!("the configuration is complete: {} things were looked at", findings.len()),
        [one] => (*one).to_owned(),
        [first, rest @ ..] => format!("{first}, and {} more", rest.len()),
    };
    Ok(Report::of(findings, summary))
}

fn judge_variables(config: &Config, variables: &BTreeMap<String, String>) -> Result<Vec<Finding>> {
    let unresolved = Unresolved::new(config.placeholders.as_deref())?;
    let mut findings = Vec::new();
    for (name, rule) in &config.variables {
        let id = format!("variable:{name}");
        let value = variables.get(name).map(String::as_str);
        let wrong = variable_wrong(rule, value)?;
        findings.push(match wrong {
            None => Finding::new(id, Verdict::Pass, format!("the variable `{name}` fits")),
            Some(why) => Finding::new(id, Verdict::Fail, format!("the variable `{name}` {why}"))
                .remedy(format!("set `{name}` in `[variables]` of release.toml, or in the environment's")),
        });
    }
    for (name, value) in variables.iter().filter(|(_, value)| !is_secret(value)) {
        if let Some(found) = unresolved.find(value) {
            let title = format!("the variable `{name}` is not filled in: it has `{found}`");
            findings.push(Finding::new(format!("placeholder:{name}"), Verdict::Fail, title));
        }
    }
    Ok(findings)
}

fn variable_wrong(rule: &Rule, value: Option<&str>) -> Result<Option<String>> {
    match value {
        // The plugin does not see the value of a secret, so it can only say that there is one.
        Some(value) if is_secret(value) => Ok(None),
        Some(value) if rule.secret && !value.is_empty() => {
            Ok(Some("is written in clear, and must be a secret".to_owned()))
        }
        other => rule.broken(other),
    }
}

fn judge_file(file: &File, config: &Config, variables: &BTreeMap<String, String>) -> Result<Vec<Finding>> {
    let (path, id) = (&file.path, format!("file:{}", file.path));
    let bytes = match files::read(&file.root, path) {
        Ok(bytes) => bytes,
        Err(error) if error.is_not_found() => {
            return Ok(vec![if file.required {
                Finding::new(id, Verdict::Fail, format!("`{path}` is not in `{}`", file.root))
                    .remedy("add the file, or say `required = false`")
            } else {
                Finding::new(id, Verdict::Pass, format!("`{path}` is not there and need not be"))
            }]);
        }
        Err(error) => return Err(error),
    };
    let Ok(text) = String::from_utf8(bytes) else {
        return Ok(vec![Finding::new(id, Verdict::Fail, format!("`{path}` is not UTF-8 text"))]);
    };
    let unresolved = Unresolved::new(file.placeholders.as_deref().or(config.placeholders.as_deref()))?;
    match file::read(&text, path, file.format(), variables) {
        Err(problem) => Ok(vec![Finding::new(id, Verdict::Fail, problem)]),
        Ok(read) => {
            let mut findings = judge_values(file, &read)?;
            findings.extend(judge_places(file, &read, &unresolved));
            if findings.iter().all(|finding| finding.verdict == Verdict::Pass) {
                findings.push(Finding::new(id, Verdict::Pass, format!("`{path}` can be read and is filled in")));
            }
            Ok(findings)
        }
    }
}

fn judge_values(file: &File, read: &Read) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (name, rule) in &file.values {
        // The last one counts, as everywhere.
        let setting = read.settings.iter().rev().find(|setting| setting.name == *name);
        let value = setting.and_then(|setting| setting.value.as_deref());
        let id = format!("value:{}:{name}", file.path);
        let place = setting.map_or(file.path.as_str(), |setting| setting.place.as_str());
        findings.push(match rule.broken(value)? {
            None => Finding::new(id, Verdict::Pass, format!("{place}: `{name}` fits")),
            Some(why) => Finding::new(id, Verdict::Fail, format!("{place}: `{name}` {why}")),
        });
    }
    Ok(findings)
}

fn judge_places(file: &File, read: &Read, unresolved: &Unresolved) -> Vec<Finding> {
    if unresolved.is_nothing() {
        return Vec::new();
    }
    let unset = read.unset.iter().map(|name| format!("{}: the variable `{name}` in a value is set nowhere", file.path));
    let left = read.settings.iter().filter_map(|setting| {
        let found = unresolved.find(setting.value.as_deref()?)?;
        let what = if file.format() == Format::Text { "the line".to_owned() } else { format!("`{}`", setting.name) };
        Some(format!("{}: {what} is not filled in: it has `{found}`", setting.place))
    });
    let mut titles: Vec<String> = unset.chain(left).collect();
    if titles.len() > MOST {
        let more = titles.len() - MOST;
        titles.truncate(MOST);
        titles.push(format!("{}: {more} more places are not filled in", file.path));
    }
    let finding = |(index, title)| Finding::new(format!("placeholder:{}:{index}", file.path), Verdict::Fail, title);
    titles.into_iter().enumerate().map(finding).collect()
}

/// A secret that a variable holds is there; the host is asked about others, and tells no value.
fn judge_secret(name: &str, variables: &BTreeMap<String, String>) -> Result<Finding> {
    let id = format!("secret:{name}");
    let held = format!("{SECRET}{name}@");
    if variables.values().any(|value| value.starts_with(&held)) {
        return Ok(Finding::new(id, Verdict::Pass, format!("the secret `{name}` is there")));
    }
    match secrets::placeholder(name) {
        Ok(_) => Ok(Finding::new(id, Verdict::Pass, format!("the secret `{name}` is there"))),
        Err(error) if error.is_not_found() => {
            Ok(Finding::new(id, Verdict::Fail, format!("the secret `{name}` is not there"))
                .remedy(format!("add to `agent.toml`: a section `[secrets.{name}]`")))
        }
        Err(error) => Err(error),
    }
}

fn is_secret(value: &str) -> bool {
    value.contains(SECRET)
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_sdk::Fixture;

    fn report(with: Value, variables: &[(&str, &str)]) -> Report {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let context = Context::fixture(Fixture { variables, ..Fixture::default() });
        run(&context, &Config::deserialize(with).unwrap()).unwrap()
    }

    #[test]
    fn variables_are_held_to_their_rules_without_showing_values() {
        let with = json!({ "variables": {
            "URL": { "kind": "url" }, "PORT": { "kind": "port" }, "PASSWORD": { "secret": true },
            "OTHER": { "secret": true }, "GONE": {}, "OPTIONAL": { "required": false },
        }, "secrets": ["db"] });
        let variables = [
            ("URL", "https://a.example"),
            ("PORT", "hunter22"),
            ("PASSWORD", "{{windlass.secret:db@0123456789abcdef}}"),
            ("OTHER", "hunter22"),
            ("UNDECLARED", "http://${HOST}/"),
        ];
        let report = report(with, &variables);
        let failed: Vec<&str> =
            report.findings.iter().filter(|one| one.verdict == Verdict::Fail).map(|one| one.title.as_str()).collect();
        assert_eq!(
            failed,
            [
                "the variable `GONE` is not set",
                "the variable `OTHER` is written in clear, and must be a secret",
                "the variable `PORT` is not a port",
                "the variable `UNDECLARED` is not filled in: it has `${HOST}`",
            ]
        );
        assert_eq!(report.summary, "the variable `GONE` is not set, and 3 more");
        assert!(!format!("{report:?}").contains("hunter22"));
        assert!(report.findings.iter().any(|one| one.title == "the secret `db` is there"));
    }
}
