//! `AVCodecContext` as a decoder of whatever a source sends.

use super::{Error, Frame, check, is_drained, sys};
use media::time::{TICKS_PER_SECOND, Ticks};
use media::unit::{SourceCodec, SourceTrack, UnitKind};
use std::ffi::c_int;
use std::ptr::{self, NonNull};

/// No picture with more pixels is decoded (8K and a margin): a forged header must not take the box's memory.
const PICTURE_PIXELS_MAX: i64 = 8192 * 4352;

/// An open decoder. Its time base is the tick.
pub(crate) struct Decoder {
    context: NonNull<sys::AVCodecContext>,
    packet: NonNull<sys::AVPacket>,
}

// SAFETY: a codec context has no tie to a thread as long as one at a time uses it, which &mut self ensures.
unsafe impl Send for Decoder {}

impl Decoder {
    /// Opens what the track needs, with the least delay and no threads of its own.
    pub(crate) fn open(track: &SourceTrack) -> Result<Self, Error> {
        let missing = || Error::Missing(format!("decoder for {}", track.codec.label()));
        Self::of(codec_id(track.codec), &track.config, missing)
    }

    /// A decoder of still pictures that the daemon has made.
    pub(crate) fn jpeg() -> Result<Self, Error> {
        let missing = || Error::Missing("decoder for JPEG".into());
        Self::of(sys::AVCodecID::AV_CODEC_ID_MJPEG, &[], missing)
    }

    fn of(id: sys::AVCodecID, config: &[u8], missing: impl FnOnce() -> Error) -> Result<Self, Error> {
        // SAFETY: codecs are static; a null codec is dealt with before use; allocations are null only when memory
        // has run out.
        let mut decoder = unsafe {
            let codec = sys::avcodec_find_decoder(id);
            if codec.is_null() {
                return Err(missing());
            }
            let context = NonNull::new(sys::avcodec_alloc_context3(codec)).expect("memory for a decoder");
            let packet = NonNull::new(sys::av_packet_alloc()).expect("memory for a packet");
            Self { context, packet }
        };
        decoder.set_extradata(config);
        let raw = decoder.raw_mut();
        raw.pkt_timebase = sys::AVRational { num: 1, den: TICKS_PER_SECOND as c_int };
        raw.flags |= sys::AV_CODEC_FLAG_LOW_DELAY as c_int;
        raw.thread_count = 1;
        raw.max_pixels = PICTURE_PIXELS_MAX;
        // SAFETY: the context is complete and was made for its codec.
        let opened = unsafe { sys::avcodec_open2(decoder.context.as_ptr(), ptr::null(), ptr::null_mut()) };
        check("open the decoder", opened)?;
        Ok(decoder)
    }

    fn set_extradata(&mut self, config: &[u8]) {
        if config.is_empty() {
            return;
        }
        let raw = self.raw_mut();
        // SAFETY: av_mallocz gives zeroed memory with the padding that libavcodec asks for; the context owns and
        // frees it.
        unsafe {
            let memory =
                sys::av_mallocz(config.len() + sys::AV_INPUT_BUFFER_PADDING_SIZE as usize).cast::<u8>();
            assert!(!memory.is_null(), "memory for a decoder configuration");
            ptr::copy_nonoverlapping(config.as_ptr(), memory, config.len());
            (raw.extradata, raw.extradata_size) = (memory, config.len() as c_int);
        }
    }

    /// Hands over one access unit; then [`receive`](Self::receive) until there is nothing more.
    pub(crate) fn send(&mut self, data: &[u8], pts: Ticks, kind: UnitKind) -> Result<(), Error> {
        let size = c_int::try_from(data.len()).expect("the link's frames are far shorter than 2 GiB");
        // SAFETY: av_new_packet gives `size` bytes and padding, filled at once; the decoder takes its own reference
        // if it keeps them; the packet is emptied afterwards.
        let code = unsafe {
            let packet = self.packet.as_ptr();
            check("allocate a packet", sys::av_new_packet(packet, size))?;
            ptr::copy_nonoverlapping(data.as_ptr(), (*packet).data, data.len());
            ((*packet).pts, (*packet).dts) = (pts.0, sys::AV_NOPTS_VALUE);
            (*packet).flags = if kind == UnitKind::Key { sys::AV_PKT_FLAG_KEY } else { 0 };
            let code = sys::avcodec_send_packet(self.context.as_ptr(), packet);
            sys::av_packet_unref(packet);
            code
        };
        check("decode", code).map(drop)
    }

    /// Takes the next picture or piece of sound, if there is one.
    pub(crate) fn receive(&mut self) -> Result<Option<Frame>, Error> {
        let mut frame = Frame::empty();
        // SAFETY: both are valid; the frame is emptied first.
        let code = unsafe { sys::avcodec_receive_frame(self.context.as_ptr(), frame.as_mut_ptr()) };
        if is_drained(code) {
            return Ok(None);
        }
        check("decode", code)?;
        Ok(Some(frame))
    }

    fn raw_mut(&mut self) -> &mut sys::AVCodecContext {
        // SAFETY: valid until drop, and borrowed mutably.
        unsafe { self.context.as_mut() }
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: owned here; freed once.
        unsafe {
            sys::av_packet_free(&mut self.packet.as_ptr());
            sys::avcodec_free_context(&mut self.context.as_ptr());
        }
    }
}

fn codec_id(codec: SourceCodec) -> sys::AVCodecID {
    use sys::AVCodecID as Id;
    match codec {
        SourceCodec::H264 => Id::AV_CODEC_ID_H264,
        SourceCodec::H265 => Id::AV_CODEC_ID_HEVC,
        SourceCodec::Av1 => Id::AV_CODEC_ID_AV1,
        SourceCodec::Vp9 => Id::AV_CODEC_ID_VP9,
        SourceCodec::Mpeg2Video => Id::AV_CODEC_ID_MPEG2VIDEO,
        SourceCodec::Aac => Id::AV_CODEC_ID_AAC,
        // The layer III decoder reads layers I and II as well.
        SourceCodec::MpegAudio => Id::AV_CODEC_ID_MP3,
        SourceCodec::Ac3 => Id::AV_CODEC_ID_AC3,
        SourceCodec::Eac3 => Id::AV_CODEC_ID_EAC3,
        SourceCodec::Opus => Id::AV_CODEC_ID_OPUS,
        SourceCodec::Flac => Id::AV_CODEC_ID_FLAC,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::coded;
    use media::unit::SourceFraming;

    #[test]
    fn reordered_pictures_come_out_whole_and_in_order() {
        let frame = Ticks(14_400);
        // Two B-frames between references, as OBS sends by default.
        let units = coded::h264("testsrc2=size=320x180:rate=25", &["-frames:v", "20", "-bf", "2"], frame);
        assert!(units.windows(2).any(|pair| pair[0].pts > pair[1].pts), "there are B-frames");
        let track =
            SourceTrack { codec: SourceCodec::H264, framing: SourceFraming::ByteStream, config: vec![] };
        let mut decoder = Decoder::open(&track).unwrap();
        let mut shown = Vec::new();
        for unit in units {
            decoder.send(&unit.data, unit.pts, unit.kind).unwrap();
            while let Some(picture) = decoder.receive().unwrap() {
                shown.push(picture.pts().unwrap() / frame.0);
            }
        }
        // What reordering must hold back is all that is missing at the end.
        assert!(shown.len() >= 17, "{shown:?}");
        assert_eq!(shown, (0..shown.len() as i64).collect::<Vec<_>>());
    }
}
