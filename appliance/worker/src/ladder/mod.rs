//! The ladder: each rung an encoder on a thread of its own, and one for sound. Slots and samples in, access units out
//! onto the link.

pub(crate) mod audio;
mod engine;
pub(crate) mod rung;
