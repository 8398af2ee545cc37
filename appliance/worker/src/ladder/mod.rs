//! The ladder: each rung an encoder on a thread of its own, and one for sound. Slots and samples in, access units out
//! onto the link.

pub(crate) mod audio;
pub(crate) mod rung;
