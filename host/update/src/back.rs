//! Going back to the version from before: by itself when the new one does not serve, or because a person asks for it.
//!
//! The journal goes back before the program: killed in between, the new version finds a journal that it can upgrade again.

use windlass_journal::kept::{self, Since};

use crate::agent::Agent;
use crate::change::{Undisturbed, root};
use crate::installed::Installed;
use crate::place::Place;
use crate::record::{Record, Stage};
use crate::{Host, Outcome, UpdateError, files, hooks, package, swap};

/// Puts the version from before the last update in place again.
///
/// # Errors
/// When none is kept, when it could not read the journal, or when it does not serve either.
pub async fn go_back(host: &Host, tell: &dyn Fn(String)) -> Result<Outcome, UpdateError> {
    root()?;
    let installed = Installed::find().await?;
    let place = Place::claim(&installed.path)?;
    let last = Record::read(&place)?.filter(|last| last.stage != Stage::Back && place.old_program().is_file());
    let mut record = last.ok_or(UpdateError::NothingKept)?;
    // Of an update that was killed, the agent may be stopped now.
    if !record.is_unfinished() {
        record.agent = Agent::find(&installed.path).await;
    }
    if !record.agent.is_there() {
        let held = windlass_service::presence::hold(&host.config.state_directory);
        drop(held.map_err(UpdateError::OtherAgent)?);
    }
    if journal(host, &record, &place).map_err(|why| UpdateError::host("the journal cannot be compared", why))?
        == Since::Recorded
    {
        return Err(UpdateError::Recorded { copy: place.old_journal() });
    }
    let _undisturbed = Undisturbed::begin();
    tell(format!("putting {} back", record.old()));
    if let Err(why) = put_back(host, &mut record, &place).await {
        return Err(stuck(&record, "a person asked for it".to_owned(), why, &place));
    }
    place.tidy();
    Ok(Outcome::Back {
        from: installed.version.map(|version| version.to_string()),
        to: record.old(),
        path: installed.path,
    })
}

/// Goes back because the new version does not serve; how that ended.
pub(crate) async fn after(
    host: &Host,
    mut record: Record,
    why: String,
    log: Vec<String>,
    place: &Place,
) -> UpdateError {
    if let Err(back) = put_back(host, &mut record, place).await {
        return stuck(&record, why, back, place);
    }
    place.tidy();
    let packages = record.packages.as_ref().filter(|packages| !packages.kept);
    let note = packages.map(|packages| {
        format!(
            "dpkg goes on naming the package {}, whose other files are in place, until a package is installed again",
            packages.new
        )
    });
    let old = record.old();
    UpdateError::TakenBack { new: record.new, old, why, log, note }
}

/// Puts the version from before, and its journal where that is needed, in their places, and waits until it serves.
async fn put_back(host: &Host, record: &mut Record, place: &Place) -> Result<(), String> {
    record.reach(Stage::GoingBack, place).map_err(|error| error.to_string())?;
    hooks::reach("going-back");
    let held = swap::stopped(host, record.agent).await?;
    match journal(host, record, place)? {
        Since::SameFormat => {}
        Since::NothingRecorded => {
            let put = kept::put_back(&host.config.state_directory, &place.old_journal());
            put.map_err(|error| format!("the journal could not be put back: {error}"))?;
        }
        Since::Recorded => {
            // The new version alone can read what it recorded, so it is what serves, as well as it can.
            drop(held);
            record.agent.start().await.ok();
            return Err(UpdateError::Recorded { copy: place.old_journal() }.to_string());
        }
    }
    hooks::reach("journal-back");
    let mut is_put = Ok(());
    if record.packages.as_ref().is_some_and(|packages| packages.kept) {
        is_put = package::install(&place.old_package()).await;
    }
    // Also where dpkg failed: the old program in its place is better than a half of both.
    if !files::are_same(&place.old_program(), &record.program) {
        files::copy(&place.old_program(), &record.program, 0o755).map_err(|error| error.to_string())?;
    }
    hooks::reach("put-back");
    drop(held);
    let serves = swap::serves(host, record.agent, &record.program, record.old.as_deref()).await;
    is_put.and(serves)?;
    if record.packages.as_ref().is_some_and(|packages| packages.kept) {
        files::copy(&place.old_package(), &place.package(), 0o600).map_err(|error| error.to_string())?;
    }
    record.reach(Stage::Back, place).map_err(|error| error.to_string())
}

/// What the journal is to its copy; the same where there is none of either.
fn journal(host: &Host, record: &Record, place: &Place) -> Result<Since, String> {
    let copy = place.old_journal();
    if !record.journal || !copy.is_file() {
        return Ok(Since::SameFormat);
    }
    kept::since(&host.config.state_directory, &copy).map_err(|error| error.to_string())
}

/// The error that names what lies where.
fn stuck(record: &Record, why: String, back: String, place: &Place) -> UpdateError {
    let now = if files::are_same(&record.program, &place.old_program()) { record.old() } else { record.new.clone() };
    let mut lies = vec![
        format!("`{}` is {now}", record.program.display()),
        format!("`{}` is {}", place.old_program().display(), record.old()),
    ];
    if let Some(packages) = record.packages.as_ref().filter(|packages| packages.kept) {
        lies.push(format!("`{}` is the package {}", place.old_package().display(), packages.old));
    }
    if record.journal {
        lies.push(format!("`{}` is the journal from before the update", place.old_journal().display()));
    }
    lies.push(
        "`windlass self-update --back` goes back once more; `journalctl -u windlass` says what the agent said"
            .to_owned(),
    );
    UpdateError::Stuck { new: record.new.clone(), old: record.old(), why, back, lies: lies.join("\n") }
}
