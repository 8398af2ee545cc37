//! `AVFrame`: one uncompressed picture or piece of sound, reference counted.

use super::luma::Luma;
use super::{Error, check, sys};
use crate::paint::Surface;
use media::time::{AAC_FRAME_SAMPLES, AUDIO_SAMPLE_RATE};
use std::ffi::{CStr, c_int};
use std::ptr::NonNull;
use std::slice;

/// A picture or piece of sound; its data may be shared with other frames.
pub(crate) struct Frame(NonNull<sys::AVFrame>);

// SAFETY: an AVFrame has no tie to a thread, and the counters of its buffers are atomic.
unsafe impl Send for Frame {}

/// How a picture's light is coded (ITU-T H.273, `TransferCharacteristics`), as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transfer {
    /// Standard dynamic range, or not said.
    Standard,
    /// SMPTE ST 2084, HDR10.
    Pq,
    /// ARIB STD-B67, BBC and NHK's.
    Hlg,
}

/// Which colours red, green and blue are (ITU-T H.273, `ColourPrimaries`), as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Primaries {
    /// Not said.
    Unknown,
    /// Display P3 (SMPTE EG 432-1).
    P3,
    Other,
}

/// How 8-bit 4:2:0 samples lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// yuv420p: three planes; what is painted and x264 takes.
    Planar,
    /// NV12: both colour differences in one plane; what devices take.
    Interleaved,
}

impl Layout {
    pub(super) const fn format(self) -> sys::AVPixelFormat {
        match self {
            Self::Planar => sys::AVPixelFormat::AV_PIX_FMT_YUV420P,
            Self::Interleaved => sys::AVPixelFormat::AV_PIX_FMT_NV12,
        }
    }
}

/// What a picture says of its colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Colours {
    pub(crate) transfer: Transfer,
    pub(crate) primaries: Primaries,
    pub(crate) is_full_range: bool,
}

impl Frame {
    /// Without data; for a decoder to fill.
    pub(super) fn empty() -> Self {
        // SAFETY: no preconditions; null only when memory has run out.
        Self(NonNull::new(unsafe { sys::av_frame_alloc() }).expect("a few hundred bytes of memory"))
    }

    /// A yuv420p picture of this size, BT.709 limited range, its pixels not yet set.
    pub(crate) fn picture(width: u32, height: u32) -> Result<Self, Error> {
        Self::picture_in(Layout::Planar, width, height)
    }

    /// The same in another layout.
    fn picture_in(layout: Layout, width: u32, height: u32) -> Result<Self, Error> {
        let mut frame = Self::empty();
        let raw = frame.raw_mut();
        raw.format = layout.format() as c_int;
        (raw.width, raw.height) = (width as c_int, height as c_int);
        raw.colorspace = sys::AVColorSpace::AVCOL_SPC_BT709;
        raw.color_range = sys::AVColorRange::AVCOL_RANGE_MPEG;
        frame.allocate()
    }

    /// One AAC frame of 48 kHz stereo sound as planar floats, its samples not yet set.
    pub(crate) fn sound() -> Result<Self, Error> {
        let mut frame = Self::empty();
        let raw = frame.raw_mut();
        raw.format = sys::AVSampleFormat::AV_SAMPLE_FMT_FLTP as c_int;
        raw.nb_samples = AAC_FRAME_SAMPLES as c_int;
        raw.sample_rate = AUDIO_SAMPLE_RATE as c_int;
        // SAFETY: the layout belongs to the frame and is unset.
        unsafe { sys::av_channel_layout_default(&raw mut raw.ch_layout, 2) };
        frame.allocate()
    }

    fn allocate(mut self) -> Result<Self, Error> {
        // SAFETY: format and size are set; alignment 0 lets libavutil choose.
        check("allocate a frame", unsafe { sys::av_frame_get_buffer(self.as_mut_ptr(), 0) })?;
        Ok(self)
    }

