//! The broker's answer to "may these versions be deployed there?", as it is.
//!
//! One pacticipant is asked about along the index's link; several at once need `/matrix`, to which no link leads.

use serde_json::Value;
use windlass_sdk::http::encode;
use windlass_sdk::{Error, Result};

use crate::answer::{Answer, clip};
use crate::client::{Client, required};
use crate::hal::Resource;
use crate::pacticipant::Pacticipant;

/// How many rows are asked for; the broker lists 100 unless it is told.
const MOST_ROWS: usize = 1_000;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matrix {
    /// The broker's own conclusion; none where it does not know, or says anything but true and false.
    pub deployable: Option<bool>,
    /// Its reason, in its own words.
    pub reason: String,
    /// Rows that succeeded.
    pub success: u64,
    /// Rows that failed.
    pub failed: u64,
    /// Rows about which the broker has no verification result.
    pub unknown: u64,
    /// What it says besides.
    pub notices: Vec<Notice>,
    /// The rows that were looked at.
    pub rows: Vec<Row>,
    /// Whether there may be more rows than the broker lists: as many as were asked for, or fewer than it counts.
    pub may_be_cut: bool,
}

/// What the broker says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// `error`, `warning`, `success` or `info`.
    pub kind: String,
    /// Its words.
    pub text: String,
}

/// One consumer version, one provider version, and what the verification of the one's contract by the other gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The consumer's name.
    pub consumer: String,
    /// Its version.
    pub consumer_version: Option<String>,
    /// The provider's name.
    pub provider: String,
    /// Its version; none where no verification is known.
    pub provider_version: Option<String>,
    /// Whether the verification succeeded; none where none is known.
    pub success: Option<bool>,
    /// Where the contract can be read.
    pub pact: Option<String>,
    /// Where the verification's result can be read.
    pub result: Option<String>,
    /// Whether the broker was told to ignore the row.
    pub ignored: bool,
}

impl Client<'_> {
    /// Asks. An error inside is the broker's no to the question itself: a pacticipant or an environment that it does
    /// not know, in its words.
    pub fn matrix(
        &self,
        index: &Resource,
        pacticipants: &[Pacticipant],
        environment: &str,
    ) -> Result<Result<Matrix, Vec<String>>> {
        if let [one] = pacticipants {
            let link = index.link("pb:can-i-deploy-pacticipant-version-to-environment")?;
            let values =
                [("pacticipant", one.name.as_str()), ("version", one.version.as_str()), ("environment", environment)];
            let answer = self.ask_matrix(&link.expand(&values)?, 100)?;
            // This resource does not page; the other shows more.
            if !answer.as_ref().is_ok_and(|matrix| matrix.may_be_cut) {
                return Ok(answer);
            }
        }
        let versions = pacticipants.iter().map(|one| (one.name.as_str(), one.version.as_str()));
        let path = format!("{}&environment={}", selected(versions), encode(environment));
        self.ask_matrix(&self.address(&path), MOST_ROWS)
    }

    /// Asks about versions and each other alone, whatever is live: a name may not come twice.
    pub fn matrix_between(&self, versions: &[(&str, &str)]) -> Result<Result<Matrix, Vec<String>>> {
        self.ask_matrix(&self.address(&selected(versions.iter().copied())), MOST_ROWS)
    }

    fn ask_matrix(&self, address: &str, limit: usize) -> Result<Result<Matrix, Vec<String>>> {
        match self.get(address)? {
            Answer::Refused(reasons) => Ok(Err(reasons)),
            answer => Matrix::read(&required("GET", answer, address)?, limit).map(Ok),
        }
    }
}

/// The beginning of a question about versions.
fn selected<'a>(versions: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut query = String::new();
    for (name, version) in versions {
        let (name, version) = (encode(name), encode(version));
        query.extend([format!("q%5B%5D%5Bpacticipant%5D={name}&q%5B%5D%5Bversion%5D={version}&")]);
    }
    // `cvpv`: every live version of a provider, where the clients' `cvp` shows only the latest that was verified.
    format!("/matrix?{query}latestby=cvpv&limit={MOST_ROWS}")
}

