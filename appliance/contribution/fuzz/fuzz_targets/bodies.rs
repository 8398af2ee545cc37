//! The bodies of RTMP messages: FLV tags and AMF0.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    contribution::testing::fuzz_flv(bytes);
    contribution::testing::fuzz_amf0(bytes);
});
