//! The files of an application that came with a command, in place of those on the host.
//!
//! Who may bring them may say what the application is: the right is what binds them to its name, as a directory is bound by the
//! operator's file. What an archive may be is decided where it is read.

use std::path::Path;

use windlass_api::command::{ApplicationRef, Content};
use windlass_config::Config;
use windlass_foundation::blocking::blocking;
use windlass_foundation::explain::ExplainedError;
use windlass_foundation::private;
use windlass_release::application::{Location, RELEASE_FILE};
use windlass_release::bundle::{Bundles, Sent};
use windlass_release::directory::TeamDirectory;
use windlass_release::file::ReleaseFile;

use super::access::On;
use super::agent::ReadFile;
use super::error::CommandError;
use super::run::{FoundApplication, Run, itself};

/// An application whose files came with the command, or else one that is on the host. What came is kept among the bundles of this
/// state directory.
pub(crate) fn or_found(
    run: &Run,
    application: &ApplicationRef,
    bundle: Option<&Content>,
    state_directory: &Path,
) -> Result<FoundApplication, ExplainedError> {
    match (bundle, application) {
        (None, _) => run.find(application),
        (Some(bundle), ApplicationRef::Name(name)) => sent(run, name, bundle, state_directory),
        (Some(_), ApplicationRef::Path(path)) => Err(CommandError::BundleOfPath { path: path.clone() }.into()),
    }
}

fn sent(run: &Run, name: &str, bundle: &Content, state_directory: &Path) -> Result<FoundApplication, ExplainedError> {
    run.allow(On::Application(name))?;
    // All of it is read and found right before anything is written.
    let sent = Sent::read(&bundle.0)?;
    let file = ReleaseFile::parse(sent.release_file()?, RELEASE_FILE)?;
    if file.application != name {
        return Err(CommandError::OtherBundle { found: file.application, application: name.to_owned() }.into());
    }
    private::claim(state_directory)?;
    let kept = blocking(|| Bundles::new(state_directory).keep_sent(&sent))?;
    say_what_is_passed_over(run, name, &*run.config()?);
    let team = TeamDirectory::open_as(&kept.directory, Path::new(""))?;
    run.has_read(ReadFile { directory: team.identity(), file: file.clone() });
    let location = Location { directory: kept.directory, name: Some(name.to_owned()) };
    Ok(FoundApplication {
        name: name.to_owned(),
        instance: itself(name)?,
        location,
        file,
        is_sent: true,
        unbound: None,
    })
}

/// Says where on this host the application's own files are that do not count this time.
fn say_what_is_passed_over(run: &Run, name: &str, config: &Config) {
    let own = config.applications_directory.join(name);
    let bound = config.bindings.iter().filter(|binding| binding.name == name).filter_map(|it| it.directory.clone());
    let Some(there) = std::iter::once(own).chain(bound).find(|place| place.join(RELEASE_FILE).exists()) else { return };
    run.note(format!(
        "The files that came with the command count this time, and those in `{}` whenever none come.",
        there.display()
    ));
}
