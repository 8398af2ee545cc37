//! CMAF (ISO/IEC 23000-19): the header of a track and its chunks, written box by box.
//!
//! One rendition is one track; its number is always [`TRACK_ID`]. Here is no reading of boxes: tests read with
//! another project's parser, so that a mistake is not made twice.

mod boxes;
pub mod chunk;
pub mod init;

/// Every rendition is a file of one track.
pub const TRACK_ID: u32 = 1;
