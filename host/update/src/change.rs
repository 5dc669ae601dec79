//! An update from its beginning to its end. Nothing is changed before the file is proved and all that would prevent it was looked at.

use std::time::{Duration, Instant};

use semver::Version;
use tokio::signal::unix::{Signal, SignalKind, signal};
use windlass_daemon::Place as Socket;
use windlass_journal::kept;
use windlass_service::presence::{self, Presence};

use crate::agent::{self, Agent};
use crate::back;
use crate::contents::{self, Kind};
use crate::incoming::{self, Incoming};
use crate::installed::Installed;
use crate::place::Place;
use crate::program::{self, Machine};
use crate::record::{Packages, Record, Stage};
use crate::{Host, Outcome, Request, UpdateError, files, hooks, package, swap};

/// How long a pause is before the agent is asked again whether something goes on.
const PAUSE: Duration = Duration::from_secs(1);

/// A new version that is proved, and lies in the place of updates.
struct New {
    version: Version,
    /// Of the package, where it is one.
    package: Option<String>,
}

impl New {
    /// What it is called where it is compared.
    fn name(&self) -> String {
        self.package.clone().unwrap_or_else(|| self.version.to_string())
    }
}

/// Puts a new version in the place of the one that is installed, and goes back when it does not serve.
///
/// # Errors
/// When it is refused, when it was taken back, and when even that failed.
pub async fn update(request: &Request, host: &Host, tell: &dyn Fn(String)) -> Result<Outcome, UpdateError> {
    root()?;
    let incoming = incoming::read(&request.file, request.signature.as_deref(), &host.config.update.keys)?;
    tell(format!("`{}` is signed by {}", request.file.display(), incoming.key));
    if let Some(comment) = &incoming.comment {
        tell(format!("its signer remarks, and nothing proves it: {comment}"));
    }
    let installed = Installed::find().await?;
    let kind = fits(request, &incoming, &installed)?;
    let place = Place::claim(&installed.path)?;
    let new = unpacked(request, &incoming, kind, &installed, &place).await?;
    drop(incoming);

    let last = Record::read(&place)?.filter(Record::is_unfinished);
    if last.is_none() && is_same(&installed, &new) {
        return unchanged(&installed, &new, &place);
    }
    if !request.downgrade && is_older(&installed, &new).await? {
        return Err(UpdateError::Older { installed: installed.name(), new: new.name() });
    }
    let agent = idle(request, host, &installed, last.as_ref(), tell).await?;
    let record = match last.filter(|last| !is_as_before(last, &installed, &place)) {
        // What is kept is from before the first attempt, and stays.
        Some(last) => again(last, &new),
        None => keep(request, &installed, &new, agent, &place).await?,
    };
    exchange(host, &installed, &new, record, &place, tell).await
}

/// Only root may; and a test, in a root of its own.
pub(crate) fn root() -> Result<(), UpdateError> {
    if rustix::process::geteuid().is_root() || hooks::is_any_user() { Ok(()) } else { Err(UpdateError::NotRoot) }
}

/// What the file is, where that can replace what is installed.
fn fits(request: &Request, incoming: &Incoming, installed: &Installed) -> Result<Kind, UpdateError> {
    let path = || installed.path.clone();
    match (contents::kind(&incoming.content), &installed.package) {
        (None, _) => {
            let why = "it is no program, no tarball and no Debian package".to_owned();
            Err(UpdateError::NotAVersion { path: request.file.clone(), why })
        }
        (Some(Kind::Package), None) => Err(UpdateError::OfNoPackage { path: path() }),
        (Some(Kind::Program | Kind::Tarball), Some(_)) => {
            Err(UpdateError::OfPackage { path: path(), package: "windlass".to_owned() })
        }
        (Some(kind), _) => Ok(kind),
    }
}

