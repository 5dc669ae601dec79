//! `windlass init`: proposes a release file and an operator's file, shows them, and writes them on confirmation.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use windlass_compose::DEFAULT_FILES;
use windlass_foundation::explain::ExitCode;
use windlass_release::application::RELEASE_FILE;
use windlass_release::bundle::IGNORE_FILE;
use windlass_release::compose::Directory;
use windlass_report::facts::{Fact, FileFact};
use windlass_report::page::Line;
use windlass_report::{Fault, Printer, host};
use windlass_service::init::{Inputs, propose};

use super::arguments::InitArguments;
use super::error::CliError;

/// The operator's file beside the release file; the operator puts it in its place.
const AGENT_FILE: &str = "agent.toml";

/// Proposes, shows, asks, writes.
pub(super) fn run(arguments: &InitArguments, printer: Printer) -> Result<ExitCode, Fault> {
    let given: Vec<&Path> = arguments.compose.iter().chain(&arguments.file).map(PathBuf::as_path).collect();
    let (directory, file) = place(given.first().copied());
    let absolute =
        std::path::absolute(&directory).map_err(|source| CliError::Read { path: directory.clone(), source })?;
    let name = absolute.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let into = arguments.output.clone().unwrap_or_else(|| directory.clone());
    // As it is, not as a link to it is called.
    let place = std::fs::canonicalize(&into).or_else(|_| std::path::absolute(&into));
    let place = place.map_err(|source| CliError::Read { path: into.clone(), source })?;
    let seen = |directory: &Path, file: &str| {
        seen_from(&place, directory, file)
            .ok_or_else(|| CliError::OutsideOutput { compose: directory.join(file), output: into.clone() })
    };
    let mut compose = vec![seen(&directory, &file)?];
    for other in given.iter().skip(1) {
        let (directory, file) = self::place(Some(other));
        compose.push(seen(&directory, &file)?);
    }
    compose.retain(|name| !name.is_empty());
    let agent_file = place.join(AGENT_FILE);
    let proposal = propose(&Inputs {
        agent_file: &agent_file,
        files: &Directory(into.clone()),
        compose: &compose,
        application: arguments.application.as_deref(),
        variables: environment(),
        directory: &name,
        place: &place,
        is_there: &|path| is_there(&place.join(path)),
    })?;
    let builds = proposal.builds;
    let mut files =
        vec![(into.join(RELEASE_FILE), proposal.release_file), (into.join(AGENT_FILE), proposal.agent_file)];
    let mut remarks = proposal.remarks;
    let ignore = into.join(IGNORE_FILE);
    match std::fs::read_to_string(&ignore) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => files.push((ignore, proposal.ignore_file)),
        there => {
            let there = there.unwrap_or_default();
            let lacks = |line: &&str| !line.starts_with('#') && !there.lines().any(|own| own.trim() == *line);
            let lines: Vec<String> =
                proposal.ignore_file.lines().filter(lacks).map(|line| format!("`{line}`")).collect();
            if !lines.is_empty() {
                remarks.push(format!(
                    "`{}` is there already: add {} to it, so that what is written here is no part of a release",
                    ignore.display(),
                    lines.join(" and ")
                ));
            }
        }
    }
    if let Some((path, _)) = files.iter().find(|(path, _)| path.symlink_metadata().is_ok()) {
        return Err(CliError::Exists { path: path.clone() }.into());
    }
    if !printer.json() {
        for (path, text) in &files {
            printer.page(&host::file(&fact(path, text, false)));
        }
    }
    for remark in &remarks {
        printer.warn(remark);
    }
    if !arguments.yes {
        ask(printer)?;
    }
    for (path, text) in &files {
        // A new file is created, so an existing symbolic link is never followed.
        let written = std::fs::File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|source| CliError::Write { path: path.clone(), source })?;
        if printer.json() {
            printer.fact(&Fact::File(fact(path, text, true)));
        } else {
            printer.status(&Line::plain(format!("wrote {}", path.display())));
        }
    }
    if !printer.json() {
        let next = "next: look at both; give agent.toml to the operator as /etc/windlass/agent.toml; then";
        let (place, name) = (shown(&into), &proposal.application);
        printer.status(&Line::plain(if builds {
            let document = into.join(format!("{name}.json"));
            let document = document.strip_prefix(".").unwrap_or(&document).display();
            format!(
                "{next} `windlass release create {place} --build --out {document}`, and \
                 `windlass plan {place} --release {document}`"
            )
        } else {
            format!("{next} `windlass plan {place}`")
        }));
    }
    Ok(ExitCode::Succeeded)
}

/// The environment variables that describe the project. Other variables of the calling process are no part of a
/// release.
fn environment() -> BTreeMap<String, String> {
    ["COMPOSE_FILE", "COMPOSE_PATH_SEPARATOR", "COMPOSE_PROJECT_NAME", "COMPOSE_PROFILES"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), std::env::var(name).ok().filter(|value| !value.is_empty())?)))
        .collect()
}

/// The directory of the Compose file, and its name there; an empty name lets the library look for the usual ones.
fn place(compose: Option<&Path>) -> (PathBuf, String) {
    let Some(path) = compose else { return (PathBuf::from("."), String::new()) };
    if path.is_dir() {
        return (path.to_owned(), String::new());
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    (directory.to_owned(), name)
}

/// The path of the Compose file from the directory of the release file; none when it is not below it. Empty where the
/// library looks for the usual names there.
fn seen_from(root: &Path, directory: &Path, file: &str) -> Option<String> {
    let real = std::fs::canonicalize(directory).or_else(|_| std::path::absolute(directory)).ok()?;
    let inside = real.strip_prefix(root).ok()?;
    if inside.as_os_str().is_empty() {
        return Some(file.to_owned());
    }
    // Elsewhere than beside the release file, the library finds only what is named.
    let usual = || DEFAULT_FILES.into_iter().find(|name| real.join(name).is_file()).unwrap_or(DEFAULT_FILES[0]);
    let file = if file.is_empty() { usual() } else { file };
    Some(inside.join(file).to_string_lossy().into_owned())
}

/// Whether a release from there would have it: an empty directory has nothing for it.
fn is_there(path: &Path) -> bool {
    match path.read_dir() {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => path.symlink_metadata().is_ok(),
    }
}

/// The directory in the form that the next command needs. A path of one name would be taken for an application's name,
/// so `./` is put before it; `.` is always a path.
fn shown(directory: &Path) -> String {
    let text = directory.display().to_string();
    if text.contains('/') || text == "." { text } else { format!("./{text}") }
}

fn fact(path: &Path, text: &str, written: bool) -> FileFact {
    FileFact { path: path.display().to_string(), text: text.to_owned(), written }
}

/// Asks whether to write; only a terminal can answer.
fn ask(printer: Printer) -> Result<(), CliError> {
    if !std::io::stdin().is_terminal() {
        return Err(CliError::NotAsked);
    }
    printer.always(&Line::plain("Write these files? [y/N]"));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(|_| CliError::NotAsked)?;
    if matches!(answer.trim(), "y" | "Y" | "yes" | "Yes") { Ok(()) } else { Err(CliError::Declined) }
}