impl Matrix {
    /// Reads an answer that lists at most `limit` rows.
    pub fn read(resource: &Resource, limit: usize) -> Result<Self> {
        let strange = || {
            Error::new("unavailable", "what came as an answer about a deployment is not what a Pact Broker answers")
                .hint("is `broker.url` the address of a Pact Broker?")
        };
        let summary = resource.0.get("summary").filter(|summary| summary.is_object()).ok_or_else(strange)?;
        let listed = resource.0.get("matrix").and_then(Value::as_array).ok_or_else(strange)?;
        let count = |name: &str| summary.get(name).and_then(Value::as_u64).unwrap_or_default();
        let rows: Vec<Row> = listed.iter().map(|row| Row::read(row).ok_or_else(strange)).collect::<Result<_>>()?;
        let listed = |success: bool| rows.iter().filter(|row| row.success == Some(success) && !row.ignored).count();
        let more =
            |counted: u64, success: bool| usize::try_from(counted).map_or(true, |counted| counted > listed(success));
        let may_be_cut = rows.len() >= limit || more(count("success"), true) || more(count("failed"), false);
        let notices = resource.0.get("notices").and_then(Value::as_array);
        Ok(Self {
            deployable: summary.get("deployable").and_then(Value::as_bool),
            reason: summary.get("reason").and_then(Value::as_str).map(clip).unwrap_or_default(),
            success: count("success"),
            failed: count("failed"),
            unknown: count("unknown"),
            notices: notices.into_iter().flatten().filter_map(Notice::read).collect(),
            rows,
            may_be_cut,
        })
    }
}

impl Notice {
    fn read(notice: &Value) -> Option<Self> {
        let text = |name: &str| notice.get(name).and_then(Value::as_str);
        Some(Self { kind: text("type").unwrap_or("info").to_owned(), text: clip(text("text")?) })
    }
}

impl Row {
    fn read(row: &Value) -> Option<Self> {
        let text = |pointer: &str| row.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            consumer: text("/consumer/name")?,
            consumer_version: text("/consumer/version/number"),
            provider: text("/provider/name")?,
            provider_version: text("/provider/version/number"),
            success: row.pointer("/verificationResult/success").and_then(Value::as_bool),
            pact: text("/pact/_links/self/href"),
            result: text("/verificationResult/_links/self/href"),
            ignored: row.get("ignored").and_then(Value::as_bool).unwrap_or(false),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_true_is_a_yes() {
        for (deployable, expected) in [
            (json!(true), Some(true)),
            (json!(false), Some(false)),
            (json!(null), None),
            (json!("true"), None),
            (json!(1), None),
        ] {
            let answer = json!({ "summary": { "deployable": deployable }, "matrix": [] });
            assert_eq!(Matrix::read(&Resource(answer), 100).unwrap().deployable, expected);
        }
    }

    #[test]
    fn fewer_rows_than_are_counted_are_not_all() {
        let of = |success: u64, limit: usize| {
            let row = json!({ "consumer": { "name": "a" }, "provider": { "name": "b" },
                "verificationResult": { "success": true } });
            let answer = json!({ "summary": { "deployable": true, "success": success }, "matrix": [row] });
            Matrix::read(&Resource(answer), limit).unwrap().may_be_cut
        };
        assert_eq!([of(1, 100), of(2, 100), of(1, 1)], [false, true, true]);
    }

    #[test]
    fn an_answer_without_a_summary_is_no_answer() {
        for answer in [json!({}), json!({ "summary": null, "matrix": [] }), json!({ "summary": {}, "matrix": [{}] })] {
            assert_eq!(Matrix::read(&Resource(answer), 100).unwrap_err().code(), "unavailable");
        }
    }
}
