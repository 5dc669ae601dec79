//! Files that are no plugins, or not of the kind that they are used as.

use std::path::Path;

use anyhow::{Context as _, Result};
use windlass_foundation::explain::{ExitCode, Explain as _};
use windlass_foundation::identity::Kind;
use windlass_sandbox::Source;

use crate::hostile::support::{Yard, chain, guest, limits};

async fn refusal(bytes: Vec<u8>, kind: Kind) -> Result<String> {
    let yard = Yard::new()?;
    let error = yard.admit("./ours.wasm", bytes, kind).await.err().context("it was admitted")?;
    assert_eq!(error.exit(), ExitCode::Configuration);
    let text = chain(&error);
    text.strip_prefix("the plugin `./ours.wasm` cannot be used\n").map(str::to_owned).context(text.clone())
}

/// The guest with every occurrence of a text replaced by another of the same length.
fn changed(guest_name: &str, from: &str, to: &str) -> Result<Vec<u8>> {
    assert_eq!(from.len(), to.len(), "the layout stays");
    let mut bytes = guest(guest_name)?;
    let places: Vec<_> = (0..bytes.len() - from.len()).filter(|at| bytes[*at..].starts_with(from.as_bytes())).collect();
    assert!(!places.is_empty(), "`{from}` is not in the guest");
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    Ok(bytes)
}

/// An empty core module.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// An empty component.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// A custom section named as the manifest's.
fn manifest(json: &str) -> Vec<u8> {
    let name = "windlass.manifest";
    let length = u8::try_from(1 + name.len() + json.len()).unwrap_or(u8::MAX);
    assert!(length < 128, "one byte of LEB128");
    let mut section = vec![0, length, u8::try_from(name.len()).unwrap_or(u8::MAX)];
    section.extend_from_slice(name.as_bytes());
    section.extend_from_slice(json.as_bytes());
    section
}

#[tokio::test]
async fn what_is_no_component_is_refused() -> Result<()> {
    let whole = guest("hostile-check")?;
    for (bytes, text) in [
        (Vec::new(), "it is not WebAssembly: it begins with nothing at all"),
        (b"#!/bin/sh\necho hello".to_vec(), "it is not WebAssembly: it begins with the text \"#!/bin/s\""),
        (vec![0x9c, 0x01, 0xff, 0x00], "it is not WebAssembly: it begins with the bytes 9c01ff00"),
        (MODULE.to_vec(), "it is a core WebAssembly module and not a component; build it for `wasm32-wasip2`"),
        (b"\0asm\x0e\0\x01\0".to_vec(), "it is not valid WebAssembly: unknown binary version"),
        (
            b"\x7fELF\x02\x01\x01".to_vec(),
            "it is machine code (a program or a `.cwasm`), which is never accepted from outside",
        ),
        (COMPONENT.to_vec(), "it has no `windlass.manifest` section"),
        (whole[..whole.len() / 2].to_vec(), "it is not valid WebAssembly: "),
    ] {
        let refused = refusal(bytes, Kind::Check).await?;
        assert!(refused.starts_with(text), "{refused}\ninstead of\n{text}");
    }
    Ok(())
}

#[tokio::test]
async fn damaged_bytes_never_do_harm() -> Result<()> {
    let whole = guest("hostile-check")?;
    // Not random: the same places in every run. The first eight bytes say what it is, which is the test above.
    for seed in 1_usize..12 {
        let mut bytes = whole.clone();
        for count in 0..64 {
            let at = 8 + (seed * 7_919 + count * 104_729) % (bytes.len() - 8);
            bytes[at] ^= u8::try_from(seed + count).unwrap_or(0xff);
        }
        let refused = refusal(bytes, Kind::Check).await?;
        assert!(refused.starts_with("it is not valid WebAssembly: "), "{refused}");
    }
    Ok(())
}

