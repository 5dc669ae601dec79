//! Registries that are down, refuse, are not trusted, stop in the middle, or have something else than what is wanted;
//! and what `check-image` says of a real one.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use windlass_stage::{BUSYBOX, Registry, docker, free_port, program};
use windlass_tests::{Small, expect, tells, text};

/// From now on the page's image comes from a registry, and the operator has more to say about it.
fn wish(small: &Small, registry: &str, tag: &str, operator: &str, checks: &str) -> Result<()> {
    let image = format!("{registry}/{}", small.name);
    let release = small
        .release()
        .replace(&format!("windlass-test/{}", small.name), &image)
        .replace("tag = \"1\"\nlocal = true\n", &format!("tag = \"{tag}\"\n"));
    small.write("release.toml", format!("{release}{checks}"))?;
    small.write(
        "compose.yaml",
        small.compose().replace(&format!("windlass-test/{}:1", small.name), &format!("{image}:{tag}")),
    )?;
    small.operator(operator)
}

/// What the operator says about a registry without TLS.
fn plain(registry: &str) -> String {
    format!("\n[registries.\"{registry}\"]\nplain-http = true\n")
}

/// An image of the test's own; its local copy goes with it.
struct Pushed(String);

impl Pushed {
    /// Tags an image and pushes it, as the user that Docker's configuration names.
    fn push(source: &str, reference: String, configuration: Option<&Path>) -> Result<Self> {
        docker(["tag", source, &reference])?;
        let pushed = Self(reference);
        let configuration = configuration.map(|path| path.display().to_string());
        let login = configuration.iter().flat_map(|path| ["--config", path]);
        docker(login.chain(["push", "-q", &pushed.0]))?;
        docker(["image", "rm", &pushed.0])?;
        Ok(pushed)
    }
}

impl Drop for Pushed {
    fn drop(&mut self) {
        let repository = self.0.rsplit_once(':').map_or(self.0.as_str(), |(repository, _)| repository);
        // By digest it has no tag, and only its id names it.
        let found = docker(["image", "ls", "-q", "--no-trunc", repository]).unwrap_or_default();
        for image in found.lines() {
            let names =
                docker(["image", "inspect", "--format", "{{join .RepoTags \" \"}} {{join .RepoDigests \" \"}}", image]);
            for name in names.unwrap_or_default().split_whitespace().filter(|name| name.starts_with(repository)) {
                docker(["image", "rm", name]).ok();
            }
        }
    }
}

#[test]
fn a_registry_that_is_down() -> Result<()> {
    let small = Small::running("regdown")?;
    let before = small.world()?;
    let registry = format!("127.0.0.1:{}", free_port()?);
    wish(&small, &registry, "2", &plain(&registry), "")?;
    let run = expect(small.deploy(&[])?, 15)?;
    tells(&run, &["error: cannot resolve the artifact `web`", &registry, "is unavailable: Connection refused"])?;
    ensure!(small.world()? == before, "something was touched");
    small.serves("1")
}

#[test]
fn a_registry_that_refuses_the_credentials() -> Result<()> {
    const PASSWORD: &str = "pass~~~~???>>>";
    let small = Small::running("reglogin")?;
    let before = small.world()?;
    let users = small.host.root().join("users");
    // bcrypt of the password.
    fs::write(&users, "operator:$2y$05$abcdefghijklmnopqrstuuemrR/2Y9yifELie9QNpPtoVO1iaTkAa\n")?;
    let registry = Registry::start_with(&format!("auth: {{htpasswd: {{realm: test, path: {}}}}}\n", users.display()))?;
    let address = registry.address();
    let configuration = small.host.root().join("docker");
    let shown = configuration.display().to_string();
    docker(["--config", &shown, "login", "-u", "operator", "-p", PASSWORD, &address])?;
    let _image = Pushed::push(BUSYBOX, format!("{address}/{}:2", small.name), Some(&configuration))?;

    let deploy = |operator: &str, code: i32, words: &[&str]| -> Result<()> {
        wish(&small, &address, "2", operator, "")?;
        let run = expect(small.deploy(&[])?, code)?;
        tells(&run, words)?;
        ensure!(!text(&run).contains(PASSWORD) && !text(&run).contains("not-the-password"), "{}", run.stderr);
        Ok(())
    };
    deploy(
        &plain(&address),
        3,
        &["refuses anonymous access to", &format!("hint: log in with `docker login {address}`")],
    )?;
    let secret = small.host.root().join("secrets/registry");
    let login = format!(
        "{}username = \"operator\"\npassword-secret = \"registry\"\n[secrets.registry]\nfile = \"{}\"\n",
        plain(&address),
        secret.display()
    );
    small.host.secret("registry", "not-the-password")?;
    deploy(&login, 3, &["refuses `operator` access to", "hint: check the password"])?;
    ensure!(small.world()? == before, "something was touched");
    small.serves("1")?;

    small.host.secret("registry", PASSWORD)?;
    deploy(&login, 0, &["succeeded"])?;
    small.serves("1")
}

