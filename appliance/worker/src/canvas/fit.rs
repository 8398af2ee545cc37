//! Lays a source's picture onto the canvas: as large as fits, its aspect kept, black around it.

use crate::ff::{Error, Frame, FramePool, Scaler};
use crate::paint::{Colour, Rect};
use media::link::Canvas;

/// Where a picture of this size and pixel shape goes on the canvas: centred, at even coordinates, never empty.
pub(crate) fn letterbox(size: (u32, u32), aspect: (u32, u32), canvas: (u32, u32)) -> Rect {
    let (across, down) = (u64::from(size.0) * u64::from(aspect.0), u64::from(size.1) * u64::from(aspect.1));
    let (width, height) = (u64::from(canvas.0), u64::from(canvas.1));
    let (width, height) = if across * height > width * down {
        (width, nearest(width * down, across))
    } else {
        (nearest(height * across, down), height)
    };
    let (width, height) = (even(width, canvas.0), even(height, canvas.1));
    let (x, y) = ((canvas.0 as usize - width) / 4 * 2, (canvas.1 as usize - height) / 4 * 2);
    Rect { x, y, width, height }
}

fn nearest(numerator: u64, denominator: u64) -> u64 {
    (numerator + denominator / 2) / denominator.max(1)
}

/// The nearest even number of pixels, at least two and at most `most`.
fn even(pixels: u64, most: u32) -> usize {
    (pixels.div_ceil(2) * 2).clamp(2, u64::from(most)) as usize
}

/// What of the canvas `inner` leaves: above, below, left, right. Some may be empty.
fn borders((width, height): (usize, usize), inner: Rect) -> [Rect; 4] {
    let (right, bottom) = (inner.x + inner.width, inner.y + inner.height);
    [
        Rect { x: 0, y: 0, width, height: inner.y },
        Rect { x: 0, y: bottom, width, height: height - bottom },
        Rect { x: 0, y: inner.y, width: inner.x, height: inner.height },
        Rect { x: right, y: inner.y, width: width - right, height: inner.height },
    ]
}

/// Fits pictures of any size and kind, changing in mid-stream or not.
pub(crate) struct Fit {
    canvas: (u32, u32),
    scaler: Scaler,
    pool: FramePool,
}

impl Fit {
    pub(crate) fn new(canvas: Canvas) -> Self {
        let (width, height) = (canvas.width, canvas.height);
        Self { canvas: (width, height), scaler: Scaler::default(), pool: FramePool::new(width, height) }
    }

    /// The picture on the canvas.
    pub(crate) fn fit(&mut self, picture: &Frame) -> Result<Frame, Error> {
        let rect = letterbox((picture.width(), picture.height()), picture.sample_aspect(), self.canvas);
        let scaler = &mut self.scaler;
        self.pool.picture(|frame| {
            scaler.scale(picture, frame, rect)?;
            let mut surface = frame.surface()?;
            for border in borders(surface.size(), rect) {
                surface.fill(border, Colour::BLACK);
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn aspects_are_kept() {
        let canvas = (1280, 720);
        let whole = Rect { x: 0, y: 0, width: 1280, height: 720 };
        assert_eq!(letterbox((1920, 1080), (1, 1), canvas), whole);
        assert_eq!(letterbox((640, 480), (1, 1), canvas), Rect { x: 160, y: 0, width: 960, height: 720 });
        assert_eq!(letterbox((1920, 800), (1, 1), canvas), Rect { x: 0, y: 92, width: 1280, height: 534 });
        // PAL wide screen: 720x576 of 64:45 pixels.
        assert_eq!(letterbox((720, 576), (64, 45), canvas), whole);
        // A telephone held upright.
        assert_eq!(letterbox((1080, 1920), (1, 1), canvas), Rect { x: 436, y: 0, width: 406, height: 720 });
    }

    #[test]
    fn a_fitted_picture_is_black_around() {
        let mut source = Frame::picture(320, 240).unwrap();
        source.surface().unwrap().fill(Rect { x: 0, y: 0, width: 320, height: 240 }, Colour::WHITE);
        let canvas = Canvas { width: 640, height: 360, rate: media::time::FrameRate::FPS_30 };
        let fitted = Fit::new(canvas).fit(&source).unwrap();
        let (luma, stride) = fitted.luma().unwrap().plane();
        let row = &luma[180 * stride..180 * stride + 640];
        assert_eq!([0, 79, 82, 557, 560, 639].map(|x| row[x]), [16, 16, 235, 235, 16, 16]);
    }

    proptest! {
        #[test]
        fn it_always_lies_inside(
            size in (1u32..9000, 1u32..9000), aspect in (1u32..2000, 1u32..2000),
            canvas in (32u32..2000, 32u32..2000),
        ) {
            let canvas = (canvas.0 * 2, canvas.1 * 2);
            let rect = letterbox(size, aspect, canvas);
            prop_assert!(rect.x + rect.width <= canvas.0 as usize && rect.y + rect.height <= canvas.1 as usize);
            prop_assert!(rect.x % 2 + rect.y % 2 + rect.width % 2 + rect.height % 2 == 0);
            prop_assert!(rect.width >= 2 && rect.height >= 2);
        }
    }
}
