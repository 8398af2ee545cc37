//! What encodes a rung's pictures: x264, or a device, to which each picture is sent first.

use crate::ff::{Device, DevicePictures, Encoder, Error, Frame, FramePool, Layout, Scaler, VideoSettings};
use crate::paint::Rect;
use anyhow::{Context as _, ensure};
use bytes::Bytes;
use media::codec::h264;
use media::codec::sps::Sps;
use media::link::DeviceKind;
use media::unit::CodecConfig;

/// An open encoder, and the way to it.
pub(crate) struct Engine {
    pub(crate) encoder: Encoder,
    /// What decoders must know: the sets of x264 always, and behind them those of the device.
    pub(crate) config: CodecConfig,
    on_device: Option<DevicePictures>,
    /// Makes a picture of the size and layout that the encoder takes; none when the canvas has it.
    shape: Option<Shape>,
}

struct Shape {
    scaler: Scaler,
    pool: FramePool,
    whole: Rect,
}

impl Shape {
    fn new(settings: &VideoSettings, layout: Layout) -> Self {
        let VideoSettings { width, height, .. } = *settings;
        let whole = Rect { x: 0, y: 0, width: width as usize, height: height as usize };
        Self { scaler: Scaler::default(), pool: FramePool::with_layout(width, height, layout), whole }
    }

    fn picture(&mut self, canvas: &Frame) -> Result<Frame, Error> {
        let (scaler, whole) = (&mut self.scaler, self.whole);
        self.pool.picture(|frame| scaler.scale(canvas, frame, whole))
    }
}

impl Engine {
    /// x264; pictures come in the `canvas` size.
    pub(crate) fn software(settings: VideoSettings, canvas: (u32, u32)) -> anyhow::Result<Self> {
        let encoder = Encoder::h264(settings)?;
        let config = h264::parameter_sets_of_annexb(encoder.extradata());
        let config = config.context("the encoder gave no parameter sets")?;
        let differs = (settings.width, settings.height) != canvas;
        let shape = differs.then(|| Shape::new(&settings, Layout::Planar));
        Ok(Self { encoder, config, on_device: None, shape })
    }

    /// `device`, which has coded a picture when this returns.
    pub(crate) fn on(device: &Device, low_power: bool, settings: VideoSettings) -> anyhow::Result<Self> {
        let plain = Self::software(settings, (settings.width, settings.height))?.config;
        let CodecConfig::Avc { sps, pps } = plain else { unreachable!("x264 makes AVC") };
        let level = Sps::parse(&sps[0])?.level;
        let pictures = device.pictures(settings.width, settings.height)?;
        let mut encoder = match device.kind() {
            DeviceKind::VaApi => Encoder::h264_vaapi(settings, &pictures, level, low_power)?,
            DeviceKind::Nvenc => Encoder::h264_nvenc(settings, &pictures, level)?,
        };
        let mut shape = Shape::new(&settings, Layout::Interleaved);
        let (own, own_pps) = try_out(&mut encoder, &pictures, &mut shape, &settings)?;
        check_own(&own[0], &sps[0])?;
        let config = CodecConfig::Avc { sps: [sps, own].concat(), pps: [pps, own_pps].concat() };
        Ok(Self { encoder, config, on_device: Some(pictures), shape: Some(shape) })
    }

    /// Whether it is no software.
    pub(crate) fn is_device(&self) -> bool {
        self.on_device.is_some()
    }

    /// Hands over the canvas as the picture of frame number `pts`.
    pub(crate) fn send(&mut self, canvas: &Frame, pts: i64, is_idr: bool) -> Result<(), Error> {
        let mut picture = match &mut self.shape {
            Some(shape) => shape.picture(canvas)?,
            None => canvas.share(),
        };
        if let Some(device) = &self.on_device {
            picture = device.upload(&picture)?;
        }
        picture.set_pts(pts);
        picture.set_idr(is_idr);
        self.encoder.send(&picture)
    }
}

/// Has it code one picture, which nobody sees. Drivers that write parameter sets themselves give them away only there;
/// and a device that cannot encode after all says so before the channel counts on it.
fn try_out(
    encoder: &mut Encoder,
    pictures: &DevicePictures,
    shape: &mut Shape,
    settings: &VideoSettings,
) -> anyhow::Result<(Vec<Bytes>, Vec<Bytes>)> {
    let mut grey = Frame::picture(settings.width, settings.height)?;
    grey.surface()?.fill(shape.whole, crate::paint::Colour::BLACK);
    let mut picture = pictures.upload(&shape.picture(&grey)?)?;
    picture.set_pts(0);
    picture.set_idr(true);
    encoder.send(&picture)?;
    let coded = encoder.receive()?.context("it holds the first picture back")?;
    h264::check_sample(&h264::annexb_to_length_prefixed(&coded.data), true)?;
    let sets = [&coded.data[..], encoder.extradata()].into_iter().find_map(h264::parameter_sets_of_annexb);
    match sets.context("it gave no parameter sets")? {
        CodecConfig::Avc { sps, pps } => Ok((sps, pps)),
        CodecConfig::Aac { .. } => unreachable!("these are read from H.264"),
    }
}

/// Both have to fit what is announced of the rung, which is what x264 makes.
fn check_own(own: &[u8], plain: &[u8]) -> anyhow::Result<()> {
    let (made, wanted) = (Sps::parse(own)?, Sps::parse(plain)?);
    ensure!(
        (made.width, made.height) == (wanted.width, wanted.height),
        "it makes {}x{} pictures where {}x{} were asked for",
        made.width,
        made.height,
        wanted.width,
        wanted.height
    );
    ensure!(
        made.profile <= wanted.profile && made.level <= wanted.level,
        "it makes profile {} at level {} where {} at {} were asked for",
        made.profile,
        made.level,
        wanted.profile,
        wanted.level
    );
    ensure!(
        h264::id_of_sps(own) != h264::id_of_sps(plain),
        "its parameter sets have the same number as those of x264"
    );
    Ok(())
}
