//! What viewers see, small and seldom, for the operator's eyes: from the canvas, so that it shows the slate too.

use crate::ff::{Encoder, Error, Frame, FramePool, Scaler};
use crate::paint::Rect;
use crate::shared::Shared;
use bytes::Bytes;
use media::link::{Canvas, FromWorker};
use std::sync::mpsc::Receiver;

/// Pixels across: sharp enough on a card of the overview, and some ten kilobytes.
const WIDTH: u32 = 384;

/// Makes JPEGs of canvas pictures.
pub(crate) struct Monitor {
    scaler: Scaler,
    pool: FramePool,
    whole: Rect,
    encoder: Encoder,
    count: i64,
}

impl Monitor {
    /// In the canvas's shape.
    pub(crate) fn open(canvas: Canvas) -> Result<Self, Error> {
        let width = WIDTH.min(canvas.width);
        let height = (canvas.height * width / canvas.width).next_multiple_of(2).max(2);
        let whole = Rect { x: 0, y: 0, width: width as usize, height: height as usize };
        let (pool, encoder) = (FramePool::new(width, height), Encoder::jpeg(width, height)?);
        Ok(Self { scaler: Scaler::for_jpeg(), pool, whole, encoder, count: 0 })
    }

    /// Until the worker stops. A picture that cannot be made is none that viewers miss.
    pub(crate) fn run(mut self, pictures: &Receiver<Frame>, shared: &Shared) {
        while let Ok(picture) = pictures.recv() {
            match self.jpeg(&picture) {
                Ok(jpeg) => {
                    if shared.is_stopping() || shared.send(FromWorker::Picture(jpeg)).is_err() {
                        return;
                    }
                }
                Err(error) => return tracing::warn!("no more pictures for the overview: {error}"),
            }
        }
    }

    fn jpeg(&mut self, canvas: &Frame) -> Result<Bytes, Error> {
        let (scaler, whole) = (&mut self.scaler, self.whole);
        let mut small = self.pool.picture(|frame| scaler.scale(canvas, frame, whole))?;
        self.count += 1;
        small.set_pts(self.count);
        self.encoder.send(&small)?;
        let coded = self.encoder.receive()?;
        coded.map(|coded| coded.data).ok_or(Error::Misuse("the JPEG encoder held a picture back"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ff::Decoder;
    use crate::paint::Colour;
    use media::time::{FrameRate, Ticks};
    use media::unit::UnitKind;

    #[test]
    fn white_is_white_and_the_shape_stays() {
        let mut monitor =
            Monitor::open(Canvas { width: 1280, height: 720, rate: FrameRate::FPS_30 }).unwrap();
        let mut canvas = Frame::picture(1280, 720).unwrap();
        let mut surface = canvas.surface().unwrap();
        surface.fill(Rect { x: 0, y: 0, width: 1280, height: 720 }, Colour::BLACK);
        surface.fill(Rect { x: 0, y: 0, width: 640, height: 720 }, Colour::WHITE);
        let jpeg = monitor.jpeg(&canvas).unwrap();
        let mut decoder = Decoder::jpeg().unwrap();
        decoder.send(&jpeg, Ticks::ZERO, UnitKind::Key).unwrap();
        let shown = decoder.receive().unwrap().unwrap();
        assert_eq!((shown.width(), shown.height()), (384, 216));
        let (luma, stride) = shown.luma().unwrap().plane();
        let [white, black] = [20, 360].map(|column| luma[100 * stride + column]);
        assert!(white > 250 && black < 5, "{white} {black}: full range, as JPEG has it");
    }
}
