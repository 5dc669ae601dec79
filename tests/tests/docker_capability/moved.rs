//! Mounts that a container could lead elsewhere, on the real engine: in both orders, by paths and by volumes, and what
//! was made of a link since a container was created.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;
use windlass_capability::docker::{ContainerGrant, Docker, DockerGrant, DockerScope};
use windlass_domain::Failure;
use windlass_stage::docker;

use crate::docker_capability::support::{Application, with_host};

/// An application with a granted root, with `x` in it.
struct Rooted {
    application: Application,
    root: PathBuf,
    _place: TempDir,
}

impl Rooted {
    fn new(name: &str) -> Self {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().canonicalize().unwrap().join("root");
        fs::create_dir_all(root.join("x/deep")).unwrap();
        fs::create_dir_all(root.join("beside")).unwrap();
        fs::create_dir_all(root.join("../outside/deep")).unwrap();
        Self { application: Application::new(name), root, _place: place }
    }

    fn docker(&self, step: &str) -> Docker {
        self.granted(&self.application, step)
    }

    /// The same root for another application.
    fn granted(&self, application: &Application, step: &str) -> Docker {
        let scope = DockerScope { bundle: None, ..application.scope(step) };
        let write = ContainerGrant { bind_roots: vec![self.root.clone()], ..ContainerGrant::default() };
        let grant = DockerGrant { read: true, write: Some(write), ..DockerGrant::default() };
        Docker::new(application.engine.clone(), scope, grant, application.redactor.clone())
    }

    fn path(&self, inside: &str) -> String {
        self.root.join(inside).display().to_string().trim_end_matches('/').to_owned()
    }

    fn bind(&self, inside: &str, options: &str) -> Value {
        with_host(&json!({ "NetworkMode": "none", "Binds": [format!("{}:/d{options}", self.path(inside))] }))
    }

    fn mount(&self, inside: &str, read_only: bool) -> Value {
        let mount = json!({ "Type": "bind", "Source": self.path(inside), "Target": "/d", "ReadOnly": read_only });
        with_host(&json!({ "NetworkMode": "none", "Mounts": [mount] }))
    }

    /// A volume that is a path of the root, made by the capability.
    async fn volume(&self, name: &str, inside: &str, flags: &str) -> Result<String, Failure> {
        let name = self.application.named(name);
        let options = json!({ "type": "none", "o": flags, "device": self.path(inside) });
        let body = json!({ "Name": name, "Driver": "local", "DriverOpts": options });
        self.docker("volume").create_volume(&body).await.map(|()| name)
    }
}

fn of_volume(name: &str, read_only: bool) -> Value {
    let mount = json!({ "Type": "volume", "Source": name, "Target": "/d", "ReadOnly": read_only });
    with_host(&json!({ "NetworkMode": "none", "Mounts": [mount] }))
}

fn inline(path: &str, flags: &str) -> Value {
    let options = json!({ "type": "none", "o": flags, "device": path });
    let mount = json!({ "Type": "volume", "Target": "/d",
        "VolumeOptions": { "DriverConfig": { "Name": "local", "Options": options } } });
    with_host(&json!({ "NetworkMode": "none", "Mounts": [mount] }))
}

fn is_moved(failure: &Failure) -> bool {
    failure.code == "capability-denied" && failure.message.contains("could replace what is below it by a link")
}

