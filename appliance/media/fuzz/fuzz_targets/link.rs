#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| media::fuzzing::fuzz_link(bytes));
