//! What earlier releases leave behind on a host with a real engine and a real registry, and when it goes.

use std::fs;

use anyhow::{Result, ensure};
use windlass_stage::{Registry, docker, import_shell};
use windlass_tests::{Small, expect, tells};

#[test]
fn images_that_no_kept_release_needs_go_with_a_deployment() -> Result<()> {
    let small = Small::set("room")?;
    let registry = Registry::start()?;
    let repository = format!("{}/{}", registry.address(), small.name);
    let operator = small.host.root().join("agent.toml");
    let keeping = fs::read_to_string(&operator)?.replace("[docker]", "keep-releases = 1\n\n[docker]");
    fs::write(&operator, format!("{keeping}\n[registries.\"{}\"]\nplain-http = true\n", registry.address()))?;
    let mut references = Vec::new();
    for version in ["1", "2", "3"] {
        let image = format!("{repository}:{version}");
        import_shell(|arguments| docker(arguments), &image, &[&format!("LABEL version={version}")])?;
        docker(["push", &image])?;
        references
            .push(docker(["image", "inspect", "--format", "{{index .RepoDigests 0}}", &image])?.trim().to_owned());
        docker(["image", "rm", "--force", &image])?;
        let release = small.release().replace("local = true\n", "");
        let release = release.replace("tag = \"1\"", &format!("tag = \"{version}\""));
        small.write("release.toml", release.replace(&format!("windlass-test/{}", small.name), &repository))?;
        let compose = small.compose().replace("VERSION: \"1\"", &format!("VERSION: \"{version}\""));
        let named = format!("windlass-test/{}:1", small.name);
        small.write("compose.yaml", compose.replace(&named, &format!("{repository}:{version}")))?;
        let run = expect(small.deploy(&["-v"])?, 0)?;
        small.serves(version)?;
        if let [.., before, now] = references.as_slice() {
            tells(&run, &[&format!("removed the image {before}, which no kept release needs")])?;
            ensure!(docker(["image", "inspect", before]).is_err(), "{before} is still there");
            docker(["image", "inspect", now])?;
        }
    }
    drop(small);
    docker(["image", "rm", &references[2]])?;
    Ok(())
}