#[tokio::test]
async fn nobody_mounts_what_is_below_a_directory_that_a_container_writes() {
    let rooted = Rooted::new("moved");
    let volume = rooted.volume("above", "", "bind").await.unwrap();
    let within = rooted.volume("within", "x", "bind").await.unwrap();
    let writers =
        [rooted.bind("", ""), rooted.mount("", false), of_volume(&volume, false), inline(&rooted.path(""), "bind")];
    let readers = [
        rooted.bind("x", ""),
        rooted.bind("x/deep", ":ro"),
        rooted.mount("x", true),
        of_volume(&within, true),
        inline(&rooted.path("x"), "bind,ro"),
        rooted.bind("not-there-yet", ""),
    ];
    let (one, two) = (rooted.application.named("one"), rooted.application.named("two"));
    // Each writer with one reader, and each reader with one writer.
    let pairs =
        writers.iter().map(|writer| (writer, &readers[0])).chain(readers.iter().map(|reader| (&writers[0], reader)));
    for (writer, reader) in pairs {
        // In both orders, and started or not.
        for (first, second) in [(writer, reader), (reader, writer)] {
            let strategy = rooted.docker("step");
            strategy.create_container(&one, first).await.unwrap_or_else(|failure| panic!("{first}: {failure:?}"));
            let failure = strategy.create_container(&two, second).await.expect_err(&format!("{first} {second}"));
            assert!(is_moved(&failure), "{first} {second}: {failure:?}");
            assert!(failure.message.contains(&one), "{failure:?}");
            assert!(failure.details.unwrap()["hint"].as_str().unwrap().contains("itself in both"));
            assert!(docker(["inspect", &two]).is_err());
            strategy.remove_container(&one, true).await.unwrap();
        }
    }
    // Nothing below is mounted here, or nothing can be written above.
    for (first, second) in [
        (rooted.bind("", ""), rooted.bind("", ":ro")),
        (rooted.bind("", ":ro"), rooted.bind("x", "")),
        (of_volume(&volume, true), rooted.bind("x", "")),
        (rooted.bind("x", ""), rooted.bind("beside", "")),
        (rooted.bind("x", ""), rooted.mount("x", false)),
    ] {
        let strategy = rooted.docker("step");
        for (name, body) in [(&one, first), (&two, second)] {
            strategy.create_container(name, &body).await.unwrap();
            strategy.start_container(name).await.unwrap();
        }
        for name in [&one, &two] {
            strategy.remove_container(name, true).await.unwrap();
        }
    }
}

#[tokio::test]
async fn one_container_and_what_it_takes_over_count_as_well() {
    let rooted = Rooted::new("whole");
    let strategy = rooted.docker("step");
    let both = with_host(&json!({ "NetworkMode": "none",
        "Binds": [format!("{}:/d", rooted.path("")), format!("{}:/e", rooted.path("x"))] }));
    let (one, two) = (rooted.application.named("one"), rooted.application.named("two"));
    assert!(is_moved(&strategy.create_container(&one, &both).await.unwrap_err()));
    strategy.create_container(&one, &rooted.bind("", "")).await.unwrap();
    let heir = with_host(
        &json!({ "NetworkMode": "none", "VolumesFrom": [one], "Binds": [format!("{}:/e", rooted.path("x"))] }),
    );
    assert!(is_moved(&strategy.create_container(&two, &heir).await.unwrap_err()));
    let heir = with_host(&json!({ "NetworkMode": "none", "VolumesFrom": [one] }));
    strategy.create_container(&two, &heir).await.unwrap();
    strategy.start_container(&two).await.unwrap();
}

#[tokio::test]
async fn what_others_made_for_the_application_is_not_handed_on_without_a_grant() {
    let rooted = Rooted::new("heir");
    let strategy = rooted.docker("step");
    let (old, new) = (rooted.application.named("old"), rooted.application.named("new"));
    let label = format!("com.docker.compose.project={}", rooted.application.name);
    let image = windlass_stage::BUSYBOX;
    docker(["create", "--name", &old, "--label", &label, "-v", "/etc:/host", image, "true"]).unwrap();
    let heir = with_host(&json!({ "NetworkMode": "none", "VolumesFrom": [old] }));
    let failure = strategy.create_container(&new, &heir).await.unwrap_err();
    assert_eq!(failure.code, "capability-denied", "{failure:?}");
    assert!(failure.message.contains("VolumesFrom"), "{failure:?}");
    // A container that people started themselves may be started again by a rollback.
    strategy.start_container(&old).await.unwrap();
}

