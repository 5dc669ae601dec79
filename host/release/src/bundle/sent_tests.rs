//! Archives as anybody could send them: those of usual programs are read, and everything else is refused by name.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use tar::{Builder, EntryType, Header};
use windlass_foundation::explain::Explain as _;

use super::super::{Bundles, pack};
use super::*;
use crate::directory::TeamDirectory;

const RELEASE: &[u8] = b"application = \"kudos\"\n";

/// A header with this name as it is, whatever a library would say of it.
fn header(name: &[u8], kind: u8, size: u64) -> Header {
    let mut header = Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_entry_type(EntryType::new(kind));
    header.set_mode(0o644);
    header.set_size(size);
    header.set_cksum();
    header
}

/// An entry in blocks.
fn blocks(name: &[u8], kind: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = header(name, kind, content.len() as u64).as_bytes().to_vec();
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    bytes
}

/// A name, a kind and a content.
type Given<'a> = (&'a [u8], u8, &'a [u8]);

/// An archive of these entries with an end.
fn archive(entries: &[Given<'_>]) -> Vec<u8> {
    let mut bytes: Vec<u8> = entries.iter().flat_map(|(name, kind, content)| blocks(name, *kind, content)).collect();
    bytes.extend([0; 2 * BLOCK]);
    bytes
}

/// A record of an extended header, with the length that it says.
fn record(text: &str) -> Vec<u8> {
    let mut length = text.len() + 3;
    while format!("{length} {text}\n").len() != length {
        length += 1;
    }
    format!("{length} {text}\n").into_bytes()
}

fn refusal(archive: &[u8]) -> String {
    Sent::read(archive).map(|sent| sent.files.into_keys().collect::<Vec<_>>()).unwrap_err().to_string()
}

fn paths(archive: &[u8]) -> Vec<String> {
    Sent::read(archive).unwrap().paths().map(str::to_owned).collect()
}

#[test]
fn what_usual_programs_write_is_read() {
    let long = format!("{}/{}", "d".repeat(90), "f".repeat(90));
    let mut builder = Builder::new(Vec::new());
    for (path, mode) in [("./release.toml", 0o600), ("./hooks/run.sh", 0o4755), (long.as_str(), 0o644)] {
        let mut header = Header::new_gnu();
        header.set_size(RELEASE.len() as u64);
        header.set_mode(mode);
        builder.append_data(&mut header, path, RELEASE).unwrap();
    }
    let gnu = builder.into_inner().unwrap();
    let sent = Sent::read(&gnu).unwrap();
    assert_eq!(sent.release_file().unwrap(), RELEASE);
    let programs: Vec<_> = sent.files().filter(|(_, file)| file.executable).map(|(path, _)| path).collect();
    assert_eq!(
        (paths(&gnu), programs),
        (vec![long.clone(), "hooks/run.sh".into(), "release.toml".into()], vec!["hooks/run.sh"])
    );

    let named =
        [record("mtime=1700000000.5"), record(&format!("path={long}")), record("SCHILY.xattr.user.a=b\nc")].concat();
    let pax = archive(&[
        (b"pax_global_header", b'g', &record("comment=1ef921a7")),
        (b"./", b'5', b""),
        (b"./conf/", b'5', b""),
        (b"./PaxHeaders/f", b'x', &named),
        (b"dddd", b'0', b"x"),
        (b"conf/a", 0, b""),
    ]);
    assert_eq!(paths(&pax), ["conf/a", long.as_str()]);
    // Padding to a whole record.
    let mut padded = archive(&[(b"release.toml", b'0', RELEASE)]);
    padded.resize(10_240, 0);
    assert_eq!(paths(&padded), ["release.toml"]);
}

#[test]
fn entries_that_no_honest_archive_has_are_refused_by_name() {
    let deep = format!("{}f", "d/".repeat(17));
    let wide = "w".repeat(256);
    let (long, wide_path) = ("a/".repeat(600), record(&format!("path={wide}")));
    let (two, nul) = ([record("path=a"), record("path=b")].concat(), record("path=a\0b"));
    let cases: &[(&[Given<'_>], &str)] = &[
        (&[(b"/etc/passwd", b'0', b"")], "`/etc/passwd` is refused: its path is absolute"),
        (&[(b"../x", b'0', b"")], "`../x` is refused: its path has `..`"),
        (&[(b"a/../x", b'0', b"")], "its path has `..`"),
        (&[(b"..", b'5', b"")], "its path has `..`"),
        (&[(b"a/..", b'5', b"")], "its path has `..`"),
        (&[(b"a//b", b'0', b"")], "a part of its path is empty or `.`"),
        (&[(b"a/./b", b'0', b"")], "a part of its path is empty or `.`"),
        (&[(b"././a", b'0', b"")], "a part of its path is empty or `.`"),
        (&[(b".", b'0', b"")], "a part of its path is empty or `.`"),
        (&[(b"a/", b'0', b"")], "a part of its path is empty or `.`"),
        (&[(b"", b'0', b"")], "its name is empty"),
        (&[(b"a\nb", b'0', b"")], "`a\\nb` is refused: its name is empty, too long or not plain text"),
        (&[(b"a\xff", b'0', b"")], "its name is not UTF-8 text"),
        (&[(b"a\0../../etc/x", b'0', b"")], "`a` is refused: its name goes on after its end"),
        (&[(b"link", b'2', b"")], "`link` is refused: it is a link; put what it points at"),
        (&[(b"hard", b'1', b"")], "it is a link"),
        (&[(b"././@LongLink", b'K', b"/etc\0"), (b"a", b'0', b"")], "it is a link"),
        (&[(b"tty", b'3', b"")], "it is a device or a pipe"),
        (&[(b"sda", b'4', b"")], "it is a device or a pipe"),
        (&[(b"pipe", b'6', b"")], "it is a device or a pipe"),
        (&[(b"odd", b'7', b"")], "it is neither a plain file nor a directory"),
        (&[(b"odd", b'V', b"")], "it is neither a plain file nor a directory"),
        (&[(b"holes", b'S', b"")], "it is a sparse file"),
        (&[(b"x", b'x', &record("GNU.sparse.major=1")), (b"a", b'0', b"")], "it is a sparse file"),
        (&[(b"x", b'x', &record("size=99")), (b"a", b'0', b"")], "its extended header says another size"),
        (&[(b"x", b'x', &record("linkpath=/etc")), (b"a", b'0', b"")], "its extended header makes a link of it"),
        (&[(b"x", b'x', &record("path=../../x")), (b"a", b'0', b"")], "`../../x` is refused: its path has `..`"),
        (&[(b"x", b'x', &record("path=/x")), (b"a", b'0', b"")], "its path is absolute"),
        (&[(b"x", b'x', &nul), (b"a", b'0', b"")], "not plain text"),
        (&[(b"x", b'x', &two), (b"a", b'0', b"")], "its extended header says two names"),
        (&[(b"x", b'x', b"9 a=b\n"), (b"a", b'0', b"")], "its extended header is broken"),
        (&[(b"x", b'x', b"99999999999999999999 a=b\n"), (b"a", b'0', b"")], "its extended header is broken"),
        (&[(b"x", b'x', &record("path=b")), (b"y", b'x', b"")], "two extended headers"),
        (&[(b"L", b'L', b"one\0"), (b"L", b'L', b"two\0"), (b"a", b'0', b"")], "two names are said"),
        (&[(b"L", b'L', b"one\0"), (b"x", b'x', &record("path=b")), (b"a", b'0', b"")], "two names are said"),
        (&[(b"L", b'L', b"one\0two\0"), (b"a", b'0', b"")], "not plain text"),
        (&[(b"g", b'g', &record("path=b")), (b"a", b'0', b"")], "a header about all entries says more"),
        (&[(b"a", b'0', b""), (b"./a", b'0', b"")], "`./a` is refused: there are two of that name"),
        (&[(b"a", b'0', b""), (b"a", b'5', b"")], "there are two of that name"),
        (&[(b"a/", b'5', b""), (b"a", b'0', b"")], "there are two of that name"),
        (&[(b"a/b", b'0', b""), (b"a", b'0', b"")], "there are two of that name"),
        (&[(b"a", b'0', b""), (b"a/b", b'0', b"")], "`a/b` is refused: its directory is a file"),
        (&[(b"a", b'0', b""), (b"a/b/", b'5', b"")], "its directory is a file"),
        (&[(b"a/", b'5', b"x")], "it is a directory with a content"),
        (&[(deep.as_bytes(), b'0', b"")], "it lies deeper than 16 directories"),
        (&[(b"L", b'L', long.as_bytes()), (b"a", b'5', b"")], "too long"),
        (&[(b"x", b'x', &wide_path), (b"a", b'0', b"")], "a part of its path is longer than 255 bytes"),
    ];
    for (entries, words) in cases {
        let found = refusal(&archive(entries));
        assert!(found.contains(words), "{words}: {found}");
        assert!(!found.contains('\0') && !found.contains('\n'), "{found:?}");
    }
}

#[test]
fn what_is_cut_off_compressed_too_large_or_no_archive_is_refused() {
    let whole = archive(&[(b"release.toml", b'0', RELEASE), (b"compose.yaml", b'0', &[b'#'; 1500])]);
    for length in 0..whole.len() {
        let error = Sent::read(&whole[..length]).unwrap_err();
        assert!(matches!(error, BundleError::CutOff { .. }), "{length}: {error}");
        assert_eq!(error.hint().unwrap(), "nothing of it was used; send it once more");
    }
    assert_eq!(refusal(&whole[..whole.len() - 1]), "the archive is cut off after `compose.yaml`");
    assert_eq!(refusal(b""), "the archive is empty, or cut off at its beginning");
    // An extended header about nothing.
    let nothing = archive(&[(b"a", b'0', b""), (b"x", b'x', &record("path=b"))]);
    assert_eq!(refusal(&nothing), "the archive is cut off after `a`");
    for (begin, kind) in COMPRESSED {
        assert_eq!(refusal(&[begin, &[0; 600]].concat()), format!("the archive is compressed with {kind}"));
    }
    assert!(refusal(&[b'{'; 600]).contains("it is no tar archive"));
    let mut broken = whole.clone();
    broken[1024] ^= 1;
    assert!(refusal(&broken).contains("a header of it is broken"));
    for follows in [&b"x"[..], &whole] {
        assert!(refusal(&[&whole, follows].concat()).contains("something follows its end"));
    }
    for size in [u64::MAX >> 1, 33 << 20, 1 << 33] {
        let huge = [header(b"huge", b'0', size).as_bytes(), &[0; 2 * BLOCK][..]].concat();
        assert!(refusal(&huge).contains("its size is none"), "{size}");
    }
    assert!(refusal(&[header(b"short", b'0', 4096).as_bytes(), &[0; 2 * BLOCK][..]].concat()).contains("cut off"));
    let empty: Vec<u8> = (0..=MAX_SENT_ENTRIES).flat_map(|n| blocks(n.to_string().as_bytes(), b'0', b"")).collect();
    assert_eq!(refusal(&[&empty[..], &[0; 2 * BLOCK]].concat()), "the archive has more than 2000 entries");
    assert_eq!(refusal(&vec![0; usize::try_from(MAX_SENT_BYTES).unwrap() + 1]), "the archive is larger than 32 MiB");
}

#[test]
fn an_archive_without_a_release_file_says_where_there_is_one() {
    for (path, hint) in [
        (&b"compose.yaml"[..], "`windlass bundle` or `tar c .`"),
        (b"kudos/release.toml", "there is one in `kudos/`: make the archive in there, as with `tar c -C kudos .`"),
        (b"a/norelease.toml", "`windlass bundle` or `tar c .`"),
    ] {
        let bytes = archive(&[(path, b'0', RELEASE)]);
        let error = Sent::read(&bytes).unwrap().release_file().unwrap_err();
        assert!(error.hint().unwrap().contains(hint), "{error}");
    }
}

fn team(directory: &Path) -> TeamDirectory {
    TeamDirectory::open(directory).unwrap()
}

fn application(directory: &Path) {
    fs::create_dir_all(directory.join("conf")).unwrap();
    for (path, text) in [
        ("release.toml", "application = \"kudos\"\n"),
        ("conf/app.conf", "a=1\n"),
        ("run.sh", "#!/bin/sh\n"),
        (".windlassignore", "*.log\nlogs/\n"),
        ("debug.log", "long"),
    ] {
        fs::write(directory.join(path), text).unwrap();
    }
    fs::set_permissions(directory.join("run.sh"), fs::Permissions::from_mode(0o750)).unwrap();
    fs::create_dir_all(directory.join(".git/objects")).unwrap();
    fs::create_dir_all(directory.join("logs")).unwrap();
}

#[test]
fn the_same_files_make_the_same_archive_and_the_same_bundle_as_their_directory() {
    let whole = tempfile::tempdir().unwrap();
    let (one, other) = (whole.path().join("one"), whole.path().join("other"));
    application(&one);
    application(&other);
    fs::set_permissions(other.join("release.toml"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::File::open(other.join("run.sh")).unwrap().set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    let packed = pack(&team(&one)).unwrap();
    assert_eq!(packed.archive, pack(&team(&other)).unwrap().archive);
    assert_eq!((packed.files, packed.bytes), (4, 48));
    assert_eq!(packed.left_out, [".git/", "debug.log", "logs/"]);
    let bundles = Bundles::new(&whole.path().join("state"));
    let kept = bundles.keep_sent(&Sent::read(&packed.archive).unwrap()).unwrap();
    assert_eq!(kept.bundle, bundles.inspect(&one).unwrap());
    assert_eq!(bundles.digest_at(&kept.directory), Some(kept.bundle.digest.clone()));
    for elsewhere in [&one, &kept.directory.join("conf"), &whole.path().join("state"), Path::new("/"), Path::new("")] {
        assert_eq!(bundles.digest_at(elsewhere), None);
    }
    // What is ignored counts for an archive of another program too, and nothing else is left beside the bundle.
    let all: Vec<Given<'_>> =
        vec![(b"release.toml", b'0', RELEASE), (b"x.log", b'0', b"1"), (b".windlassignore", b'0', b"*.log\n")];
    let kept = bundles.keep_sent(&Sent::read(&archive(&all)).unwrap()).unwrap();
    assert_eq!(kept.bundle.files.into_keys().collect::<Vec<_>>(), [".windlassignore", "release.toml"]);
    assert_eq!(fs::read_dir(whole.path().join("state/bundles/sha256")).unwrap().count(), 2);
}

#[test]
fn a_directory_with_a_link_a_pipe_or_too_much_makes_no_archive() {
    let whole = tempfile::tempdir().unwrap();
    let place = whole.path().join("kudos");
    application(&place);
    let refused = || pack(&team(&place)).unwrap_err();
    for to in ["run.sh", "conf", "/etc/passwd", "nowhere"] {
        symlink(to, place.join("conf/link")).unwrap();
        let error = refused();
        assert_eq!(error.to_string(), "`conf/link` is a symbolic link, and an archive takes none");
        assert!(error.hint().unwrap().contains("name it in `.windlassignore`"));
        fs::remove_file(place.join("conf/link")).unwrap();
    }
    symlink("/etc/passwd", place.join("left.log")).unwrap();
    assert!(pack(&team(&place)).unwrap().left_out.contains(&"left.log".to_owned()));
    let _socket = std::os::unix::net::UnixListener::bind(place.join("socket")).unwrap();
    assert_eq!(refused().to_string(), "`socket` is neither a file nor a directory");
    fs::remove_file(place.join("socket")).unwrap();
    let deep = place.join("d/".repeat(17));
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("f"), "").unwrap();
    assert!(refused().to_string().contains("it lies deeper than 16 directories"));
    fs::remove_dir_all(place.join("d")).unwrap();
    fs::File::create(place.join("huge")).unwrap().set_len(40 << 20).unwrap();
    let error = refused();
    assert_eq!(error.to_string(), "the files have more than 32 MiB together");
    assert!(error.hint().unwrap().contains("`huge` (40 MiB)"));
}
