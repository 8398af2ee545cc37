//! FFmpeg, fenced in: frames, encoders, decoders, filters, the scaler and the resampler as safe types, no more of each than
//! the worker needs. No decisions here. This folder, `gpu::{ffi, ffi_nvidia}` and `srt::ffi` hold all the project's `unsafe`.
//!
//! Rules that keep it sound: each C object has one Rust owner that frees it; nothing borrowed from C outlives the
//! borrow of its owner; pictures are written only while libavutil says that nobody else holds them.
#![expect(unsafe_code, reason = "libavcodec, libavfilter, libswscale and libswresample are C")]

mod decoder;
mod device;
mod encoder;
mod filter;
mod frame;
mod luma;
mod resampler;
mod scaler;

pub(crate) use decoder::Decoder;
pub(crate) use device::{Device, DevicePictures};
pub(crate) use encoder::{Encoder, PASSING_SET_ID, SET_ID, VideoSettings};
pub(crate) use filter::Filter;
pub(crate) use frame::{Colours, Frame, FramePool, Layout, Primaries, Transfer};
pub(crate) use luma::Luma;
pub(crate) use resampler::Resampler;
pub(crate) use scaler::Scaler;

use ffmpeg_sys_next as sys;
use std::ffi::{CStr, c_int};

/// What FFmpeg said.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A call failed.
    #[error("{doing}: {}", describe(*code))]
    Call {
        /// What was being done.
        doing: &'static str,
        /// As returned.
        code: c_int,
    },
    /// This FFmpeg was built without it.
    #[error("this box's FFmpeg has no {0}")]
    Missing(String),
    /// A picture that somebody else still holds was to be painted, or one of another kind.
    #[error("{0}")]
    Misuse(&'static str),
}

/// Passes on what is not negative.
fn check(doing: &'static str, code: c_int) -> Result<c_int, Error> {
    if code < 0 { Err(Error::Call { doing, code }) } else { Ok(code) }
}

/// Whether a receive call had nothing yet, or nothing more.
fn is_drained(code: c_int) -> bool {
    code == sys::AVERROR(sys::EAGAIN) || code == sys::AVERROR_EOF
}

fn describe(code: c_int) -> String {
    let mut text = [0; sys::AV_ERROR_MAX_STRING_SIZE];
    // SAFETY: the buffer is as long as said; av_strerror always ends it with a zero.
    let text = unsafe {
        sys::av_strerror(code, text.as_mut_ptr(), text.len());
        CStr::from_ptr(text.as_ptr())
    };
    text.to_string_lossy().into_owned()
}

/// Which FFmpeg this is.
pub fn version() -> String {
    // SAFETY: a string that is part of the library and never changes.
    let text = unsafe { CStr::from_ptr(sys::av_version_info()) };
    text.to_string_lossy().into_owned()
}

/// Keeps FFmpeg from writing to standard error by itself: what matters comes back as [`Error`], and a damaged
/// source would fill the journal.
pub(crate) fn silence_log() {
    // SAFETY: sets one global integer, atomically enough for a level.
    unsafe { sys::av_log_set_level(sys::AV_LOG_QUIET) }
}
