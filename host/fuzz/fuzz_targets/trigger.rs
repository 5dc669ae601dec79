//! Events from outside. What must hold is in `windlass::fuzzing`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| windlass::fuzzing::trigger(input));
