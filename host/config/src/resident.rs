//! How the agent that stays is asked and stopped: `[agent]`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::document::{Read, Spot, all};
use super::file;
use super::resolve::Reader;

/// The socket of the operator's file at its usual place, where that names no other.
pub const DEFAULT_SOCKET: &str = "/run/windlass/agent.sock";

/// The group that may open the socket, where the operator's file names no other.
pub const DEFAULT_GROUP: &str = "windlass";

/// How long the steps in flight may take when the agent is stopped, where the operator's file does not say.
const STOP_WITHIN: Duration = Duration::from_secs(90);

/// The longest address of a Unix socket that Linux takes, without its zero byte (unix(7)).
const LONGEST_SOCKET: usize = 107;

/// The agent that stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resident {
    /// Its socket; none where the file does not name one. Absolute.
    pub socket: Option<PathBuf>,
    /// The group that may open the socket besides root; none where the file does not name one.
    pub group: Option<String>,
    /// How long the steps in flight may take when it is stopped.
    pub stop_within: Duration,
    /// Users whose processes may say which SSH key opened their session.
    pub ssh_users: Vec<String>,
}

impl Reader<'_> {
    pub(super) fn resident(&self, written: &file::Agent) -> Read<Resident> {
        let socket = written.socket.as_ref().map(|path| self.socket_path(path)).transpose();
        let group = written.group.as_ref().map(|group| self.account(group)).transpose();
        let ssh_users = all(written.ssh_users.iter().map(|user| self.account(user)));
        let stop_within = written.stop_within.as_ref().map_or(Ok(STOP_WITHIN), |span| match span.value.0 {
            Duration::ZERO => Err(self.wrong(span, "a step needs some time to end")),
            within => Ok(within),
        });
        Ok(Resident { socket: socket?, group: group?, stop_within: stop_within?, ssh_users: ssh_users? })
    }

    fn socket_path(&self, written: &Spot<String>) -> Read<PathBuf> {
        let path = Path::new(written.as_str());
        if !path.is_absolute() || path.file_name().is_none() {
            return Err(self.wrong(written, "the socket is an absolute path of a file"));
        }
        if written.len() > LONGEST_SOCKET {
            return Err(self.wrong(written, format!("the path of a socket has at most {LONGEST_SOCKET} bytes")));
        }
        Ok(path.to_owned())
    }
}
