//! Reading and writing what codecs put around their pictures and sound: NAL units, parameter sets,
//! configuration records, ADTS headers. No decoding, and nothing here looks inside a slice.

pub mod aac;
pub mod avcc;
pub mod h264;
pub mod sps;
