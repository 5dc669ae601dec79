//! What a file is by its first bytes, and the program in it. Nothing is written to where a name in an archive says: one member is read,
//! and the others are only looked at.

use std::io::Read;

use flate2::read::GzDecoder;

use crate::incoming::LARGEST;

/// The most members of an archive that are looked at.
const MEMBERS: usize = 4_096;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A program.
    Program,
    /// The tarball with it.
    Tarball,
    /// A Debian package.
    Package,
}

/// What a file is; none for anything else.
pub(crate) fn kind(content: &[u8]) -> Option<Kind> {
    let begins = |magic: &[u8]| content.starts_with(magic);
    if begins(b"\x7fELF") {
        Some(Kind::Program)
    } else if begins(b"\x1f\x8b") {
        Some(Kind::Tarball)
    } else if begins(b"!<arch>\n") {
        Some(Kind::Package)
    } else {
        None
    }
}

/// The program in the tarball: `windlass` in its one directory, beside which only files are.
pub(crate) fn of_tarball(content: &[u8]) -> Result<Vec<u8>, String> {
    let is_program = |name: &str| {
        let parts: Vec<&str> = name.trim_end_matches('/').split('/').collect();
        match parts.as_slice() {
            [top, "windlass"] if top.starts_with("windlass-") => Ok(true),
            [top] | [top, _] if top.starts_with("windlass-") => Ok(false),
            _ => Err(format!("the tarball has `{name}`, which no tarball of Windlass has")),
        }
    };
    member(GzDecoder::new(content), is_program)
}

/// The program among the files of the package.
pub(crate) fn of_package(files: impl Read) -> Result<Vec<u8>, String> {
    member(files, |name| Ok(name.trim_start_matches("./") == "usr/bin/windlass"))
}

/// The one member that is meant. The others are looked at as well: an archive that is cut off, or has a stranger, is refused.
fn member(archive: impl Read, is_meant: impl Fn(&str) -> Result<bool, String>) -> Result<Vec<u8>, String> {
    // A small archive can unpack to more than any disk has.
    let mut archive = tar::Archive::new(archive.take(2 * LARGEST));
    let unread = |error: std::io::Error| format!("it cannot be unpacked: {error}");
    let mut found = None;
    for (number, entry) in archive.entries().map_err(unread)?.enumerate() {
        if number >= MEMBERS {
            return Err(format!("it has more than {MEMBERS} members"));
        }
        let entry = entry.map_err(unread)?;
        let name = entry.path().map_err(unread)?.display().to_string();
        if name.split('/').any(|part| part == "..") || name.starts_with('/') {
            return Err(format!("it has `{name}`, which leads elsewhere"));
        }
        if !is_meant(&name)? {
            continue;
        }
        if found.is_some() || !entry.header().entry_type().is_file() || entry.size() > LARGEST {
            return Err(format!("`{name}` is there twice, is no file, or is too large"));
        }
        let mut content = Vec::new();
        { entry }.read_to_end(&mut content).map_err(unread)?;
        found = Some(content);
    }
    found.ok_or_else(|| "the program `windlass` is not in it".to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    /// A tarball of such members, some of them links.
    fn tarball(members: &[(&str, Option<&str>)]) -> Vec<u8> {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, content) in members {
            let mut header = tar::Header::new_gnu();
            // The library refuses to write names that lead elsewhere.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_mode(0o755);
            header.set_size(content.map_or(0, str::len) as u64);
            if content.is_none() {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_link_name("/etc/shadow").unwrap();
            }
            header.set_cksum();
            archive.append(&header, content.unwrap_or_default().as_bytes()).unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap()
    }

    #[test]
    fn the_program_is_found_in_a_tarball() {
        let made =
            tarball(&[("windlass-1-x-linux/windlass", Some("program")), ("windlass-1-x-linux/README.md", Some(""))]);
        assert_eq!(kind(&made), Some(Kind::Tarball));
        assert_eq!(of_tarball(&made).unwrap(), b"program");
        let listed: &[u8] = b"!<arch>\ndebian-binary";
        assert_eq!(kind(listed), Some(Kind::Package));
        assert_eq!((kind(b"\x7fELF\x02"), kind(b"#!/bin/sh\n"), kind(b"")), (Some(Kind::Program), None, None));
    }

    #[test]
    fn what_is_no_tarball_of_ours_is_refused() {
        for (members, words) in [
            (vec![("windlass-1/README.md", Some(""))], "is not in it"),
            (vec![("windlass-1/windlass", None)], "is no file"),
            (vec![("windlass-1/windlass", Some("a")), ("windlass-2/windlass", Some("b"))], "twice"),
            (vec![("windlass-1/windlass", Some("a")), ("etc/passwd", Some("b"))], "no tarball of Windlass has"),
            (vec![("windlass-1/../windlass", Some("a"))], "leads elsewhere"),
            (vec![("/windlass-1/windlass", Some("a"))], "leads elsewhere"),
        ] {
            let said = of_tarball(&tarball(&members)).unwrap_err();
            assert!(said.contains(words), "{members:?}: {said}");
        }
        let whole = tarball(&[("windlass-1/windlass", Some("program"))]);
        let said = of_tarball(&whole[..whole.len() / 2]).unwrap_err();
        assert!(said.contains("cannot be unpacked"), "{said}");
    }

    #[test]
    fn a_tarball_that_unpacks_without_end_is_not_unpacked() {
        let mut squeezed = GzEncoder::new(Vec::new(), Compression::best());
        let mut header = tar::Header::new_gnu();
        header.set_path("windlass-1/windlass").unwrap();
        header.set_size(LARGEST + 1);
        header.set_cksum();
        squeezed.write_all(header.as_bytes()).unwrap();
        squeezed.write_all(&vec![0; 1 << 20]).unwrap();
        let said = of_tarball(&squeezed.finish().unwrap()).unwrap_err();
        assert!(said.contains("too large"), "{said}");
    }
}
