//! A transport stream.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| contribution::testing::fuzz_ts(bytes));
