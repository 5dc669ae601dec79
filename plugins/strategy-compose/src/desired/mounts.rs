//! What is mounted into a container: volumes, host paths, files of the release, texts, images.

use std::collections::BTreeMap;

use base64::Engine as _;
use serde_json::{Map, Value, json};
use windlass_compose::{
    Application, BindOptions, FileReference, FileSource, Mount, MountKind, Path, Position, Problem, Service,
};

use super::content::Content;
use super::{Pinned, Scope, pin};

/// What stands for the host's copy of the release's files. The host puts its path there.
pub(crate) const BUNDLE: &str = "{{windlass.bundle}}";
/// The placeholder for a file: `{{windlass.content;uid=1000;mode=0440:BASE64}}`. The host writes the file, with the
/// secrets filled in. What is left out before the colon has its default: the file belongs to root, and every user may
/// read it.
pub(crate) const CONTENT: &str = "{{windlass.content";

/// What the engine says of file systems below what is mounted, and what Compose files do.
pub(crate) const RECURSION: &[(&str, &str)] =
    &[("NonRecursive", "disabled"), ("ReadOnlyNonRecursive", "writable"), ("ReadOnlyForceRecursive", "readonly")];

/// The mounts of a service, in the two forms that the engine takes, with the digests of the release's files in them and
/// the images.
#[derive(Debug, Default)]
pub(super) struct Mounted {
    pub(super) binds: Vec<String>,
    pub(super) mounts: Vec<Value>,
    pub(super) files: BTreeMap<String, Content>,
    pub(super) images: Vec<Pinned>,
}

pub(super) fn mounts(scope: &Scope<'_>, service: &Service, problems: &mut Vec<Problem>) -> Mounted {
    let mut mounted = Mounted::default();
    for mount in &service.mounts {
        if let Err(problem) = one(scope, service, mount, &mut mounted) {
            problems.push(problem);
        }
    }
    let groups = [
        ("secrets", &service.secrets, &scope.application.secrets),
        ("configs", &service.configs, &scope.application.configs),
    ];
    for (group, references, sources) in groups {
        for reference in references {
            let Some(source) = sources.get(&reference.source) else { continue };
            if let Err(problem) = file(scope, service, group, reference, &source.source, &mut mounted) {
                problems.push(problem);
            }
        }
    }
    mounted
}

/// What an image that is mounted does not survive. Docker 28 mounts it when the container is made, and not again when the
/// engine starts; what is made of it then is an empty directory.
pub(super) fn warnings(application: &Application) -> Vec<String> {
    let services = application.services.values().filter(|service| service.replicas() > 0);
    let mounts = services.flat_map(|service| service.mounts.iter().map(move |mount| (service, mount)));
    let warning = |(service, mount): (&Service, &Mount)| match &mount.kind {
        MountKind::Image { source, .. } => Some(format!(
            "{} mounts the image `{source}` at {}, which Docker 28 leaves out when the engine or the host is started again; \
             remove the container then (`docker rm --force`) and deploy again",
            service.name, mount.target
        )),
        _ => None,
    };
    mounts.filter_map(warning).collect()
}

fn one(scope: &Scope<'_>, service: &Service, mount: &Mount, mounted: &mut Mounted) -> Result<(), Problem> {
    match &mount.kind {
        MountKind::Volume { name, options } => {
            let mut body = base("volume", &mount.target, mount.read_only);
            if let Some(volume) = name.as_ref().and_then(|key| scope.volumes.get(key)) {
                body.insert("Source".to_owned(), json!(volume.name));
            }
            let mut words = Map::new();
            if options.as_ref().is_some_and(|options| options.no_copy) {
                words.insert("NoCopy".to_owned(), json!(true));
            }
            // Of a volume that the engine makes with the container; one with a name is there by then.
            if let Some(labels) = options.as_ref().map(|options| &options.labels).filter(|labels| !labels.is_empty()) {
                words.insert("Labels".to_owned(), json!(labels));
            }
            if let Some(subpath) = options.as_ref().and_then(|options| options.subpath.as_ref()) {
                words.insert("Subpath".to_owned(), json!(subpath));
            }
            if !words.is_empty() {
                body.insert("VolumeOptions".to_owned(), Value::Object(words));
            }
            mounted.mounts.push(Value::Object(body));
        }
        MountKind::Tmpfs { options } => {
            let mut body = base("tmpfs", &mount.target, mount.read_only);
            let given = options.clone().unwrap_or_default();
            let mut options = Map::new();
            if let Some(size) = given.size {
                options.insert("SizeBytes".to_owned(), json!(size));
            }
            if let Some(mode) = given.mode {
                options.insert("Mode".to_owned(), json!(mode));
            }
            if !options.is_empty() {
                body.insert("TmpfsOptions".to_owned(), Value::Object(options));
            }
            mounted.mounts.push(Value::Object(body));
        }
        MountKind::Image { source, options } => {
            let image = pin::pin_mounted(service, mount, source, scope.release)?;
            let mut body = base("image", &mount.target, mount.read_only);
            body.insert("Source".to_owned(), json!(image.reference));
            if let Some(subpath) = options.as_ref().and_then(|options| options.subpath.as_ref()) {
                body.insert("ImageOptions".to_owned(), json!({ "Subpath": subpath }));
            }
            mounted.mounts.push(Value::Object(body));
            mounted.images.push(image);
        }
        MountKind::Bind { source: Path::Bundle(path), options } => {
            let what = format!("services.{}.volumes", service.name);
            bundle(scope, path, &mount.target, &what, &mount.position, mounted)?;
            let words = options.as_ref().map(bind_options).filter(|words| !words.is_empty());
            if let (Some(words), Some(body)) = (words, mounted.mounts.last_mut()) {
                body["BindOptions"] = Value::Object(words);
            }
        }
        MountKind::Bind { source: Path::Host(path), options } => {
            let nothing = BindOptions::default();
            host_path(path, mount, options.as_ref().unwrap_or(&nothing), mounted);
        }
    }
    Ok(())
}

