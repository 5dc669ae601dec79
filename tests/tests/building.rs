//! A team's checkout that is built: from `init` to a release of what was built here, and back.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use windlass_stage::{Registry, Run, docker, import_shell, program};
use windlass_tests::{Small, expect, tells};

/// One service that is built, writes beside its Compose file, and serves all versions that ever ran.
const COMPOSE: &str = r#"name: NAME
services:
  web:
    build: { context: ./web, args: { MARK: made } }
    entrypoint: ["/bin/busybox", "sh", "-c"]
    command:
      - |
        B=/bin/busybox; $$B cat /version >> /data/log; $$B mkdir /page; $$B cp /data/log /page/index.html
        exec $$B httpd -f -p 80 -h /page
    ports: ["127.0.0.1:PORT:80"]
    volumes: ["./data:/data"]
    stop_signal: SIGKILL
"#;

/// Each test has layers of its own: the engine would give two tests the same image, and neither could remove it. Each has a
/// base of its own too: the engine's builder looks for what it may use again among all images on the same base, and fails
/// where one of them is removed meanwhile. Those of all tests are on `scratch`.
const DOCKERFILE: &str = "FROM windlass-test/NAME:base\nARG MARK\nLABEL mark=$MARK\nCOPY version /version\n";

/// A checkout on a host; what it built goes with it.
struct Checkout {
    small: Small,
    image: String,
}

impl Checkout {
    fn new(name: &str) -> Result<Self> {
        let small = Small::set(name)?;
        // It is bound to where `init` writes, and not to the operator's directory.
        fs::remove_dir_all(small.directory())?;
        let image = format!("{}-web", small.name);
        let checkout = Self { small, image };
        checkout.remove();
        let compose = COMPOSE.replace("NAME", &checkout.small.name).replace("PORT", &checkout.small.port.to_string());
        import_shell(|arguments| docker(arguments), &format!("windlass-test/{}:base", checkout.small.name), &[])?;
        for (file, text) in [("compose.yaml", &*compose), ("web/version", "1")] {
            checkout.write(file, text)?;
        }
        checkout.dockerfile("")?;
        fs::copy(program("busybox")?, checkout.path("web/busybox"))?;
        Ok(checkout)
    }

    /// `init`, with the operator's part put where the agent of this host reads it.
    fn begun(name: &str) -> Result<Self> {
        let checkout = Self::new(name)?;
        tells(&expect(checkout.run(&["init", "CHECKOUT", "--yes"])?, 0)?, &["--build", "data-root"])?;
        let agent = fs::read_to_string(checkout.path("agent.toml"))?;
        let data = checkout.small.host.root().join("data").display().to_string();
        let agent = agent.replace("/srv/data", &data);
        let state = checkout.small.state.display();
        fs::write(checkout.small.host.root().join("agent.toml"), format!("state-directory = \"{state}\"\n{agent}"))?;
        // Only so that the test is short.
        checkout.change(
            "release.toml",
            "\"compose.yaml\"] }",
            "\"compose.yaml\"], settle = \"200ms\", drain = \"0s\" }",
        )?;
        // How full this machine's disk is does not matter here.
        let readiness = "plugin = \"check-readiness\"\n";
        checkout.change("release.toml", readiness, &format!("{readiness}with = {{ disk = \"1MiB\" }}\n"))?;
        Ok(checkout)
    }

    fn path(&self, file: &str) -> PathBuf {
        self.small.host.root().join("checkout").join(file)
    }

    fn write(&self, file: &str, text: &str) -> Result<()> {
        let path = self.path(file);
        fs::create_dir_all(path.parent().context("a file has a directory")?)?;
        Ok(fs::write(path, text)?)
    }

    /// The Dockerfile, with more at its end.
    fn dockerfile(&self, more: &str) -> Result<()> {
        self.write("web/Dockerfile", &format!("{}{more}", DOCKERFILE.replace("NAME", &self.small.name)))
    }

    fn change(&self, file: &str, from: &str, to: &str) -> Result<()> {
        let text = fs::read_to_string(self.path(file))?;
        ensure!(text.contains(from), "no {from:?} in {text}");
        self.write(file, &text.replace(from, to))
    }

    /// Runs the agent; `CHECKOUT` and `OUT` are this one's.
    fn run(&self, arguments: &[&str]) -> Result<Run> {
        let (checkout, out) = (self.path("").display().to_string(), self.out().display().to_string());
        self.small.host.run(arguments.iter().map(|one| one.replace("CHECKOUT", &checkout).replace("OUT", &out)))
    }

    /// Where `init` says: it is left out of the next release.
    fn out(&self) -> PathBuf {
        self.path(&format!("{}.json", self.small.name))
    }

