//! Whether a plan's objects would be let through, asked before anything is made.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use serde_json::{Map, Value, json};
use windlass_domain::Failure;

use super::Docker;
use super::ancestors::Mounting;
use super::engine::invalid;
use super::failure::hinted;
use super::policy::{Lacking, Policy, References};
use super::surroundings::{Around, ranges};
use super::taken::Taken;

/// Networks of a plan that are judged already, each with its ranges.
pub(super) type Planned<'a> = BTreeMap<&'a str, Vec<IpNet>>;

/// What is judged, and what came out so far.
struct Judging<'a> {
    policy: Policy<'a>,
    around: Around<'a>,
    lacking: &'a Lacking,
    planned: Planned<'a>,
    mounting: Mounting,
    taken: Option<Taken>,
    /// Names and ports that others have.
    in_the_way: Vec<Failure>,
}

/// The word by which an object is judged, its body, and the name that it will have.
struct Object<'a> {
    kind: &'a str,
    body: &'a Value,
    name: Option<&'a str>,
}

impl Docker {
    /// Judges bodies as the functions that create objects would, and changes nothing: a list of `{"network": BODY}`,
    /// `{"volume": BODY}` and `{"container": BODY}`, the last with its `"name"` if that is known. Containers may refer
    /// to networks of the list, and to what is not there yet. A network that exists already is judged as it is. Names
    /// and ports that containers of others have are taken.
    ///
    /// The failure lists everything that is refused, with the lines for all that the operator can grant.
    pub async fn permits(&self, objects: &Value) -> Result<(), Failure> {
        let guard = self.guard().await?;
        let lacking = Lacking::default();
        let objects = objects.as_array().ok_or_else(|| invalid("the objects to judge must be a list"))?;
        let objects = objects.iter().map(object).collect::<Result<Vec<_>, _>>()?;
        let mut judging = Judging {
            policy: Policy { lacking: Some(&lacking), ..guard.policy(self) },
            around: Around::new(self),
            lacking: &lacking,
            planned: Planned::new(),
            mounting: Mounting::default(),
            taken: None,
            in_the_way: Vec::new(),
        };
        let (mut refused, mut all) = (Vec::new(), References::default());
        for object in &objects {
            lacking.about(object.shown());
            match self.judge(&mut judging, object).await {
                Ok(references) => all.extend(references),
                Err(failure) if is_about_the_object(&failure) => refused.push(about(object, failure)),
                Err(failure) => return Err(failure),
            }
        }
        refused.append(&mut judging.in_the_way);
        // Many containers refer to the same few things, which are looked at once.
        lacking.about(String::new());
        let Judging { policy, around, planned, .. } = &judging;
        refused.extend(refusal(self.check_references(policy, around, &all, Some(planned)).await)?);
        refused.extend(refusal(self.may_mount_images(&all.images, true).await.map(drop))?);
        refused.extend(refusal(self.nobody_moves(judging.mounting, None).await)?);
        let lacking = lacking.failure(&self.scope, guard.grant());
        together(refused.into_iter().chain(lacking).collect())
    }

    /// Judges one object. Returns what it refers to, which many share and which is looked at later.
    async fn judge<'a>(&self, judging: &mut Judging<'a>, object: &Object<'a>) -> Result<References, Failure> {
        let Object { kind, body, name } = *object;
        let policy = judging.policy;
        match kind {
            "network" => {
                let wanted = policy.network(body)?;
                let name = name.unwrap_or_default();
                let subnets = if let Some(found) = self.named_network(name).await? {
                    judging.lacking.about(format!("the network `{name}`, which is there already"));
                    ranges(self.usable(&policy, &judging.around, name, found).await?.ipam.as_ref())
                } else {
                    judging.around.is_free(&policy, &wanted, None).await?;
                    apart(&judging.planned, name, &wanted.subnets)?;
                    wanted.subnets
                };
                judging.planned.insert(name, subnets);
                Ok(References::default())
            }
            "volume" => {
                if let Some(mount) = policy.volume(body)? {
                    judging.mounting.join(Mounting::path(&mount.real, mount.writable));
                }
                Ok(References::default())
            }
            "container" => {
                if judging.taken.is_none() {
                    judging.taken = Some(self.taken().await?);
                }
                let references = policy.container(body)?;
                if let Some(taken) = &judging.taken {
                    judging.in_the_way.extend(taken.check(name, body, &self.scope.about.application));
                }
                judging.mounting.join(Mounting::of(&references));
                Ok(references)
            }
            other => Err(invalid(format!("`{other}` is not a kind of object that is judged"))),
        }
    }
}

