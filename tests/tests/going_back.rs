//! Going back, as an operator types it: planned first, twice in a row, and while a registry accepts and never answers; and
//! which versions are refused after they failed.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context as _, Result};
use serde_json::Value;
use windlass_stage::{BUSYBOX, Registry, docker, free_port};
use windlass_tests::{Small, expect};

#[test]
fn a_rollback_is_planned_first_and_a_second_one_goes_further_back() -> Result<()> {
    let small = Small::running("backagain")?;
    let name = small.name.as_str();
    for version in ["2", "3"] {
        small.version(version)?;
        expect(small.deploy(&[])?, 0)?;
    }
    let plan = expect(small.host.run(["plan", name, "--rollback"])?, 0)?.stdout;
    assert!(plan.contains("environment.VERSION  3 -> 2"), "{plan}");
    // All have the label `1`, so each is named with its id.
    assert!(plan.lines().next().is_some_and(|line| line.contains(": 1 (") && line.contains(") -> 1 (")), "{plan}");
    let back = expect(small.host.run(["rollback", name])?, 0)?.stdout;
    assert!(back.contains(&format!("`windlass rollback {name}` goes back to 1 (")), "{back}");
    small.serves("2")?;
    let out = small.host.root().join("back.plan").display().to_string();
    // The application's files are not needed.
    std::fs::remove_file(small.directory().join("compose.yaml"))?;
    expect(small.host.run(["plan", name, "--rollback", "--out", &out])?, 0)?;
    let back = expect(small.host.run(["deploy", name, "--plan", &out])?, 0)?.stdout;
    assert!(back.contains("runs in uat again") && !back.contains("goes back to"), "{back}");
    small.serves("1")?;
    let nowhere = expect(small.host.run(["rollback", name])?, 17)?.stderr;
    assert!(nowhere.contains("what was rolled back from is only deployed by name"), "{nowhere}");
    expect(small.host.run(["audit", "verify"])?, 0)?;
    Ok(())
}

#[test]
fn a_rollback_asks_no_registry_for_what_is_on_the_host() -> Result<()> {
    let small = Small::set("backsilent")?;
    let name = small.name.as_str();
    let registry = Registry::start()?;
    let address = registry.address();
    small.operator(&format!(
        "\n[registries.\"{address}\"]\nplain-http = true\n[[grants]]\nplugin = \"check-image\"\ndocker-read = true\n\
         registry = [\"{address}\"]\n"
    ))?;
    let image = format!("{address}/{name}");
    for version in ["2", "3"] {
        let tagged = format!("{image}:{version}");
        docker(["tag", BUSYBOX, &tagged])?;
        docker(["push", "-q", &tagged])?;
        let release = small.release().replace(&format!("windlass-test/{name}"), &image);
        let release = release.replace("tag = \"1\"\nlocal = true\n", &format!("tag = \"{version}\"\n"));
        small.write("release.toml", format!("{release}[checks.images]\nplugin = \"check-image\"\n"))?;
        let compose = small.compose().replace(&format!("windlass-test/{name}:1"), &tagged);
        small.write("compose.yaml", compose.replace("VERSION: \"1\"", &format!("VERSION: \"{version}\"")))?;
        expect(small.deploy(&[])?, 0)?;
    }
    drop(registry);
    // It accepts, and never answers.
    let listener = TcpListener::bind(&address)?;
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming().flatten() {
            counter.fetch_add(1, Ordering::SeqCst);
            held.push(stream);
        }
    });
    let back = small.host.run(["rollback", name]);
    let serves = small.serves("2");
    for version in ["2", "3"] {
        docker(["image", "rm", "-f", &format!("{image}:{version}")]).ok();
    }
    expect(back?, 0)?;
    serves?;
    assert_eq!(asked.load(Ordering::SeqCst), 0, "the registry was asked");
    Ok(())
}