    /// Makes a release, and returns its document.
    fn build(&self, more: &[&str]) -> Result<Value> {
        let create = ["release", "create", "CHECKOUT", "--build", "--out", "OUT"];
        expect(self.run(&[&create[..], more].concat())?, 0)?;
        Ok(serde_json::from_slice(&fs::read(self.out())?)?)
    }

    fn deploy(&self, code: i32) -> Result<Run> {
        expect(self.run(&["deploy", &self.small.name, "--release", "OUT"])?, code)
    }

    /// Commits everything, and returns the commit.
    fn commit(&self) -> Result<String> {
        let git = |arguments: &[&str]| -> Result<String> {
            let mut command = Command::new("git");
            command.arg("-C").arg(self.path("")).args(["-c", "user.name=test", "-c", "user.email=test@example.org"]);
            let output = command.args(["-c", "commit.gpgsign=false"]).args(arguments).output()?;
            ensure!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
            Ok(String::from_utf8(output.stdout)?.trim().to_owned())
        };
        git(&["init", "-q"])?;
        git(&["add", "."])?;
        git(&["commit", "-q", "-m", "a commit"])?;
        git(&["rev-parse", "HEAD"])
    }

    fn images(&self) -> Result<Vec<String>> {
        let all = docker(["image", "ls", "--format", "{{.Repository}}:{{.Tag}}", &self.image])?;
        Ok(all.lines().map(str::to_owned).collect())
    }

    fn remove(&self) {
        let names = "{{if eq .Tag \"<none>\"}}{{.Repository}}@{{.Digest}}{{else}}{{.Repository}}:{{.Tag}}{{end}}";
        let all = docker(["image", "ls", "--digests", "--format", names, &self.image]).unwrap_or_default();
        for name in all.lines() {
            docker(["image", "rm", "-f", name]).ok();
        }
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        let label = format!("label=com.docker.compose.project={}", self.small.name);
        for id in docker(["ps", "-aq", "--filter", &label]).unwrap_or_default().lines() {
            docker(["rm", "-fv", id]).ok();
        }
        self.remove();
    }
}

#[test]
fn a_checkout_is_built_deployed_built_again_and_put_back() -> Result<()> {
    let checkout = Checkout::begun("built")?;
    let small = &checkout.small;
    let first = checkout.commit()?;
    let document = checkout.build(&[])?;
    let web = &document["release"]["artifacts"]["web"];
    let id = docker(["image", "inspect", "--format", "{{.Id}}", &format!("{}:{first}", checkout.image)])?;
    ensure!(web["digest"] == id.trim() && web["tag"] == first.as_str() && web["local"] == true, "{web}");
    ensure!(
        document["release"]["commit"] == first.as_str() && document["release"]["version"] == first[..7],
        "{document}"
    );
    ensure!(document["built"]["web"]["time"].as_str().is_some_and(|time| time.contains('T')), "{}", document["built"]);
    ensure!(document["built"]["web"].get("changed").is_none(), "{}", document["built"]);
    let mark = docker(["image", "inspect", "--format", "{{.Config.Labels.mark}}", id.trim()])?;
    ensure!(mark.trim() == "made", "the arguments did not arrive: {mark}");
    tells(&expect(checkout.run(&["plan", &small.name, "--release", "OUT"])?, 0)?, &["web"])?;
    checkout.deploy(0)?;
    ensure!(small.read()? == "1", "{}", small.read()?);
    // The same again is the same, as a document and from the files.
    let again = checkout.build(&[])?;
    ensure!(again["release"]["id"] == document["release"]["id"], "{again}");
    tells(&checkout.deploy(0)?, &["unchanged"])?;
    ensure!(again["release"]["bundle"]["files"].as_object().is_some_and(|files| files.len() == 6), "{again}");
    tells(&expect(checkout.run(&["deploy", "CHECKOUT", "--commit", &first])?, 0)?, &["unchanged"])?;
    // Not committed yet: the release says so.
    checkout.write("web/version", "2")?;
    let create = checkout.run(&["release", "create", "CHECKOUT", "--build", "--out", "OUT"])?;
    tells(&expect(create, 0)?, &["have changes that are not in the commit"])?;
    ensure!(
        fs::read_to_string(checkout.out())?.contains("\"changed\": true"),
        "nothing says that the files had changes"
    );
    let inside = checkout.path("release.json").display().to_string();
    let create = checkout.run(&["release", "create", "CHECKOUT", "--build", "--out", &inside])?;
    tells(&expect(create, 0)?, &["is a file of the next release"])?;
    fs::remove_file(inside)?;
    let second = checkout.commit()?;
    checkout.build(&[])?;
    checkout.deploy(0)?;
    ensure!(small.read()? == "12", "{}", small.read()?);
    expect(checkout.run(&["rollback", &small.name])?, 0)?;
    ensure!(small.read()? == "121", "{}", small.read()?);
    let tags = checkout.images()?;
    ensure!(tags.contains(&format!("{}:{second}", checkout.image)), "{tags:?}");
    ensure!(!checkout.path("data").exists(), "the checkout was written");
    Ok(())
}