fn object(object: &Value) -> Result<Object<'_>, Failure> {
    let wrong = || invalid("an object to judge is `{\"network\": {…}}`, of one kind, or with its `name`");
    let fields: &Map<String, Value> = object.as_object().ok_or_else(wrong)?;
    let mut kinds = fields.iter().filter(|(key, _)| *key != "name");
    let (Some((kind, body)), None) = (kinds.next(), kinds.next()) else { return Err(wrong()) };
    let given = match fields.get("name") {
        None => None,
        Some(name) => Some(name.as_str().ok_or_else(wrong)?),
    };
    let name = given.or_else(|| body.get("Name").and_then(Value::as_str));
    Ok(Object { kind, body, name })
}

impl Object<'_> {
    /// As messages name it.
    fn shown(&self) -> String {
        let name: String =
            self.name.unwrap_or_default().chars().filter(|letter| !letter.is_control()).take(80).collect();
        if name.is_empty() { self.kind.to_owned() } else { format!("the {} `{name}`", self.kind) }
    }
}

/// The refusal, if it is one of an object, so that the next is judged all the same.
fn refusal(judged: Result<(), Failure>) -> Result<Option<Failure>, Failure> {
    match judged {
        Ok(()) => Ok(None),
        Err(failure) if is_about_the_object(&failure) => Ok(Some(failure)),
        Err(failure) => Err(failure),
    }
}

/// Whether the next object is judged all the same: an engine that does not answer says nothing of any object.
fn is_about_the_object(failure: &Failure) -> bool {
    matches!(failure.code.as_str(), "capability-denied" | "invalid-argument" | "conflict" | "not-found")
}

fn about(object: &Object<'_>, failure: Failure) -> Failure {
    Failure { message: format!("{}: {}", object.shown(), failure.message), ..failure }
}

/// One failure for all: the messages one below the other, with what to do about each, and the lines of the one that
/// has some.
fn together(mut failures: Vec<Failure>) -> Result<(), Failure> {
    let mut seen = BTreeSet::new();
    failures.retain(|failure| seen.insert(failure.message.clone()));
    if failures.len() <= 1 {
        return failures.pop().map_or(Ok(()), Err);
    }
    let part = |failure: &Failure, key: &str| {
        failure.details.as_ref().and_then(|details| details.get(key)?.as_str().map(str::to_owned))
    };
    let mut hints: Vec<String> = failures.iter().filter_map(|failure| part(failure, "hint")).collect();
    hints.dedup();
    let grant = failures.iter().find_map(|failure| part(failure, "grant"));
    let mut details = Map::new();
    if !hints.is_empty() {
        details.insert("hint".to_owned(), json!(hints.join("\n")));
    }
    if let Some(grant) = grant {
        details.insert("grant".to_owned(), json!(grant));
    }
    // What the operator's file lacks comes first: it says how the command ends.
    let denied = failures.iter().find(|failure| failure.code == "capability-denied");
    let code = denied.or(failures.first()).map(|failure| failure.code.clone());
    let messages: Vec<&str> = failures.iter().map(|failure| failure.message.as_str()).collect();
    Err(Failure {
        code: code.unwrap_or_default(),
        message: messages.join("\n"),
        retryable: false,
        details: Some(Value::Object(details)),
    })
}

/// Whether a network that is to be made shares no address with the others.
fn apart(planned: &Planned<'_>, name: &str, subnets: &[IpNet]) -> Result<(), Failure> {
    for (other, ranges) in planned.iter().filter(|(other, _)| **other != name) {
        let both = |range: &&IpNet| subnets.iter().any(|subnet| subnet.contains(*range) || range.contains(subnet));
        if let Some(range) = ranges.iter().find(both) {
            return Err(hinted(
                "invalid-argument",
                format!("the networks `{name}` and `{other}` both have {range}"),
                "give each network a range of its own",
            ));
        }
    }
    Ok(())
}
