//! What can be known about a plugin's file without running any of it.

use wasmparser::{ComponentExternalKind, Parser, Payload, Validator, WasmFeatures};
use windlass_foundation::identity::Kind;

use super::manifest::{Manifest, SECTION};
use super::text::{beginning, plain};

/// The version of the contract that this agent offers; patch versions do not matter. `wit/` has a folder of that name, and
/// the SDK has the same version.
pub const CONTRACT: &str = "0.2";

/// WASI packages that are there, at 0.2.
const WASI: [&str; 7] = ["cli", "clocks", "filesystem", "http", "io", "random", "sockets"];

/// Interfaces of the contract that every world imports.
const BASE: [&str; 6] = ["common", "context", "log", "state", "files", "secrets"];

/// Why a file is not a plugin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InspectError {
    /// Compiled machine code.
    #[error(
        "it is machine code (a program or a `.cwasm`), which is never accepted from outside; give the `.wasm` component"
    )]
    MachineCode,
    /// A module of the core specification.
    #[error("it is a core WebAssembly module and not a component; build it for `wasm32-wasip2`")]
    CoreModule,
    /// Not WebAssembly at all.
    #[error("it is not WebAssembly: it begins with {0}")]
    NotWasm(String),
    /// WebAssembly, but broken.
    #[error("it is not valid WebAssembly: {}", short(&.0.to_string()))]
    Invalid(#[source] wasmparser::BinaryReaderError),
    /// Its manifest cannot be used.
    #[error(transparent)]
    Manifest(#[from] super::ManifestError),
    /// It was built for a contract that this agent does not speak any more.
    #[error(
        "it was built for contract {contract}, and this agent speaks {CONTRACT}; build it again with `windlass-sdk` {CONTRACT}: \
         `cargo build --release --target wasm32-wasip2`"
    )]
    Earlier {
        /// The contract that it was built for.
        contract: String,
    },
    /// It was built for a contract that this agent does not speak yet.
    #[error("it was built for contract {contract}, and this agent speaks {CONTRACT}; upgrade the agent")]
    Later {
        /// The contract that it was built for.
        contract: String,
    },
    /// It imports what its kind does not have.
    #[error("it imports what a {kind} cannot have:{}", list(imports))]
    Imports {
        /// Its kind.
        kind: Kind,
        /// Each import, with the reason.
        imports: Vec<String>,
    },
    /// It does not export what its kind must.
    #[error("it says that it is a {kind} but does not export `{missing}`")]
    Exports {
        /// Its kind.
        kind: Kind,
        /// What is missing.
        missing: String,
    },
}

/// Lines for people: the first of many, each of a bearable length.
fn list(lines: &[String]) -> String {
    const SHOWN: usize = 20;
    let text = lines.iter().take(SHOWN).fold(String::new(), |text, line| text + "\n  " + &short(line));
    if lines.len() > SHOWN { format!("{text}\n  and {} more", lines.len() - SHOWN) } else { text }
}

/// What a file says, in a message.
fn short(text: &str) -> String {
    const LONGEST: usize = 300;
    beginning(&plain(text), LONGEST)
}

/// Looks at a whole file: it is a valid component, has one manifest, imports only what its kind has, and exports what
/// its kind must.
pub(super) fn inspect(bytes: &[u8]) -> Result<Manifest, InspectError> {
    valid(bytes)?;
    let outline = outline(bytes).map_err(InspectError::Invalid)?;
    let manifest = Manifest::read(&outline.manifests)?;
    spoken(&manifest.contract)?;
    let kind = manifest.kind;
    let refused: Vec<_> =
        outline.imports.iter().filter_map(|name| refusal(kind, name).map(|why| format!("`{name}`: {why}"))).collect();
    if !refused.is_empty() {
        return Err(InspectError::Imports { kind, imports: refused });
    }
    for missing in ["plugin", kind.word()] {
        let is_it = |(item, version): (&str, &str)| item == missing && is_minor(version, CONTRACT);
        if !outline.exports.iter().any(|name| contract(name).is_some_and(is_it)) {
            let missing = format!("windlass:plugin/{missing}@{CONTRACT}.0");
            return Err(InspectError::Exports { kind, missing });
        }
    }
    Ok(manifest)
}

