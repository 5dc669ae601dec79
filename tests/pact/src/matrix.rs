//! Whether versions may be deployed: the rows and the conclusion, by the broker's rules.
//!
//! A row with a result for every version that has one; one row without a result where none has; nothing at all about a
//! live version that is silent beside others that spoke. An unknown hides a failure. A pacticipant that is asked about hides
//! every other version of it that is live, and without an environment only those that are asked about are looked at.

use serde_json::{Value, json};

use crate::answer::{Answer, Asked};
use crate::resources::{environment, link, pacticipant_link, version_link};
use crate::state::{Pact, State};

/// A pacticipant's version that is asked about.
struct Selector {
    name: String,
    version: String,
}

/// A row before it is written.
struct Row<'a> {
    pact: &'a Pact,
    /// Which verification it is, and of which version of the provider.
    result: Option<(usize, bool, &'a str)>,
}

/// `GET /can-i-deploy`
pub(crate) fn can_i_deploy(asked: &Asked, state: &State) -> Answer {
    let (Some(name), Some(version)) = (asked.parameter("pacticipant"), asked.parameter("version")) else {
        return Answer::invalid(asked, Some("version"), "is absent");
    };
    let Some(environment) = asked.parameter("environment") else {
        return Answer::invalid(asked, Some(""), "say where to");
    };
    if !state.pacticipants.contains_key(name) {
        return Answer::invalid(asked, Some("pacticipant"), "is nobody that is known");
    }
    if state.environment_id(environment).is_none() {
        return Answer::invalid(asked, Some("environment"), &format!("{environment} is not there"));
    }
    let selector = Selector { name: name.to_owned(), version: version.to_owned() };
    conclude(state, &[selector], Some(environment), true, 100)
}

/// `GET /matrix`
pub(crate) fn matrix(asked: &Asked, state: &State) -> Answer {
    let mut selectors: Vec<Selector> = Vec::new();
    for (name, value) in &asked.query {
        match name.as_str() {
            "q[][pacticipant]" => selectors.push(Selector { name: value.clone(), version: String::new() }),
            "q[][version]" => {
                if let Some(last) = selectors.last_mut() {
                    last.version.clone_from(value);
                }
            }
            _ => {}
        }
    }
    if selectors.is_empty() {
        return Answer::invalid(asked, None, "say about whom");
    }
    if let Some(unknown) = selectors.iter().find(|selector| !state.pacticipants.contains_key(&selector.name)) {
        return Answer::invalid(asked, None, &format!("nobody is called {}", unknown.name));
    }
    let environment = asked.parameter("environment");
    if let Some(unknown) = environment.filter(|environment| state.environment_id(environment).is_none()) {
        return Answer::invalid(asked, None, &format!("no environment is called {unknown}"));
    }
    let limit = asked.parameter("limit").and_then(|limit| limit.parse().ok()).unwrap_or(100);
    conclude(state, &selectors, environment, asked.parameter("latestby") == Some("cvpv"), limit)
}

fn conclude(state: &State, selectors: &[Selector], place: Option<&str>, every_version: bool, limit: usize) -> Answer {
    if let Some(selector) = selectors.iter().find(|selector| !state.has(&selector.name, &selector.version)) {
        let reason = format!("{} {} published nothing", selector.name, selector.version);
        return written(state, &json!(false), &[reason], &[]);
    }
    let named = |name: &str| selectors.iter().any(|selector| selector.name == name);
    let versions = |name: &str| -> Vec<String> {
        if named(name) {
            let of = selectors.iter().filter(|selector| selector.name == name);
            return of.map(|selector| selector.version.clone()).collect();
        }
        place.map(|place| state.live(name, place).into_iter().collect()).unwrap_or_default()
    };
    let mut rows: Vec<Row<'_>> = Vec::new();
    for pact in &state.pacts {
        let asked_about = match place {
            Some(_) => named(&pact.consumer) || named(&pact.provider),
            None => named(&pact.consumer) && named(&pact.provider),
        };
        if !asked_about || !versions(&pact.consumer).contains(&pact.version) {
            continue;
        }
        let mut found: Vec<Row<'_>> =
            versions(&pact.provider).iter().filter_map(|version| latest(state, pact, version)).collect();
        found.sort_by_key(|row| {
            std::cmp::Reverse(row.result.map(|(_, _, version)| age(state, &pact.provider, version)))
        });
        if !every_version {
            found.truncate(1);
        }
        if found.is_empty() {
            found.push(Row { pact, result: None });
        }
        rows.extend(found);
    }
    rows.truncate(limit);
    let place = place.unwrap_or("any environment");
    let failed = rows.iter().filter(|row| matches!(row.result, Some((_, false, _)))).count();
    let unknown = rows.iter().filter(|row| row.result.is_none()).count();
    let (deployable, reasons) = match (unknown, failed) {
        (0, 0) if rows.is_empty() => (json!(true), vec!["it needs nothing".to_owned()]),
        (0, 0) => (json!(true), vec!["all that is needed was verified".to_owned()]),
        _ => {
            let bad = rows.iter().filter(|row| row.result.is_none_or(|(_, success, _)| !success));
            let why = bad.map(|row| {
                let said = if row.result.is_none() { "is not verified by" } else { "is broken by" };
                format!("{} {} {said} {} in {place}", row.pact.consumer, row.pact.version, row.pact.provider)
            });
            (if unknown > 0 { Value::Null } else { json!(false) }, why.collect())
        }
    };
    written(state, &deployable, &reasons, &rows)
}

