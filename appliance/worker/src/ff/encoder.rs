//! `AVCodecContext` as an encoder: libx264, VA-API or NVENC for the rungs, FFmpeg's own AAC.

use super::device::pixel_format;
use super::{DevicePictures, Error, Frame, check, is_drained, sys};
use bytes::Bytes;
use media::link::DeviceKind;
use media::time::{AUDIO_SAMPLE_RATE, FrameRate};
use std::ffi::{CStr, CString, c_int};
use std::ptr::{self, NonNull};
use std::slice;

/// From 2, the best, to 31.
const JPEG_QSCALE: c_int = 5;

/// What a video rung's encoder must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VideoSettings {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) rate: FrameRate,
    /// Target, and the most over any second.
    pub(crate) bitrate_bps: u32,
    /// Number of x264's parameter sets; devices give theirs the number 0.
    pub(crate) set_id: u8,
}

/// Where devices may stand beside x264: decoders are told of both.
pub(crate) const SET_ID: u8 = 1;
/// Where a source's own sets stand beside x264's: the highest that there is (ISO/IEC 14496-10 7.4.2.1.1), since encoders
/// begin at 0.
pub(crate) const PASSING_SET_ID: u8 = 31;

/// What came out of an encoder: one access unit.
pub(crate) struct Coded {
    /// As the frame went in.
    pub(crate) pts: i64,
    pub(crate) is_key: bool,
    /// As the codec lays it out: annex B for H.264, a bare frame for AAC.
    pub(crate) data: Bytes,
}

/// An open encoder. Time bases: one frame for video, one sample for sound.
pub(crate) struct Encoder {
    context: NonNull<sys::AVCodecContext>,
    packet: NonNull<sys::AVPacket>,
}

// SAFETY: a codec context has no tie to a thread as long as one at a time uses it, which &mut self ensures.
unsafe impl Send for Encoder {}

impl Encoder {
    /// x264, tuned for the least delay, one access unit out for each frame in; IDR pictures only where asked for.
    pub(crate) fn h264(settings: VideoSettings) -> Result<Self, Error> {
        let mut encoder = Self::new(c"libx264")?;
        encoder.raw_mut().pix_fmt = sys::AVPixelFormat::AV_PIX_FMT_YUV420P;
        encoder.make_rung(settings);
        encoder.raw_mut().thread_count = 1;
        // force-cfr=0 would hold each access unit back for a whole frame.
        let parameters = format!("scenecut=0:open-gop=0:bframes=0:force-cfr=1:sps-id={}", settings.set_id);
        encoder.open(&[
            (c"preset", "superfast"),
            (c"tune", "zerolatency"),
            (c"forced-idr", "1"),
            (c"x264-params", &parameters),
        ])
    }

    /// The encoder of a device, by the same rules; its level_idc is not to be above `level`.
    pub(crate) fn h264_vaapi(
        settings: VideoSettings,
        pictures: &DevicePictures,
        level: u8,
        low_power: bool,
    ) -> Result<Self, Error> {
        let encoder = Self::on_device(c"h264_vaapi", DeviceKind::VaApi, settings, pictures)?;
        encoder.open(&[
            (c"profile", "high"),
            (c"level", &level.to_string()),
            (c"rc_mode", "CBR"),
            (c"low_power", if low_power { "1" } else { "0" }),
            // Deeper, and each access unit would be held back for a whole frame.
            (c"async_depth", "1"),
            (c"idr_interval", "0"),
        ])
    }

    /// The same on NVIDIA's.
    pub(crate) fn h264_nvenc(
        settings: VideoSettings,
        pictures: &DevicePictures,
        level: u8,
    ) -> Result<Self, Error> {
        let encoder = Self::on_device(c"h264_nvenc", DeviceKind::Nvenc, settings, pictures)?;
        encoder.open(&[
            (c"profile", "high"),
            (c"level", &level.to_string()),
            (c"preset", "p4"),
            (c"tune", "ull"),
            (c"rc", "cbr"),
            (c"forced-idr", "1"),
            (c"no-scenecut", "1"),
            (c"rc-lookahead", "0"),
            // Each access unit comes out before the next picture goes in.
            (c"zerolatency", "1"),
            (c"delay", "0"),
        ])
    }

