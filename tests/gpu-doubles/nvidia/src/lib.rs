//! NVIDIA's driver without a GPU: libcuda, libnvidia-encode and libnvidia-ml in one library, to be found under each of the
//! three names. Device memory is the process's own, and x264 compresses what it holds. For tests.
//!
//! | module | what it is |
//! |---|---|
//! | `cards` | which devices there are |
//! | `cuda` | libcuda: contexts, memory, copies |
//! | `encode` | libnvidia-encode: sessions, pictures, coded bytes |
//! | `codecs` | libnvidia-encode: what a device says it can do |
//! | `ml` | libnvidia-ml: names and figures |
//!
//! Not here: decoding, scaling, kernels.
#![expect(unsafe_code, reason = "a driver is C")]
#![expect(non_snake_case, reason = "functions have NVIDIA's names")]
#![expect(non_upper_case_globals, reason = "constants have NVIDIA's names")]
#![expect(
    unsafe_op_in_unsafe_fn,
    reason = "libavcodec and NVML's clients alone call these, with pointers that are good for the call"
)]

mod cards;
mod codecs;
mod cuda;
mod encode;
mod ml;

#[allow(
    warnings,
    clippy::all,
    clippy::allow_attributes,
    reason = "made by bindgen: what it sets off differs by version"
)]
mod sys {
    include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
}