/// The latest verification of a contract by a version.
fn latest<'a>(state: &'a State, pact: &'a Pact, version: &str) -> Option<Row<'a>> {
    let of = |verification: &crate::state::Verification| {
        (&verification.consumer, &verification.provider, &verification.content)
            == (&pact.consumer, &pact.provider, &pact.content)
            && verification.version == version
    };
    let place = state.verifications.iter().rposition(of)?;
    let verification = state.verifications.get(place)?;
    Some(Row { pact, result: Some((place + 1, verification.success, verification.version.as_str())) })
}

/// Which version it is of its pacticipant, the oldest first.
fn age(state: &State, pacticipant: &str, version: &str) -> Option<usize> {
    state.pacticipants.get(pacticipant)?.iter().position(|known| known == version)
}

fn written(state: &State, deployable: &Value, reasons: &[String], rows: &[Row<'_>]) -> Answer {
    let count =
        |said: Option<bool>| rows.iter().filter(|row| row.result.map(|(_, success, _)| success) == said).count();
    let kind = if *deployable == json!(true) { "success" } else { "error" };
    let notices: Vec<Value> = reasons.iter().map(|text| json!({ "type": kind, "text": text })).collect();
    Answer::hal(
        200,
        &json!({
            "summary": {
                "deployable": deployable, "reason": reasons.join("\n"),
                "success": count(Some(true)), "failed": count(Some(false)), "unknown": count(None),
            },
            "notices": notices,
            "matrix": rows.iter().map(|row| cell(state, row)).collect::<Vec<_>>(),
        }),
    )
}

fn cell(state: &State, row: &Row<'_>) -> Value {
    let Pact { consumer, version, provider, content } = row.pact;
    let pact = link(state, &["pacts", "provider", provider, "consumer", consumer, "version", version]);
    let result = row.result.map(|(number, success, _)| {
        let number = number.to_string();
        let segments = [
            "pacts",
            "provider",
            provider,
            "consumer",
            consumer,
            "pact-version",
            content,
            "verification-results",
            &number,
        ];
        json!({
            "success": success, "verifiedAt": "2026-01-01T00:00:00+00:00",
            "_links": { "self": { "href": link(state, &segments) } },
        })
    });
    json!({
        "consumer": {
            "name": consumer, "version": side(state, consumer, version),
            "_links": { "self": { "href": pacticipant_link(state, consumer) } },
        },
        "provider": {
            "name": provider, "version": row.result.map(|(_, _, version)| side(state, provider, version)),
            "_links": { "self": { "href": pacticipant_link(state, provider) } },
        },
        "pact": { "createdAt": "2026-01-01T00:00:00+00:00", "_links": { "self": { "href": pact } } },
        "verificationResult": result,
    })
}

/// A version within a row.
fn side(state: &State, pacticipant: &str, version: &str) -> Value {
    let here = state.environments.iter().filter(|(name, _)| state.live(pacticipant, name).contains(version));
    let environments: Vec<Value> = here
        .map(|(name, _)| {
            let mut short = environment(state, name);
            if let Some(links) = short.pointer_mut("/_links").and_then(Value::as_object_mut) {
                links.retain(|relation, _| relation == "self");
            }
            short
        })
        .collect();
    let latest = state.pacticipants.get(pacticipant).and_then(|all| all.last()).is_some_and(|last| last == version);
    let branch = link(state, &["pacticipants", pacticipant, "branches", "main", "versions", version]);
    let branches = json!([{
        "name": "main", "latest": latest,
        "_links": { "self": { "title": "The version on its branch", "name": "main", "href": branch } },
    }]);
    json!({
        "number": version, "branch": "main", "branches": branches, "branchVersions": branches,
        "environments": environments, "tags": [],
        "_links": { "self": { "href": version_link(state, pacticipant, version) } },
    })
}
