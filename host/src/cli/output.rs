//! Files that the person asked for: a plan and a release document are written here, with the person's rights.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use windlass_api::command::Content;
use windlass_api::facts::{CourseFact, DeploymentFact};
use windlass_api::{Answer, Reply};
use windlass_foundation::explain::ExplainedError;
use windlass_page::{Kept, View};
use windlass_report::page::Page;
use windlass_report::{Printer, markdown};
use windlass_service::caller;

use super::arguments::{Command, PlanArguments, PluginArguments, PluginCommand, ReleaseCommand, ReportArguments};

/// Where a command's file is to be written.
fn out(command: &Command) -> Option<&PathBuf> {
    match command {
        Command::Plan(PlanArguments { out, .. }) | Command::Report(ReportArguments { out, .. }) => out.as_ref(),
        Command::Release(release) => match &release.command {
            ReleaseCommand::Create { out, .. } | ReleaseCommand::Export { out, .. } => out.as_ref(),
            ReleaseCommand::List { .. } | ReleaseCommand::Show { .. } | ReleaseCommand::Verify { .. } => None,
        },
        _ => None,
    }
}

/// Writes the file of an answer to where the person wants it. What is left to show; none where a document was printed and
/// nothing else is.
pub(super) fn write(command: &Command, mut reply: Reply, printer: Printer) -> Result<Option<Reply>, ExplainedError> {
    let out = out(command);
    match (&mut reply.answer, out) {
        (Answer::Plan { plan, file: Some(file) }, Some(path)) => {
            caller::write(path, file)?;
            plan.written = Some(path.display().to_string());
        }
        (Answer::Release { release, document: Some(document), .. }, Some(path)) => {
            caller::write(path, document)?;
            release.path = Some(path.display().to_string());
        }
        (Answer::Release { document: Some(document), .. }, None) => {
            printer.verbatim(&String::from_utf8_lossy(&document.0));
            return Ok(None);
        }
        (Answer::Reported { deployment, course }, Some(path)) => {
            caller::write(path, &Content(report(command, deployment, course).into_bytes()))?;
            if !printer.json() {
                let said = format!("the page about deployment {} is in {}", deployment.deployment, path.display());
                printer.page(&Page::of_text(&said));
                return Ok(None);
            }
        }
        (Answer::Reported { deployment, course }, None) if !printer.json() => {
            printer.verbatim(&report(command, deployment, course));
            return Ok(None);
        }
        (Answer::Plugin { plugin }, _) if wants_lines(command) && !printer.json() => {
            printer.verbatim(plugin.grant.as_deref().unwrap_or_default());
            return Ok(None);
        }
        _ => {}
    }
    Ok(Some(reply))
}

/// Whether a person wants nothing of a plugin but the lines that would grant what it asks for.
fn wants_lines(command: &Command) -> bool {
    matches!(command, Command::Plugin(PluginArguments { command: PluginCommand::Inspect { grant: true, .. } }))
}

/// What is written about a deployment: a page for a file of its own, or Markdown.
fn report(command: &Command, deployment: &DeploymentFact, course: &CourseFact) -> String {
    if let Command::Report(ReportArguments { markdown: true, .. }) = command {
        return markdown::deployment(deployment);
    }
    let now = Timestamp::now();
    let view = View { environment: &deployment.environment, now, kept: Kept::File, looked: None, stopping: false };
    windlass_page::deployment(&view, deployment, course)
}

/// What to say after a document was written: it may be a file of the very next release.
pub(super) fn warning(command: &Command, answer: &Answer) -> Option<String> {
    let (Answer::Release { directory: Some(directory), .. }, Some(out)) = (answer, out(command)) else {
        return None;
    };
    released(out, directory)
}

/// What to say of a file that was written where it is a file of the next release.
pub(super) fn released(out: &Path, directory: &Path) -> Option<String> {
    let warning = || {
        format!("`{}` is a file of the next release: name it in .windlassignore, or write it elsewhere", out.display())
    };
    caller::is_released(out, directory).then(warning)
}