/// A certificate for `127.0.0.1` that is its own authority, and its key.
fn certificate(directory: &Path, name: &str) -> Result<[PathBuf; 2]> {
    let [certificate, key] = ["pem", "key"].map(|extension| directory.join(name).with_extension(extension));
    let status = Command::new(program("openssl")?)
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=windlass-test"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE", "-out"])
        .arg(&certificate)
        .arg("-keyout")
        .arg(&key)
        .output()?
        .status;
    ensure!(status.success(), "openssl made no certificate");
    Ok([certificate, key])
}

#[test]
fn a_registry_whose_authority_is_not_trusted() -> Result<()> {
    let small = Small::running("regca")?;
    let before = small.world()?;
    let directory = TempDir::new()?;
    let [right, key] = certificate(directory.path(), "right")?;
    let [wrong, _] = certificate(directory.path(), "wrong")?;
    let registry = Registry::start_tls(&right, &key)?;
    let address = registry.address();
    let with_ca = |ca: &Path| format!("\n[registries.\"{address}\"]\nca = \"{}\"\n", ca.display());
    for operator in [String::new(), with_ca(&wrong)] {
        wish(&small, &address, "2", &operator, "")?;
        let run = expect(small.deploy(&[])?, 3)?;
        tells(&run, &["there is no trusted connection to registry", &address, "hint: ", "ca = "])?;
    }
    wish(&small, &address, "2", &with_ca(&directory.path().join("nowhere.pem")), "")?;
    tells(&expect(small.deploy(&[])?, 3)?, &["nowhere.pem"])?;
    wish(&small, &address, "2", &plain(&address), "")?;
    tells(&expect(small.deploy(&[])?, 15)?, &["remove `plain-http`"])?;
    ensure!(small.world()? == before, "something was touched");
    // With the right one the answer is the registry's: there is no such image.
    wish(&small, &address, "2", &with_ca(&right), "")?;
    tells(&expect(small.deploy(&[])?, 17)?, &["was the image pushed"])?;
    small.serves("1")
}

/// The busybox image as if it were for another processor.
fn for_another_platform(reference: &str) -> Result<()> {
    let directory = TempDir::new()?;
    let at = |name: &str| directory.path().join(name).display().to_string();
    fs::create_dir(at("image"))?;
    docker(["save", "-o", &at("image.tar"), BUSYBOX])?;
    let tar = |arguments: &[&str]| -> Result<()> {
        ensure!(Command::new("tar").args(arguments).status()?.success(), "tar failed");
        Ok(())
    };
    tar(&["-C", &at("image"), "-xf", &at("image.tar")])?;
    let manifest = directory.path().join("image/manifest.json");
    let mut list: Value = serde_json::from_slice(&fs::read(&manifest)?)?;
    let configuration = list[0]["Config"].as_str().context("the image has no configuration")?.to_owned();
    let configuration = directory.path().join("image").join(configuration);
    let mut content: Value = serde_json::from_slice(&fs::read(&configuration)?)?;
    content["architecture"] = json!("s390x");
    fs::write(configuration, content.to_string())?;
    list[0]["RepoTags"] = json!([reference]);
    fs::write(manifest, list.to_string())?;
    fs::remove_file(directory.path().join("image/repositories")).ok();
    tar(&["-C", &at("image"), "-cf", &at("other.tar"), "."])?;
    docker(["load", "-q", "-i", &at("other.tar")]).map(drop)
}

