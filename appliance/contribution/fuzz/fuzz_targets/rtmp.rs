//! The bytes of an RTMP connection.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| contribution::testing::fuzz_rtmp(bytes));