    fn on_device(
        name: &CStr,
        kind: DeviceKind,
        settings: VideoSettings,
        pictures: &DevicePictures,
    ) -> Result<Self, Error> {
        let mut encoder = Self::new(name)?;
        let raw = encoder.raw_mut();
        raw.pix_fmt = pixel_format(kind);
        // The context owns it from here on.
        raw.hw_frames_ctx = pictures.share();
        encoder.make_rung(settings);
        Ok(encoder)
    }

    /// What every rung has, whoever encodes it.
    fn make_rung(&mut self, settings: VideoSettings) {
        let raw = self.raw_mut();
        (raw.width, raw.height) = (settings.width as c_int, settings.height as c_int);
        let (numerator, denominator) =
            (settings.rate.numerator() as c_int, settings.rate.denominator() as c_int);
        raw.framerate = sys::AVRational { num: numerator, den: denominator };
        raw.time_base = sys::AVRational { num: denominator, den: numerator };
        raw.sample_aspect_ratio = sys::AVRational { num: 1, den: 1 };
        raw.colorspace = sys::AVColorSpace::AVCOL_SPC_BT709;
        raw.color_primaries = sys::AVColorPrimaries::AVCOL_PRI_BT709;
        raw.color_trc = sys::AVColorTransferCharacteristic::AVCOL_TRC_BT709;
        raw.color_range = sys::AVColorRange::AVCOL_RANGE_MPEG;
        // A VBV of one second at the target: what a player that buffers a second can always swallow.
        raw.bit_rate = i64::from(settings.bitrate_bps);
        raw.rc_max_rate = raw.bit_rate;
        raw.rc_buffer_size = settings.bitrate_bps as c_int;
        raw.gop_size = settings.rate.frames_per_nominal_second() as c_int;
        raw.max_b_frames = 0;
    }

    /// AAC-LC, 48 kHz stereo. A unit's pts is that of the first sample that a decoder gives out for it:
    /// libavcodec has taken the encoder's delay (`initial_padding`) off.
    pub(crate) fn aac(bitrate_bps: u32) -> Result<Self, Error> {
        let mut encoder = Self::new(c"aac")?;
        let raw = encoder.raw_mut();
        raw.sample_rate = AUDIO_SAMPLE_RATE as c_int;
        raw.sample_fmt = sys::AVSampleFormat::AV_SAMPLE_FMT_FLTP;
        raw.time_base = sys::AVRational { num: 1, den: AUDIO_SAMPLE_RATE as c_int };
        raw.bit_rate = i64::from(bitrate_bps);
        // SAFETY: the layout belongs to the context and is unset.
        unsafe { sys::av_channel_layout_default(&raw mut raw.ch_layout, 2) };
        encoder.open(&[])
    }

    /// One JPEG for each picture, of about two bits a pixel.
    pub(crate) fn jpeg(width: u32, height: u32) -> Result<Self, Error> {
        let mut encoder = Self::new(c"mjpeg")?;
        let raw = encoder.raw_mut();
        (raw.width, raw.height) = (width as c_int, height as c_int);
        raw.pix_fmt = sys::AVPixelFormat::AV_PIX_FMT_YUV420P;
        raw.color_range = sys::AVColorRange::AVCOL_RANGE_JPEG;
        raw.time_base = sys::AVRational { num: 1, den: 1 };
        raw.flags |= sys::AV_CODEC_FLAG_QSCALE as c_int;
        raw.global_quality = JPEG_QSCALE * sys::FF_QP2LAMBDA as c_int;
        raw.thread_count = 1;
        // Each picture with its own tables: they are shown one by one.
        encoder.open_with(&[], 0)
    }

