//! Whether a program is one for this host, and which version it is.

use std::path::Path;
use std::time::Duration;

use semver::Version;

use crate::UpdateError;
use crate::command;

/// How long a program may take to tell its version.
const WITHIN: Duration = Duration::from_secs(20);

/// What the head of a program says of the machine that it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Machine {
    /// Of 32 or 64 bits, and how they are ordered.
    class: [u8; 2],
    number: u16,
}

impl Machine {
    /// The machine of a program; none where it is no program.
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        let &[0x7f, b'E', b'L', b'F', bits, order] = head.get(..6)? else { return None };
        let number = |at: usize| {
            let bytes = [*head.get(at)?, *head.get(at + 1)?];
            Some(if order == 2 { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
        };
        // An executable, or one that can be anywhere in memory.
        if !matches!(number(16)?, 2 | 3) {
            return None;
        }
        Some(Self { class: [bits, order], number: number(18)? })
    }

    /// Its name for people.
    pub(crate) fn name(self) -> String {
        let name = match self.number {
            3 => "x86",
            40 => "arm",
            62 => "x86_64",
            183 => "aarch64",
            243 => "riscv",
            _ => return format!("a machine of number {}", self.number),
        };
        name.to_owned()
    }
}

/// The version that a program tells, run with an environment of its own.
pub(crate) async fn version(program: &Path) -> Result<Version, UpdateError> {
    let ended = command::run(program, &["--version"], WITHIN).await;
    let ended = ended.map_err(|error| UpdateError::DoesNotRun(error.to_string()))?;
    if !ended.well {
        return Err(UpdateError::DoesNotRun(ended.said()));
    }
    let told = ended.out.strip_prefix("windlass ").and_then(|rest| rest.split_whitespace().next());
    told.and_then(|told| Version::parse(told).ok())
        .ok_or_else(|| UpdateError::DoesNotRun("it does not say that it is a version of Windlass".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_in_the_head_of_a_program() {
        let own = std::fs::read("/proc/self/exe").unwrap();
        let machine = Machine::of(&own).unwrap();
        assert_eq!(machine.name(), std::env::consts::ARCH.replace("riscv64", "riscv"));
        let mut other = own[..64].to_vec();
        other[18] = 22;
        assert_ne!(Machine::of(&other).unwrap(), machine);
        // A library's object file is no program, and neither is the half of a head.
        other[16] = 1;
        assert_eq!((Machine::of(&other), Machine::of(&own[..17]), Machine::of(b"#!/bin/sh")), (None, None, None));
    }

    #[tokio::test]
    async fn what_does_not_tell_a_version_does_not_run() {
        for (program, words) in
            [("/bin/false", "does not run on this host"), ("/bin/echo", "does not say"), ("/nowhere", "No such file")]
        {
            let said = version(Path::new(program)).await.unwrap_err().to_string();
            assert!(said.contains(words), "{program}: {said}");
        }
    }
}
