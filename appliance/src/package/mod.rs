//! Package: the stage that owns the channel's timeline. The coded ladder in, the live window out.
//!
//! Here: the assembly of renditions from what the encoder says ([`assembler`]), and the actor that feeds it
//! ([`actor`]). Not here: boxes, playlists and windows themselves (crate `media`), and viewers (`serve`).

pub mod actor;
pub mod assembler;
