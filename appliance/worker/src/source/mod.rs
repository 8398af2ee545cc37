//! The source as it comes over the link: decoded, and laid onto the house clock.
//!
//! | module | what it is |
//! |---|---|
//! | [`clock`] | maps the source's stamps to house time (pure) |
//! | [`pick`] | which decoded picture goes to which slot (pure) |
//! | [`sound`] | where decoded samples go (pure) |
//! | [`intake`] | the threads that decode |

pub(crate) mod clock;
pub(crate) mod intake;
pub(crate) mod pick;
pub(crate) mod sound;
