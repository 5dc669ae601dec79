//! What a key may ask for: the grammar of the command line without what names a file of this host, chooses its configuration, or
//! is for a person at it.
//!
//! Every command and every option is named here, so that the compiler asks about one that is added. Whether this key may do it on
//! this application is not decided here.

use std::path::Path;

use clap::{CommandFactory as _, Parser as _};
use windlass_api::command::ApplicationRef;
use windlass_foundation::explain::{ExitCode, Explain, ExplainedError, quoted, shorten};
use windlass_ssh::words;

use crate::cli::arguments::{
    Arguments, AttachArguments, AuditArguments, AuditCommand, BuildArguments, CheckArguments, Command, ConfigArguments,
    DeployArguments, DoctorArguments, FreezeArguments, Global, HistoryArguments, LogsArguments, MannerArguments,
    OutboxArguments, OutboxCommand, PinArguments, PlanArguments, PluginArguments, PluginCommand, PromoteArguments,
    QuarantineArguments, ReleaseArguments, ReleaseCommand, ReleaseCommandArguments, ReportArguments, ResolveArguments,
    ResumeArguments, RollbackArguments, ShowArguments, StatusArguments, StopArguments, TriggerArguments,
    UnfreezeArguments, UnpinArguments, UnquarantineArguments, VerifyArguments, VersionArguments, WhoamiArguments,
    is_file,
};

/// Commands that are not for a key.
const LOCAL: &[&str] =
    &["init", "bundle", "agent", "ssh-gate", "self-update", "schema", "completions", "man", "internal"];

/// Something that is not for a key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The first word.
    #[error("`{word}` is no command that a key can run")]
    Command {
        /// The word.
        word: String,
    },
    /// An option.
    #[error("a key cannot use `{option}`")]
    Option {
        /// The option.
        option: &'static str,
        /// What is possible in its place.
        instead: &'static str,
    },
    /// A file or a directory of this host.
    #[error("a key cannot name `{word}`, which is a path")]
    Path {
        /// The word.
        word: String,
        /// What is possible in its place.
        instead: &'static str,
    },
}

impl Explain for Refusal {
    fn exit(&self) -> ExitCode {
        ExitCode::Refused
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Command { .. } => format!("it can run {}", quoted(&commands())),
            Self::Option { instead, .. } | Self::Path { instead, .. } => (*instead).to_owned(),
        })
    }
}

/// Why a command is not carried out.
#[derive(Debug)]
pub(super) enum Unread {
    /// It is not for a key.
    Refused(ExplainedError),
    /// It is none, or asks for help: what the parser says.
    Usage(clap::Error),
}

impl<E: Explain + Send + Sync + 'static> From<E> for Unread {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

/// Reads what a client asks for; `whoami` where it asks for nothing. What the operator wrote into the line of `authorized_keys`
/// counts: the operator's file, and the ways to print.
///
/// # Errors
/// When it is not for a key, or no command.
pub(super) fn read(asked: &[u8], operator: &Global) -> Result<Arguments, Unread> {
    let mut words = words::read(asked)?;
    match words.first() {
        None => words.push("whoami".to_owned()),
        Some(first) if commands().contains(first) => {}
        Some(first) => return Err(Refusal::Command { word: shorten(first) }.into()),
    }
    let line = std::iter::once("windlass".to_owned()).chain(words);
    let mut arguments = Arguments::try_parse_from(line).map_err(Unread::Usage)?;
    check(&arguments)?;
    let Global { config, json, quiet, verbose, no_color } = operator;
    let global = &mut arguments.global;
    global.config.clone_from(config);
    global.json |= json;
    global.quiet |= quiet;
    global.verbose |= verbose;
    global.no_color |= no_color;
    Ok(arguments)
}

/// Whether a program reads the answer, also where the rest of what it asks for is refused.
pub(super) fn asks_for_json(asked: &[u8]) -> bool {
    words::read(asked).is_ok_and(|words| words.iter().any(|word| word == "--json"))
}

