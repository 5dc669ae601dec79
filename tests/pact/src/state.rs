//! What the stand-in knows: versions, contracts, verifications, what runs where, and how it misbehaves.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A pacticipant's name and version.
pub type Side = (&'static str, &'static str);

/// The consumer and the provider that a webhook names.
pub type Sides = (Option<String>, Option<String>);

/// What happens to a broker between two requests.
pub type Happens = fn(&mut State);

/// A broker's database and its mood.
#[derive(Debug, Default)]
pub struct State {
    /// The address that its links start with: its own, unless a test says otherwise.
    pub base: String,
    /// Environments with their ids, in the order of their making.
    pub environments: Vec<(String, String)>,
    /// Pacticipants with their versions, the oldest first.
    pub pacticipants: BTreeMap<String, Vec<String>>,
    /// Contracts.
    pub(crate) pacts: Vec<Pact>,
    /// Verifications, the oldest first.
    pub(crate) verifications: Vec<Verification>,
    /// Deployments, the oldest first.
    pub deployed: Vec<Recorded>,
    /// Releases, the oldest first.
    pub released: Vec<Recorded>,
    /// Webhooks that it has, and how often each was sent.
    pub webhooks: BTreeMap<String, u32>,
    /// For contracts of which consumer and provider a webhook is; of all where it is not here.
    pub webhook_sides: BTreeMap<String, Sides>,
    /// Whether webhooks' texts name no contract.
    pub webhooks_say_nothing: bool,
    /// What is verified as soon as a webhook is sent: consumer, provider, and whether it keeps the contract.
    pub when_sent: Vec<(Side, Side, bool)>,
    /// Who may write: user and password. When there is none, requests need no credentials.
    pub writer: Option<(String, String)>,
    /// Who may read.
    pub reader: Option<(String, String)>,
    /// Bearer tokens that a proxy in front accepts; none is asked for while there are none.
    pub tokens: BTreeSet<String>,
    /// How it misbehaves from now on.
    pub fault: Option<Fault>,
    /// How it misbehaves once each, to requests that come next and write.
    pub write_faults: VecDeque<Fault>,
    /// What happens once each, after a request whose method and address have this text in them was answered.
    pub after: Vec<(&'static str, Happens)>,
    /// Methods and addresses in the order that they were asked.
    pub asked: Vec<String>,
}

/// What a consumer's version asks of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pact {
    pub(crate) consumer: String,
    pub(crate) version: String,
    pub(crate) provider: String,
    /// Versions with the same content share their verifications.
    pub(crate) content: String,
}

/// A provider's version was held to a content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verification {
    pub(crate) consumer: String,
    pub(crate) provider: String,
    pub(crate) content: String,
    pub(crate) version: String,
    pub(crate) success: bool,
}

/// A version in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its id.
    pub uuid: String,
    /// Who.
    pub pacticipant: String,
    /// In which version.
    pub version: String,
    /// The environment's name.
    pub environment: String,
    /// Which of several; deployments only.
    pub instance: Option<String>,
    /// Whether it still runs or is supported there.
    pub live: bool,
}

/// How it misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 500 with the broker's own form of an error.
    Broken,
    /// 502 with a page of HTML, as a proxy in front of a broker that is down.
    Down,
    /// 200 with a page of HTML, as a proxy's login.
    Html,
    /// 404 with a page of HTML, as a server that is not the broker.
    Lost,
    /// Does what it is asked and answers with JSON that ends in the middle.
    Half,
    /// Every answer takes a minute.
    Slow,
    /// 429 with `Retry-After: 7`.
    Limited,
}

impl State {
    /// Makes an environment.
    pub fn environment(&mut self, name: &str) {
        let uuid = uuid(0xe0, self.environments.len());
        self.environments.push((name.to_owned(), uuid));
    }

    /// Makes a version, and its pacticipant.
    pub fn version(&mut self, pacticipant: &str, version: &str) {
        let known = self.pacticipants.entry(pacticipant.to_owned()).or_default();
        if !known.iter().any(|known| known == version) {
            known.push(version.to_owned());
        }
    }

