//! Archives of applications' files. What must hold is in `host/release/src/fuzzing.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| windlass_release::fuzzing::bundle(input));
