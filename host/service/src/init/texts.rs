//! The texts of the two files. Comments say what a person may want to change.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::Path;

use windlass_compose::Loaded;
use windlass_config::Allowance;
use windlass_release::binding::{self, text};

use super::artifacts::Found;
use super::needs::Needs;
use super::secrets::Variables;

/// How many examples of smoke tests are written.
const EXAMPLES: usize = 3;

/// Writes the text of a `release.toml`.
pub(super) fn release_file(
    name: &str,
    loaded: &Loaded,
    found: &Found,
    needs: &Needs,
    variables: &Variables,
    profiles: &[String],
) -> String {
    let (compose, application) = (&loaded.files, &loaded.application);
    let first = compose.first().map_or("compose.yaml", String::as_str);
    let beside = if first.contains('/') { "above" } else { "beside" };
    let mut out = format!(
        "# How {name} is released. This file belongs to the application's team and lives {beside} {first};\n\
         # all files of this directory travel with a release, except for what `.windlassignore` names.\n\
         # `windlass plan .` shows what a deployment would change. `windlass schema release.toml` knows every key.\n\n\
         application = {}\n",
        text(name)
    );
    if !found.artifacts.is_empty() {
        out.push_str(
            "\n# The images. Each deployment turns the tag into the digest that it means then, and runs that.\n\
             # `--set NAME=VERSION` deploys another version; with tag = \"{commit}\" the version is that of `--commit SHA`.\n",
        );
    }
    if found.artifacts.values().any(|artifact| artifact.built) {
        push(
            &mut out,
            format_args!(
                "# What the Compose file builds is built before it is deployed, with the Docker Engine of this host:\n\
                 # `windlass release create . --build --commit SHA --out {name}.json`, and `windlass deploy . --release {name}.json`.\n\
                 # An image that is built and pushed elsewhere has its registry in `image`, and is not `local`.\n"
            ),
        );
    }
    for (name, artifact) in &found.artifacts {
        let reference = &artifact.reference;
        let services = artifact.services.join(", ");
        if artifact.built {
            let image = short(&reference.repository());
            push(
                &mut out,
                format_args!(
                    "[artifacts.{name}]\nimage = {}   # {services}, built\ntag = \"{{commit}}\"\nlocal = true\n",
                    text(&image)
                ),
            );
            continue;
        }
        push(&mut out, format_args!("[artifacts.{name}]\nimage = {}   # {services}\n", text(&reference.repository())));
        if let Some(digest) = reference.digest() {
            push(&mut out, format_args!("digest = {}\n", text(digest)));
        }
        match reference.tag() {
            Some(tag) if variables.required.contains(tag) => push(
                &mut out,
                format_args!(
                    "tag = \"latest\"   # `${{{tag}}}` in the Compose file; better a version that stays the same\n"
                ),
            ),
            Some(tag) => push(&mut out, format_args!("tag = {}\n", text(tag))),
            None if reference.digest().is_none() => {
                out.push_str("tag = \"latest\"   # better a version that stays the same\n");
            }
            None => {}
        }
    }
    given(&mut out, variables);
    push(
        &mut out,
        format_args!(
            "\n# How it is deployed: {} of {}.\n[strategy]\nplugin = \"strategy-compose\"\nwith = {{ files = [{}]{} }}\n",
            services(application.services.len()),
            compose.join(", "),
            list(compose),
            if profiles.is_empty() { String::new() } else { format!(", profiles = [{}]", list(profiles)) }
        ),
    );
    out.push_str(
        "\n# What must be true before anything is touched.\n[checks.readiness]\nplugin = \"check-readiness\"\n\
         [checks.images]\nplugin = \"check-image\"\n",
    );
    out.push_str(
        "\n# What proves the new version. When it fails, everything is as before.\n[smoke.containers]\n\
         plugin = \"smoke-containers\"\n",
    );
    for (port, service) in needs.ports.iter().take(EXAMPLES) {
        push(
            &mut out,
            format_args!(
                "# [smoke.{}]\n# plugin = \"smoke-http\"\n# with = {{ requests = [{{ url = \"http://127.0.0.1:{port}/health\" }}] }}\n",
                super::artifacts::plain_name(&format!("{service}-{port}"))
            ),
        );
    }
    out.push_str(
        "\n# What differs in an environment is merged over the rest.\n# [environments.production]\n\
         # variables = { LOG_LEVEL = \"warn\" }\n",
    );
    out
}

/// Adds the variables and the secrets.
fn given(out: &mut String, variables: &Variables) {
    out.push_str(
        "\n# Values for ${…} in the Compose file, and variables whose value is one of the operator's secrets.\n",
    );
    let open: Vec<(&String, &str)> = variables
        .required
        .iter()
        .map(|name| (name, "required, and set nowhere"))
        .chain(variables.unset.iter().map(|name| (name, "not set, and taken as empty")))
        .collect();
    if open.is_empty() {
        out.push_str("# [variables]\n# LOG_LEVEL = \"info\"\n");
    } else {
        out.push_str("[variables]\n");
    }
    for (name, why) in open {
        push(out, format_args!("# {name} = \"\"   # {why}\n"));
    }
    if variables.secrets.is_empty() {
        out.push_str("# [secrets]\n# DB_PASSWORD = \"db-password\"\n");
    } else {
        out.push_str("[secrets]\n");
    }
    for (name, secret) in &variables.secrets {
        push(out, format_args!("{name} = {}\n", text(secret)));
    }
}

/// `.windlassignore`: what `init` writes for the operator; and for an application that is built where it lies the document
/// that is made of it, which lies there as well because only there it is the application's.
pub(super) fn ignore_file(name: &str, built: bool) -> String {
    let document = if built { format!("/{name}.json\n") } else { String::new() };
    format!("# What lies here and is no part of a release.\n{document}/agent.toml\n")
}

