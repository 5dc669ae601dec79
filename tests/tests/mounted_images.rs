//! Images whose files a service mounts: deployed with the release where the engine can mount them, and refused where it
//! cannot. The agent, the engine and Docker Compose are real.

use std::fs;
use std::process::Command;

use anyhow::{Result, ensure};
use windlass_stage::{Compose, docker};
use windlass_tests::{Small, api_minor, expect, tells};

/// The repository of the files.
fn repository(small: &Small) -> String {
    format!("windlass-test/{}-files", small.name)
}

/// Two versions of an image that has nothing but a page. They go when this is dropped.
struct Files(String);

impl Files {
    fn new(small: &Small) -> Result<Self> {
        let files = Self(repository(small));
        for version in ["1", "2"] {
            let directory = tempfile::tempdir()?;
            let page = directory.path().join("root/html");
            fs::create_dir_all(&page)?;
            fs::write(page.join("index.html"), version)?;
            let archive = directory.path().join("files.tar").display().to_string();
            let root = directory.path().join("root");
            let packed = Command::new("tar").arg("-C").arg(root).args(["-cf", &archive, "."]).status()?;
            ensure!(packed.success(), "tar refuses");
            docker(["import", &archive, &files.named(version)])?;
        }
        Ok(files)
    }

    fn named(&self, version: &str) -> String {
        format!("{}:{version}", self.0)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        for version in ["1", "2"] {
            docker(["image", "rm", "-f", &self.named(version)]).ok();
        }
    }
}

/// A page that is served out of the other image.
fn lay_out(small: &Small) -> Result<()> {
    let artifact =
        format!("[artifacts.files]\nimage = \"{}\"\ntag = \"1\"\nlocal = true\n\n[strategy]", repository(small));
    small.write("release.toml", small.release().replace("[strategy]", &artifact))?;
    let serve = "exec httpd -f -p 80 -h /site";
    let compose = small.compose().replace("echo -n $$VERSION > /tmp/index.html; exec httpd -f -p 80 -h /tmp", serve);
    ensure!(compose.contains(serve), "{compose}");
    let mount = format!(
        "    volumes: [{{ type: image, source: \"{}:1\", target: /site, image: {{ subpath: html }} }}]\n",
        repository(small)
    );
    small.write("compose.yaml", compose.replace("    ports:", &format!("{mount}    ports:")))
}

#[test]
fn files_of_an_image_are_deployed_updated_and_put_back_or_refused_by_an_older_engine() -> Result<()> {
    let small = Small::set("mounted")?;
    let files = Files::new(&small)?;
    lay_out(&small)?;
    if api_minor()? < 48 {
        let run = expect(small.deploy(&[])?, 3)?;
        tells(&run, &["`services.web.volumes.image` needs Docker's API 1.48 (Docker 28.0); this engine speaks 1."])?;
        assert!(small.world()?.is_empty(), "nothing was touched");
        return Ok(());
    }
    expect(small.deploy(&[])?, 0)?;
    small.serves("1")?;
    let before = small.world()?;
    tells(&expect(small.deploy(&[])?, 0)?, &["unchanged"])?;
    assert_eq!(small.world()?, before);

    expect(small.deploy(&["--set", "files=2"])?, 0)?;
    small.serves("2")?;
    // Nothing but the way back keeps the first one; the container that mounted it is gone.
    docker(["image", "inspect", "--format", "{{.Id}}", &files.named("1")])?;
    expect(small.host.run(["rollback", &small.name])?, 0)?;
    small.serves("1")
}

#[test]
fn what_docker_compose_mounts_of_an_image_is_adopted() -> Result<()> {
    if api_minor()? < 48 {
        return Ok(());
    }
    let small = Small::set("mounting")?;
    let _files = Files::new(&small)?;
    lay_out(&small)?;
    let up = Command::new(Compose::Newer.program()?)
        .args(["-p", &small.name, "-f"])
        .arg(small.directory().join("compose.yaml"))
        .args(["up", "-d", "--wait"])
        .output()?;
    ensure!(up.status.success(), "{}", String::from_utf8_lossy(&up.stderr));
    let before = small.world()?;
    tells(&expect(small.deploy(&[])?, 0)?, &["unchanged"])?;
    assert_eq!(small.world()?, before);
    expect(small.deploy(&["--set", "files=2"])?, 0)?;
    small.serves("2")
}
