//! What the tests of the Debian package share: the package, a newer one, and a Debian system to install them in.
//!
//! `cargo xtask test` makes the package and the tree of Debian, and says where they are. Nothing is installed on this machine.

mod booted;
mod deploying;
mod system;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

pub use booted::Booted;
pub use system::System;

/// The package.
///
/// # Errors
/// When it is not made.
pub fn package() -> Result<PathBuf> {
    named("WINDLASS_PACKAGE")
}

fn named(variable: &str) -> Result<PathBuf> {
    let path = std::env::var_os(variable).map(PathBuf::from);
    path.filter(|path| path.exists()).with_context(|| {
        format!("{variable} names nothing that is there: `cargo xtask test` makes it and sets the variable")
    })
}

/// What a command prints.
///
/// # Errors
/// When it fails, with all that it printed.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot start {command:?}"))?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{command:?}: {}\n{out}\n{err}", output.status);
    Ok(out.into_owned())
}

/// A field of a package's control file.
///
/// # Errors
/// When it has none.
pub fn field(package: &Path, name: &str) -> Result<String> {
    let value = output(Command::new("dpkg-deb").arg("-f").arg(package).arg(name))?;
    ensure!(!value.trim().is_empty(), "{} has no field {name}", package.display());
    Ok(value.trim().to_owned())
}

/// The same package as the next version of it, below a directory; with a line more in the operator's file that it brings.
///
/// # Errors
/// When it cannot be packed.
fn newer(package: &Path, directory: &Path) -> Result<PathBuf> {
    altered(package, directory, "newer", "+next", |tree| {
        let operators = tree.join("etc/windlass/agent.toml");
        Ok(fs::write(&operators, fs::read_to_string(&operators)? + "\n# Of the next version.\n")?)
    })
}

/// The same package under another name below a directory, with this behind its version and a change to its files.
///
/// # Errors
/// When it cannot be packed.
fn altered(
    package: &Path,
    directory: &Path,
    name: &str,
    behind: &str,
    change: impl Fn(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let (tree, altered) = (directory.join(name), directory.join(format!("{name}.deb")));
    output(Command::new("dpkg-deb").arg("-R").arg(package).arg(&tree))?;
    let version = field(package, "Version")?;
    let control = tree.join("DEBIAN/control");
    let text = fs::read_to_string(&control)?;
    let next = text.replace(&format!("Version: {version}"), &format!("Version: {version}{behind}"));
    ensure!(next != text, "no version in\n{text}");
    fs::write(&control, next)?;
    change(&tree)?;
    output(Command::new("dpkg-deb").args(["-Znone", "-b"]).arg(&tree).arg(&altered))?;
    fs::remove_dir_all(tree)?;
    Ok(altered)
}