/// Writes the text of an `agent.toml`.
pub(super) fn agent_file(name: &str, place: &Path, needs: &Needs) -> String {
    let mut out = String::from(
        "# What the operator of this host decides: /etc/windlass/agent.toml, unless `--config` names another.\n\
         # Only what is granted here can be reached. `windlass schema agent.toml` knows every key.\n\n\
         # The environment that this host is: the release file's [environments.NAME].\nenvironment = \"local\"\n",
    );
    push(
        &mut out,
        format_args!(
            "\n# Where {name} comes from. Only from there it gets what is granted to it below, and nothing else may act\n\
             # for it. What is in the operator's own applications directory needs no such lines.\n{}",
            binding::lines_of(name, &format!("directory = {}", text(&place.display().to_string())))
        ),
    );
    for registry in needs.registries.iter().filter(|registry| is_loopback(registry)) {
        push(
            &mut out,
            format_args!(
                "\n# On this machine, and without TLS as Docker allows it there.\n[registries.{}]\nplain-http = true\n",
                text(registry)
            ),
        );
    }
    let applications = format!("applications = [{}]\n", text(name));
    push(
        &mut out,
        format_args!(
            "\n# Sees and changes the containers, networks and volumes of {name}, and of nothing else.\n{}[[grants]]\n\
             plugin = \"strategy-compose\"\n{applications}docker-read = true\n{}{}",
            meanings(needs),
            docker_write(needs),
            if needs.secrets.is_empty() { String::new() } else { format!("secrets = [{}]\n", list(&needs.secrets)) }
        ),
    );
    for plugin in ["check-readiness", "smoke-containers"] {
        push(&mut out, format_args!("\n[[grants]]\nplugin = \"{plugin}\"\n{applications}docker-read = true\n"));
    }
    push(
        &mut out,
        format_args!(
            "\n# Asks what the tags mean.\n[[grants]]\nplugin = \"check-image\"\n{applications}docker-read = true\n\
             registry = [{}]\n",
            list(&needs.registries)
        ),
    );
    let ports = needs.ports.keys().take(EXAMPLES);
    let servers: Vec<_> =
        ports.map(|port| format!("{{ to = \"http://127.0.0.1:{port}\", addresses = [\"127.0.0.0/8\"] }}")).collect();
    if !servers.is_empty() {
        push(
            &mut out,
            format_args!(
                "\n# For the smoke tests over HTTP that release.toml proposes.\n# [[grants]]\n# plugin = \"smoke-http\"\n\
                 # {applications}# http = [{}]\n",
                servers.join(", ")
            ),
        );
    }
    out.push_str("\n# Where secrets come from. Their values reach no plugin, log or record.\n");
    if needs.secrets.is_empty() {
        out.push_str("# [secrets.db-password]\n# file = \"/etc/windlass/secrets/db-password\"\n");
    }
    for secret in &needs.secrets {
        push(
            &mut out,
            format_args!("[secrets.{secret}]\nfile = {}\n", text(&format!("/etc/windlass/secrets/{secret}"))),
        );
    }
    out
}

fn docker_write(needs: &Needs) -> String {
    let mut parts = Vec::new();
    let docker = &needs.docker;
    if !docker.roots.is_empty() {
        parts.push(format!("bind-roots = [{}]", list(docker.roots.iter().map(|(root, _)| root.display().to_string()))));
    }
    if let Some(root) = &needs.data_root {
        parts.push(format!("data-root = {}", text(root)));
    }
    if !docker.dangers.is_empty() {
        parts.push(format!("allow = [{}]", list(docker.dangers.iter().map(|(danger, _)| danger))));
    }
    if !docker.subnets.is_empty() {
        parts.push(format!("subnets = [{}]", list(docker.subnets.iter().map(|(range, _)| range.to_string()))));
    }
    if parts.is_empty() {
        "docker-write = {}\n".to_owned()
    } else {
        format!("docker-write = {{ {} }}\n", parts.join(", "))
    }
}

/// The meaning of each word of the grant, with the services that need it.
fn meanings(needs: &Needs) -> String {
    let mut out = String::new();
    for (danger, who) in &needs.docker.dangers {
        let meaning = danger.parse::<Allowance>().map(|allowance| allowance.meaning());
        push(
            &mut out,
            format_args!("#   {danger}, for {who}: it {}\n", meaning.unwrap_or("may do what its name says")),
        );
    }
    for (root, who) in &needs.docker.roots {
        push(&mut out, format_args!("#   {}, for {who}: is mounted from this host\n", root.display()));
    }
    for (range, who) in &needs.docker.subnets {
        push(&mut out, format_args!("#   {range}, for {who}: these addresses are not private ones\n"));
    }
    if out.is_empty() { out } else { format!("# Besides, because the Compose file asks for it:\n{out}") }
}

/// TOML strings with commas between them.
fn list<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| text(item.as_ref())).collect::<Vec<_>>().join(", ")
}

/// The repository as people write it: that of Docker Hub without its name.
fn short(repository: &str) -> String {
    let short = repository.strip_prefix("docker.io/library/").or_else(|| repository.strip_prefix("docker.io/"));
    short.unwrap_or(repository).to_owned()
}

fn services(count: usize) -> String {
    if count == 1 { "the one service".to_owned() } else { format!("the {count} services") }
}

/// Docker asks registries of 127.0.0.0/8 without TLS; so does the proposal for those of this machine.
fn is_loopback(registry: &str) -> bool {
    let host = registry.rsplit_once(':').map_or(registry, |(host, _)| host);
    host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn push(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a text cannot fail.
    let _ = out.write_fmt(arguments);
}
