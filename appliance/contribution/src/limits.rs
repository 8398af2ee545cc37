//! Every bound of this crate: its unit, its reason, and what happens when it is reached.

use media::link::FRAME_BYTES_MAX;

/// Units (milliseconds or 1/90,000 s) that an unwrapped timeline may get away from zero, 35,000 years: beyond it the
/// timeline begins anew, so that no arithmetic on it can overflow.
pub const TIMELINE_UNITS_MAX: i64 = 1 << 50;

/// Bytes of one access unit with its headers: it must still fit into one frame of the link to the encode worker.
/// A larger RTMP message ends the connection; a larger PES packet is dropped and counted.
pub const UNIT_BYTES_MAX: usize = FRAME_BYTES_MAX - 1024;

/// Bytes of a codec configuration. Real ones are below 1 KiB; a larger one is ignored and counted as malformed.
pub const CONFIG_BYTES_MAX: usize = 16 << 10;

/// Outputs that wait to be polled: 64 KiB of the smallest messages possible make fewer. The caller drains after
/// each `handle`; beyond it an RTMP session fails, and a TS demultiplexer drops and counts.
pub const OUTPUTS_MAX: usize = 65_536;

/// Bytes of media in these outputs: a few of the longest access units. The same happens.
pub const OUTPUT_BYTES_MAX: usize = 4 * UNIT_BYTES_MAX;

/// Bytes that wait to be sent to an RTMP peer. All our answers together are a few KiB; a peer that provokes more
/// while it does not read is cut off.
pub const SEND_BYTES_MAX: usize = 256 << 10;

/// Bytes of any RTMP message of a peer that does not yet publish, and of a command or data message at any time.
/// The longest `connect` seen is 1 KiB. A larger one ends the connection.
pub const COMMAND_BYTES_MAX: usize = 64 << 10;

/// Bytes of the unfinished RTMP messages of all chunk streams together, as a multiple of the longest message
/// allowed at that time: one of video and as much again for the rest. Beyond it the connection ends.
pub const MESSAGES_IN_FLIGHT_MAX: usize = 2;

/// RTMP chunk streams of one connection. The protocol has 65,599; publishers use about six. Beyond it the
/// connection ends.
pub const CHUNK_STREAMS_MAX: usize = 64;

/// Bytes that a chunk counts for at least (RTMP 1.0 5.4.1: "SHOULD be at least 128 bytes"): a peer that chooses
/// one-byte chunks, each with a header to be read, may send messages of up to 64 KiB in that way and no longer ones.
pub const CHUNK_ACCOUNT_BYTES_MIN: usize = 128;

/// Chunks of one RTMP message, by that account. Beyond it the connection ends.
pub const MESSAGE_CHUNKS_MAX: usize = UNIT_BYTES_MAX.div_ceil(CHUNK_ACCOUNT_BYTES_MIN);

/// Bytes in each chunk that we send: our answers fit into one.
pub const CHUNK_SENT_BYTES_MAX: usize = 4096;

/// Bytes after which the peer is told how many have come, before it names a window of its own; and the window
/// that we ask of it. The value other servers use.
pub const ACK_WINDOW_BYTES: u32 = 2_500_000;

/// Bytes of the smallest acknowledgement window that we follow, so that an absurd one costs nothing.
pub const ACK_WINDOW_BYTES_MIN: u32 = 4096;

/// Bytes of an application name or stream key. Ours have 32 hexadecimal digits; a longer one is refused.
pub const NAME_BYTES_MAX: usize = 256;

/// Bytes of media that came before publishing was accepted and are kept until it is (some encoders do not wait):
/// enough for configurations and the first sound. More ends the connection.
pub const EARLY_MEDIA_BYTES_MAX: usize = 256 << 10;

/// Messages of such media; the same.
pub const EARLY_MEDIA_MESSAGES_MAX: usize = 64;

/// Depth of AMF0 objects within objects. Commands have two. A deeper value is malformed.
pub const AMF_DEPTH_MAX: usize = 16;

/// AMF0 values in one message; metadata has about 30. A message with more is malformed.
pub const AMF_VALUES_MAX: usize = 1024;

/// Bytes of a text taken out of the metadata for the operator to read; the rest is cut off.
pub const METADATA_TEXT_BYTES_MAX: usize = 128;

/// Distinct codecs that are reported as not taken; the rest is silently skipped.
pub const UNSUPPORTED_REPORTS_MAX: usize = 8;

/// Tracks looked at in one multitrack message of Enhanced RTMP; its track numbers are one byte.
pub const MULTITRACK_TRACKS_MAX: usize = 256;

/// Extensions before one Enhanced RTMP packet; one is defined. More make it malformed.
pub const MOD_EX_MAX: usize = 16;

/// Bytes of a program association or map section: "the section_length shall not exceed 1021"
/// (ISO/IEC 13818-1 2.4.4.4, 2.4.4.9) and three bytes before it. A longer one is dropped and counted.
pub const SECTION_BYTES_MAX: usize = 1024;

/// Elementary streams looked at in one program map. 1,021 bytes hold at most 201.
pub const PROGRAM_STREAMS_MAX: usize = 201;

/// Bytes of one ADTS frame: its length field has 13 bits.
pub const ADTS_FRAME_BYTES_MAX: usize = (1 << 13) - 1;

const _: () = assert!(COMMAND_BYTES_MAX <= UNIT_BYTES_MAX && UNIT_BYTES_MAX < FRAME_BYTES_MAX);
const _: () = assert!(MESSAGE_CHUNKS_MAX * CHUNK_ACCOUNT_BYTES_MIN >= UNIT_BYTES_MAX);
const _: () = assert!(UNIT_BYTES_MAX < 1 << 24, "an RTMP message length has 24 bits");
