//! `SwrContext`: any sound to 48 kHz stereo floats, stretched a little where asked.

use super::{Error, Frame, check, sys};
use media::time::AUDIO_SAMPLE_RATE;
use std::ffi::c_int;
use std::ptr::{self, NonNull};

/// A resampler for sound of one kind.
pub(crate) struct Resampler {
    context: NonNull<sys::SwrContext>,
    kind: Kind,
}

// SAFETY: a resampler has no tie to a thread as long as one at a time uses it, which &mut self ensures.
unsafe impl Send for Resampler {}

/// What must not change for a resampler to stay.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Kind {
    rate: c_int,
    format: sys::AVSampleFormat,
    channels: c_int,
}

fn kind_of(frame: &Frame) -> Kind {
    let raw = frame.raw();
    Kind { rate: raw.sample_rate, format: frame.sample_format(), channels: raw.ch_layout.nb_channels }
}

impl Resampler {
    /// A resampler for sound like this.
    pub(crate) fn for_sound_like(frame: &Frame) -> Result<Self, Error> {
        let kind = kind_of(frame);
        let mut context = ptr::null_mut();
        // SAFETY: layouts are initialised and only read; a null context is allocated; "flags" exists on it.
        unsafe {
            let mut stereo = std::mem::zeroed();
            sys::av_channel_layout_default(&raw mut stereo, 2);
            let mut from = frame.raw().ch_layout;
            if from.order == sys::AVChannelOrder::AV_CHANNEL_ORDER_UNSPEC {
                // Nobody says which channel is which: the usual order. The original stays with its frame.
                sys::av_channel_layout_default(&raw mut from, kind.channels);
            }
            let planar = sys::AVSampleFormat::AV_SAMPLE_FMT_FLTP;
            let (rate, log) = (AUDIO_SAMPLE_RATE as c_int, ptr::null_mut());
            let (to, from) = (&raw mut stereo, &raw mut from);
            let context = &raw mut context;
            let code =
                sys::swr_alloc_set_opts2(context, to, planar, rate, from, kind.format, kind.rate, 0, log);
            check("set up the resampler", code)?;
        }
        let context = NonNull::new(context).expect("a resampler that was set up is there");
        let resampler = Self { context, kind };
        // SAFETY: a valid context, not yet initialised. Forced resampling, so that stretching needs no restart.
        unsafe {
            let flags = i64::from(sys::SWR_FLAG_RESAMPLE);
            sys::av_opt_set_int(context.as_ptr().cast(), c"flags".as_ptr(), flags, 0);
            check("start the resampler", sys::swr_init(context.as_ptr()))?;
        }
        Ok(resampler)
    }

    /// Whether the sound is still of the kind it was made for.
    pub(crate) fn fits(&self, frame: &Frame) -> bool {
        self.kind == kind_of(frame)
    }

    /// Samples of output still inside.
    pub(crate) fn delay_samples(&self) -> i64 {
        // SAFETY: a valid context.
        unsafe { sys::swr_get_delay(self.context.as_ptr(), i64::from(AUDIO_SAMPLE_RATE)) }
    }

    /// Spreads `samples` more (or fewer, when negative) over the next `distance` samples of output.
    pub(crate) fn stretch(&mut self, samples: i32, distance: i32) {
        // SAFETY: a valid context; a refusal leaves the sound as it is.
        unsafe { sys::swr_set_compensation(self.context.as_ptr(), samples, distance) };
    }

    /// Converts a whole frame; left and right come back, of equal length.
    pub(crate) fn convert(&mut self, frame: &Frame) -> Result<[Vec<f32>; 2], Error> {
        let raw = frame.raw();
        // SAFETY: a valid context.
        let room = unsafe { sys::swr_get_out_samples(self.context.as_ptr(), raw.nb_samples) };
        let room = check("ask the resampler how much comes", room)?;
        let (mut left, mut right) = (vec![0f32; room as usize], vec![0f32; room as usize]);
        let mut planes = [left.as_mut_ptr().cast::<u8>(), right.as_mut_ptr().cast::<u8>()];
        // SAFETY: both planes have room for `room` floats; the frame, found to be of the kind that the context was
        // made for, holds nb_samples in each of its planes.
        let written = unsafe {
            let input = raw.extended_data.cast::<*const u8>();
            sys::swr_convert(self.context.as_ptr(), planes.as_mut_ptr(), room, input, raw.nb_samples)
        };
        let written = check("resample", written)? as usize;
        left.truncate(written);
        right.truncate(written);
        Ok([left, right])
    }
}

impl Drop for Resampler {
    fn drop(&mut self) {
        // SAFETY: owned here; freed once.
        unsafe { sys::swr_free(&mut self.context.as_ptr()) }
    }
}