#[test]
fn check_image_and_a_real_registry() -> Result<()> {
    let small = Small::running("regcheck")?;
    let before = small.world()?;
    let registry = Registry::start()?;
    let address = registry.address();
    let image = |tag: &str| format!("{address}/{}:{tag}", small.name);
    let _good = Pushed::push(BUSYBOX, image("2"), None)?;
    let _latest = Pushed::push(BUSYBOX, image("latest"), None)?;
    let other = format!("windlass-test/{}:other", small.name);
    for_another_platform(&other)?;
    let _other = Pushed::push(&other, image("other"), None)?;

    let operator = format!(
        "{}[[grants]]\nplugin = \"check-image\"\ndocker-read = true\nregistry = [\"{address}\"]\n",
        plain(&address)
    );
    let check = |tag: &str, with: &str, code: i32, words: &[&str]| -> Result<()> {
        wish(
            &small,
            &address,
            tag,
            &operator,
            &format!("[checks.images]\nplugin = \"check-image\"\nwith = {{ {with} }}\n"),
        )?;
        tells(&expect(small.host.run(["check", &small.name])?, code)?, words)?;
        if code != 0 {
            tells(&expect(small.deploy(&[])?, code)?, words)?;
        }
        ensure!(small.world()? == before, "something was touched");
        Ok(())
    };
    check("3", "", 17, &["has no tag `3`", "hint: tags that are there: `2`"])?;
    check("other", "", 10, &["web", "linux/s390x", "linux/amd64"])?;
    check("2", "registries = [\"registry.example.org\"]", 10, &["images must come from registry.example.org"])?;
    check("latest", "mutable = \"refuse\"", 10, &["latest", "sha256:"])?;
    check("latest", "", 0, &["latest", "sha256:"])?;
    check("2", &format!("registries = [\"{address}\"]"), 0, &["1 image is there and fit the host"])?;

    // The tag is pushed again between the plan and the deployment: the plan has the digest that was looked at.
    let plan = small.host.root().join("kudos.plan").display().to_string();
    expect(small.host.run(["plan", &small.name, "--out", &plan])?, 0)?;
    let changed = format!("windlass-test/{}:changed", small.name);
    docker(["tag", BUSYBOX, &changed])?;
    let container = docker(["create", &changed, "true"])?;
    docker(["commit", "--change", "LABEL changed=yes", &container, &changed])?;
    docker(["rm", &container])?;
    let _moved = Pushed::push(&changed, image("2"), None)?;
    tells(&expect(small.deploy(&["--plan", &plan])?, 10)?, &["the tag `2` means sha256:", "now, but the release has"])?;
    docker(["image", "rm", "-f", &changed])?;
    ensure!(small.world()? == before, "something was touched");
    small.serves("1")
}

/// A registry that has one image, whose layer it sends half of and then nothing more.
struct Stalling {
    address: String,
    stalled: Receiver<TcpStream>,
}

/// How many bytes the layer is said to have.
const LAYER: usize = 1 << 20;

impl Stalling {
    fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let digest = |bytes: &[u8]| format!("sha256:{}", hex::encode(Sha256::digest(bytes)));
        let layer = digest(b"nobody ever sees all of it");
        let platform = json!({
            "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }, "os": "linux",
            "config": {}, "rootfs": { "type": "layers", "diff_ids": [layer] },
        })
        .to_string();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json",
                "size": platform.len(), "digest": digest(platform.as_bytes()),
            },
            "layers": [{
                "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": LAYER, "digest": layer,
            }],
        })
        .to_string();
        let (sender, stalled) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (sender, platform, manifest) = (sender.clone(), platform.clone(), manifest.clone());
                let named = digest(manifest.as_bytes());
                let layer = layer.clone();
                thread::spawn(move || {
                    let path = request(&stream)?;
                    let mut stream = stream;
                    let (kind, body) = match path.as_str() {
                        path if path.ends_with(&layer) => {
                            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {LAYER}\r\n\r\n");
                            stream.write_all(head.as_bytes()).ok()?;
                            stream.write_all(&vec![7; LAYER / 2]).ok()?;
                            // Kept open, and silent, as long as the test lives.
                            return sender.send(stream).ok();
                        }
                        path if path.contains("/manifests/") => {
                            ("application/vnd.docker.distribution.manifest.v2+json", manifest)
                        }
                        path if path.contains("/blobs/") => ("application/octet-stream", platform),
                        _ => ("application/json", "{}".to_owned()),
                    };
                    let head = format!(
                        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ndocker-content-digest: {named}\r\n\
                         docker-distribution-api-version: registry/2.0\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                        body.len()
                    );
                    stream.write_all(head.as_bytes()).ok()?;
                    stream.write_all(body.as_bytes()).ok()
                });
            }
        });
        Ok(Self { address, stalled })
    }
}

/// Reads a request and gives its path.
fn request(stream: &TcpStream) -> Option<String> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    lines.find(|line| line.as_ref().is_ok_and(String::is_empty))?.ok()?;
    first.split(' ').nth(1).map(str::to_owned)
}

#[test]
fn a_pull_that_stands_still() -> Result<()> {
    let small = Small::running("stall")?;
    let before = small.world()?;
    let registry = Stalling::start()?;
    let address = registry.address.clone();
    wish(&small, &address, "2", &plain(&address), "")?;
    let path = small.host.root().join("agent.toml");
    fs::write(
        &path,
        fs::read_to_string(&path)?.replace("[docker]\n", "[docker]\npull-stall = \"1s\"\npull-timeout = \"3s\"\n"),
    )?;
    let run = expect(small.deploy(&[])?, 11)?;
    tells(&run, &["pulling image", "made no progress within 1 s", "hint: ", "`pull-stall`"])?;
    ensure!(registry.stalled.try_iter().count() > 0, "nobody asked for the layer");
    ensure!(small.world()? == before, "something was touched");
    small.serves("1")
}
