//! Gates whose servers or whose host cannot be trusted: that is an error or a refusal, and nothing is touched.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use tempfile::TempDir;
use windlass_stage::{Registry, program};
use windlass_tests::{Small, expect};

const PASSWORD: &str = "THEPASSWORD-bm9u";

/// A certificate for `127.0.0.1` that is its own authority, and its key.
fn certificate(directory: &Path, name: &str) -> Result<[PathBuf; 2]> {
    let [certificate, key] = ["pem", "key"].map(|extension| directory.join(name).with_extension(extension));
    let made = Command::new(program("openssl")?)
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=windlass-test"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE", "-out"])
        .arg(&certificate)
        .arg("-keyout")
        .arg(&key)
        .output()?;
    ensure!(made.status.success(), "openssl made no certificate");
    Ok([certificate, key])
}

/// Asks a broker at an address that speaks TLS, with this in the operator's grant.
fn lay_out(small: &Small, address: &str, ca: &str) -> Result<()> {
    small.host.secret("password", PASSWORD)?;
    small.operator(&format!(
        "[secrets.password]\nfile = \"{}/secrets/password\"\n\
         [[grants]]\nplugin = \"check-pact\"\nsecrets = [\"password\"]\n\
         http = [{{ to = \"https://{address}\", addresses = [\"127.0.0.1/32\"], secrets = [\"password\"]{ca} }}]\n",
        small.host.root().display()
    ))?;
    let check = format!(
        "\n[checks.contracts]\nplugin = \"check-pact\"\ndeadline = \"5s\"\n[checks.contracts.with]\n\
         broker = {{ url = \"https://{address}\", token = \"password\" }}\npacticipants = {{ web = \"Web\" }}\n"
    );
    small.write("release.toml", format!("{}{check}", small.release()))
}

#[test]
fn a_broker_whose_certificate_is_not_trusted_is_an_error_and_no_answer() -> Result<()> {
    let small = Small::running("untrusted")?;
    let directory = TempDir::new()?;
    let [right, key] = certificate(directory.path(), "right")?;
    let [wrong, _] = certificate(directory.path(), "wrong")?;
    // Any server that speaks TLS: what it would answer is not what this is about.
    let server = Registry::start_tls(&right, &key)?;
    let address = server.address();
    let before = small.world()?;
    small.version("2")?;
    for ca in [String::new(), format!(", ca = \"{}\"", wrong.display())] {
        lay_out(&small, &address, &ca)?;
        let run = expect(small.deploy(&[])?, 10)?;
        let told = format!("{}{}", run.stdout, run.stderr);
        assert!(told.contains("certificate") && told.contains("ca = "), "{told}");
        assert!(!told.contains(PASSWORD), "{told}");
        assert_eq!(small.world()?, before, "nothing was touched");
    }
    // With the right one the server is heard: it is no broker.
    lay_out(&small, &address, &format!(", ca = \"{}\"", right.display()))?;
    let told = expect(small.deploy(&[])?, 10)?.stderr;
    assert!(!told.contains("certificate") && told.contains("Pact Broker"), "{told}");
    small.serves("1")
}

#[test]
fn a_host_whose_clock_is_ten_minutes_off_is_refused() -> Result<()> {
    let small = Small::set("clock")?;
    // How full this machine's disk is does not matter here.
    let check = "[checks.host]\nplugin = \"check-readiness\"\nwith = { disk = \"1MiB\" }\n";
    small.write("release.toml", format!("{}\n{check}", small.release()))?;
    small.begin()?;
    let before = small.world()?;
    small.version("2")?;
    for offset in ["-630", "+630"] {
        let own = small.host.command(["deploy", &small.name]);
        // The agent's clock is moved, the engine's is not.
        let mut moved = Command::new(program("faketime")?);
        moved.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").args(["-m", "-f", offset]).arg(own.get_program());
        moved.args(own.get_args()).envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = moved.output()?;
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.code() == Some(10), "{told}");
        assert!(told.contains("the engine's clock and the agent's are 10m"), "{told}");
        assert!(told.contains("timedatectl set-ntp true"), "{told}");
        assert_eq!(small.world()?, before, "nothing was touched");
    }
    expect(small.deploy(&[])?, 0)?;
    small.serves("2")
}