fn host_path(path: &str, mount: &Mount, options: &BindOptions, mounted: &mut Mounted) {
    let recursion = recursion(options);
    if options.create_host_path && recursion.is_none() {
        // Only this form lets every engine make a directory where nothing is.
        let words: Vec<&str> = [
            Some(if mount.read_only { "ro" } else { "rw" }),
            options.selinux.as_deref(),
            options.propagation.as_deref(),
        ]
        .into_iter()
        .flatten()
        .collect();
        mounted.binds.push(format!("{path}:{}:{}", mount.target, words.join(",")));
        return;
    }
    let mut body = base("bind", &mount.target, mount.read_only);
    body.insert("Source".to_owned(), json!(path));
    let mut words = bind_options(options);
    if options.create_host_path {
        words.insert("CreateMountpoint".to_owned(), json!(true));
    }
    if !words.is_empty() {
        body.insert("BindOptions".to_owned(), Value::Object(words));
    }
    mounted.mounts.push(Value::Object(body));
}

fn bind_options(options: &BindOptions) -> Map<String, Value> {
    let mut words = Map::new();
    if let Some(propagation) = &options.propagation {
        words.insert("Propagation".to_owned(), json!(propagation));
    }
    if let Some(key) = recursion(options) {
        words.insert(key.to_owned(), json!(true));
    }
    words
}

/// The engine's word for what is done with file systems below what is mounted, where that is not the ordinary.
pub(super) fn recursion(options: &BindOptions) -> Option<&'static str> {
    let wanted = options.recursive.as_deref()?;
    RECURSION.iter().find(|(_, word)| *word == wanted).map(|(key, _)| *key)
}

fn file(
    scope: &Scope<'_>,
    service: &Service,
    group: &str,
    reference: &FileReference,
    source: &FileSource,
    mounted: &mut Mounted,
) -> Result<(), Problem> {
    match source {
        FileSource::File(Path::Bundle(path)) => {
            let what = format!("services.{}.{group}", service.name);
            bundle(scope, path, &reference.target, &what, &reference.position, mounted)
        }
        FileSource::File(Path::Host(path)) => {
            let mut body = base("bind", &reference.target, true);
            body.insert("Source".to_owned(), json!(path));
            mounted.mounts.push(Value::Object(body));
            Ok(())
        }
        // Refused by name.
        FileSource::External | FileSource::Environment { value: None, .. } => Ok(()),
        FileSource::Content(text) | FileSource::Environment { value: Some(text), .. } => {
            let encoded = base64::engine::general_purpose::STANDARD.encode(text);
            let mut body = base("bind", &reference.target, true);
            let access = access(reference);
            body.insert("Source".to_owned(), json!(format!("{CONTENT}{access}:{encoded}}}}}")));
            mounted.mounts.push(Value::Object(body));
            // Placeholders stand for secrets here, so this tells nothing about a value, but changes with it.
            mounted.files.insert(reference.target.clone(), Content::text(&format!("{text}{access}")));
            Ok(())
        }
    }
}

/// Owner and permission bits where they are not the default ones.
fn access(reference: &FileReference) -> String {
    let owner = |key: &str, id: &Option<String>| {
        id.as_ref().filter(|id| *id != "0").map(|id| format!(";{key}={id}")).unwrap_or_default()
    };
    let mode = reference.mode.filter(|mode| *mode != 0o444).map(|mode| format!(";mode={mode:04o}"));
    format!("{}{}{}", owner("uid", &reference.uid), owner("gid", &reference.gid), mode.unwrap_or_default())
}

fn base(kind: &str, target: &str, read_only: bool) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("Type".to_owned(), json!(kind));
    body.insert("Target".to_owned(), json!(target));
    if read_only {
        body.insert("ReadOnly".to_owned(), json!(true));
    }
    body
}

fn bundle(
    scope: &Scope<'_>,
    path: &str,
    target: &str,
    what: &str,
    position: &Position,
    mounted: &mut Mounted,
) -> Result<(), Problem> {
    let Some(content) = Content::of(&scope.release.bundle, path) else {
        return Err(Problem::at(position, format!("`{what}`: the release has no file or directory `{path}`"))
            .hint("Docker Compose would make an empty directory there; add the files beside release.toml"));
    };
    let mut body = base("bind", target, true);
    let source = if path.is_empty() { BUNDLE.to_owned() } else { format!("{BUNDLE}/{path}") };
    body.insert("Source".to_owned(), json!(source));
    mounted.mounts.push(Value::Object(body));
    mounted.files.insert(target.to_owned(), content);
    Ok(())
}