/// The commands that a key can run.
fn commands() -> Vec<String> {
    let all = Arguments::command();
    let names = all.get_subcommands().map(|command| command.get_name().to_owned());
    names.filter(|name| !LOCAL.contains(&name.as_str())).collect()
}

/// Looks at everything that was typed.
fn check(arguments: &Arguments) -> Result<(), Refusal> {
    let Arguments { global, command } = arguments;
    let Global { config, json: _, quiet: _, verbose: _, no_color: _ } = global;
    absent("--config", config.as_ref(), "the line of authorized_keys says which operator's file counts")?;
    match command {
        Command::Plan(PlanArguments { release, rollback: _, to: _, out }) => {
            absent("--out", out.as_ref(), "a plan file stays on the host that made it")?;
            released(release)
        }
        Command::Check(CheckArguments { release }) => released(release),
        Command::Deploy(DeployArguments { release, plan, manner }) => {
            absent("--plan", plan.as_ref(), "deploy a release: `deploy APP`, or `deploy APP --release -`")?;
            free(manner);
            released(release)
        }
        Command::Rollback(RollbackArguments { app, to: _, pin: _, manner }) => {
            free(manner);
            named(app)
        }
        Command::Promote(PromoteArguments { app, from, manner }) => {
            free(manner);
            document(from)?;
            named(app)
        }
        Command::Release(ReleaseCommandArguments { command }) => release(command),
        Command::Config(ConfigArguments { app, bundle, environment: _, format: _, explain: _ }) => {
            brought(bundle.as_deref())?;
            named(app)
        }
        Command::Resolve(ResolveArguments { app, retry: _, reason: _ })
        | Command::Freeze(FreezeArguments { app, reason: _ })
        | Command::Unfreeze(UnfreezeArguments { app, reason: _ })
        | Command::Pin(PinArguments { app, to: _, reason: _ })
        | Command::Unpin(UnpinArguments { app, reason: _ })
        | Command::Quarantine(QuarantineArguments { app, release: _, reason: _ })
        | Command::Unquarantine(UnquarantineArguments { app, release: _, reason: _ }) => named(app),
        Command::Outbox(OutboxArguments { command }) => match command {
            OutboxCommand::List { app } | OutboxCommand::Flush { app } => any(app.as_ref()),
            OutboxCommand::Retry { number: _ } | OutboxCommand::Drop { number: _, reason: _ } => Ok(()),
        },
        Command::Resume(ResumeArguments { app, unwind: _ })
        | Command::Verify(VerifyArguments { app })
        | Command::Status(StatusArguments { app })
        | Command::History(HistoryArguments { app, limit: _ })
        | Command::Doctor(DoctorArguments { app }) => any(app.as_ref()),
        Command::Show(ShowArguments { deployment }) | Command::Logs(LogsArguments { deployment }) => {
            deployed(deployment)
        }
        Command::Report(ReportArguments { deployment, out, markdown: _ }) => {
            absent("--out", out.as_ref(), "without it the page is on standard output")?;
            deployed(deployment)
        }
        Command::Trigger(TriggerArguments { name: _, again: _ })
        | Command::Audit(AuditArguments { command: AuditCommand::Verify })
        | Command::Whoami(WhoamiArguments {}) => Ok(()),
        Command::Plugin(PluginArguments { command }) => match command {
            PluginCommand::List => Ok(()),
            PluginCommand::Inspect { plugin, grant: _, diff } => {
                plugin.iter().chain(diff).try_for_each(|plugin| inspected(plugin))
            }
            PluginCommand::Grants { app } => named(app),
            PluginCommand::New(_) => local("plugin new"),
            PluginCommand::Wit(_) => local("plugin wit"),
            PluginCommand::Build(_) => local("plugin build"),
        },
        // An id, the beginning of one or an application: it is compared with what the agent knows, and opens nothing.
        Command::Attach(AttachArguments { operation: _ }) | Command::Stop(StopArguments { operation: _, leave: _ }) => {
            Ok(())
        }
        Command::Init(_) => local("init"),
        Command::Bundle(_) => local("bundle"),
        Command::Agent(_) => local("agent"),
        Command::SshGate(_) => local("ssh-gate"),
        Command::SelfUpdate(_) => local("self-update"),
        Command::Schema(_) => local("schema"),
        Command::Completions(_) => local("completions"),
        Command::Man(_) => local("man"),
        Command::Internal(_) => local("internal"),
    }
}

