//! What is in the package, and what dpkg is told about it. Nothing is installed.

use std::process::Command;

use anyhow::{Result, ensure};
use windlass_package_tests::{field, output, package};

/// One line for each file: mode, owner and path.
fn files() -> Result<Vec<String>> {
    let listed = output(Command::new("dpkg-deb").arg("-c").arg(package()?))?;
    let words = listed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    Ok(words.filter(|words| words.len() > 5).map(|words| format!("{} {} {}", words[0], words[1], words[5])).collect())
}

#[test]
fn each_file_has_its_place_and_belongs_to_root() -> Result<()> {
    let files = files()?;
    let is_of_a_command = |file: &&String| file.contains("/man1/windlass-");
    ensure!(files.iter().filter(is_of_a_command).count() > 30, "not each command has a page: {files:#?}");
    let mut others: Vec<&str> = files.iter().filter(|file| !is_of_a_command(file)).map(String::as_str).collect();
    others.retain(|file| !file.ends_with('/'));
    others.sort_by_key(|file| file.split(' ').next_back().map(str::to_owned));
    insta::assert_snapshot!(others.join("\n"), @r"
    -rw-r--r-- 0/0 ./etc/windlass/agent.toml
    -rwxr-xr-x 0/0 ./usr/bin/windlass
    -rw-r--r-- 0/0 ./usr/lib/systemd/system/windlass.service
    -rw-r--r-- 0/0 ./usr/lib/systemd/system/windlass.socket
    -rw-r--r-- 0/0 ./usr/lib/sysusers.d/windlass.conf
    -rw-r--r-- 0/0 ./usr/lib/tmpfiles.d/windlass.conf
    -rw-r--r-- 0/0 ./usr/share/bash-completion/completions/windlass
    -rw-r--r-- 0/0 ./usr/share/doc/windlass/CHANGELOG.md
    -rw-r--r-- 0/0 ./usr/share/doc/windlass/README.md
    -rw-r--r-- 0/0 ./usr/share/doc/windlass/changelog.gz
    -rw-r--r-- 0/0 ./usr/share/doc/windlass/copyright
    -rw-r--r-- 0/0 ./usr/share/doc/windlass/examples/commands.conf
    -rw-r--r-- 0/0 ./usr/share/doc/windlass/examples/windlass-user.conf
    -rw-r--r-- 0/0 ./usr/share/fish/vendor_completions.d/windlass.fish
    -rw-r--r-- 0/0 ./usr/share/man/man1/windlass.1.gz
    -rw-r--r-- 0/0 ./usr/share/zsh/vendor-completions/_windlass
    ");
    let directories = files.iter().filter(|file| file.ends_with('/'));
    let odd: Vec<&String> = directories.filter(|file| !file.starts_with("drwxr-xr-x 0/0 ")).collect();
    ensure!(odd.is_empty(), "{odd:?}");
    Ok(())
}

#[test]
fn dpkg_is_told_what_the_package_is_and_needs() -> Result<()> {
    let package = package()?;
    let told = ["Package", "Section", "Priority", "Recommends", "Suggests", "Homepage", "Maintainer"]
        .map(|name| field(&package, name).map(|value| format!("{name}: {value}")));
    let told: Vec<String> = told.into_iter().collect::<Result<_>>()?;
    insta::assert_snapshot!(told.join("\n"), @r"
    Package: windlass
    Section: admin
    Priority: optional
    Recommends: ca-certificates
    Suggests: docker.io | docker-ce, git, openssh-client
    Homepage: https://github.com/windlass-dev/windlass
    Maintainer: The Windlass developers <windlass-dev@users.noreply.github.com>
    ");
    let depends = field(&package, "Depends")?;
    for needed in ["libc6 (>= 2.", "systemd | systemd-standalone-sysusers | systemd-sysusers"] {
        ensure!(depends.contains(needed), "{depends}");
    }
    let architecture = output(Command::new("dpkg").arg("--print-architecture"))?;
    assert_eq!(field(&package, "Architecture")?, architecture.trim());
    let name = package.file_name().unwrap_or_default().to_string_lossy().into_owned();
    assert_eq!(name, format!("windlass_{}_{}.deb", env!("CARGO_PKG_VERSION"), architecture.trim()));
    assert_eq!(field(&package, "Version")?, env!("CARGO_PKG_VERSION"));
    Ok(())
}

#[test]
fn scripts_are_whole_and_only_the_operators_file_is_kept_by_dpkg() -> Result<()> {
    let directory = tempfile::tempdir()?;
    output(Command::new("dpkg-deb").arg("-e").arg(package()?).arg(directory.path()))?;
    assert_eq!(std::fs::read_to_string(directory.path().join("conffiles"))?.trim(), "/etc/windlass/agent.toml");
    for name in ["postinst", "prerm", "postrm"] {
        let script = directory.path().join(name);
        output(Command::new("sh").arg("-n").arg(&script))?;
        let text = std::fs::read_to_string(&script)?;
        ensure!(text.starts_with("#!/bin/sh\nset -e\n"), "{name}:\n{text}");
        ensure!(!text.contains('#') || !text.contains("#DEBHELPER#"), "{name}:\n{text}");
    }
    Ok(())
}

#[test]
fn the_licence_and_the_changes_are_as_debian_reads_them() -> Result<()> {
    let directory = tempfile::tempdir()?;
    output(Command::new("dpkg-deb").arg("-x").arg(package()?).arg(directory.path()))?;
    let docs = directory.path().join("usr/share/doc/windlass");
    let copyright = std::fs::read_to_string(docs.join("copyright"))?;
    ensure!(copyright.contains("\nCopyright: 20") && copyright.contains("\nLicense: Apache-2.0\n"), "{copyright}");
    let changes =
        output(Command::new("dpkg-parsechangelog").arg("-l").arg(docs.join("changelog.gz")).args(["-S", "Version"]));
    assert_eq!(changes?.trim(), env!("CARGO_PKG_VERSION"));
    Ok(())
}
