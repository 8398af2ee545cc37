//! An MPEG transport stream (ISO/IEC 13818-1), from any split of its bytes.
//!
//! Taken are the first program, its first video and its first audio stream that can be taken. A video access unit
//! is what one PES packet carried, as a byte stream; AAC is split into bare frames, Opus into bare packets, other
//! audio is handed on by PES packet. What the source may not get past: a packet lost, damaged or scrambled costs
//! the PES packet that it belongs to, and is counted; nothing ends the demultiplexer.
//!
//! What is not here: clock recovery (PCR), several programs, LATM, subtitles, SCTE-35.

mod adts;
mod demuxer;
mod elementary;
mod framer;
mod opus;
mod packet;
mod pes;
mod program;
mod random_access;
mod section;

pub use demuxer::{Counters, Demuxer};

/// Bytes of a transport packet.
pub(crate) const PACKET_BYTES: usize = 188;

/// "Its value is '0100 0111' (0x47)." (2.4.3.3)
pub(crate) const SYNC_BYTE: u8 = 0x47;
