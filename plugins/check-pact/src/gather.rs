//! Everything that is asked of the broker before anything is judged: what is live, what it says of the release, and what it
//! says of each live version that stays beside a new one.
//!
//! The broker's own question knows no instances: a version that is asked about hides all others of its pacticipant, also
//! those that run elsewhere in the environment and go on running. So each of those is asked about once more, with the
//! versions of the release.

use windlass_pact::{Arrival, Client, Environment, Integrations, Live, Matrix, Resource, Staying};
use windlass_sdk::prelude::*;

use crate::judge::{self, Question};

/// The answers.
#[derive(Debug)]
pub(crate) struct Gathered {
    /// What is live, before anything else was asked.
    pub(crate) live: Live,
    /// What the broker says of the versions of the release with each other and with all that is live of others.
    pub(crate) release: Matrix,
    /// What it says of them with each live version that stays beside one of them.
    pub(crate) beside: Vec<(Staying, Matrix)>,
    /// Who has contracts with whom; asked only when a pacticipant has no contract among those that were looked at.
    pub(crate) integrations: Option<Integrations>,
    /// Whether something else was live afterwards.
    pub(crate) changed: bool,
    /// What could not be asked any more.
    pub(crate) unasked: Option<Error>,
}

/// What keeps the broker from saying anything about a release.
#[derive(Debug)]
pub(crate) enum Unknown {
    /// It has no such environment, but these.
    Environment(Vec<String>),
    /// It refuses the question, for these reasons.
    Question(Vec<String>),
}

/// Asks, in an order in which an answer that is missing in the end never makes a yes.
pub(crate) fn gather(
    client: &Client<'_>,
    index: &Resource,
    question: &Question<'_>,
) -> Result<Result<Gathered, Unknown>> {
    let place = match client.environment(index, question.environment)? {
        Ok(place) => place,
        Err(known) => return Ok(Err(Unknown::Environment(known))),
    };
    let live = client.live(&place)?;
    let release = match client.matrix(index, question.pacticipants, question.environment)? {
        Ok(matrix) => matrix,
        Err(reasons) => return Ok(Err(Unknown::Question(reasons))),
    };
    let mut gathered =
        Gathered { live, release, beside: Vec::new(), integrations: None, changed: false, unasked: None };
    // What is known by now may be a no, or wait for a verification: an error that comes later does not hide it.
    match more(client, index, question, &place, &mut gathered) {
        Ok(None) => {}
        Ok(Some(unknown)) => return Ok(Err(unknown)),
        Err(error) => gathered.unasked = Some(error),
    }
    Ok(Ok(gathered))
}

fn more(
    client: &Client<'_>,
    index: &Resource,
    question: &Question<'_>,
    place: &Environment,
    gathered: &mut Gathered,
) -> Result<Option<Unknown>> {
    let config = question.config;
    let arrival =
        Arrival { pacticipants: question.pacticipants, record: config.record, instance: config.instance.as_deref() };
    for staying in gathered.live.staying(&arrival) {
        let others = question.pacticipants.iter().filter(|one| one.name != staying.name);
        let mut versions: Vec<(&str, &str)> = others.map(|one| (one.name.as_str(), one.version.as_str())).collect();
        if versions.is_empty() {
            continue;
        }
        versions.push((&staying.name, &staying.version));
        match client.matrix_between(&versions)? {
            Ok(matrix) => gathered.beside.push((staying, matrix)),
            Err(reasons) => return Ok(Some(Unknown::Question(reasons))),
        }
    }
    if question.pacticipants.iter().any(|one| gathered.says_nothing_of(&one.name)) {
        gathered.integrations = client.integrations(index).ok();
    }
    // Only a yes rests on all that is live having been looked at.
    if !matches!(judge::whole(&judge::judge(question, gathered)), Verdict::Fail | Verdict::Pending) {
        gathered.changed = client.live(place)? != gathered.live;
    }
    Ok(None)
}

impl Gathered {
    /// Whether no contract of a pacticipant, in the version of the release, was looked at.
    pub(crate) fn says_nothing_of(&self, name: &str) -> bool {
        let of = |matrix: &Matrix| matrix.rows.iter().any(|row| row.consumer == name || row.provider == name);
        let beside = self.beside.iter().filter(|(staying, _)| staying.name != name);
        !of(&self.release) && !beside.map(|(_, matrix)| matrix).any(of)
    }
}
