//! Plan files. What must hold is in `host/service/src/agent/sealed.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| windlass_service::fuzzing::plan_file(input));