fn release(command: &ReleaseCommand) -> Result<(), Refusal> {
    const PRINTED: &str = "without it the document is on standard output";
    match command {
        ReleaseCommand::Create { versions: it, environment: _, building, out } => {
            let BuildArguments { build: _, push: _, build_timeout: _ } = building;
            absent("--out", out.as_ref(), PRINTED)?;
            versions(it)
        }
        ReleaseCommand::Export { app, release: _, out } => {
            absent("--out", out.as_ref(), PRINTED)?;
            named(app)
        }
        ReleaseCommand::List { app } => named(app),
        ReleaseCommand::Show { of, release: _ } => document(of),
        ReleaseCommand::Verify { file, key: _ } => sent(file),
    }
}

fn released(release: &ReleaseArguments) -> Result<(), Refusal> {
    let ReleaseArguments { versions: it, defaults: _, release, environment: _ } = release;
    release.as_deref().map_or(Ok(()), sent)?;
    versions(it)
}

fn versions(versions: &VersionArguments) -> Result<(), Refusal> {
    let VersionArguments { app, set: _, commit: _, bundle } = versions;
    brought(bundle.as_deref())?;
    named(app)
}

/// The application's files on standard input.
fn brought(bundle: Option<&Path>) -> Result<(), Refusal> {
    match bundle {
        Some(file) if file != Path::new("-") => {
            let word = shorten(&file.display().to_string());
            Err(Refusal::Path { word, instead: "send the archive on standard input, and write `-`" })
        }
        _ => Ok(()),
    }
}

/// How and why: times, switches and texts for the record.
fn free(manner: &MannerArguments) {
    let MannerArguments { wait: _, retry: _, reason: _, break_glass: _ } = manner;
}

/// An application by its name.
fn named(application: &ApplicationRef) -> Result<(), Refusal> {
    match application {
        ApplicationRef::Name(_) => Ok(()),
        ApplicationRef::Path(path) => {
            let word = shorten(&path.display().to_string());
            Err(Refusal::Path { word, instead: "name the application, as in `deploy kudos`" })
        }
    }
}

/// A deployment by its id, or an application by its name.
fn deployed(deployment: &str) -> Result<(), Refusal> {
    // What is no application is an id.
    deployment.parse::<ApplicationRef>().map_or(Ok(()), |application| named(&application))
}

fn any(application: Option<&ApplicationRef>) -> Result<(), Refusal> {
    application.map_or(Ok(()), named)
}

/// A name, or a release document on standard input.
fn document(word: &str) -> Result<(), Refusal> {
    if is_file(word) { sent(Path::new(word)) } else { Ok(()) }
}

/// A release document on standard input.
fn sent(file: &Path) -> Result<(), Refusal> {
    if file == Path::new("-") {
        return Ok(());
    }
    let word = shorten(&file.display().to_string());
    Err(Refusal::Path { word, instead: "send a release document on standard input, and write `-`" })
}

/// A plugin that the agent carries, or one of a registry.
fn inspected(plugin: &str) -> Result<(), Refusal> {
    let is_path = plugin.contains('/') || Path::new(plugin).extension().is_some_and(|extension| extension == "wasm");
    if !is_path || plugin.contains("@sha256:") {
        return Ok(());
    }
    let instead = "name a plugin that the agent carries, or its reference at a registry with its digest";
    Err(Refusal::Path { word: shorten(plugin), instead })
}

fn absent<T>(option: &'static str, value: Option<&T>, instead: &'static str) -> Result<(), Refusal> {
    if value.is_some() { Err(Refusal::Option { option, instead }) } else { Ok(()) }
}

