//! How the agent that stays is asked and stopped: `[agent]`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::document::{Read, Spot, all, printable};
use super::file;
use super::resolve::Reader;
use super::units::{Every, Span};

/// The socket of the operator's file at its usual place, where that names no other.
pub const DEFAULT_SOCKET: &str = "/run/windlass/agent.sock";

/// The group that may open the socket, where the operator's file names no other.
pub const DEFAULT_GROUP: &str = "windlass";

/// How long the steps in flight may take when the agent is stopped, where the operator's file does not say.
const STOP_WITHIN: Duration = Duration::from_secs(90);

/// How often what runs is compared with what was deployed, where the operator's file does not say.
const DRIFT_EVERY: Duration = Duration::from_mins(5);

/// How often what no kept release needs is removed, where the operator's file does not say.
const SWEEP_EVERY: Duration = Duration::from_hours(24);

/// The shortest time between two looks.
const LEAST_EVERY: Duration = Duration::from_secs(10);

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
    /// How often it compares what runs with what was deployed; none means never.
    pub drift_every: Option<Duration>,
    /// How often it removes what no kept release needs; none means never.
    pub sweep_every: Option<Duration>,
    /// Users whose processes may say which SSH key opened their session.
    pub ssh_users: Vec<String>,
    /// Where a browser and a collector of metrics look; none where neither does. Loopback.
    pub page: Option<SocketAddr>,
    /// Where a proxy hands events to triggers; none where none comes this way. Loopback, and another than `page`.
    pub hooks: Option<SocketAddr>,
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
        let page = self.port(
            written.page.as_ref(),
            "whoever reaches this port can look at everything, so only this host may; from elsewhere, look through ssh or a \
             proxy that knows who asks",
        );
        let hooks = self.port(
            written.hooks.as_ref(),
            "only this host may reach this port; for senders elsewhere, a proxy that speaks TLS stands before it",
        );
        let (page, hooks) = (page?, hooks?);
        if let Some(spot) = written.hooks.as_ref().filter(|_| hooks.is_some() && hooks == page) {
            return Err(self.wrong(spot, "`page` and `hooks` are two ports: who may send events may not look"));
        }
        let drift_every = self.every(written.drift_every.as_ref(), DRIFT_EVERY);
        let sweep_every = self.every(written.sweep_every.as_ref(), SWEEP_EVERY);
        Ok(Resident {
            socket: socket?,
            group: group?,
            stop_within: stop_within?,
            drift_every: drift_every?,
            sweep_every: sweep_every?,
            ssh_users: ssh_users?,
            page,
            hooks,
        })
    }

    fn every(&self, written: Option<&Spot<Every>>, usual: Duration) -> Read<Option<Duration>> {
        match written {
            None => Ok(Some(usual)),
            Some(spot) => match spot.value.0 {
                Some(span) if span < LEAST_EVERY => {
                    let span = Span(span);
                    Err(self.wrong(spot, format!("`{span}` is too often: write at least `10s`, or `false` for never")))
                }
                every => Ok(every),
            },
        }
    }

    fn port(&self, written: Option<&Spot<String>>, why_loopback: &str) -> Read<Option<SocketAddr>> {
        let Some(written) = written else { return Ok(None) };
        let Ok(address) = written.parse::<SocketAddr>() else {
            let message = format!("`{}` is not an address with a port, such as `127.0.0.1:9470`", printable(written));
            return Err(self.wrong(written, message));
        };
        if !address.ip().is_loopback() {
            return Err(self.wrong(written, format!("`{}` is not a loopback address: {why_loopback}", address.ip())));
        }
        if address.port() == 0 {
            return Err(self.wrong(written, "0 is no port: name the one that is asked"));
        }
        Ok(Some(address))
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

#[cfg(test)]
mod tests {
    use windlass_foundation::explain::Explain as _;

    use crate::Config;
    use crate::document::Document;

    #[test]
    fn ports_are_loopback_addresses_and_two_of_them() {
        let read =
            |text: &str| Config::resolve(&Document::from_text("agent.toml", format!("[agent]\n{text}")).unwrap());
        let config = read("page = '127.0.0.1:9470'\nhooks = '[::1]:9470'").unwrap().resident;
        assert_eq!(config.page.unwrap().to_string(), "127.0.0.1:9470");
        assert_eq!(config.hooks.unwrap().to_string(), "[::1]:9470");
        assert_eq!(read("page = '127.8.0.9:1'").unwrap().resident.hooks, None);
        for (text, place, words) in [
            (
                "page = '0.0.0.0:9470'",
                (2, 8),
                "`0.0.0.0` is not a loopback address: whoever reaches this port can look",
            ),
            ("page = '[::]:9470'", (2, 8), "not a loopback address"),
            ("page = '192.0.2.1:9470'", (2, 8), "not a loopback address"),
            ("page = '[::ffff:127.0.0.1]:9470'", (2, 8), "not a loopback address"),
            ("hooks = '10.0.0.1:9471'", (2, 9), "a proxy that speaks TLS stands before it"),
            ("page = '127.0.0.1'", (2, 8), "not an address with a port"),
            ("page = 'localhost:9470'", (2, 8), "not an address with a port"),
            ("page = '9470'", (2, 8), "not an address with a port"),
            ("page = '127.0.0.1:0'", (2, 8), "0 is no port"),
            ("page = '127.0.0.1:9470'\nhooks = '127.0.0.1:9470'", (3, 9), "two ports"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.to_string().contains(words), "{text}: {error}");
            let found = error.place().unwrap();
            assert_eq!((found.line, found.column), place, "{text}");
        }
    }
}