/// Lays the new version into the place of updates, and looks whether it is one for this host.
async fn unpacked(
    request: &Request,
    incoming: &Incoming,
    kind: Kind,
    installed: &Installed,
    place: &Place,
) -> Result<New, UpdateError> {
    let wrong = |why: String| UpdateError::NotAVersion { path: request.file.clone(), why };
    let mut of_package = None;
    let unpacked = match kind {
        Kind::Program => None,
        Kind::Tarball => Some(contents::of_tarball(&incoming.content).map_err(wrong)?),
        Kind::Package => {
            files::put(&place.new_package(), incoming.content.as_slice(), 0o600)?;
            of_package = Some(package::version(&place.new_package()).await?);
            Some(package::program(&place.new_package())?)
        }
    };
    let content = unpacked.as_deref().unwrap_or(&incoming.content);
    let own = std::fs::File::open(&installed.path).and_then(|file| {
        let mut head = Vec::new();
        std::io::Read::read_to_end(&mut std::io::Read::take(file, 64), &mut head).map(|_| head)
    });
    let own = own.map_err(|source| UpdateError::Read { path: installed.path.clone(), source })?;
    let found = Machine::of(content).ok_or_else(|| wrong("what is in it is no program".to_owned()))?;
    // One that is damaged says nothing about this host.
    if let Some(wanted) = Machine::of(&own).filter(|wanted| *wanted != found) {
        return Err(UpdateError::OtherMachine { found: found.name(), wanted: wanted.name() });
    }
    files::put(&place.new_program(), content, 0o755)?;
    Ok(New { version: program::version(&place.new_program()).await?, package: of_package })
}

/// The record of an update that did not come to its end and is tried again, with the same version or another one.
fn again(last: Record, new: &New) -> Record {
    let named = |packages: Packages| Packages { new: new.name(), ..packages };
    Record { new: new.version.to_string(), packages: last.packages.map(named), ..last }
}

/// Whether an update that did not come to its end left everything as it was.
fn is_as_before(last: &Record, installed: &Installed, place: &Place) -> bool {
    last.packages.as_ref().map(|packages| &packages.old) == installed.package.as_ref()
        && files::are_same(&installed.path, &place.old_program())
}

fn is_same(installed: &Installed, new: &New) -> bool {
    match &new.package {
        Some(package) => installed.package.as_ref() == Some(package),
        None => installed.version.as_ref() == Some(&new.version),
    }
}

async fn is_older(installed: &Installed, new: &New) -> Result<bool, UpdateError> {
    match (&new.package, &installed.package) {
        (Some(new), Some(installed)) => package::is_older(new, installed).await,
        _ => Ok(installed.version.as_ref().is_some_and(|installed| new.version < *installed)),
    }
}

/// The version that is installed was brought. A package of it is kept: it is what the next update can go back to.
fn unchanged(installed: &Installed, new: &New, place: &Place) -> Result<Outcome, UpdateError> {
    let (version, path) = (new.name(), installed.path.clone());
    let outcome = if new.package.is_some() && files::are_same(&place.new_program(), &installed.path) {
        files::rename(&place.new_package(), &place.package())?;
        Outcome::Kept { version, kept: place.package(), path }
    } else {
        Outcome::Unchanged { version, path }
    };
    place.tidy();
    Ok(outcome)
}

/// Looks whether nothing goes on that the exchange would interrupt, and waits for it where that is asked for. What begins after this
/// is not broken off either: an agent that is stopped lets its steps end, and the next one goes on.
async fn idle(
    request: &Request,
    host: &Host,
    installed: &Installed,
    last: Option<&Record>,
    tell: &dyn Fn(String),
) -> Result<Agent, UpdateError> {
    let mut agent = Agent::find(&installed.path).await;
    if let Some(last) = last {
        // That update may have stopped it.
        agent = agent.or(last.agent);
    }
    let begin = Instant::now();
    let mut is_told = false;
    while agent.is_there()
        && let Some(socket) = Socket::of(host.config.file.as_deref()).0.filter(Socket::is_there)
        // One that does not answer carries nothing out that could be waited for; the journal says what it left.
        && let Ok(health) = agent::health(&socket).await
    {
        if health.running == 0 {
            return Ok(agent);
        }
        if request.wait.is_none_or(|wait| begin.elapsed() >= wait) {
            return Err(UpdateError::Busy { running: health.running });
        }
        if !is_told {
            is_told = true;
            tell(format!("waiting for {} operation(s) of the agent", health.running));
        }
        tokio::time::sleep(PAUSE).await;
    }
    if !agent.is_there() {
        drop(presence::hold(&host.config.state_directory).map_err(UpdateError::OtherAgent)?);
    }
    let open = host.service.open_deployments().await;
    let open = open.map_err(|error| UpdateError::host("the journal cannot be asked what is open", error.error()))?;
    // What that update left open goes on when its agent is started.
    if open.is_empty() || last.is_some() && agent.is_there() {
        return Ok(agent);
    }
    let applications: Vec<String> = open.into_iter().map(|(_, instance)| format!("`{instance}`")).collect();
    Err(UpdateError::Open { applications: applications.join(", ") })
}

