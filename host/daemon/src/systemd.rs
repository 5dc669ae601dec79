//! What systemd and the agent tell each other (`sd_notify(3)`, `sd_listen_fds(3)`). Without systemd, nothing is told.

use std::os::unix::net::UnixListener;
use std::time::Duration;

use listenfd::ListenFd;
use sd_notify::NotifyState;

/// How much time the agent asks for at once while it stops.
const MORE: Duration = Duration::from_secs(30);

/// How often it asks.
pub(super) const ASK_AGAIN: Duration = Duration::from_secs(10);

/// The socket that systemd made, where it made one.
pub(super) fn socket() -> std::io::Result<Option<UnixListener>> {
    ListenFd::from_env().take_unix_listener(0)
}

/// The agent takes commands.
pub(super) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The agent ends.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// A step is in flight: the agent needs more time.
pub(super) fn extend() {
    tell(&[NotifyState::ExtendTimeoutUsec(u32::try_from(MORE.as_micros()).unwrap_or(u32::MAX))]);
}

/// How often systemd wants to hear that the agent is well (`WatchdogSec=`); none where it does not want to.
pub(super) fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled().filter(|within| !within.is_zero())
}

/// The agent is well.
pub(super) fn well() {
    tell(&[NotifyState::Watchdog]);
}

fn tell(states: &[NotifyState<'_>]) {
    // Who does not listen is not told; the agent works all the same.
    sd_notify::notify(states).ok();
}
