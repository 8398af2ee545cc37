//! The sources as they come over the link: decoded, measured, and laid onto the house clock. All are decoded all the
//! time, so that each one's signal is known and any of them can take over with its next picture.
//!
//! | module | what it is |
//! |---|---|
//! | [`clock`] | maps the source's stamps to house time (pure) |
//! | [`pass`] | whether its own pictures can take the encoder's place (pure) |
//! | [`pick`] | which decoded picture goes to which slot (pure) |
//! | [`prepare`] | makes pictures progressive, and of standard dynamic range |
//! | [`sound`] | where decoded samples go (pure) |
//! | [`meter`] | whether it is black, frozen, silent, in disorder (pure) |
//! | [`intake`] | the threads that decode one source |
//! | [`sources`] | all of them, and which one is on air |

pub(crate) mod clock;
pub(crate) mod intake;
pub(crate) mod meter;
pub(crate) mod pass;
pub(crate) mod pick;
pub(crate) mod prepare;
pub(crate) mod sound;
pub(crate) mod sources;