#[tokio::test]
async fn containers_of_other_applications_count_and_are_not_named() {
    let rooted = Rooted::new("mine");
    let other = Application::new("others");
    let theirs = rooted.granted(&other, "step");
    theirs.create_container(&other.named("writer"), &rooted.bind("", "")).await.unwrap();
    let failure = rooted.docker("step").create_container(&rooted.application.named("x"), &rooted.bind("x", "")).await;
    let failure = failure.unwrap_err();
    assert!(is_moved(&failure) && failure.message.contains("a container of another application"), "{failure:?}");
    assert!(!failure.message.contains(&other.name), "{failure:?}");
}

#[tokio::test]
async fn a_source_is_given_to_the_engine_without_links_and_looked_at_again_at_each_start() {
    let rooted = Rooted::new("again");
    let strategy = rooted.docker("step");
    symlink("x", rooted.root.join("inner")).unwrap();
    symlink("../outside", rooted.root.join("outer")).unwrap();
    let name = rooted.application.named("web");
    for body in [rooted.bind("outer", ""), rooted.mount("outer", true), inline(&rooted.path("outer"), "bind")] {
        assert_eq!(strategy.create_container(&name, &body).await.unwrap_err().code, "capability-denied", "{body}");
    }
    for body in [rooted.bind("inner/deep", ""), rooted.mount("inner/deep", false)] {
        strategy.create_container(&name, &body).await.unwrap();
        let source = docker(["inspect", "--format", "{{(index .Mounts 0).Source}}", &name]).unwrap();
        assert_eq!(Path::new(source.trim()), rooted.root.join("x/deep"), "{body}");
        strategy.start_container(&name).await.unwrap();
        strategy.stop_container(&name, 0).await.unwrap();
        // A user of the host did this, or a container that the agent does not know.
        fs::rename(rooted.root.join("x"), rooted.root.join("was")).unwrap();
        symlink("../outside", rooted.root.join("x")).unwrap();
        let failure = strategy.start_container(&name).await.unwrap_err();
        assert_eq!(failure.code, "capability-denied", "{failure:?}");
        fs::remove_file(rooted.root.join("x")).unwrap();
        fs::rename(rooted.root.join("was"), rooted.root.join("x")).unwrap();
        strategy.start_container(&name).await.unwrap();
        strategy.remove_container(&name, true).await.unwrap();
    }
}

#[tokio::test]
async fn volumes_that_could_be_read_in_two_ways_are_not_made_and_older_ones_are_not_used() {
    let rooted = Rooted::new("odd");
    for flags in [
        "bind,ro,rw",
        "bind,rw,ro",
        "bind,ro,ro",
        "bind,ro,remount",
        "bind,RO",
        "bind, ro",
        "bind,suid",
        "rbind,shared",
    ] {
        let failure = rooted.volume("never", "x", flags).await.expect_err(flags);
        assert_eq!(failure.code, "capability-denied", "{flags}: {failure:?}");
        assert!(failure.message.contains("DriverOpts.o"), "{flags}: {failure:?}");
        assert!(docker(["volume", "inspect", &rooted.application.named("never")]).is_err(), "{flags}");
    }
    // As an agent made it that read `ro` and did not see `rw`.
    let old = rooted.application.named("old");
    let state = rooted.application.state.path().join("bundles/sha256/ab");
    fs::create_dir_all(&state).unwrap();
    let labels = [format!("windlass.application={}", rooted.application.name), "windlass.deployment=d0".to_owned()];
    let device = format!("device={}", state.display());
    let made =
        ["--label", &labels[0], "--label", &labels[1], "--opt", "type=none", "--opt", "o=bind,ro,rw", "--opt", &device];
    docker([&["volume", "create"], &made[..], &[&old]].concat()).unwrap();
    let strategy = rooted.docker("step");
    for body in
        [of_volume(&old, false), of_volume(&old, true), with_host(&json!({ "Binds": [format!("{old}:/x:ro")] }))]
    {
        let failure = strategy.create_container(&rooted.application.named("web"), &body).await.unwrap_err();
        assert_eq!(failure.code, "capability-denied", "{body}: {failure:?}");
    }
    let again = json!({ "Name": old, "Driver": "local" });
    assert_eq!(strategy.create_volume(&again).await.unwrap_err().code, "capability-denied");
}
