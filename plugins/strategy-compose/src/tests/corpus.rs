//! The library's corpus on a real engine: containers, networks and volumes made by Docker Compose and by us, side by
//! side. Every valid case that this engine can create is compared; nothing is started.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use base64::Engine as _;
use serde_json::{Map, Value, json};
use windlass_domain::Phase;
use windlass_stage::Compose as Version;

use super::engine::{Real, spoken};
use super::flow::Stage;
use super::peer::{differences, name_capabilities, sort};
use super::world::{config, field, host, ordered, release};
use crate::apply::apply;
use crate::bundle::read_from;
use crate::desired::{Api, CONTENT, Desired};
use crate::engine::Engine as _;
use crate::labels;
use crate::operation::Operation;

/// The file that says so, over those of the case.
const OVER: &str = "wlc-images.json";

/// What may differ, from which versions, and why. The first is a case and a field of it: parts of a path, `*` stands for
/// any one. What says the same of one case alone must be needed.
const ALLOWED: &[(&str, &[Version], &str)] = &[
    (
        "*/*/containers/*/networks/*/IPAddress",
        &Version::BOTH,
        "Docker Compose gives a static address twice; the engine uses `IPAMConfig`",
    ),
    (
        "*/*/containers/*/networks/*/IPv6Gateway",
        &Version::BOTH,
        "Docker Compose writes the container's own address there; the engine ignores it",
    ),
    (
        "*/*/containers/*/config/StopTimeout",
        &Version::BOTH,
        "a part of a second is rounded up: never shorter than what the file says",
    ),
    ("*/*/containers/*/host/Isolation", &Version::BOTH, "`default`, the only one of Linux, is not sent"),
    (
        "resources/gpus/containers/PROJECT-all-1/host/DeviceRequests",
        &[Version::Older],
        "this one reads `gpus` and does not act on it",
    ),
    (
        "resources/gpus/containers/PROJECT-list-1/host/DeviceRequests",
        &Version::BOTH,
        "the same; the newer one says `gpu` twice where the file says it, too",
    ),
    ("resources/options-as-a-list/containers/PROJECT-list-1/host/DeviceRequests", &Version::BOTH, "the same"),
    (
        "resources/options-as-a-list/containers/PROJECT-devices-1/host/DeviceRequests",
        &[Version::Older],
        "this one forgets `options` of devices",
    ),
    ("deploy/resources/containers/PROJECT-devices-1/host/DeviceRequests", &[Version::Older], "the same"),
    (
        "volumes/volumes-from/containers/PROJECT-c-1/host/VolumesFrom",
        &Version::BOTH,
        "Docker Compose forgets `:ro` of another service's volumes; what is read-only in the file stays so",
    ),
    ("volumes/volumes-from/containers/PROJECT-c-1/mounts", &Version::BOTH, "the same"),
];

/// The same of newer engines: from which minor version of the API on.
const ALLOWED_LATER: &[(u32, &str, &[Version], &str)] = &[
    (
        44,
        "names/mac-address/containers/PROJECT-a-1/config/MacAddress",
        &[Version::Older],
        "this one leaves the address of a service out",
    ),
    (44, "names/mac-address/containers/PROJECT-a-1/networks/PROJECT_default/MacAddress", &[Version::Older], "the same"),
    (
        48,
        "networks/attachment-options/containers/PROJECT-a-1/networks/PROJECT_m/GwPriority",
        &[Version::Older],
        "this one does not hand it on",
    ),
    (
        48,
        "networks/attachment-options/containers/PROJECT-a-1/networks/PROJECT_n/GwPriority",
        &[Version::Older],
        "the same",
    ),
    (
        48,
        "networks/attachment-options/containers/PROJECT-a-1/networks/PROJECT_n/DriverOpts",
        &[Version::Older],
        "the same",
    ),
];

/// All that may differ on this engine.
fn allowed() -> impl Iterator<Item = (&'static str, &'static [Version])> {
    let later = ALLOWED_LATER.iter().filter(|(since, ..)| minor() >= *since);
    let later = later.map(|(_, pattern, versions, _)| (*pattern, *versions));
    ALLOWED.iter().map(|(pattern, versions, _)| (*pattern, *versions)).chain(later)
}