    /// A consumer's version publishes what it asks of a provider.
    pub fn publish(&mut self, consumer: (&str, &str), provider: &str, content: &str) {
        self.version(consumer.0, consumer.1);
        self.pacticipants.entry(provider.to_owned()).or_default();
        self.pacts.push(Pact {
            consumer: consumer.0.to_owned(),
            version: consumer.1.to_owned(),
            provider: provider.to_owned(),
            content: content.to_owned(),
        });
    }

    /// A provider's version says whether it keeps what a consumer's version asks.
    pub fn verify(&mut self, consumer: (&str, &str), provider: (&str, &str), success: bool) {
        self.version(provider.0, provider.1);
        let asks =
            |pact: &&Pact| (pact.consumer.as_str(), pact.version.as_str()) == consumer && pact.provider == provider.0;
        let Some(content) = self.pacts.iter().find(asks).map(|pact| pact.content.clone()) else { return };
        self.verifications.push(Verification {
            consumer: consumer.0.to_owned(),
            provider: provider.0.to_owned(),
            content,
            version: provider.1.to_owned(),
            success,
        });
    }

    /// Records a deployment as the broker does: the same again is the same record, another version takes its place.
    pub fn deploy(&mut self, pacticipant: &str, version: &str, environment: &str, instance: Option<&str>) -> Recorded {
        self.version(pacticipant, version);
        let slot = |record: &&mut Recorded| {
            record.live
                && record.pacticipant == pacticipant
                && record.environment == environment
                && record.instance.as_deref() == instance
        };
        if let Some(former) = self.deployed.iter_mut().find(slot) {
            if former.version == version {
                return former.clone();
            }
            former.live = false;
        }
        let record = Recorded {
            uuid: uuid(0xd0, self.deployed.len()),
            pacticipant: pacticipant.to_owned(),
            version: version.to_owned(),
            environment: environment.to_owned(),
            instance: instance.map(str::to_owned),
            live: true,
        };
        self.deployed.push(record.clone());
        record
    }

    /// Records a release.
    pub fn release(&mut self, pacticipant: &str, version: &str, environment: &str) -> Recorded {
        self.version(pacticipant, version);
        let same = |record: &&Recorded| {
            record.live
                && (record.pacticipant.as_str(), record.version.as_str(), record.environment.as_str())
                    == (pacticipant, version, environment)
        };
        if let Some(known) = self.released.iter().find(same) {
            return known.clone();
        }
        let record = Recorded {
            uuid: uuid(0xa0, self.released.len()),
            pacticipant: pacticipant.to_owned(),
            version: version.to_owned(),
            environment: environment.to_owned(),
            instance: None,
            live: true,
        };
        self.released.push(record.clone());
        record
    }

    /// The versions that are live in an environment, deployed or released.
    pub(crate) fn live(&self, pacticipant: &str, environment: &str) -> BTreeSet<String> {
        let all = self.deployed.iter().chain(&self.released);
        let here =
            all.filter(|record| record.live && record.pacticipant == pacticipant && record.environment == environment);
        here.map(|record| record.version.clone()).collect()
    }

    /// The id of an environment.
    pub(crate) fn environment_id(&self, name: &str) -> Option<&str> {
        self.environments.iter().find(|(known, _)| known == name).map(|(_, uuid)| uuid.as_str())
    }

    /// The name of an environment.
    pub(crate) fn environment_name(&self, uuid: &str) -> Option<&str> {
        self.environments.iter().find(|(_, known)| known == uuid).map(|(name, _)| name.as_str())
    }

    /// Whether a version is known.
    pub(crate) fn has(&self, pacticipant: &str, version: &str) -> bool {
        self.pacticipants.get(pacticipant).is_some_and(|versions| versions.iter().any(|known| known == version))
    }
}

/// An id that is the same in every run.
fn uuid(kind: u8, number: usize) -> String {
    format!("{kind:02x}000000-0000-4000-8000-{number:012x}")
}
