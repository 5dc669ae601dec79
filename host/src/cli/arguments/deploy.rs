//! The grammar of `plan`, `check`, `deploy` and `rollback`: which release, how and why.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use windlass_foundation::names::Kind;

use windlass_api::command::ApplicationRef;

/// Which application, and which versions of its artifacts.
#[derive(Debug, Clone, Args)]
pub struct VersionArguments {
    /// The application: a name, a directory with a release.toml, or the path of a release file
    #[arg(value_name = "APP")]
    pub app: ApplicationRef,
    /// The version of an artifact (may be given several times)
    #[arg(long, value_name = "NAME=VERSION", value_parser = assignment)]
    pub set: Vec<(String, String)>,
    /// The commit to deploy: the version of every artifact whose tag is `{commit}`
    #[arg(long, value_name = "SHA", value_parser = commit)]
    pub commit: Option<String>,
    /// A tar archive of the application's files, made by `bundle` or `tar c`, instead of those on the host; `-` is standard
    /// input
    #[arg(long, value_name = "FILE")]
    pub bundle: Option<PathBuf>,
}

/// What decides which release is meant.
#[derive(Debug, Clone, Args)]
pub struct ReleaseArguments {
    /// The application and its versions.
    #[command(flatten)]
    pub versions: VersionArguments,
    /// Take the versions of the application's files for what is not set, instead of keeping what runs
    #[arg(long)]
    pub defaults: bool,
    /// A release document, made by `release create` or `release export`, instead of the application's files
    #[arg(long, value_name = "FILE", conflicts_with_all = ["set", "commit", "defaults", "bundle"])]
    pub release: Option<PathBuf>,
    /// The environment that you mean; refused when this host is another one
    #[arg(long, value_name = "NAME", value_parser = environment)]
    pub environment: Option<String>,
}

/// Arguments of `plan`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass plan kudos --set backend=v2
  windlass plan ./kudos --out kudos.plan        Keep it; deploy exactly it with
  windlass deploy ./kudos --plan kudos.plan     this, which refuses if anything moved meanwhile
  windlass plan kudos --rollback                What `rollback` would change
  windlass plan kudos --rollback --to v1        What going back to v1 would change

In the plan: + is made, ~ is replaced or changed, - goes away, = stays")]
pub struct PlanArguments {
    /// The release.
    #[command(flatten)]
    pub release: ReleaseArguments,
    /// Plan a rollback: to what ran before, or to what `--to` names
    #[arg(long, conflicts_with_all = ["set", "commit", "defaults", "release", "bundle"])]
    pub rollback: bool,
    /// Which release to go back to: the id of a deployment, a commit or a version
    #[arg(long, value_name = "DEPLOYMENT|COMMIT|VERSION", value_parser = earlier, requires = "rollback")]
    pub to: Option<String>,
    /// Write the plan to a file, for `deploy --plan`
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Arguments of `check`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass check kudos
  windlass check ./kudos --set backend=v2 --json

Exit codes: 0 a deployment would go ahead, 10 it would be refused")]
pub struct CheckArguments {
    /// The release.
    #[command(flatten)]
    pub release: ReleaseArguments,
}

/// Arguments of `deploy`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass deploy kudos --set backend=v2 --set web=v2
  windlass deploy kudos --commit 1ef921a7 --reason 'fixes the login'
  windlass deploy ./kudos --plan kudos.plan
  windlass deploy kudos --release kudos.json    Exactly what was made elsewhere
  windlass release create . | ssh deploy@uat1 sudo windlass deploy kudos --release -
                                                The same, made here and deployed there
  windlass bundle . | ssh deploy@uat1 deploy kudos --bundle -
                                                The files that are here, deployed there
  windlass deploy kudos --wait 10m              Wait for the deployment that holds kudos

Ctrl-C unwinds to the version before, unless the new one is proved already; a second Ctrl-C stops at once,
and `windlass resume` goes on.
Exit codes: 0 it runs, 10 refused and nothing was touched, 11 rolled back, 12 stuck")]
pub struct DeployArguments {
    /// The release.
    #[command(flatten)]
    pub release: ReleaseArguments,
    /// Execute exactly this plan, made with `plan --out`; refused when what runs has changed since
    #[arg(long, value_name = "FILE", conflicts_with_all = ["release", "bundle"])]
    pub plan: Option<PathBuf>,
    /// How and why.
    #[command(flatten)]
    pub manner: MannerArguments,
}

/// How and why something is deployed.
#[derive(Debug, Clone, Args)]
pub struct MannerArguments {
    /// How long to wait for another deployment of this application, such as 30s or 10m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub wait: Option<Duration>,
    /// Deploy a version that failed here before
    #[arg(long)]
    pub retry: bool,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Deploy although the environment is frozen or a policy refuses; the reason is recorded and told everywhere
    #[arg(long, value_name = "REASON")]
    pub break_glass: Option<String>,
}

/// Arguments of `rollback`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass rollback kudos                       To what ran before
  windlass rollback kudos --to v1               To a version
  windlass rollback kudos --to 4f0c9t2m1k8z     To the release of a deployment
  windlass rollback kudos --pin --reason 'v2 loses orders'

A rollback is a new deployment of an earlier release, from the files and images that were kept then.
After another rollback it goes further back: what was rolled back from is deployed by name only.
`windlass plan kudos --rollback` shows what it would change.")]
pub struct RollbackArguments {
    /// The application's name
    #[arg(value_name = "APP")]
    pub app: ApplicationRef,
    /// Which release: the id of a deployment, a commit or a version; without it, what ran before the
    /// release that runs now was deployed
    #[arg(long, value_name = "DEPLOYMENT|COMMIT|VERSION", value_parser = earlier)]
    pub to: Option<String>,
    /// Pin the release that is gone back to: no other release is deployed before `unpin`
    #[arg(long, requires = "reason")]
    pub pin: bool,
    /// How and why.
    #[command(flatten)]
    pub manner: MannerArguments,
}

/// Parses `NAME=VERSION`.
fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, version)) if !name.is_empty() && !version.is_empty() => {
            Ok((Kind::Artifact.parse(name)?, Kind::Assigned.parse(version)?))
        }
        _ => Err("write it as NAME=VERSION, such as `backend=v2`".to_owned()),
    }
}

/// A commit id: 7 to 64 hexadecimal digits.
fn commit(text: &str) -> Result<String, String> {
    if Kind::Commit.is(text) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("a commit id has 7 to 64 hexadecimal digits".to_owned())
    }
}

/// The name of an environment.
pub(super) fn environment(text: &str) -> Result<String, String> {
    Kind::Environment.parse(text)
}

/// A deployment or a release of the history.
pub(super) fn earlier(text: &str) -> Result<String, String> {
    Kind::Earlier.parse(text)
}

/// A duration as in the files: `30s`, `10m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let span: jiff::SignedDuration = text.parse().map_err(|_| "write it as in `30s`, `10m` or `1h`".to_owned())?;
    Duration::try_from(span).map_err(|_| "it cannot be negative".to_owned())
}