/// The minor version of the API that the engine is spoken to in.
fn minor() -> u32 {
    spoken().trim_start_matches("1.").parse().unwrap()
}

/// Cases that the strategy refuses by name, with a part of what it says, and from which minor version of the API on it
/// does not any more.
const REFUSED: &[(&str, &str, Option<u32>)] = &[
    ("apps/web-worker-cache", "publishes port 3000", None),
    ("deploy/replicas", "is for clusters", None),
    ("deploy/without-effect-on-one-machine", "is for clusters", None),
    ("health/from-the-image", "start_period", None),
    ("health/start-interval", "start_period", None),
    ("networks/attachment-options", "gw_priority", Some(48)),
    ("networks/mode-that-is-empty", "network_mode", None),
    ("secrets/of-a-variable-that-is-not-set", "NOT_SET", None),
    ("service/annotations-list", "annotations", Some(43)),
    ("service/annotations-map", "annotations", Some(43)),
    ("service/hooks", "post_start", None),
    ("volumes/recursive", "bind.recursive", Some(44)),
    ("volumes/long", "bind.selinux", None),
    ("volumes/short", "bind.selinux", None),
    ("volumes/subpath", "volume.subpath", Some(45)),
];

/// What says something about the engine, and how many cases of it must be comparable there. The other areas are about
/// reading files, which the library's own tests compare. Cases that choose addresses of networks are in one part, because
/// they may choose the same.
const NETWORKS: (&[&str], usize) = (&["apps", "combined", "health", "logging", "names", "networks"], 15);
const SERVICES: (&[&str], usize) = (&["profiles", "service", "volumes"], 15);
const PROCESSES: (&[&str], usize) =
    (&["configs", "depends", "deploy", "ports", "process", "resources", "secrets", "security"], 15);

/// Cases that no engine of this kind can create, by what Docker Compose says.
fn is_of_the_engine(message: &str) -> bool {
    let words = [
        "requires API v",
        "requires healthcheck.start_period",
        "require Docker Engine",
        "Docker Compose does not support",
        "no service selected",
        // A secret's variable.
        "is not set",
        "unsupported external",
        "could not be found",
        "not found",
        "No such container",
        "Error response from daemon",
        "undefined",
    ];
    words.iter().any(|word| message.contains(word))
}

/// The image of every service: the corpus names images that no engine here has.
fn image(stage: &Stage) -> String {
    format!("wlc-image-{}", stage.images[0].trim_start_matches("sha256:"))
}

struct Case {
    name: String,
    files: Vec<String>,
    profiles: Vec<String>,
    variables: BTreeMap<String, String>,
    /// Networks whose addresses are given; the engine chooses those of the others.
    addressed: BTreeSet<String>,
    /// Docker Compose in the versions that mean by it what we mean.
    versions: Vec<Version>,
    /// A copy of the case's directory, because Docker Compose makes directories for mounts.
    directory: PathBuf,
}

impl Drop for Case {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../compose/tests/corpus/valid")
}

fn names(areas: &[&str]) -> Vec<String> {
    let list = |path: &Path| -> Vec<String> {
        let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        entries
            .filter(|path| path.is_dir())
            .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
            .collect()
    };
    let mut names: Vec<String> = areas
        .iter()
        .flat_map(|area| list(&corpus().join(area)).into_iter().map(move |case| format!("{area}/{case}")))
        .collect();
    names.sort();
    names
}

/// Copies a directory; returns what files it has, by path.
fn copy(from: &Path, to: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(&name), &format!("{path}/"), files);
        } else {
            let bytes = std::fs::read(entry.path()).unwrap();
            std::fs::write(to.join(&name), &bytes).unwrap();
            files.insert(path, bytes);
        }
    }
}

