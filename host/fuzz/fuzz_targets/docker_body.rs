//! Bodies for the engine. What must hold is in `host/capability/src/docker/policy/fuzzing.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| windlass_capability::docker::docker_body(input));