/// Looks at whether a whole file is a valid component.
pub(super) fn valid(bytes: &[u8]) -> Result<(), InspectError> {
    if wasmtime::Engine::detect_precompiled(bytes).is_some() || bytes.starts_with(b"\x7fELF") {
        return Err(InspectError::MachineCode);
    }
    if Parser::is_core_wasm(bytes) {
        return Err(InspectError::CoreModule);
    }
    if !bytes.starts_with(b"\0asm") {
        return Err(InspectError::NotWasm(first(bytes)));
    }
    Validator::new_with_features(features()).validate_all(bytes).map(drop).map_err(InspectError::Invalid)
}

/// The version of the contract whose interfaces a component exports.
pub(super) fn exported_contract(bytes: &[u8]) -> Result<Option<String>, wasmparser::BinaryReaderError> {
    let exports = outline(bytes)?.exports;
    Ok(exports.into_iter().find_map(contract).map(|(_, version)| version.to_owned()))
}

/// Whether this agent speaks the contract that a plugin was built for.
fn spoken(contract: &str) -> Result<(), InspectError> {
    if is_minor(contract, CONTRACT) {
        return Ok(());
    }
    let track = |version: &str| {
        let mut numbers = version.split(['.', '-', '+']).map(|number| number.parse::<u64>().unwrap_or_default());
        (numbers.next(), numbers.next())
    };
    let contract = contract.to_owned();
    Err(if track(&contract) > track(CONTRACT) {
        InspectError::Later { contract }
    } else {
        InspectError::Earlier { contract }
    })
}

/// What the engine runs, see `engine`.
fn features() -> WasmFeatures {
    WasmFeatures::default().difference(
        WasmFeatures::MEMORY64 | WasmFeatures::RELAXED_SIMD | WasmFeatures::THREADS | WasmFeatures::CM_ASYNC,
    )
}

#[derive(Default)]
struct Outline<'a> {
    manifests: Vec<&'a [u8]>,
    imports: Vec<&'a str>,
    exports: Vec<&'a str>,
}

/// The manifests anywhere in the file, and the imports and exports of the outermost component.
fn outline(bytes: &[u8]) -> Result<Outline<'_>, wasmparser::BinaryReaderError> {
    let mut outline = Outline::default();
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if section.name() == SECTION => outline.manifests.push(section.data()),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    outline.imports.push(import?.name.name);
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    let export = export?;
                    if export.kind == ComponentExternalKind::Instance {
                        outline.exports.push(export.name.name);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(outline)
}

/// `windlass:plugin/ITEM@VERSION` in its parts.
fn contract(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix("windlass:plugin/")?.split_once('@')
}

/// Why a kind of plugin cannot import this; none when it can.
fn refusal(kind: Kind, name: &str) -> Option<String> {
    if let Some((item, version)) = contract(name) {
        if !is_minor(version, CONTRACT) {
            return Some(format!("this agent offers version {CONTRACT} of the contract"));
        }
        if BASE.contains(&item) || of_kind(kind).contains(&item) {
            return None;
        }
        let others: Vec<_> =
            Kind::ALL.iter().filter(|other| of_kind(**other).contains(&item)).map(|k| k.word()).collect();
        return Some(if others.is_empty() {
            "the contract has no such interface".to_owned()
        } else {
            format!("only a plugin of kind {} has it", others.join(", "))
        });
    }
    if let Some((package, rest)) = name.strip_prefix("wasi:").and_then(|name| name.split_once('/')) {
        let version = rest.split_once('@').map_or("", |(_, version)| version);
        if !WASI.contains(&package) {
            return Some(format!("of WASI a plugin has only {}", WASI.join(", ")));
        }
        if !is_minor(version, "0.2") {
            return Some(format!("a plugin has WASI 0.2, not {version}; build it for `wasm32-wasip2`"));
        }
        return None;
    }
    Some("it belongs neither to the contract nor to WASI".to_owned())
}