/// Keeps what going back needs, and only then writes that something is about to be changed.
async fn keep(
    request: &Request,
    installed: &Installed,
    new: &New,
    agent: Agent,
    place: &Place,
) -> Result<Record, UpdateError> {
    let mut packages = None;
    if let (Some(old), Some(new)) = (&installed.package, &new.package) {
        let kept = place.package().is_file() && package::version(&place.package()).await.is_ok_and(|kept| kept == *old);
        if !kept && !request.without_way_back {
            return Err(UpdateError::NoWayBack { version: old.clone() });
        }
        packages = Some(Packages { old: old.clone(), new: new.clone(), kept });
    }
    if Record::read(place)?.is_some_and(|last| !last.is_unfinished()) {
        // Its way back is given up before what is kept for it is replaced: killed in between, there is none rather than a wrong one.
        let unwritten = |source| UpdateError::Write { path: place.record(), source };
        files::remove(&place.record()).map_err(unwritten)?;
    }
    files::copy(&installed.path, &place.old_program(), 0o755)?;
    hooks::reach("copied");
    if packages.as_ref().is_some_and(|packages| packages.kept) {
        files::copy(&place.package(), &place.old_package(), 0o600)?;
    }
    Ok(Record {
        stage: Stage::Changing,
        program: installed.path.clone(),
        old: installed.version.as_ref().map(ToString::to_string),
        new: new.version.to_string(),
        packages,
        journal: false,
        agent,
    })
}

/// Stops, exchanges, starts, and goes back when the new version does not serve.
async fn exchange(
    host: &Host,
    installed: &Installed,
    new: &New,
    mut record: Record,
    place: &Place,
    tell: &dyn Fn(String),
) -> Result<Outcome, UpdateError> {
    let _undisturbed = Undisturbed::begin();
    record.reach(Stage::Changing, place)?;
    hooks::reach("recorded");
    tell(format!("putting {} in the place of {}", new.name(), installed.name()));
    let held = match prepared(host, &mut record, place).await {
        Ok(held) => held,
        Err(why) => {
            // Nothing was exchanged: what ran goes on.
            record.agent.start().await.ok();
            return Err(UpdateError::host("nothing was exchanged", why));
        }
    };
    let done = async {
        match &new.package {
            Some(_) => package::install(&place.new_package()).await?,
            None => files::copy(&place.new_program(), &installed.path, 0o755).map_err(|error| error.to_string())?,
        }
        hooks::reach("exchanged");
        drop(held);
        swap::serves(host, record.agent, &installed.path, Some(&new.version.to_string())).await
    };
    let done: Result<(), String> = done.await;
    if let Err(why) = done {
        let log = record.agent.log().await;
        tell(format!("{} does not serve, so {} is put back: {why}", new.name(), installed.name()));
        return Err(back::after(host, record, why, log, place).await);
    }
    record.reach(Stage::Done, place)?;
    hooks::reach("done");
    if new.package.is_some() {
        files::rename(&place.new_package(), &place.package())?;
    }
    place.tidy();
    Ok(Outcome::Updated { from: record.old, to: new.name(), path: installed.path.clone(), kept: place.old_program() })
}

/// Stops the agent and keeps the journal as it is then, unless an earlier attempt has kept it.
async fn prepared(host: &Host, record: &mut Record, place: &Place) -> Result<Option<Presence>, String> {
    let held = swap::stopped(host, record.agent).await?;
    if !record.journal {
        let kept = kept::keep(&host.config.state_directory, &place.old_journal());
        record.journal = kept.map_err(|error| format!("the journal could not be copied: {error}"))?;
        record.reach(Stage::Changing, place).map_err(|error| error.to_string())?;
    }
    hooks::reach("kept");
    Ok(held)
}

/// While this is there, a lost terminal or Ctrl-C does not end the process in the middle.
pub(crate) struct Undisturbed {
    _signals: Vec<Signal>,
}

impl Undisturbed {
    /// From now on.
    pub(crate) fn begin() -> Self {
        let all = [SignalKind::hangup(), SignalKind::interrupt(), SignalKind::terminate()];
        // Where one cannot be caught, the record is what is left.
        Self { _signals: all.into_iter().filter_map(|kind| signal(kind).ok()).collect() }
    }
}
