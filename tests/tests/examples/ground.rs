//! A host for one example: its files with the addresses of this run in the place of the example's.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;
use windlass_stage::{Host, Image, Images, Registry, Run, docker, free_port};
use windlass_tests::{agent, expect, kudos, root};

/// A host with an example's files.
pub(crate) struct Ground {
    /// The host.
    pub(crate) host: Host,
    /// The application's and the Compose project's name.
    pub(crate) name: String,
    /// A port of the host that is free.
    pub(crate) port: u16,
    example: PathBuf,
    replaced: Vec<(String, String)>,
    _directory: TempDir,
}

impl Ground {
    /// A host for `docs/examples/EXAMPLE`, whose application is called `written` there. Nothing is laid out yet.
    pub(crate) fn new(example: &str, written: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let host = Host::new(&agent().unwrap(), directory.path()).unwrap();
        host.has_been_used().unwrap();
        let name = format!("wlex-{written}");
        let port = free_port().unwrap();
        let replaced = vec![
            (format!("application = \"{written}\""), format!("application = \"{name}\"")),
            (format!("name: {written}\n"), format!("name: {name}\n")),
        ];
        let ground = Self {
            host,
            name,
            port,
            example: root().join("docs/examples").join(example),
            replaced,
            _directory: directory,
        };
        // What an earlier run left.
        ground.remove();
        ground
    }

    /// From now on `written` is `real` in the example's files.
    pub(crate) fn replace(&mut self, written: &str, real: impl Into<String>) {
        self.replaced.push((written.to_owned(), real.into()));
    }

    /// An HTTP server that the example names is one on loopback, which needs a word in the operator's file.
    pub(crate) fn server(&mut self, written: &str, real: &str) {
        self.replace(&format!("to = \"{written}\""), format!("to = \"{real}\", addresses = [\"127.0.0.1/32\"]"));
        self.replace(written, real);
    }

    /// Copies the example's files.
    pub(crate) fn lay_out(&self) {
        let place = self.host.application(&self.name);
        fs::create_dir_all(&place).unwrap();
        for file in ["release.toml", "compose.yaml", "VERSION"] {
            let from = self.example.join(file);
            if from.exists() {
                fs::write(place.join(file), self.adapted(&from)).unwrap();
            }
        }
        for entry in fs::read_dir(&self.example).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if Path::new(&name).extension().is_some_and(|extension| extension == "toml") && name != "release.toml" {
                self.host.configure_as(&name, &self.adapted(&self.example.join(&name))).unwrap();
            }
        }
    }

    /// Runs a command of the agent that another operator's file of the example is for.
    #[track_caller]
    pub(crate) fn run_as(&self, file: &str, code: i32, arguments: &[&str]) -> Run {
        let config = self.host.root().join(file).display().to_string();
        let arguments: Vec<&str> = ["--config", &config].into_iter().chain(arguments.iter().copied()).collect();
        self.run(code, &arguments)
    }

    fn adapted(&self, path: &Path) -> String {
        let text = fs::read_to_string(path).unwrap();
        self.replaced.iter().fold(text, |text, (written, real)| text.replace(written, real))
    }

    /// Runs a command that must end with this code.
    #[track_caller]
    pub(crate) fn run(&self, code: i32, arguments: &[&str]) -> Run {
        expect(self.host.run(arguments).unwrap(), code).unwrap()
    }

    /// Hands an event to a trigger of the first operator's file.
    #[track_caller]
    pub(crate) fn event(&self, code: i32, trigger: &str, message: &str) -> Run {
        let mut command = self.host.command(["trigger", trigger]);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        child.stdin.take().unwrap().write_all(message.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let code_of = output.status.code().unwrap_or(-1);
        let run = Run { code: code_of, stdout: text(output.stdout), stderr: text(output.stderr) };
        expect(run, code).unwrap()
    }

    /// The ids of the application's containers, running or not.
    pub(crate) fn containers(&self) -> String {
        let label = format!("label=com.docker.compose.project={}", self.name);
        docker(["ps", "-aq", "--no-trunc", "--filter", &label]).unwrap()
    }

    fn remove(&self) {
        for project in [self.name.clone(), format!("{}-staging", self.name)] {
            remove(&project);
        }
    }
}

/// Removes what a project has in the engine.
fn remove(project: &str) {
    let label = format!("label=com.docker.compose.project={project}");
    for (list, remove) in [
        (&["ps", "-aq"][..], &["rm", "-f"][..]),
        (&["network", "ls", "-q"], &["network", "rm"]),
        (&["volume", "ls", "-q"], &["volume", "rm"]),
    ] {
        let found = docker([list, &["--filter", &label]].concat()).unwrap_or_default();
        let names: Vec<&str> = found.lines().collect();
        if !names.is_empty() {
            docker([remove, &names].concat()).ok();
        }
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        self.remove();
    }
}

/// A registry with images of the kudos application under other names: `NAME:TAG`, a fault in the third place.
pub(crate) fn registry(repository: &str, images: &[(&str, &str, &str)]) -> (Registry, Images) {
    let registry = Registry::start().unwrap();
    let mut made = Images::new(&kudos().unwrap(), &format!("{}/{repository}", registry.address()));
    for (service, version, fault) in images {
        made.push(Image { service, version, fault }).unwrap();
    }
    made.forget().unwrap();
    (registry, made)
}

/// Runs git in a directory, with a name and an address for commits.
#[track_caller]
pub(crate) fn git(directory: &Path, arguments: &[&str]) -> String {
    let identity = ["-c", "user.name=ci", "-c", "user.email=ci@example.org", "-c", "init.defaultBranch=main"];
    let done = Command::new("git").current_dir(directory).args(identity).args(arguments).output().unwrap();
    assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

/// An event of GitHub, signed as OpenSSL signs.
pub(crate) fn signed(event: &str, body: &str, secret: &str) -> String {
    let mut openssl = Command::new("openssl")
        .args(["dgst", "-sha256", "-hmac", secret, "-r"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    openssl.stdin.take().unwrap().write_all(body.as_bytes()).unwrap();
    let output = openssl.wait_with_output().unwrap();
    let digits = String::from_utf8(output.stdout).unwrap();
    let digits = digits.split(' ').next().unwrap();
    format!("X-GitHub-Event: {event}\r\nX-Hub-Signature-256: sha256={digits}\r\n\r\n{body}")
}

/// What a page of this host says.
pub(crate) fn page(port: u16, path: &str) -> String {
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