#[tokio::test]
async fn a_manifest_that_lies_is_refused() -> Result<()> {
    let with = |sections: &[Vec<u8>]| [COMPONENT.to_vec(), sections.concat()].concat();
    for (bytes, text) in [
        (with(&[manifest("{"), manifest("{}")]), "it has 2 `windlass.manifest` sections instead of one"),
        (with(&[manifest("{}")]), "its `windlass.manifest` section cannot be read"),
        (with(&[manifest(r#"{"format":9}"#)]), "its manifest has format 9; this agent reads up to 1"),
    ] {
        let refused = refusal(bytes, Kind::Check).await?;
        assert!(refused.starts_with(text), "{refused}");
    }
    // It says that it is a smoke test but has the exports of a check.
    let bytes = changed("hostile-check", "\"kind\":\"check\"", "\"kind\":\"smoke\"")?;
    assert_eq!(
        refusal(bytes, Kind::Smoke).await?,
        "it says that it is a smoke but does not export `windlass:plugin/smoke@0.2.0`"
    );
    Ok(())
}

#[tokio::test]
async fn a_check_that_imports_what_only_strategies_have_is_refused() -> Result<()> {
    let bytes = changed("hostile-strategy", "\"kind\":\"strategy\"", "\"kind\":\"check\"   ")?;
    assert_eq!(
        refusal(bytes, Kind::Check).await?,
        "it imports what a check cannot have:\n  \
         `windlass:plugin/docker-write@0.2.0`: only a plugin of kind strategy has it"
    );
    Ok(())
}

#[tokio::test]
async fn another_wasi_is_refused_with_a_sentence() -> Result<()> {
    let bytes = changed("hostile-check", "wasi:clocks/monotonic-clock@0.2.", "wasi:clocks/monotonic-clock@0.3.")?;
    let refused = refusal(bytes, Kind::Check).await?;
    assert!(
        refused.starts_with("it imports what a check cannot have:\n  `wasi:clocks/monotonic-clock@0.3."),
        "{refused}"
    );
    assert!(refused.contains("a plugin has WASI 0.2, not 0.3."), "{refused}");
    Ok(())
}

#[tokio::test]
async fn the_wrong_kind_is_refused() -> Result<()> {
    assert_eq!(
        refusal(guest("hostile-strategy")?, Kind::Check).await?,
        "it is a strategy, but the release uses it as a check"
    );
    Ok(())
}

#[tokio::test]
async fn a_huge_file_is_refused_before_it_is_looked_at() -> Result<()> {
    let yard = Yard::with(&limits("plugin-size = \"1KiB\""))?;
    let error = yard.admit("./ours.wasm", vec![0; 2048], Kind::Check).await.err().context("it was admitted")?;
    assert!(
        chain(&error).ends_with("it has 2 KiB; a plugin may have 1 KiB (limit `plugin-size`)"),
        "{}",
        chain(&error)
    );
    Ok(())
}

#[tokio::test]
async fn a_name_leads_to_a_bundled_plugin_or_into_the_bundle() -> Result<()> {
    let yard = Yard::new()?;
    let bundle = yard.directory.path().join("bundle");
    std::fs::write(yard.directory.path().join("outside.wasm"), guest("hostile-check")?)?;
    std::os::unix::fs::symlink("../outside.wasm", bundle.join("link.wasm"))?;
    let refused = async |name: &str| {
        let error = yard.plugins.load(name, Kind::Check, &bundle).await.err().context("it was admitted")?;
        Ok::<_, anyhow::Error>((error.exit(), chain(&error)))
    };
    let (exit, text) = refused("check-nothing").await?;
    assert_eq!(exit, ExitCode::NotFound);
    assert!(
        text.starts_with("the plugin `check-nothing` cannot be used\nthis agent carries no plugin of that name"),
        "{text}"
    );
    for name in ["/etc/passwd.wasm", "../outside.wasm", "link.wasm", "./link.wasm"] {
        let (_, text) = refused(name).await?;
        assert!(text.contains("is not a path below the release file's directory"), "{text}");
    }
    let (_, text) = refused("./missing.wasm").await?;
    assert!(text.contains("cannot read "), "{text}");
    std::fs::copy(yard.directory.path().join("outside.wasm"), bundle.join("ours.wasm"))?;
    let plugin = yard.plugins.load("./ours.wasm", Kind::Check, &bundle).await?;
    assert_eq!((plugin.identity().name.as_str(), plugin.is_bundled()), ("hostile-check", false));
    let source = Source::File(Path::new("/dev/zero").to_owned());
    let error = yard.plugins.admit(&source, None).await.err().context("it was admitted")?;
    assert!(chain(&error).contains("cannot"), "{}", chain(&error));
    Ok(())
}
