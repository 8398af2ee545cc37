//! MPEG-TS segments (ISO/IEC 13818-1), made from the window just in time when somebody asks for one.
//!
//! | module | what it is |
//! |---|---|
//! | [`half`] | what one TS segment covers: half a CMAF segment |
//! | [`mux`](segment) | one TS segment's bytes |
//! | `psi` | program association and program map tables |
//! | `pes` | access units as PES packets, and those as TS packets |
//!
//! **One-second segments.** A player of this tier starts three target durations behind the end of the playlist,
//! so halving the segment halves its delay. Every second begins with an IDR on every rung, so the cut is free:
//! TS segment 2 x MSN + h is half h of segment MSN, and its number is, like MSN, a function of UTC alone.
//!
//! **Continuity without memory.** The continuity counter of a PID counts its packets modulo 16, across segments
//! (2.4.3.3). A multiplexer that makes segment N on request would have to know how many packets N - 1 had. Here
//! every segment holds a multiple of sixteen packets of each PID: tables are repeated sixteen times, and one PES
//! packet of each track is spread over a few packets more than it needs. So every segment starts with all
//! counters at 0 and continues its neighbours, whoever asks for it, in any order, and after any restart.
//!
//! Demultiplexing is not here: that belongs to contribution.

pub mod half;
mod mux;
mod pes;
mod psi;

pub use half::{Half, TsMsn, listed_halves};
pub use mux::segment;
