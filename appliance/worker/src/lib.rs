//! The encode worker: coded source in, coded ladder out, paced by the house clock. And the SRT listener.
//!
//! Both run as child processes of the daemon, each with a socket to it as standard input: what a driver or a C library
//! does to its process must not be done to the daemon. All the project's `unsafe` is in this crate, in these places:
//! `ff` (FFmpeg), `gpu::ffi` (libva), `gpu::ffi_nvidia` and `srt::ffi` (libsrt).
//!
//! ```text
//!   link ──▶ source::intake ──▶ source::{clock, pick, sound}
//!             (decode)                 │ pictures       │ samples
//!                         canvas::pacer ▼               ▼ ladder::audio
//!               pattern ──▶ (slot by slot) ──▶ ladder::rung x n ──▶ link
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | [`run`] | the worker's life (`worker.rs`) |
//! | `begin` | where a worker begins (pure) |
//! | `source` | decoding, and the mapping of the source's time to house time (mostly pure) |
//! | `canvas` | one picture for every slot |
//! | `ladder` | the encoders |
//! | [`pattern`] | the test pattern, its binary clock, the slate |
//! | `paint` | flat shapes and text (pure) |
//! | `limits`, `clock`, `shared`, `link` | bounds, house time, what threads share, the socket |
//! | `ff` | FFmpeg as safe types |
//! | [`gpu`] | what a GPU can do |
//! | [`decode`] | whether what was encoded can be decoded |
//! | [`srt`] | the SRT listener |

mod begin;
mod canvas;
mod clock;
pub mod decode;
mod ff;
pub mod gpu;
mod ladder;
mod limits;
mod link;
mod monitor;
mod paint;
pub mod pattern;
mod shared;
mod source;
pub mod srt;
#[cfg(test)]
mod tests;
mod worker;

pub use ff::version as ffmpeg_version;
pub use worker::{run, run_on};
