//! Puts a manifest into a component whose toolchain cannot: exactly one, whatever was there before.
//!
//! Nothing else of the component changes. Whether it is a plugin is `inspect`'s to say.

use std::mem;

use wasm_encoder::{Component, ComponentSectionId, CustomSection, Encode as _, Module, RawSection, Section as _};
use wasmparser::{Encoding, Parser, Payload};

use super::inspect::{self, InspectError};
use super::manifest::{Manifest, ManifestError, SECTION};

impl Manifest {
    /// The component with this as its manifest, in the place of all that it had. The contract is the one whose interfaces
    /// it exports, where it exports any.
    pub fn put_into(&self, component: &[u8]) -> Result<Vec<u8>, InspectError> {
        inspect::valid(component)?;
        let mut manifest = self.clone();
        if let Some(contract) = inspect::exported_contract(component).map_err(InspectError::Invalid)? {
            manifest.contract = contract;
        }
        let text =
            serde_json::to_vec(&manifest).map_err(|error| InspectError::Manifest(ManifestError::Malformed(error)))?;
        let mut bytes = without(component).map_err(InspectError::Invalid)?;
        CustomSection { name: SECTION.into(), data: text.into() }.append_to(&mut bytes);
        Ok(bytes)
    }
}

/// The component without any manifest, also in the modules and components that it is made of.
fn without(component: &[u8]) -> wasmparser::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(component.len());
    let mut outer = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload?;
        match &payload {
            Payload::Version { encoding: Encoding::Component, .. } => bytes.extend_from_slice(&Component::HEADER),
            Payload::Version { encoding: Encoding::Module, .. } => bytes.extend_from_slice(&Module::HEADER),
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => outer.push(mem::take(&mut bytes)),
            Payload::End(_) => {
                let Some(mut around) = outer.pop() else { break };
                let is_component = bytes.starts_with(&Component::HEADER);
                let section = if is_component { ComponentSectionId::Component } else { ComponentSectionId::CoreModule };
                around.push(section.into());
                bytes.as_slice().encode(&mut around);
                bytes = around;
            }
            Payload::CustomSection(section) if section.name() == SECTION => {}
            other => {
                if let Some((id, range)) = other.as_section() {
                    let data = component.get(range).unwrap_or_default();
                    RawSection { id, data }.append_to(&mut bytes);
                }
            }
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use windlass_foundation::identity::Kind;

    use super::*;

    const CHECK: &[u8] = include_bytes!("../../../tests/fixtures/contracts/0.2/check.wasm");

    fn manifest(name: &str) -> Manifest {
        Manifest {
            format: 1,
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            kind: Kind::Check,
            contract: "0.0.0".to_owned(),
            capabilities: Vec::new(),
        }
    }

    #[test]
    fn a_manifest_takes_the_place_of_all_that_were_there() {
        // The fixture's is inside of its core module, where the linker put it.
        let once = manifest("check-once").put_into(CHECK).unwrap();
        let read = inspect::inspect(&once).unwrap();
        assert_eq!((read.name.as_str(), read.contract.as_str()), ("check-once", "0.2.0"));
        let twice = manifest("check-twice").put_into(&once).unwrap();
        assert_eq!(inspect::inspect(&twice).unwrap().name, "check-twice");
        assert_eq!(twice.len(), once.len() + 1);
        assert_eq!(manifest("check-once").put_into(&twice).unwrap(), once);
    }

    #[test]
    fn the_rest_of_the_component_stays_as_it_is() {
        let sections = |bytes: &[u8]| -> Vec<Vec<u8>> {
            let sections = Parser::new(0).parse_all(bytes).filter_map(|payload| match payload.unwrap() {
                Payload::CustomSection(section) if section.name() == SECTION => None,
                payload => payload.as_section().map(|(_, range)| bytes[range].to_vec()),
            });
            // What holds others is as long as what it holds.
            sections.filter(|section| !section.starts_with(b"\0asm")).collect()
        };
        assert_eq!(sections(&manifest("check-x").put_into(CHECK).unwrap()), sections(CHECK));
    }

    #[test]
    fn what_is_no_component_is_refused() {
        let refused = |bytes: &[u8]| manifest("check-x").put_into(bytes).unwrap_err().to_string();
        assert!(refused(&Module::HEADER).contains("core WebAssembly module"));
        assert!(refused(b"#!/bin/sh").contains("not WebAssembly"));
        assert!(refused(&CHECK[..CHECK.len() / 2]).contains("not valid WebAssembly"));
    }
}