    fn new(name: &CStr) -> Result<Self, Error> {
        // SAFETY: codecs are static; a null codec is dealt with before use; allocations are null only when memory
        // has run out.
        unsafe {
            let codec = sys::avcodec_find_encoder_by_name(name.as_ptr());
            if codec.is_null() {
                return Err(Error::Missing(format!("encoder {}", name.to_string_lossy())));
            }
            let context = NonNull::new(sys::avcodec_alloc_context3(codec)).expect("memory for an encoder");
            let packet = NonNull::new(sys::av_packet_alloc()).expect("memory for a packet");
            Ok(Self { context, packet })
        }
    }

    /// Parameter sets apart from the access units, in `extradata`.
    fn open(self, options: &[(&CStr, &str)]) -> Result<Self, Error> {
        self.open_with(options, sys::AV_CODEC_FLAG_GLOBAL_HEADER as c_int)
    }

    fn open_with(mut self, options: &[(&CStr, &str)], flags: c_int) -> Result<Self, Error> {
        self.raw_mut().flags |= flags;
        let mut dictionary = ptr::null_mut();
        for (key, value) in options {
            let value = CString::new(*value).expect("options are written above, without zeros");
            // SAFETY: av_dict_set copies both strings, and allocates the dictionary when it is null.
            unsafe { sys::av_dict_set(&raw mut dictionary, key.as_ptr(), value.as_ptr(), 0) };
        }
        // SAFETY: the context is complete and was made for its codec; the dictionary is freed once, after use.
        let opened = unsafe {
            let opened = sys::avcodec_open2(self.context.as_ptr(), ptr::null(), &raw mut dictionary);
            sys::av_dict_free(&raw mut dictionary);
            opened
        };
        check("open the encoder", opened)?;
        Ok(self)
    }

    /// Parameter sets in annex B, or the AudioSpecificConfig.
    pub(crate) fn extradata(&self) -> &[u8] {
        // SAFETY: valid until drop.
        let raw = unsafe { self.context.as_ref() };
        if raw.extradata.is_null() {
            return &[];
        }
        // SAFETY: libavcodec allocated that many bytes, and leaves them alone once open.
        unsafe { slice::from_raw_parts(raw.extradata, raw.extradata_size as usize) }
    }

    /// Hands over one frame; then [`receive`](Self::receive) until there is nothing more.
    pub(crate) fn send(&mut self, frame: &Frame) -> Result<(), Error> {
        // SAFETY: both are valid; the encoder takes its own reference if it keeps the frame.
        check("encode", unsafe { sys::avcodec_send_frame(self.context.as_ptr(), frame.as_ptr()) }).map(drop)
    }

    /// Takes the next access unit, if there is one.
    pub(crate) fn receive(&mut self) -> Result<Option<Coded>, Error> {
        // SAFETY: both are valid; the packet is emptied first.
        let code = unsafe { sys::avcodec_receive_packet(self.context.as_ptr(), self.packet.as_ptr()) };
        if is_drained(code) {
            return Ok(None);
        }
        check("take an access unit from the encoder", code)?;
        // SAFETY: the packet was filled: `size` bytes at `data`, which are copied before the packet is used again.
        let (packet, data) = unsafe {
            let packet = self.packet.as_ref();
            (packet, Bytes::copy_from_slice(slice::from_raw_parts(packet.data, packet.size as usize)))
        };
        Ok(Some(Coded { pts: packet.pts, is_key: packet.flags & sys::AV_PKT_FLAG_KEY != 0, data }))
    }

    fn raw_mut(&mut self) -> &mut sys::AVCodecContext {
        // SAFETY: valid until drop, and borrowed mutably.
        unsafe { self.context.as_mut() }
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: owned here; freed once.
        unsafe {
            sys::av_packet_free(&mut self.packet.as_ptr());
            sys::avcodec_free_context(&mut self.context.as_ptr());
        }
    }
}