#[test]
fn what_does_not_build_changes_nothing() -> Result<()> {
    let checkout = Checkout::begun("unbuilt")?;
    let create = ["release", "create", "CHECKOUT", "--build", "--out", "OUT"];
    let commit = [&create[..], &["--commit", "1ef921a7"]].concat();
    tells(&expect(checkout.run(&create)?, 2)?, &["nothing says which commit", "--commit SHA"])?;
    let nothing = |checkout: &Checkout| -> Result<()> {
        ensure!(!checkout.out().exists(), "a release was written");
        ensure!(checkout.small.world()?.is_empty() && checkout.images()?.is_empty(), "something was made");
        Ok(())
    };
    checkout.dockerfile("RUN [\"/bin/busybox\", \"sh\", \"-c\", \"echo its words; exit 7\"]\n")?;
    tells(&expect(checkout.run(&commit)?, 15)?, &["its words", "`web` was not built", "the last that it wrote"])?;
    nothing(&checkout)?;
    checkout.dockerfile("RUN [\"/bin/busybox\", \"sleep\", \"600\"]\n")?;
    let slow = [&commit[..], &["--build-timeout", "3s"]].concat();
    tells(&expect(checkout.run(&slow)?, 15)?, &["did not end within 3s", "--build-timeout"])?;
    nothing(&checkout)?;
    checkout.dockerfile("")?;
    // A host without the client.
    let mut without = checkout.small.host.command(commit.iter().map(|one| {
        one.replace("CHECKOUT", &checkout.path("").display().to_string())
            .replace("OUT", &checkout.out().display().to_string())
    }));
    let output = without.env("PATH", "/nowhere").output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(15) && said.contains("cannot run `docker`"), "{said}");
    ensure!(said.contains("install Docker's command line client"), "{said}");
    // What is outside of the release's directory.
    fs::create_dir_all(checkout.path("../beside"))?;
    for context in ["../beside", "/etc"] {
        checkout.change("compose.yaml", "./web", context)?;
        tells(
            &expect(checkout.run(&commit)?, 3)?,
            &["`services.web.build.context`", "outside of the release's directory"],
        )?;
        checkout.change("compose.yaml", context, "./web")?;
    }
    nothing(&checkout)?;
    // Without a build, a deployment names the way in, and there is no such image yet.
    tells(&expect(checkout.run(&["plan", "CHECKOUT", "--commit", "1ef921a7"])?, 17)?, &["release create", "--build"])?;
    let of = |name: &str, image: &str| format!("[artifacts.{name}]\nimage = \"{image}\"");
    checkout.change("release.toml", &of("web", &checkout.image), &of("other", "another"))?;
    tells(&expect(checkout.run(&commit)?, 3)?, &["no artifact for the image", "[artifacts.web]"])?;
    nothing(&checkout)
}

#[test]
fn what_belongs_to_a_registry_is_pushed_and_pinned_by_its_digest() -> Result<()> {
    let mut checkout = Checkout::begun("pushed")?;
    let registry = Registry::shared()?;
    let repository = format!("{}/{}", registry.address(), checkout.image);
    tells(
        &expect(checkout.run(&["release", "create", "CHECKOUT", "--build", "--push", "--commit", "1ef921a7"])?, 2)?,
        &["nothing to push"],
    )?;
    checkout.change(
        "release.toml",
        &format!("image = \"{}\"", checkout.image),
        &format!("image = \"{repository}\""),
    )?;
    checkout.change("release.toml", "local = true\n", "")?;
    let operator = checkout.small.host.root().join("agent.toml");
    let text =
        fs::read_to_string(&operator)?.replace("registry = []", &format!("registry = [\"{}\"]", registry.address()));
    fs::write(&operator, format!("{text}\n[registries.\"{}\"]\nplain-http = true\n", registry.address()))?;
    let create = ["release", "create", "CHECKOUT", "--build", "--commit", "1ef921a7", "--out", "OUT"];
    tells(&expect(checkout.run(&create)?, 2)?, &["comes from its registry", "--push"])?;
    checkout.image = repository.clone();
    let document = checkout.build(&["--push", "--commit", "1ef921a7"])?;
    let web = &document["release"]["artifacts"]["web"];
    let known = docker(["image", "inspect", "--format", "{{json .RepoDigests}}", &format!("{repository}:1ef921a7")])?;
    let digest = web["digest"].as_str().unwrap_or_default();
    ensure!(known.contains(&format!("{repository}@{digest}")) && web["local"] == false, "{known} {web}");
    // It is there for every host: this one no longer has it.
    checkout.remove();
    ensure!(checkout.images()?.is_empty(), "the image is still here");
    checkout.deploy(0)?;
    ensure!(checkout.small.read()? == "1", "{}", checkout.small.read()?);
    Ok(())
}