#[test]
fn a_version_is_refused_for_its_own_fault_and_not_for_a_port_that_somebody_took() -> Result<()> {
    let small = Small::running("blame")?;
    let port = free_port()?;
    let taken = TcpListener::bind(("127.0.0.1", port))?;
    let more = small.compose().replace("\"]\n    stop", &format!("\", \"127.0.0.1:{port}:81\"]\n    stop"));
    let two = more.replace("VERSION: \"1\"", "VERSION: \"2\"");
    assert_ne!(two, small.compose().replace("VERSION: \"1\"", "VERSION: \"2\""));
    small.write("compose.yaml", &two)?;
    let failed = expect(small.deploy(&[])?, 11)?.stdout;
    assert!(failed.contains("is not set aside, because the fault was not its own"), "{failed}");
    small.serves("1")?;
    drop(taken);
    expect(small.deploy(&[])?, 0)?;
    small.serves("2")?;
    // A program that is not there is the version's own fault.
    small.write("compose.yaml", two.replace("[\"sh\", \"-c\", ", "[\"nothing-like-it\", "))?;
    let failed = expect(small.deploy(&[])?, 11)?.stdout;
    assert!(failed.contains("is set aside because it failed here: `--retry` deploys it again"), "{failed}");
    expect(small.deploy(&[])?, 10)?;
    expect(small.host.run(["audit", "verify"])?, 0)?;
    small.serves("2")
}

#[test]
fn what_is_not_set_stays_as_it_runs() -> Result<()> {
    let small = Small::set("kept")?;
    let name = small.name.as_str();
    for image in [format!("{name}:2"), format!("{name}-api:1"), format!("{name}-api:2"), format!("{name}-api:3")] {
        docker(["tag", BUSYBOX, &format!("windlass-test/{image}")])?;
    }
    let release = |tag: &str| {
        let api = format!("[artifacts.api]\nimage = \"windlass-test/{name}-api\"\ntag = \"{tag}\"\nlocal = true\n");
        small.release().replace("[strategy]", &format!("{api}\n[strategy]"))
    };
    small.write("release.toml", release("1"))?;
    let api = format!(
        "  api:\n    image: windlass-test/{name}-api:1\n    command: [sleep, \"600\"]\n    stop_signal: SIGKILL\n"
    );
    small.write("compose.yaml", format!("{}{api}", small.compose()))?;
    let label = || -> Result<String> {
        let status: Value = serde_json::from_str(&expect(small.host.run(["status", name, "--json"])?, 0)?.stdout)?;
        Ok(status["release"]["version"].as_str().context("there is no label")?.to_owned())
    };
    expect(small.deploy(&[])?, 0)?;
    expect(small.deploy(&["--set", "api=2"])?, 0)?;
    let plan = expect(small.host.run(["plan", name, "--set", "web=2"])?, 0)?.stdout;
    assert!(plan.contains("artifact api stays at 2, which runs; the release file says 1"), "{plan}");
    expect(small.deploy(&["--set", "web=2"])?, 0)?;
    assert_eq!(label()?, "2");
    // Nor does it go back when nothing is set.
    expect(small.deploy(&[])?, 0)?;
    assert_eq!(label()?, "2");
    // What the file says now counts.
    small.write("release.toml", release("3"))?;
    let plan = expect(small.host.run(["plan", name])?, 0)?.stdout;
    assert!(plan.contains("artifact api: 2 -> 3, which the release file says"), "{plan}");
    expect(small.deploy(&[])?, 0)?;
    assert_eq!(label()?, "api=3,web=2");
    let plan = expect(small.host.run(["plan", name, "--defaults"])?, 0)?.stdout;
    assert!(plan.contains("artifact web: 2 -> 1, which the release file says"), "{plan}");
    // What is made for other hosts does not depend on what runs here.
    let made: Value = serde_json::from_str(&expect(small.host.run(["release", "create", name])?, 0)?.stdout)?;
    assert_eq!(made["release"]["version"], "api=3,web=1");
    expect(small.deploy(&["--defaults"])?, 0)?;
    assert_eq!(label()?, "api=3,web=1");
    for image in [format!("{name}:2"), format!("{name}-api:1"), format!("{name}-api:2"), format!("{name}-api:3")] {
        docker(["image", "rm", &format!("windlass-test/{image}")]).ok();
    }
    Ok(())
}
