//! What is refused, each with its reason, and nothing of the state or of the application touched.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Result, ensure};
use windlass_tests::{expect, tells};

use super::{Sender, send};

/// All files of the state with what may change of them, apart from compiled plugins.
fn state(directory: &Path, found: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let (path, metadata) = {
            let entry = entry?;
            (entry.path(), entry.metadata()?)
        };
        // Compiled plugins are linked to those of other tests.
        if path.ends_with("cache") {
            continue;
        }
        if metadata.is_dir() {
            state(&path, found)?;
        }
        found.push(format!("{} {:?} {}", path.display(), metadata.modified()?, metadata.len()));
    }
    found.sort();
    Ok(())
}

#[test]
fn what_should_not_be_sent_is_refused_and_nothing_is_touched() -> Result<()> {
    let sender = Sender::running("bundle-refused")?;
    let (small, name) = (&sender.small, sender.name());
    sender.version("2")?;
    let whole = sender.bundle()?;
    let look = || -> Result<_> {
        let mut found = Vec::new();
        state(&small.state, &mut found)?;
        Ok((found, small.world()?, small.history()?))
    };
    let before = look()?;
    let gzip = sender.tar(&["-z"])?;
    symlink("/etc/shadow", sender.files.path().join("link"))?;
    let linked = sender.tar(&[])?;
    fs::remove_file(sender.files.path().join("link"))?;
    sender.write("release.toml", &small.release().replace(name, "shop"))?;
    let other = sender.bundle()?;
    fs::remove_file(sender.files.path().join("release.toml"))?;
    let none = sender.tar(&[])?;
    fs::create_dir(sender.files.path().join("kudos"))?;
    sender.write("kudos/release.toml", "")?;
    let below = sender.tar(&[])?;
    let huge = vec![0; (32 << 20) + 1];
    for (bytes, words) in [
        (&whole[..whole.len() - 1], "the archive is cut off after `release.toml`"),
        (&whole[..1500], "the archive is cut off"),
        (b"", "the archive is empty, or cut off at its beginning"),
        (&gzip, "the archive is compressed with gzip"),
        (&linked, "the archive's entry `./link` is refused: it is a link"),
        (&other, &*format!("the bundle is of the application `shop`, not of `{name}`")),
        (&none, "the archive has no `release.toml` at its top"),
        (&below, "there is one in `kudos/`"),
        (&huge, "the archive is larger than 32 MiB"),
        (&[b'#'; 2000], "it is no tar archive"),
    ] {
        for command in ["deploy", "plan", "check", "config"] {
            tells(&expect(send(&small.host, &[command, name, "--bundle", "-"], bytes)?, 3)?, &[words])?;
        }
        tells(&expect(send(&small.host, &["release", "create", name, "--bundle", "-"], bytes)?, 3)?, &[words])?;
    }
    for (line, code, words) in [
        (&["deploy", "./kudos", "--bundle", "-"][..], 2, "a bundle is of an application that is named"),
        (&["deploy", name, "--bundle", "-", "--release", "-"], 2, "cannot be used with"),
        (&["deploy", name, "--bundle", "-", "--plan", "x"], 2, "cannot be used with"),
        (&["plan", name, "--bundle", "-", "--rollback"], 2, "cannot be used with"),
        (&["release", "create", name, "--bundle", "-", "--build"], 2, "cannot be used with"),
        (&["deploy", name, "--bundle", "/nowhere.tar"], 3, "cannot read `/nowhere.tar`"),
        (&["deploy", name, "--bundle", "/dev/zero"], 3, "it is a device, not a file"),
    ] {
        tells(&expect(send(&small.host, line, &whole)?, code)?, &[words])?;
    }
    let after = look()?;
    ensure!(before == after, "something changed:\n{before:#?}\n{after:#?}");
    small.serves("1")
}
