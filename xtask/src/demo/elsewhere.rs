//! A second machine for the demonstration: a network of its own, a cable to this one, and an SSH key that can do nothing but
//! deploy. On this machine an agent stays and an SSH server listens at the other end of the cable.
//!
//! The machine is a network namespace: it has the files of this one, and nothing of its network.

use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use windlass_stage::{Host, Live, Sshd, fingerprint, program};

use super::scene::{command, say};

/// This machine's end of the cable. Addresses for documentation (RFC 5737) belong to no network that is in use.
const HERE: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);
/// The other end.
const THERE: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 2);
/// The cable's ends.
const CABLE: [&str; 2] = ["wl-demo-here", "wl-demo-there"];

/// The other machine, and what it meets here. Dropping it removes all.
pub(crate) struct Elsewhere {
    /// Has the other machine's network for as long as it runs.
    machine: Child,
    sshd: Sshd,
    agent: Option<Live>,
}

impl Elsewhere {
    /// Makes the machine, starts the agent and lets the key in.
    pub(crate) fn set(host: &Host) -> Result<Self> {
        let machine = Command::new(program("unshare")?)
            .args(["--net", "sleep", "infinity"])
            .stdin(Stdio::null())
            .spawn()
            .context("cannot start `unshare`")?;
        // An earlier demonstration that was killed leaves its end.
        ip(&["link", "del", CABLE[0]]).ok();
        let network = machine.id().to_string();
        let made = Machine(Some(machine));
        made.is_apart()?;
        ip(&["link", "add", CABLE[0], "type", "veth", "peer", "name", CABLE[1], "netns", &network])?;
        ip(&["addr", "add", &format!("{HERE}/30"), "dev", CABLE[0]])?;
        ip(&["link", "set", CABLE[0], "up"])?;
        made.run("ip", &["addr", "add", &format!("{THERE}/30"), "dev", CABLE[1]])?;
        made.run("ip", &["link", "set", CABLE[1], "up"])?;

        let lines = "ExposeAuthInfo yes\nClientAliveInterval 1\nClientAliveCountMax 2\n";
        let sshd = Sshd::start_at(HERE, "uat1", &[], lines)?;
        let config = host.root().join("agent.toml");
        let key = sshd.directory().join("client.pub");
        std::fs::write(sshd.authorized(), "")?;
        std::fs::set_permissions(sshd.authorized(), std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        let (file, public) = (sshd.authorized(), key.clone());
        say("the operator lets a key in, and says what it may do");
        let install =
            ["ssh-gate", "install", "--name", "ci", "--allow", "read kudos", "--allow", "deploy kudos", "--yes"];
        let shown: Vec<_> = install
            .iter()
            .map(|word| if word.contains(' ') { format!("'{word}'") } else { (*word).to_owned() })
            .collect();
        command(&format!("windlass {} --key ci.pub --file authorized_keys", shown.join(" ")));
        let installed = host.command(install).arg("--key").arg(public).arg("--file").arg(file).output()?;
        ensure!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
        let text = std::fs::read_to_string(&config)?;
        let socket = host.root().join("agent.sock").display().to_string();
        let fingerprint = fingerprint(&key)?;
        let rules = format!(
            "\n[agent]\nsocket = \"{socket}\"\n\n[[access]]\nkeys = [\"{fingerprint}\"]\nmay = [\"read\", \"deploy\"]\n\
             applications = [\"kudos\"]\n"
        );
        std::fs::write(&config, format!("{text}{rules}"))?;
        command("windlass agent &");
        let mut agent = Live::start(&mut host.command(["agent"]))?;
        agent.wait_for(&["the agent takes commands"])?;
        Ok(Self { machine: made.kept()?, sshd, agent: Some(agent) })
    }

    /// Asks the host for this, from the other machine.
    pub(crate) fn ssh(&self, line: &str, expected: i32) -> Result<()> {
        command(format!("ssh uat1 {line}").trim());
        let status = self.client(line)?.status()?;
        let code = status.code().unwrap_or(-1);
        ensure!(code == expected, "`{line}` ended with {code}, and the story says {expected}");
        if code != 0 {
            say(&format!("exit code {code}"));
        }
        Ok(())
    }

    /// The same, and the cable is pulled when the progress says `word`. It is plugged in again when ssh has noticed.
    pub(crate) fn cut(&self, words: &[&str], word: &str) -> Result<()> {
        let line = words.join(" ");
        command(&format!("ssh uat1 {line}"));
        let mut client = Live::start(&mut self.client(&line)?)?;
        client.wait_for(&[word])?;
        ip(&["link", "set", CABLE[0], "down"])?;
        let run = client.end()?;
        for line in run.stderr.lines() {
            say(&format!("the other machine saw: {}", line.trim()));
        }
        ensure!(run.code == 255, "ssh ended with {}, and the story says 255: the connection is lost", run.code);
        say("the cable was pulled: ssh ended with 255, and the deployment goes on");
        ip(&["link", "set", CABLE[0], "up"])
    }

    /// Ends the agent and takes the machine away.
    pub(crate) fn strike(&mut self) -> Result<()> {
        let agent = self.agent.take().context("the agent has ended")?;
        agent.signal("TERM")?;
        let ended = agent.end()?;
        ensure!(ended.code == 0, "the agent ended with {}: {}", ended.code, ended.stderr);
        say("the agent was asked to end, and the next commands work by themselves again");
        Ok(())
    }

    fn client(&self, line: &str) -> Result<Command> {
        let mut ssh = Command::new(program("nsenter")?);
        ssh.args(["--net", "--target", &self.machine.id().to_string()]).arg(program("ssh")?);
        ssh.arg("-F").arg(self.sshd.client_config());
        ssh.args(["-o", "BatchMode=yes", "-o", "LogLevel=ERROR"]);
        ssh.args(["-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=2", "uat1"]);
        if !line.is_empty() {
            ssh.args(["--", line]);
        }
        ssh.stdin(Stdio::null());
        Ok(ssh)
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        if let Some(agent) = self.agent.take() {
            agent.signal("TERM").ok();
            agent.end().ok();
        }
        self.machine.kill().ok();
        self.machine.wait().ok();
        ip(&["link", "del", CABLE[0]]).ok();
    }
}

/// The process with the other machine's network, ended unless it is kept.
struct Machine(Option<Child>);

impl Machine {
    fn id(&self) -> Result<String> {
        Ok(self.0.as_ref().context("it is kept")?.id().to_string())
    }

    /// Waits until it has left this machine's network.
    fn is_apart(&self) -> Result<()> {
        let network = |process: &str| std::fs::read_link(format!("/proc/{process}/ns/net"));
        let (own, id) = (network("self")?, self.id()?);
        for _ in 0..500 {
            if network(&id)? != own {
                return Ok(());
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        anyhow::bail!("`unshare --net` makes no network")
    }

    /// Runs a program in its network.
    fn run(&self, name: &str, arguments: &[&str]) -> Result<()> {
        let status = Command::new(program("nsenter")?)
            .args(["--net", "--target", &self.id()?])
            .arg(program(name)?)
            .args(arguments)
            .status()?;
        ensure!(status.success(), "`{name} {}` failed on the other machine", arguments.join(" "));
        Ok(())
    }

    fn kept(mut self) -> Result<Child> {
        self.0.take().context("it is kept")
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some(machine) = &mut self.0 {
            machine.kill().ok();
            machine.wait().ok();
        }
    }
}

fn ip(arguments: &[&str]) -> Result<()> {
    let output = Command::new(program("ip")?).args(arguments).output()?;
    ensure!(output.status.success(), "`ip {}`: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    Ok(())
}
