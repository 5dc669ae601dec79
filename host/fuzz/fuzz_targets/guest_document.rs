//! What a plugin hands over. What must hold is in `host/sandbox/src/fuzzing.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| windlass_sandbox::guest_document(input));