fn read(name: &str) -> (Case, BTreeMap<String, Vec<u8>>) {
    let directory = std::env::temp_dir().join(format!("wlc-corpus-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&directory);
    let mut files = BTreeMap::new();
    copy(&corpus().join(name), &directory, "", &mut files);
    let settings = files.remove("case.toml").map(|bytes| String::from_utf8(bytes).unwrap()).unwrap_or_default();
    let settings: toml::Table = settings.parse().unwrap();
    let texts = |key: &str| -> Vec<String> {
        let items = settings.get(key).and_then(toml::Value::as_array).into_iter().flatten();
        items.map(|item| item.as_str().unwrap().to_owned()).collect()
    };
    let mut compose_files = texts("files");
    if compose_files.is_empty() {
        compose_files.push("compose.yaml".to_owned());
    }
    let variables = settings.get("variables").and_then(toml::Value::as_table).cloned().unwrap_or_default();
    let case = Case {
        name: name.to_owned(),
        files: compose_files,
        profiles: texts("profiles"),
        variables: variables.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect(),
        addressed: BTreeSet::new(),
        versions: if settings.contains_key("older") { vec![Version::Newer] } else { Version::BOTH.to_vec() },
        directory,
    };
    (case, files)
}

impl Case {
    fn compose(&self, version: Version, project: &str, over: bool, arguments: &[&str]) -> Output {
        let mut command = Command::new(version.program().unwrap());
        command.current_dir(&self.directory).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", "/home/nobody");
        command.envs(&self.variables).args(["-p", project]);
        for file in self.files.iter().map(String::as_str).chain(over.then_some(OVER)) {
            command.args(["-f", file]);
        }
        for profile in &self.profiles {
            command.args(["--profile", profile]);
        }
        command.args(arguments).output().unwrap()
    }

    /// Writes the file that gives every service an image of this engine.
    fn give_images(&mut self, stage: &Stage, files: &mut BTreeMap<String, Vec<u8>>) {
        let output = self.compose(Version::Newer, &stage.project, false, &["config", "--format", "json"]);
        assert!(output.status.success(), "{}: {}", self.name, String::from_utf8_lossy(&output.stderr));
        let resolved: Value = serde_json::from_slice(&output.stdout).unwrap();
        let networks = resolved["networks"].as_object().into_iter().flat_map(Map::values);
        self.addressed = networks
            .filter(|network| network["ipam"]["config"].is_array())
            .map(|network| field(network, "/name").replace(&stage.project, "PROJECT"))
            .collect();
        let services: Map<String, Value> = resolved["services"]
            .as_object()
            .unwrap()
            .keys()
            .map(|key| (key.clone(), json!({ "image": image(stage) })))
            .collect();
        let text = json!({ "services": services }).to_string();
        std::fs::write(self.directory.join(OVER), &text).unwrap();
        files.insert(OVER.to_owned(), text.into_bytes());
    }

    fn desired(&self, stage: &Stage, files: &BTreeMap<String, Vec<u8>>) -> Result<Desired, String> {
        let listed: Vec<(&str, &str)> = files.keys().map(|name| (name.as_str(), "")).collect();
        let release = release(&stage.project, &[(image(stage).as_str(), stage.images[0].as_str())], &listed);
        let mut config = config();
        config.files = self.files.iter().cloned().chain([OVER.to_owned()]).collect();
        config.profiles.clone_from(&self.profiles);
        let api = || Ok(Api::read(&json!({ "Spoken": spoken() })));
        read_from(files, &release, self.variables.clone(), &config, &host(), &api).map_err(|error| error.to_string())
    }

    /// What the engine has of the project, without what differs by nature.
    fn picture(&self, stage: &Stage) -> Value {
        let engine = stage.engine("look");
        let (mut containers, mut ids) = (Map::new(), Vec::new());
        for item in engine.containers().unwrap() {
            let inspect = engine.container(field(&item, "/Id")).unwrap();
            ids.push((field(&item, "/Id").to_owned(), field(&item, "/Names/0").to_owned()));
            containers.insert(field(&item, "/Names/0").trim_start_matches('/').to_owned(), container(&inspect));
        }
        let resources = engine.resources().unwrap();
        let all = |kind: &str, look: &dyn Fn(&str) -> Value| -> Map<String, Value> {
            let items = resources[kind].as_array().into_iter().flatten();
            items
                .map(|item| field(item, "/Name").to_owned())
                .map(|name| (name.clone(), resource(&look(&name))))
                .collect()
        };
        let mut networks = all("networks", &|name| engine.network(name).unwrap());
        for (name, network) in &mut networks {
            if self.addressed.contains(&name.replace(&stage.project, "PROJECT")) {
                continue;
            }
            network["IPAM"].as_object_mut().unwrap().remove("Config");
        }
        let mut volumes = all("volumes", &|name| engine.volume(name).unwrap());
        volumes.retain(|name, _| name.len() != 64);
        let text = json!({ "containers": containers, "networks": networks, "volumes": volumes }).to_string();
        // What lives on another container names it by its id.
        let text = ids.iter().fold(text, |text, (id, name)| text.replace(id, name));
        let text = text.replace(&self.directory.display().to_string(), "DIRECTORY").replace(&stage.project, "PROJECT");
        serde_json::from_str(&text).unwrap()
    }
}

/// A network or a volume: what was asked for, not what it became.
fn resource(inspect: &Value) -> Value {
    let mut value = inspect.clone();
    let fields = value.as_object_mut().unwrap();
    for key in ["Id", "Created", "CreatedAt", "Containers", "Mountpoint", "Name"] {
        fields.remove(key);
    }
    own_labels(&mut value["Labels"]);
    value
}

/// Without the labels that say who made it, from which files.
fn own_labels(labels: &mut Value) {
    let ours = [labels::COMPOSE_HASH, labels::CONFIG_FILES, labels::WORKING_DIRECTORY, labels::VERSION];
    if let Some(labels) = labels.as_object_mut() {
        labels.retain(|key, _| !key.starts_with(labels::WINDLASS) && !ours.contains(&key.as_str()));
    }
}

fn container(inspect: &Value) -> Value {
    let id = field(inspect, "/Id");
    let mut config = inspect["Config"].clone();
    config.as_object_mut().unwrap().remove("Image");
    if id.starts_with(field(&config, "/Hostname")) {
        config.as_object_mut().unwrap().remove("Hostname");
    }
    sort(&mut config["Env"]);
    // Docker Compose leaves out the protocol in one place; the engine takes it as tcp.
    let ports = config["ExposedPorts"].as_object().cloned().unwrap_or_default();
    let ports: Map<String, Value> = ports
        .into_iter()
        .map(|(port, value)| (if port.contains('/') { port } else { format!("{port}/tcp") }, value))
        .collect();
    config["ExposedPorts"] = Value::Object(ports);
    own_labels(&mut config["Labels"]);
    // Docker Compose writes them in no order.
    let mut needs: Vec<String> =
        field(&config["Labels"], "/com.docker.compose.depends_on").split(',').map(str::to_owned).collect();
    needs.sort();
    config["Labels"][labels::DEPENDS_ON] = json!(needs);
    let mut host = inspect["HostConfig"].clone();
    // Two forms for the same mounts; what they give is compared below.
    let options = mount_options(&host);
    for key in ["Binds", "Mounts"] {
        host.as_object_mut().unwrap().remove(key);
    }
    for key in ["ExtraHosts", "Links", "Ulimits"] {
        sort(&mut host[key]);
    }
    name_capabilities(&mut host);
    let mut mounts: Vec<String> = inspect["Mounts"].as_array().unwrap().iter().filter_map(mount).collect();
    mounts.sort();
    let mut networks = inspect["NetworkSettings"]["Networks"].clone();
    for network in networks.as_object_mut().unwrap().values_mut() {
        if let Some(aliases) = network["Aliases"].as_array_mut() {
            aliases.retain(|alias| alias.as_str().is_none_or(|alias| alias.len() < 12 || !id.starts_with(alias)));
        }
        sort(&mut network["Aliases"]);
        sort(&mut network["Links"]);
        // The engine makes the last of the aliases: of some connections at once, of others when the container is started.
        for key in ["NetworkID", "EndpointID", "DNSNames"] {
            network.as_object_mut().unwrap().remove(key);
        }
    }
    without_nothing(&mut host["DeviceRequests"]);
    let platform = inspect["Platform"].clone();
    json!({
        "config": config, "host": host, "mounts": mounts, "mount-options": options, "networks": networks,
        "platform": platform,
    })
}

/// Takes out what says nothing.
fn without_nothing(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(without_nothing),
        Value::Object(fields) => fields.retain(|_, value| !super::peer::says_nothing(value)),
        _ => {}
    }
}

/// What a mount says besides its source and target, by target.
fn mount_options(host: &Value) -> Value {
    let mut options = Map::new();
    for mount in host["Mounts"].as_array().into_iter().flatten() {
        let target = field(mount, "/Target").to_owned();
        for key in ["VolumeOptions", "TmpfsOptions"] {
            if !super::peer::says_nothing(&mount[key]) {
                options.insert(target.clone(), mount[key].clone());
            }
        }
    }
    Value::Object(options)
}

/// Texts are files of ours; Docker Compose writes them into the container, where they cannot be seen from outside.
fn mount(mount: &Value) -> Option<String> {
    let source = if field(mount, "/Name").len() == 64 { "anonymous" } else { field(mount, "/Source") };
    if source.contains("/wlc-content-") {
        return None;
    }
    let fields = [field(mount, "/Destination"), source, field(mount, "/Type"), field(mount, "/Propagation")];
    // The engine writes `z` for each volume that is asked for in one of two forms.
    let shared = field(mount, "/Type") != "volume" && field(mount, "/Mode").contains(['z', 'Z']);
    Some(format!("{} {} {shared}", fields.join(" "), mount["RW"]))
}

/// Puts files where the host would put texts.
fn write_texts(body: &mut Value, directory: &Path) {
    for (number, mount) in body["HostConfig"]["Mounts"].as_array_mut().into_iter().flatten().enumerate() {
        let text = field(mount, "/Source").strip_prefix(CONTENT).and_then(|text| text.strip_suffix("}}"));
        if let Some((_, text)) = text.and_then(|text| text.split_once(':')) {
            let path = directory.join(format!("wlc-content-{number}"));
            std::fs::write(&path, base64::engine::general_purpose::STANDARD.decode(text).unwrap()).unwrap();
            mount["Source"] = json!(path);
        }
    }
}

fn make(stage: &Stage, case: &Case, desired: &Desired) -> Result<(), String> {
    let engine = Real { bundle: case.directory.display().to_string(), ..stage.engine("corpus") };
    let context = stage.context("corpus");
    for mut step in ordered(&stage.plan(desired), Phase::Apply) {
        let kind = field(&step.details, "/do").to_owned();
        if kind == "create" {
            write_texts(&mut step.details["body"], &case.directory);
        }
        if ["create", "create-network", "create-volume"].contains(&kind.as_str()) {
            let _: Operation = serde_json::from_value(step.details.clone()).map_err(|error| error.to_string())?;
            apply(&context, &engine, &step).map_err(|error| format!("{}: {error}", step.id))?;
        }
    }
    Ok(())
}

/// What Docker Compose makes of it; none when this engine cannot do it.
fn theirs(stage: &Stage, case: &Case, version: Version) -> Result<Option<Value>, String> {
    let up = ["up", "--no-start", "--no-build", "--pull", "never"];
    let output = case.compose(version, &stage.project, true, &up);
    // What failed may still be on its way out: it isn't looked at.
    let picture = output.status.success().then(|| case.picture(stage));
    case.compose(version, &stage.project, true, &["down", "--volumes", "--timeout", "0"]);
    stage.clear();
    let message = String::from_utf8_lossy(&output.stderr);
    if picture.is_none() && !is_of_the_engine(&message) {
        return Err(format!("Docker Compose, {version:?}: {message}"));
    }
    Ok(picture)
}

/// `None` when the engine can't do it for Docker Compose either.
fn compare(
    stage: &mut Stage,
    name: &str,
    excused: &mut BTreeSet<(&'static str, Version)>,
    unfinished: &mut Vec<String>,
) -> Option<Result<(), String>> {
    let (mut case, mut files) = read(name);
    case.give_images(stage, &mut files);
    let project = stage.project.clone();
    let mut pictures = Vec::new();
    for version in case.versions.clone() {
        // What one of them left behind is not in the way of the other, and not in ours.
        stage.project = format!("{project}-{version:?}").to_lowercase();
        match theirs(stage, &case, version) {
            Ok(Some(picture)) => pictures.push((version, picture)),
            Ok(None) => unfinished.push(stage.project.clone()),
            Err(message) => return Some(Err(message)),
        }
    }
    stage.project = project;
    if pictures.is_empty() {
        return None;
    }
    let made = case.desired(stage, &files).and_then(|desired| make(stage, &case, &desired));
    let ours = case.picture(stage);
    stage.clear();
    let is_due = |until: Option<u32>| until.is_none_or(|until| minor() < until);
    let refusal = REFUSED.iter().find(|(case, _, until)| *case == name && is_due(*until));
    match (made, refusal) {
        (Err(message), _) if message.contains("Pool overlaps") => return None,
        (Err(message), Some((_, part, _))) if message.contains(part) => return None,
        (Err(message), _) => return Some(Err(message)),
        (Ok(()), Some(_)) => return Some(Err("is not refused any more: take it out of REFUSED".to_owned())),
        (Ok(()), None) => {}
    }
    let mut lines = Vec::new();
    for (version, theirs) in pictures {
        let mut found = Vec::new();
        differences("", &theirs, &ours, &mut found);
        let path = |line: &str| format!("{name}{}", line.split(": ").next().unwrap_or_default());
        found.retain(|line| {
            let excuse =
                allowed().find(|(pattern, versions)| versions.contains(&version) && matches(pattern, &path(line)));
            excused.extend(excuse.map(|(pattern, _)| (pattern, version)));
            excuse.is_none()
        });
        lines.extend(found.iter().map(|line| format!("{version:?}: {line}")));
    }
    Some(if lines.is_empty() { Ok(()) } else { Err(lines.join("\n    ")) })
}

fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len() && pattern.iter().zip(&path).all(|(pattern, part)| *pattern == "*" || pattern == part)
}

#[test]
fn the_corpus_gives_the_same_networks() {
    gives_the_same("corpusn", NETWORKS);
}

#[test]
fn the_corpus_gives_the_same_services() {
    gives_the_same("corpuss", SERVICES);
}

#[test]
fn the_corpus_gives_the_same_processes() {
    gives_the_same("corpusp", PROCESSES);
}

fn gives_the_same(name: &str, (areas, enough): (&[&str], usize)) {
    let mut stage = Stage::new(name, 1);
    let first = stage.project.clone();
    let tag = stage.tag(&image(&stage));
    let only = std::env::var("WLC_CASE").unwrap_or_default();
    let (mut compared, mut wrong) = (0, Vec::new());
    let names = names(areas);
    // A project of its own for each case: when Docker Compose fails, it leaves its other requests to the engine, which
    // may still make something while the next case is looked at.
    let projects: Vec<_> = (0..names.len()).map(|number| format!("{first}-{number}")).collect();
    let (mut excused, mut unfinished) = (BTreeSet::new(), Vec::new());
    for (name, project) in names.iter().zip(&projects).filter(|(name, _)| name.starts_with(&only)) {
        stage.project.clone_from(project);
        // What a run that was ended left would be taken for what Docker Compose makes.
        stage.clear();
        match compare(&mut stage, name, &mut excused, &mut unfinished) {
            None => {}
            Some(Ok(())) => compared += 1,
            Some(Err(text)) => wrong.push(format!("{name}\n    {text}")),
        }
    }
    for project in unfinished {
        stage.project = project;
        stage.clear();
    }
    drop(tag);
    // An excuse for one case must be needed; those for all cases may be needed in another part.
    let of_one = |pattern: &str| names.iter().any(|name| pattern.starts_with(&format!("{name}/")));
    let idle = allowed()
        .flat_map(|(pattern, versions)| versions.iter().map(move |version| (pattern, *version)))
        .filter(|excuse| only.is_empty() && of_one(excuse.0) && !excused.contains(excuse));
    wrong.extend(idle.map(|(pattern, version)| format!("{pattern}\n    {version:?} does the same as we do")));
    assert!(wrong.is_empty(), "{} cases differ, {compared} do not:\n\n{}\n", wrong.len(), wrong.join("\n\n"));
    assert!(compared >= enough || !only.is_empty(), "only {compared} cases were compared");
}
