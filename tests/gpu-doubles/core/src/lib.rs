//! What the doubles of GPUs have in common. For tests.
//!
//! | module | what it is |
//! |---|---|
//! | [`encoder`] | x264 in place of silicon |
//! | [`fault`] | what is to go wrong |
//!
//! Not here: what a driver looks like from outside.
#![expect(unsafe_code, reason = "x264 is C")]

pub mod encoder;
pub mod fault;

#[allow(
    warnings,
    clippy::all,
    clippy::allow_attributes,
    reason = "made by bindgen: what it sets off differs by version"
)]
mod sys {
    include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
}