fn local(command: &str) -> Result<(), Refusal> {
    Err(Refusal::Command { word: command.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operator() -> Global {
        Global { config: Some("/etc/ours.toml".into()), json: false, quiet: true, verbose: false, no_color: false }
    }

    /// What is wrong with a command in words; none where it is right.
    fn wrong(asked: &str) -> Option<String> {
        match read(asked.as_bytes(), &operator()) {
            Ok(_) => None,
            Err(Unread::Refused(error)) => Some(error.error().to_string()),
            Err(Unread::Usage(error)) => Some(format!("usage: {}", error.kind())),
        }
    }

    #[test]
    fn a_key_runs_commands_on_applications_by_name() {
        for asked in [
            "deploy kudos --set web=v2 --reason 'two words' --wait 10m",
            "deploy kudos --release -",
            "deploy kudos --bundle - --set web=v2",
            "config kudos --bundle -",
            "release create kudos --bundle -",
            "plan kudos --rollback --to v1",
            "check kudos --environment uat --json",
            "verify kudos",
            "promote kudos --from uat",
            "promote kudos --from -",
            "release show kudos v1",
            "release show -",
            "release verify -",
            "release create kudos --commit 1ef921a7",
            "show kudos",
            "show 4f0c9t2m1k8z",
            "report kudos",
            "report 4f0c9t2m1k8z --json",
            "logs #12",
            "status",
            "plugin inspect check-readiness",
            "plugin inspect registry.example/team/check@sha256:4f0c",
            "trigger staging",
            "whoami",
            "deploy kudos --reason '; $(id) `id` && rm -rf /'",
        ] {
            assert_eq!(wrong(asked), None, "{asked}");
        }
    }

    #[test]
    fn what_the_operator_wrote_counts_and_what_the_client_wrote_cannot_change_it() {
        for asked in ["", "   ", "status --json"] {
            let arguments = read(asked.as_bytes(), &operator()).unwrap();
            assert_eq!(arguments.global.config.unwrap().to_str(), Some("/etc/ours.toml"));
            assert!(arguments.global.quiet);
            assert_eq!(arguments.global.json, asked.contains("json"));
        }
        for asked in ["status --config /tmp/x", "status --config=/tmp/x", "status kudos --config -"] {
            assert_eq!(wrong(asked).unwrap(), "a key cannot use `--config`", "{asked}");
        }
    }

    #[test]
    fn what_names_a_file_or_is_for_a_person_at_the_host_is_refused_by_name() {
        for (asked, words) in [
            ("--help", "`--help` is no command"),
            ("--version", "`--version` is no command"),
            ("--config /tmp/x status", "`--config` is no command"),
            ("-q status", "`-q` is no command"),
            ("NAME=value deploy kudos", "`NAME=value` is no command"),
            ("sh -c id", "`sh` is no command"),
            ("scp -t x", "`scp` is no command"),
            ("/usr/lib/openssh/sftp-server", "`/usr/lib/openssh/sftp-server` is no command"),
            ("windlass deploy kudos", "`windlass` is no command"),
            ("''", "`` is no command"),
            ("dep kudos", "`dep` is no command"),
            ("init", "`init` is no command"),
            ("man --out /tmp/x", "`man` is no command"),
            ("schema", "`schema` is no command"),
            ("completions bash", "`completions` is no command"),
            ("internal precompile", "`internal` is no command"),
            ("ssh-gate --key other", "`ssh-gate` is no command"),
            ("ssh-gate install --key a --name b", "`ssh-gate` is no command"),
            ("deploy ./kudos", "cannot name `./kudos`, which is a path"),
            ("deploy ..", "cannot name `..`"),
            ("deploy kudos.toml", "cannot name `kudos.toml`"),
            ("deploy kudos --release kudos.json", "cannot name `kudos.json`"),
            ("deploy kudos --release kudos", "cannot name `kudos`"),
            ("release verify kudos", "cannot name `kudos`"),
            ("deploy kudos --release /dev/stdin", "cannot name `/dev/stdin`"),
            ("bundle .", "`bundle` is no command"),
            ("deploy kudos --bundle kudos.tar", "cannot name `kudos.tar`"),
            ("plan kudos --bundle /dev/stdin", "cannot name `/dev/stdin`"),
            ("check kudos --bundle ./-", "cannot name `./-`"),
            ("config kudos --bundle /etc/shadow", "cannot name `/etc/shadow`"),
            ("release create kudos --bundle /etc/shadow", "cannot name `/etc/shadow`"),
            ("deploy ./kudos --bundle -", "cannot name `./kudos`"),
            ("deploy kudos --bundle - --release -", "usage:"),
            ("deploy kudos --plan kudos.plan", "cannot use `--plan`"),
            ("plan kudos --out /root/.bashrc", "cannot use `--out`"),
            ("release create kudos --out x", "cannot use `--out`"),
            ("release export kudos --out x", "cannot use `--out`"),
            ("release create .", "cannot name `.`"),
            ("release show ./x.json", "cannot name `./x.json`"),
            ("release verify /etc/shadow", "cannot name `/etc/shadow`"),
            ("promote kudos --from ./x.json", "cannot name `./x.json`"),
            ("promote ./kudos --from uat", "cannot name `./kudos`"),
            ("config ./kudos", "cannot name `./kudos`"),
            ("show ./kudos", "cannot name `./kudos`"),
            ("report ./kudos", "cannot name `./kudos`"),
            ("report kudos --out /root/.bashrc", "cannot use `--out`"),
            ("logs /etc/passwd", "cannot name `/etc/passwd`"),
            ("status /", "cannot name `/`"),
            ("freeze ./kudos --reason x", "cannot name `./kudos`"),
            ("plugin inspect ./x.wasm", "cannot name `./x.wasm`"),
            ("plugin inspect x.wasm", "cannot name `x.wasm`"),
            ("plugin grants ./kudos", "cannot name `./kudos`"),
            ("plugin new x --kind check --directory /root/x", "`plugin new` is no command"),
            ("plugin wit /root/x", "`plugin wit` is no command"),
            ("plugin build /root/x", "`plugin build` is no command"),
            ("doctor ./kudos", "cannot name `./kudos`"),
            ("outbox list ./kudos", "cannot name `./kudos`"),
            ("deploy kudos; id", "usage:"),
            ("deploy $(id)", "usage:"),
            ("deploy `id`", "usage:"),
            ("deploy kudos --set 'web=$(id)'", "usage:"),
            ("deploy kudos --plugin-dir x", "usage:"),
            ("deploy -- --help", "usage:"),
            ("deploy kudos\nid", "control character"),
            ("deploy 'kudos", "not closed"),
        ] {
            let found = wrong(asked).unwrap_or_else(|| panic!("{asked} is allowed"));
            assert!(found.contains(words), "{asked}: {found}");
        }
    }

    /// An option that takes a path is one that is refused above. Whoever adds one decides about it in `check`, which names all,
    /// and here.
    #[test]
    fn no_option_reads_the_environment_and_every_path_is_known() {
        let mut paths = Vec::new();
        let mut left = vec![Arguments::command()];
        while let Some(command) = left.pop() {
            for argument in command.get_arguments() {
                assert!(argument.get_env().is_none(), "{} {}", command.get_name(), argument.get_id());
                let is_path = argument.get_value_parser().type_id() == clap::builder::ValueParser::path_buf().type_id();
                if is_path && !argument.is_global_set() {
                    paths.push(format!("{} {}", command.get_name(), argument.get_id()));
                }
            }
            left.extend(command.get_subcommands().filter(|it| !LOCAL.contains(&it.get_name())).cloned());
        }
        paths.sort();
        assert_eq!(
            paths,
            [
                "build directory",
                "check bundle",
                "check release",
                "config bundle",
                "create bundle",
                "create out",
                "deploy bundle",
                "deploy plan",
                "deploy release",
                "export out",
                "new directory",
                "new sdk",
                "plan bundle",
                "plan out",
                "plan release",
                "report out",
                "verify file",
                "wit directory"
            ]
        );
    }
}