    /// Another frame on the same data.
    pub(crate) fn share(&self) -> Self {
        // SAFETY: the source is a valid frame; null only when memory has run out.
        Self(
            NonNull::new(unsafe { sys::av_frame_clone(self.as_ptr()) })
                .expect("a few hundred bytes of memory"),
        )
    }

    /// Whether nobody else holds the data.
    pub(crate) fn is_writable(&mut self) -> bool {
        // SAFETY: a valid frame.
        unsafe { sys::av_frame_is_writable(self.as_mut_ptr()) > 0 }
    }

    /// The planes of a yuv420p picture that nobody else holds, to paint on.
    pub(crate) fn surface(&mut self) -> Result<Surface<'_>, Error> {
        if !self.is_yuv420p() || !self.is_writable() {
            return Err(Error::Misuse("only a yuv420p picture that nobody else holds can be painted"));
        }
        let raw = self.raw();
        let (width, height) = (raw.width as usize, raw.height as usize);
        let strides = [0, 1, 2].map(|plane| raw.linesize[plane] as usize);
        let rows = [height, height.div_ceil(2), height.div_ceil(2)];
        // SAFETY: libavutil allocated each plane with stride x rows bytes (strides are positive in frames that it
        // allocates), the planes do not overlap, no other frame holds them, and the borrow of self keeps them.
        let planes = [0, 1, 2]
            .map(|plane| unsafe { slice::from_raw_parts_mut(raw.data[plane], strides[plane] * rows[plane]) });
        Ok(Surface::new(planes, strides, (width, height)))
    }

    /// The luma plane, if this is a picture in memory that has one of its own.
    pub(crate) fn luma(&self) -> Option<Luma<'_>> {
        let raw = self.raw();
        // SAFETY: descriptions are static; null for no format.
        let description = unsafe { sys::av_pix_fmt_desc_get(self.pixel_format()).as_ref() }?;
        const OTHER: i32 = sys::AV_PIX_FMT_FLAG_RGB
            | sys::AV_PIX_FMT_FLAG_PAL
            | sys::AV_PIX_FMT_FLAG_BE
            | sys::AV_PIX_FMT_FLAG_BITSTREAM
            | sys::AV_PIX_FMT_FLAG_HWACCEL;
        let luma = &description.comp[0];
        let bytes = if luma.depth > 8 { 2 } else { 1 };
        let has_plane = luma.plane == 0 && luma.offset == 0 && luma.step == bytes;
        let (width, height) = (self.width() as usize, self.height() as usize);
        let stride = usize::try_from(raw.linesize[0]).ok()?;
        let row = width * bytes as usize;
        if description.flags & OTHER as u64 != 0 || !has_plane || stride < row || height == 0 {
            return None;
        }
        // SAFETY: the plane has `height` rows, `stride` bytes apart, of `width` samples of `bytes` bytes each, and no
        // other component within; the borrow of self keeps it. Others who hold it only read.
        let plane = unsafe { slice::from_raw_parts(raw.data[0], stride * (height - 1) + row) };
        Some(Luma::new(plane, stride, (width, height), (luma.shift + luma.depth) as u32))
    }

    /// The two channels of a frame made by [`Frame::sound`].
    pub(crate) fn channels(&mut self) -> Result<[&mut [f32]; 2], Error> {
        let is_ours = self.raw().format == sys::AVSampleFormat::AV_SAMPLE_FMT_FLTP as c_int
            && self.raw().ch_layout.nb_channels == 2;
        if !is_ours || !self.is_writable() {
            return Err(Error::Misuse("only planar float stereo that nobody else holds can be written"));
        }
        let raw = self.raw();
        let samples = raw.nb_samples as usize;
        // SAFETY: planar float stereo has one plane of nb_samples floats a channel, aligned by libavutil and
        // distinct; no other frame holds them.
        Ok([0, 1].map(|plane| unsafe { slice::from_raw_parts_mut(raw.data[plane].cast::<f32>(), samples) }))
    }

    pub(crate) fn width(&self) -> u32 {
        self.raw().width as u32
    }

    pub(crate) fn height(&self) -> u32 {
        self.raw().height as u32
    }

    pub(crate) fn is_yuv420p(&self) -> bool {
        self.raw().format == sys::AVPixelFormat::AV_PIX_FMT_YUV420P as c_int
    }

    /// How its samples lie, if it is 8-bit 4:2:0 in memory.
    pub(super) fn layout(&self) -> Option<Layout> {
        [Layout::Planar, Layout::Interleaved]
            .into_iter()
            .find(|layout| layout.format() as c_int == self.raw().format)
    }

    /// Shape of a pixel, width to height; square when the source does not say.
    pub(crate) fn sample_aspect(&self) -> (u32, u32) {
        let ratio = self.raw().sample_aspect_ratio;
        if ratio.num > 0 && ratio.den > 0 { (ratio.num as u32, ratio.den as u32) } else { (1, 1) }
    }

    /// Whether it is made of two fields, taken one after the other.
    pub(crate) fn is_interlaced(&self) -> bool {
        self.raw().interlaced_frame != 0
    }

    pub(crate) fn colours(&self) -> Colours {
        use sys::{AVColorPrimaries as P, AVColorRange as R, AVColorTransferCharacteristic as T};
        let raw = self.raw();
        Colours {
            transfer: match raw.color_trc {
                T::AVCOL_TRC_SMPTE2084 => Transfer::Pq,
                T::AVCOL_TRC_ARIB_STD_B67 => Transfer::Hlg,
                _ => Transfer::Standard,
            },
            primaries: match raw.color_primaries {
                P::AVCOL_PRI_UNSPECIFIED | P::AVCOL_PRI_RESERVED | P::AVCOL_PRI_RESERVED0 => {
                    Primaries::Unknown
                }
                P::AVCOL_PRI_SMPTE432 => Primaries::P3,
                _ => Primaries::Other,
            },
            is_full_range: raw.color_range == R::AVCOL_RANGE_JPEG,
        }
    }

    /// In the time base of whoever made it.
    pub(crate) fn pts(&self) -> Option<i64> {
        let raw = self.raw();
        let pts = if raw.pts == sys::AV_NOPTS_VALUE { raw.best_effort_timestamp } else { raw.pts };
        (pts != sys::AV_NOPTS_VALUE).then_some(pts)
    }

    pub(crate) fn set_pts(&mut self, pts: i64) {
        self.raw_mut().pts = pts;
    }

    /// Asks the encoder for an IDR picture, or leaves the kind to it.
    pub(crate) fn set_idr(&mut self, idr: bool) {
        use sys::AVPictureType::{AV_PICTURE_TYPE_I, AV_PICTURE_TYPE_NONE};
        self.raw_mut().pict_type = if idr { AV_PICTURE_TYPE_I } else { AV_PICTURE_TYPE_NONE };
    }

    /// The first channel of decoded planar floats.
    #[cfg(test)]
    pub(crate) fn left(&self) -> &[f32] {
        assert_eq!(self.raw().format, sys::AVSampleFormat::AV_SAMPLE_FMT_FLTP as c_int);
        // SAFETY: a decoder's planar float frame holds nb_samples floats in each plane.
        unsafe { slice::from_raw_parts(self.raw().data[0].cast::<f32>(), self.raw().nb_samples as usize) }
    }

    /// A picture in words, such as `1920x1080 yuv420p`.
    pub(crate) fn picture_label(&self) -> String {
        // SAFETY: the format came from libavcodec, so it is one of the enumeration; names are static strings.
        let name = unsafe {
            sys::av_get_pix_fmt_name(self.pixel_format()).as_ref().map(|name| CStr::from_ptr(name))
        };
        let name = name.map_or("of an unknown format".into(), CStr::to_string_lossy);
        format!("{}x{} {name}", self.width(), self.height())
    }

    /// Sound in words, such as `44100 Hz 2 ch`.
    pub(crate) fn sound_label(&self) -> String {
        format!("{} Hz {} ch", self.raw().sample_rate, self.raw().ch_layout.nb_channels)
    }

    pub(super) fn pixel_format(&self) -> sys::AVPixelFormat {
        // SAFETY: pictures here are made by us or by libavcodec, which set a member of the enumeration.
        unsafe { std::mem::transmute::<c_int, sys::AVPixelFormat>(self.raw().format) }
    }

    pub(super) fn sample_format(&self) -> sys::AVSampleFormat {
        // SAFETY: as for pictures.
        unsafe { std::mem::transmute::<c_int, sys::AVSampleFormat>(self.raw().format) }
    }

    pub(super) fn raw(&self) -> &sys::AVFrame {
        // SAFETY: valid until drop.
        unsafe { self.0.as_ref() }
    }

    pub(super) fn raw_mut(&mut self) -> &mut sys::AVFrame {
        // SAFETY: valid until drop, and borrowed mutably.
        unsafe { self.0.as_mut() }
    }

    pub(super) fn as_ptr(&self) -> *const sys::AVFrame {
        self.0.as_ptr()
    }

    pub(super) fn as_mut_ptr(&mut self) -> *mut sys::AVFrame {
        self.0.as_ptr()
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        // SAFETY: owned here; freed once.
        unsafe { sys::av_frame_free(&mut self.as_mut_ptr()) }
    }
}