/// Interfaces of the contract that one kind's world imports besides the base.
fn of_kind(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Check => &["docker-read", "registry", "exec"],
        Kind::Strategy => &["docker-read", "docker-write", "registry", "exec"],
        Kind::Smoke => &["docker-read", "exec"],
        Kind::Recorder => &["exec"],
    }
}

/// Whether a version is of the given `MAJOR.MINOR`.
fn is_minor(version: &str, minor: &str) -> bool {
    version.strip_prefix(minor).is_some_and(|patch| patch.starts_with('.') && !patch.contains('-'))
}

/// The first bytes of a file, for people.
fn first(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "nothing at all".to_owned();
    }
    let first = &bytes[..bytes.len().min(8)];
    if first.iter().all(|byte| (b' '..=b'~').contains(byte)) {
        return format!("the text {:?}", String::from_utf8_lossy(first));
    }
    format!("the bytes {}", hex::encode(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_imports_what_its_world_says() {
        let worlds = include_str!("../../../wit/0.2/worlds.wit");
        for kind in Kind::ALL {
            let world = worlds.split("world ").find(|world| world.starts_with(kind.world())).unwrap_or_default();
            let imports: Vec<_> =
                world.lines().filter_map(|line| line.trim().strip_prefix("import ")?.strip_suffix(';')).collect();
            assert_eq!(imports, of_kind(kind), "{kind}");
        }
    }

    #[test]
    fn says_why_an_import_is_refused() {
        let why = |kind, name| refusal(kind, name).unwrap_or_default();
        assert_eq!(why(Kind::Check, "windlass:plugin/docker-write@0.2.0"), "only a plugin of kind strategy has it");
        assert_eq!(why(Kind::Check, "windlass:plugin/log@0.1.0"), "this agent offers version 0.2 of the contract");
        assert_eq!(
            why(Kind::Check, "wasi:clocks/monotonic-clock@0.3.0"),
            "a plugin has WASI 0.2, not 0.3.0; build it for `wasm32-wasip2`"
        );
        assert_eq!(
            why(Kind::Check, "wasi:nn/graph@0.2.0"),
            "of WASI a plugin has only cli, clocks, filesystem, http, io, random, sockets"
        );
        assert_eq!(why(Kind::Check, "env"), "it belongs neither to the contract nor to WASI");
        assert_eq!(refusal(Kind::Check, "wasi:io/streams@0.2.9"), None);
        assert_eq!(refusal(Kind::Strategy, "windlass:plugin/docker-write@0.2.4"), None);
    }

    #[test]
    fn a_contract_of_another_track_is_refused_with_what_to_do() {
        let said = |contract: &str| spoken(contract).err().map(|error| error.to_string());
        assert_eq!((said("0.2.0"), said("0.2.7")), (None, None));
        let build = "and this agent speaks 0.2; build it again with `windlass-sdk` 0.2: `cargo build --release --target \
                     wasm32-wasip2`";
        for earlier in ["0.1.0", "0.1.12", "0.2.0-rc.1"] {
            assert_eq!(said(earlier), Some(format!("it was built for contract {earlier}, {build}")));
        }
        for later in ["0.3.0", "0.20.0", "1.0.0", "0.3.0-rc.1"] {
            let text = format!("it was built for contract {later}, and this agent speaks 0.2; upgrade the agent");
            assert_eq!(said(later), Some(text));
        }
    }

    /// Plugins that were built for it are out there.
    #[test]
    fn a_published_contract_never_changes() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/0.1");
        let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let all: Vec<u8> = files.iter().flat_map(|file| std::fs::read(file).unwrap()).collect();
        assert_eq!(
            super::super::disk::digest(&all),
            "sha256:84b3386ef6acff20a74ee693f958d097219c27e6a1054122570076324e6fb2f5"
        );
    }
}
