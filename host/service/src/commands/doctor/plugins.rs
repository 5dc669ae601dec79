//! Plugins: are those that the agent carries admitted, which grants match nothing, what does an application lack.

use std::collections::BTreeSet;

use windlass_api::facts::DoctorFact;
use windlass_config::Config;
use windlass_foundation::explain::{ExplainedError, quoted};
use windlass_foundation::words;
use windlass_sandbox::Source;

use super::{bad, broken, note, state, warn, well};
use crate::commands::plugin::{grants_of, open, used};
use crate::run::{FoundApplication, Run};

/// What compiling plugins only to look at them leaves free.
const KEPT_FREE: u64 = 64 << 20;

/// Looks at the plugins of the agent, and at those of an application when one is named.
pub(super) async fn plugins(
    run: &Run,
    config: &Config,
    application: Option<&FoundApplication>,
    facts: &mut Vec<DoctorFact>,
) {
    let subject = "plugins";
    if !config.state_directory.exists() {
        return facts.push(note(subject, "they are admitted and compiled once there is a state directory"));
    }
    let plugins = match open(config) {
        Ok(plugins) => plugins,
        Err(fault) => return facts.extend(broken(subject, fault.error())),
    };
    let names = plugins.bundled();
    let before = facts.len();
    let needed = plugins.room_to_admit();
    let free = state::free(&config.state_directory).unwrap_or(u64::MAX);
    // Looking must not take what a deployment needs: those that an application uses are compiled when it is deployed.
    if needed > 0 && free < needed.saturating_add(KEPT_FREE) {
        let seen = format!(
            "those that this binary carries are not all tried: compiling the others takes about {} below {}, and {} are free",
            words::size(needed),
            config.state_directory.display(),
            words::size(free),
        );
        facts.push(warn(subject, seen, "make room there, or put `state-directory` on a larger file system"));
        return grants(run, config, application, &names, facts).await;
    }
    for name in &names {
        if let Err(error) = plugins.admit(&Source::Bundled(name.clone()), None).await {
            facts.extend(broken(subject, &error));
        }
    }
    if facts.len() == before {
        facts.push(well(subject, format!("{} carried by this binary, all admitted", names.len())));
    }
    grants(run, config, application, &names, facts).await;
}

/// Which grants match nothing, and what an application lacks.
async fn grants(
    run: &Run,
    config: &Config,
    application: Option<&FoundApplication>,
    names: &[String],
    facts: &mut Vec<DoctorFact>,
) {
    let carried: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    for grant in config.grants.iter().filter(|grant| grant.digest.is_none()) {
        if !carried.contains(grant.plugin.as_str()) {
            let seen = format!("the grant for `{}` matches nothing: no such plugin is carried", grant.plugin);
            let remedy = format!("carried are {}; a grant for any other plugin names its `digest`", quoted(names));
            facts.push(warn("grants", seen, remedy));
        }
    }
    if let Some(asked) = application
        && let Err(fault) = lacking(run, config, asked, facts).await
    {
        facts.extend(broken("release file", fault.error()));
    }
}

/// Reports what an application's plugins lack, and which secrets `agent.toml` does not define.
async fn lacking(
    run: &Run,
    config: &Config,
    asked: &FoundApplication,
    facts: &mut Vec<DoctorFact>,
) -> Result<(), ExplainedError> {
    let settings = asked.file.settings(&config.environment)?;
    facts.push(well("release file", format!("{} is valid", asked.location.release_file().display())));
    for (variable, secret) in &settings.secrets {
        if !config.secrets.contains_key(secret) {
            let seen = format!("`{variable}` is the secret `{secret}`, which agent.toml does not define");
            let remedy = format!("add `[secrets.{secret}]` with `file`, `environment` or `credential`");
            facts.push(bad("secrets", seen, Some(remedy)));
        }
    }
    let mut lacks = 0;
    for grant in grants_of(run, config, asked).await?.iter().filter(|grant| !grant.granted) {
        lacks += 1;
        let asks = format!("`{}` asks for {} and is not granted it: {}", grant.plugin, grant.capability, grant.reason);
        let seen = grant.rebuilt.as_ref().map_or(asks.clone(), |rebuilt| format!("{asks}; {rebuilt}"));
        facts.push(warn("grants", seen, format!("`windlass plugin grants {}` has the lines to add", asked.name)));
    }
    if lacks == 0 {
        let count = words::count(used(&settings).len(), "plugin");
        facts.push(note("grants", format!("{} uses {count}, and everything that is asked for is granted", asked.name)));
    }
    Ok(())
}
