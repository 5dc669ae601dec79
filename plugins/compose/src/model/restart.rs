//! `restart`.

/// What the engine does when a container ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Restart {
    /// When it is started again.
    pub policy: RestartPolicy,
    /// How often at most, for [`RestartPolicy::OnFailure`]; 0 for ever.
    pub maximum: u32,
}

/// When a container is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RestartPolicy {
    /// Never.
    #[default]
    No,
    /// Always.
    Always,
    /// When its exit code is not 0.
    OnFailure,
    /// Always, but not after a person or a program stopped it.
    UnlessStopped,
}

impl RestartPolicy {
    /// The word of the engine's API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Always => "always",
            Self::OnFailure => "on-failure",
            Self::UnlessStopped => "unless-stopped",
        }
    }
}

/// An empty text says nothing.
pub(super) fn read(text: &str) -> Result<Option<Restart>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || format!("`{text}` is not `no`, `always`, `on-failure`, `on-failure:N` or `unless-stopped`");
    let (word, count) = text.split_once(':').map_or((text, None), |(word, count)| (word, Some(count)));
    let policy = [RestartPolicy::No, RestartPolicy::Always, RestartPolicy::OnFailure, RestartPolicy::UnlessStopped]
        .into_iter()
        .find(|policy| policy.as_str() == word)
        .ok_or_else(wrong)?;
    let maximum = match count {
        None => 0,
        Some(count) if policy == RestartPolicy::OnFailure => count.parse().map_err(|_| wrong())?,
        Some(_) => return Err(wrong()),
    };
    Ok(Some(Restart { policy, maximum }))
}
