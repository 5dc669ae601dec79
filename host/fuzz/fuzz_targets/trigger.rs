//! Events from outside. What must hold is in `host/service/src/fuzzing.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| windlass_service::fuzzing::trigger(input));