/// Pictures of one size that are used again once every other holder has let go: no page faults at each slot.
pub(crate) struct FramePool {
    frames: Vec<Frame>,
    size: (u32, u32),
    layout: Layout,
}

/// A pool grows no further: what is asked for beyond it is allocated and freed.
const POOL_FRAMES_MAX: usize = 16;

impl FramePool {
    pub(crate) fn new(width: u32, height: u32) -> Self {
        Self::with_layout(width, height, Layout::Planar)
    }

    pub(crate) fn with_layout(width: u32, height: u32, layout: Layout) -> Self {
        Self { frames: Vec::new(), size: (width, height), layout }
    }

    /// Lets `fill` paint a free picture and hands it out shared; it comes back by being dropped.
    pub(crate) fn picture<E: From<Error>>(
        &mut self,
        fill: impl FnOnce(&mut Frame) -> Result<(), E>,
    ) -> Result<Frame, E> {
        if let Some(free) = self.frames.iter_mut().find_map(|frame| frame.is_writable().then_some(frame)) {
            fill(free)?;
            return Ok(free.share());
        }
        let mut frame = Frame::picture_in(self.layout, self.size.0, self.size.1)?;
        fill(&mut frame)?;
        if self.frames.len() < POOL_FRAMES_MAX {
            self.frames.push(frame.share());
        }
        Ok(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::{Colour, Rect};

    #[test]
    fn a_shared_picture_cannot_be_painted_until_it_is_let_go() {
        let mut frame = Frame::picture(64, 36).unwrap();
        frame.surface().unwrap().fill(Rect { x: 0, y: 0, width: 64, height: 36 }, Colour::WHITE);
        let other = frame.share();
        assert!(frame.surface().is_err());
        assert_eq!(other.luma().unwrap().sum(0, 63..64), 235);
        drop(other);
        assert!(frame.surface().is_ok());
    }

    #[test]
    fn a_pool_uses_its_pictures_again() {
        let mut pool = FramePool::new(64, 36);
        for _ in 0..5 {
            pool.picture::<Error>(|_| Ok(())).unwrap();
        }
        assert_eq!(pool.frames.len(), 1);
        let held: Vec<_> = (0..20).map(|_| pool.picture::<Error>(|_| Ok(())).unwrap()).collect();
        assert_eq!((held.len(), pool.frames.len()), (20, POOL_FRAMES_MAX));
    }
}
