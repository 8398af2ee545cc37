//! What publishers speak, and what we make of it: bytes in, [`media::unit::SourceEvent`]s out.
//!
//! Everything here faces the network, so everything is sans-IO and safe Rust: no socket, no clock, no thread, no
//! async. The shell reads bytes, calls `handle`, and drains `poll` until it is empty. The same bytes give the same
//! events however they were split on the way, and no peer can make us hold more than [`limits`] allows.
//!
//! | module | what it is |
//! |---|---|
//! | [`rtmp`] | the server's side of an RTMP connection, up to and with Enhanced RTMP |
//! | [`flv`] | the bodies of audio and video messages, which RTMP took from FLV |
//! | [`ts`] | an MPEG transport stream: what SRT, UDP and files carry |
//! | [`limits`] | every bound, its unit, its reason |
//!
//! What is not here: decoding, and any opinion about time. Wrapping counters are unwrapped; a source that jumps
//! is passed on as it jumps, since the canvas decides what that means. Which stream keys are good, and how long a
//! peer may stay silent, is for the listeners to say.
#![forbid(unsafe_code)]

mod demuxed;
pub mod flv;
pub mod limits;
pub mod rtmp;
#[doc(hidden)]
pub mod testing;
pub mod ts;
mod wrap;

pub use demuxed::{Demuxed, Medium, Unsupported};
