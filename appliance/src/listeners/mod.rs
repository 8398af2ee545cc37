//! Listeners: one RTMP and one SRT port for all channels. They accept, ask for the key, and hand the publisher to its
//! channel.
//!
//! Here: who may come in ([`gatekeeper`]) and the shells around the protocols ([`rtmp`], [`srt`]). Not here: the
//! protocols themselves (crate `contribution`, sans-IO; for SRT libsrt, in a child process of its own).

pub mod gatekeeper;
pub mod rtmp;
pub mod srt;
