//! Whether a program is one that only root and the agent's user can have put there.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Looks at the file that the path means, and at every directory on the way to it.
pub(super) fn check(path: &Path) -> Result<(), String> {
    let real = fs::canonicalize(path).map_err(|error| format!("cannot be found: {error}"))?;
    let agent = rustix::process::geteuid().as_raw();
    for place in real.ancestors() {
        let metadata = fs::metadata(place).map_err(|error| format!("cannot be looked at: {error}"))?;
        let shown = place.display();
        if metadata.uid() != 0 && metadata.uid() != agent {
            return Err(format!("is not trusted: `{shown}` belongs to user {}", metadata.uid()));
        }
        // In a sticky directory such as /tmp nobody replaces another's file.
        let sticky = metadata.is_dir() && metadata.mode() & 0o1000 != 0;
        if metadata.mode() & 0o002 != 0 && !sticky {
            return Err(format!("is not trusted: every user can write `{shown}`"));
        }
        if place == real {
            if !metadata.is_file() {
                return Err("is not a regular file".to_owned());
            }
            if metadata.mode() & 0o020 != 0 && metadata.gid() != 0 {
                return Err(format!("is not trusted: the group {} can write it", metadata.gid()));
            }
            if metadata.mode() & 0o111 == 0 {
                return Err("is not executable".to_owned());
            }
        }
    }
    Ok(())
}
