//! Answers of commands: the page of each for people, the lines of `--json` for programs.

use windlass_api::Answer;
use windlass_api::facts::ConfigFact;

use super::page::{Line, Page};
use super::printer::Printer;
use super::{access, deployment, history, host, outbox, plan, plugin, probe, release, status, trigger};

/// How answers are shown to people.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// Columns for running text.
    pub width: usize,
    /// Whether every finding of a check is shown, and not only those that matter.
    pub all: bool,
    /// How the resolved application is written.
    pub config: fn(&ConfigFact) -> String,
}

/// Shows an answer: the error of a deployment on stderr, everything else on stdout.
pub fn show(answer: Answer, view: &View, printer: &Printer) {
    if let Answer::Ended { deployment } = &answer {
        printer.always_page(&deployment::errors(deployment, view.width));
    }
    if !printer.json() {
        return printer.page(&page(&answer, view));
    }
    for fact in answer.facts() {
        printer.fact(&fact);
    }
}

/// The page of an answer.
#[must_use]
pub fn page(answer: &Answer, view: &View) -> Page {
    let width = view.width;
    match answer {
        Answer::Ended { deployment } | Answer::Resolved { deployment: Some(deployment) } => {
            deployment::summary(deployment, width)
        }
        Answer::Resolved { deployment: None } => Page::new(),
        Answer::Resumed { application, number } => resumed(application.as_deref(), *number),
        Answer::Shown { deployment } | Answer::Reported { deployment, .. } => deployment::show(deployment, width),
        Answer::Config { config } => Page::of_text(&(view.config)(config)),
        Answer::Origin { origin } => host::origin(origin),
        Answer::Plan { plan, .. } => plan::page(plan, width),
        Answer::Check { check } => probe::check(check, view.all, width),
        Answer::Verified { applications } => probe::verified(applications, view.all, width),
        Answer::History { application, deployments } => history::page(deployments, application.as_deref()),
        Answer::Log { deployment, lines } => history::logs(lines, deployment),
        Answer::Status { applications } => status::pages(applications, width),
        Answer::Release { release, .. } => release::document(release),
        Answer::Releases { application, releases } => release::list(releases, application),
        Answer::Holds { holds } => status::holds(holds),
        Answer::Outbox { deliveries } => outbox::page(deliveries, width),
        Answer::Ignored { trigger } => trigger::page(trigger),
        Answer::Audit { audit } => host::audit(audit, width),
        Answer::Plugins { plugins } => plugin::list(plugins),
        Answer::Plugin { plugin } => plugin::inspect(plugin, width),
        Answer::PluginDiff { diff } => plugin::diff(diff, width),
        Answer::Grants { grants } => plugin::grants(grants, width),
        Answer::Whoami { access } => access::page(access, width),
        Answer::Doctor { findings } => host::doctor(findings, width),
    }
}

/// What `resume` says besides how each deployment ended.
fn resumed(application: Option<&str>, number: usize) -> Page {
    let mut page = Page::new();
    if number == 0 {
        let whose = application.map_or_else(|| "on this host".to_owned(), |name| format!("of `{name}`"));
        page.push(Line::plain(format!("no deployment {whose} is open; there is nothing to resume")));
    }
    page
}
