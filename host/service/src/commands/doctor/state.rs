//! The state directory: may it be written, is the journal sound, is there room.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use windlass_api::facts::{DeliveryFact, DoctorFact};
use windlass_config::Config;
use windlass_deployment::to_resolve;
use windlass_foundation::clock::SystemClock;
use windlass_foundation::private;
use windlass_foundation::redact::Redactor;
use windlass_foundation::words;
use windlass_journal::{Journal, Mode};

use super::{bad, broken, note, warn, well};
use crate::facts;

/// Free space, in bytes, below which the next pull probably fails.
const ENOUGH: u64 = 2 << 30;
/// Free space, in bytes, below which the journal will need its reserve soon.
const TOO_LITTLE: u64 = 128 << 20;
/// Years of journal, and the files of many releases.
const ROOM: u64 = 512 << 20;

/// Whether the agent can write its state: by writing, because permissions say little about a read-only mount.
pub(super) fn directory(config: &Config, facts: &mut Vec<DoctorFact>) {
    let subject = "state directory";
    let path = &config.state_directory;
    if let Err(error) = private::judge(path) {
        facts.extend(broken(subject, &error));
        return;
    }
    if path.is_dir() && !private::is_closed(path) {
        let seen = format!("other users of this host can look into {}", path.display());
        facts.push(warn(subject, seen, "the next command closes it to them"));
    }
    let there = nearest(path);
    let remedy = "run the agent as the directory's owner, or set `state-directory` in agent.toml";
    let unwritable = |error: std::io::Error| {
        bad(subject, format!("`{}` cannot be written: {error}", there.display()), Some(remedy.to_owned()))
    };
    facts.push(if there != *path {
        // A file system without blocks, such as /sys, takes no files.
        let fits = free(&there).is_some();
        match rustix::fs::access(&there, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK) {
            Err(error) => unwritable(error.into()),
            Ok(()) if !fits => unwritable(std::io::ErrorKind::ReadOnlyFilesystem.into()),
            Ok(()) => note(subject, format!("{} is not there yet; the first deployment makes it", path.display())),
        }
    } else if let Err(error) = tempfile::tempfile_in(&there) {
        unwritable(error)
    } else {
        well(subject, format!("{} can be written", path.display()))
    });
}

/// Whether the journal can be read and is as it was written.
pub(super) fn journal(config: &Config, facts: &mut Vec<DoctorFact>) {
    let subject = "journal";
    if !config.state_directory.exists() {
        return;
    }
    let journal = Journal::open(&config.state_directory, Mode::Read, Arc::new(SystemClock), Redactor::new());
    let verified = journal.and_then(|journal| {
        let verification = journal.verify()?;
        let mut untold = Vec::new();
        for application in journal.status(None)? {
            let all = journal.undelivered(&application.instance)?;
            untold.extend(all.iter().map(|one| facts::delivery(application.instance.as_str(), one)));
        }
        let (open, stuck) = (journal.open_deployments(None)?, journal.stuck(None)?);
        Ok((verification, journal.history(None, 1, None)?, open, stuck, untold))
    });
    let (verification, last, open, stuck, untold) = match verified {
        Ok(verified) => verified,
        Err(error) => return facts.extend(broken(subject, &error)),
    };
    facts.push(match verification.faults.first() {
        None => well(subject, format!("{} lines, each chained to the one before", verification.lines)),
        Some(fault) => bad(
            subject,
            fault.to_string(),
            Some("`windlass audit verify` has all; find out who wrote to the state directory".to_owned()),
        ),
    });
    for open in open {
        let seen =
            format!("deployment {} of {} is open since {}", open.id, open.instance, words::timestamp(open.started));
        facts.push(warn(subject, seen, format!("`windlass resume {}`, unless it runs right now", open.instance)));
    }
    for stuck in stuck {
        let remedy = to_resolve(stuck.instance.as_str());
        facts.push(bad(subject, format!("deployment {} of {} is stuck", stuck.id, stuck.instance), Some(remedy)));
    }
    records(&untold, facts);
    let now = jiff::Timestamp::now();
    if let Some(last) = last.first().filter(|last| last.started > now) {
        let seen = format!("it is {} here, before the last deployment began", words::timestamp(now));
        facts.push(warn("clock", seen, format!("set the clock; deployment {} is in the future", last.id)));
    }
}

/// Reports the events that recorders have not received: each event that is set aside, and how many wait.
fn records(untold: &[DeliveryFact], facts: &mut Vec<DoctorFact>) {
    for fact in untold.iter().filter(|fact| fact.is_set_aside()) {
        let failure = fact.failure.as_deref().unwrap_or_default();
        let DeliveryFact { application, recorder, deployment, number, .. } = fact;
        let seen = format!("recorder {recorder} of {application} rejected deployment {deployment} for good: {failure}");
        let hint = fact.advice().map(|advice| format!("{advice}; then ")).unwrap_or_default();
        facts.push(warn("records", seen, format!("{hint}`windlass outbox drop {number} --reason …`")));
    }
    let waiting = untold.iter().filter(|fact| !fact.is_set_aside() && fact.attempts > 0).count();
    if waiting > 0 {
        let seen = format!("{} could not be told to a recorder yet", words::count(waiting, "event"));
        facts.push(warn("records", seen, "`windlass outbox list` says why, `windlass outbox flush` tries again now"));
    }
}

/// Whether there is room where the state is.
pub(super) fn disk(config: &Config, facts: &mut Vec<DoctorFact>) {
    let there = nearest(&config.state_directory);
    if let Some(free) = free(&there) {
        let mount = mount_of(&there);
        let remedy = format!(
            "make room on the file system of `{}`; of the state, `{}` may go: it is compiled again when it is needed",
            mount.display(),
            config.state_directory.join("cache").display()
        );
        facts.push(room("disk of the state", &there, free, (TOO_LITTLE, ROOM), remedy));
    }
}

/// Whether there is room where the engine keeps images, containers and volumes.
pub(super) fn disk_of_engine(path: &Path, free: u64) -> DoctorFact {
    let remedy = format!(
        "make room on the file system of `{}`: `docker system df` says what takes it, `docker image prune` removes images \
         without a name; what going back needs may go with others, so look first",
        mount_of(path).display()
    );
    room("disk of the engine", path, free, (TOO_LITTLE, ENOUGH), remedy)
}

/// How well a free space is: below the first number nothing can be deployed, below the second a person should look.
fn room(subject: &str, path: &Path, free: u64, (least, enough): (u64, u64), remedy: String) -> DoctorFact {
    let seen = format!("{} free in {}", words::size(free), path.display());
    if free < least {
        bad(subject, seen, Some(remedy))
    } else if free < enough {
        warn(subject, seen, remedy)
    } else {
        well(subject, seen)
    }
}

/// Where the file system of a path is mounted: the highest directory above it on the same device.
fn mount_of(path: &Path) -> PathBuf {
    let device = |path: &Path| path.metadata().ok().map(|metadata| metadata.dev());
    let own = device(path);
    path.ancestors().take_while(|above| device(above) == own).last().unwrap_or(path).to_owned()
}

/// How much is free where a path is, or will be; none where that cannot be known.
pub(super) fn free(path: &Path) -> Option<u64> {
    let statistics = rustix::fs::statvfs(nearest(path)).ok()?;
    (statistics.f_blocks > 0).then(|| statistics.f_bavail.saturating_mul(statistics.f_frsize))
}

/// The path, or the nearest directory above it that exists.
fn nearest(path: &Path) -> PathBuf {
    path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/")).to_owned()
}
