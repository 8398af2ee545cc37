//! `SwsContext`: scales one picture into a rectangle of another, converting its pixel format.

use super::{Error, Frame, Layout, check, sys};
use crate::paint::Rect;
use std::ffi::c_int;
use std::ptr::{self, NonNull};

/// Scales pictures of any kind onto yuv420p or NV12 pictures; rebuilt by itself when either side changes.
pub(crate) struct Scaler {
    built: Option<Built>,
    to: Colour,
}

impl Default for Scaler {
    fn default() -> Self {
        Self { built: None, to: Colour::OURS }
    }
}

struct Built {
    context: NonNull<sys::SwsContext>,
    shape: Shape,
}

// SAFETY: a scaler has no tie to a thread as long as one at a time uses it, which &mut self ensures.
unsafe impl Send for Built {}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Shape {
    from: (c_int, c_int, sys::AVPixelFormat),
    colour: Colour,
    to: (c_int, c_int, Layout),
}

/// How luma and colour difference are made from red, green and blue.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Colour {
    /// One of the `SWS_CS_` tables.
    matrix: c_int,
    is_full_range: bool,
}

impl Colour {
    /// As the canvas and the encoders have it.
    const OURS: Self = Self { matrix: sys::SWS_CS_ITU709 as c_int, is_full_range: false };

    /// As JPEG has it (JFIF 1.02).
    const JFIF: Self = Self { matrix: sys::SWS_CS_ITU601 as c_int, is_full_range: true };

    /// BT.709 where nothing else is said.
    fn of(frame: &Frame) -> Self {
        use sys::AVColorSpace as S;
        let matrix = match frame.raw().colorspace {
            S::AVCOL_SPC_BT470BG | S::AVCOL_SPC_SMPTE170M => sys::SWS_CS_ITU601,
            S::AVCOL_SPC_BT2020_NCL | S::AVCOL_SPC_BT2020_CL => sys::SWS_CS_BT2020,
            _ => sys::SWS_CS_ITU709,
        };
        Self { matrix: matrix as c_int, is_full_range: frame.colours().is_full_range }
    }
}

impl Scaler {
    /// One whose pictures have the colours of JPEG.
    pub(crate) const fn for_jpeg() -> Self {
        Self { built: None, to: Colour::JFIF }
    }

    /// Scales the whole of `from` into `rect` of `to`, a yuv420p or NV12 picture that nobody else holds. The rectangle must
    /// lie inside, at even coordinates. Pixels to the right of it may be overwritten: paint borders afterwards.
    pub(crate) fn scale(&mut self, from: &Frame, to: &mut Frame, rect: Rect) -> Result<(), Error> {
        let is_inside =
            rect.x + rect.width <= to.width() as usize && rect.y + rect.height <= to.height() as usize;
        let layout = to.layout().filter(|_| is_inside && rect.x % 2 + rect.y % 2 == 0 && to.is_writable());
        let Some(layout) = layout else {
            return Err(Error::Misuse("pictures are scaled into even rectangles of writable 8-bit 4:2:0"));
        };
        let context = self.context_for(from, rect, layout)?;
        let (source, target) = (from.raw(), to.raw());
        let mut planes = [ptr::null_mut(); 4];
        let (luma, half) = ((rect.x, rect.y), (rect.x / 2, rect.y / 2));
        let corners = match layout {
            Layout::Planar => &[luma, half, half][..],
            // Two samples, one byte each, at every other column.
            Layout::Interleaved => &[luma, (rect.x, rect.y / 2)],
        };
        for (plane, (x, y)) in corners.iter().enumerate() {
            // SAFETY: the rectangle was found to lie inside the picture, so its corner lies inside each plane.
            planes[plane] = unsafe { target.data[plane].add(y * target.linesize[plane] as usize + x) };
        }
        // SAFETY: the context was built for these sizes and formats; the source holds all its rows; the target
        // holds the rectangle, and is exclusively ours.
        let rows = unsafe {
            let (data, strides) = (source.data.as_ptr().cast(), source.linesize.as_ptr());
            sys::sws_scale(
                context,
                data,
                strides,
                0,
                source.height,
                planes.as_ptr(),
                target.linesize.as_ptr(),
            )
        };
        check("scale a picture", rows).map(drop)
    }

    fn context_for(
        &mut self,
        from: &Frame,
        rect: Rect,
        layout: Layout,
    ) -> Result<*mut sys::SwsContext, Error> {
        let raw = from.raw();
        let shape = Shape {
            from: (raw.width, raw.height, from.pixel_format()),
            colour: Colour::of(from),
            to: (rect.width as c_int, rect.height as c_int, layout),
        };
        if self.built.as_ref().is_none_or(|built| built.shape != shape) {
            self.built = Some(Built::new(shape, self.to)?);
        }
        Ok(self.built.as_ref().expect("built above").context.as_ptr())
    }
}

impl Built {
    fn new(shape: Shape, colour: Colour) -> Result<Self, Error> {
        let ((width, height, format), to) = (shape.from, shape.to);
        let target = to.2.format();
        let flags = sys::SWS_FAST_BILINEAR as c_int;
        // SAFETY: plain numbers and null for the optional filters; null comes back for what cannot be scaled.
        let context = NonNull::new(unsafe {
            let (filter, no_parameters) = (ptr::null_mut(), ptr::null());
            sys::sws_getContext(
                width,
                height,
                format,
                to.0,
                to.1,
                target,
                flags,
                filter,
                filter,
                no_parameters,
            )
        });
        let context = context.ok_or(Error::Misuse("this picture format cannot be scaled"))?;
        let built = Self { context, shape };
        if shape.colour != colour {
            built.convert(shape.colour, colour);
        }
        Ok(built)
    }

    /// Colours of one kind become those of another.
    fn convert(&self, from: Colour, to: Colour) {
        let unity = 1 << 16;
        // SAFETY: the coefficient tables are static; the context is valid. A refusal leaves the colours as they are.
        unsafe {
            let [from_table, to_table] = [from, to].map(|colour| sys::sws_getCoefficients(colour.matrix));
            let (from, to) = (c_int::from(from.is_full_range), c_int::from(to.is_full_range));
            let context = self.context.as_ptr();
            sys::sws_setColorspaceDetails(context, from_table, from, to_table, to, 0, unity, unity);
        }
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        // SAFETY: owned here; freed once.
        unsafe { sys::sws_freeContext(self.context.as_ptr()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::Colour;

    #[test]
    fn it_fills_the_rectangle_and_nothing_above_or_below() {
        let mut from = Frame::picture(320, 240).unwrap();
        from.surface().unwrap().fill(Rect { x: 0, y: 0, width: 320, height: 240 }, Colour::WHITE);
        let mut to = Frame::picture(640, 360).unwrap();
        to.surface().unwrap().fill(Rect { x: 0, y: 0, width: 640, height: 360 }, Colour::BLACK);
        let rect = Rect { x: 0, y: 60, width: 640, height: 240 };
        Scaler::default().scale(&from, &mut to, rect).unwrap();
        let (luma, stride) = to.luma().unwrap().plane();
        assert_eq!([59, 60, 299, 300].map(|row| luma[row * stride + 320]), [16, 235, 235, 16]);
        let outside = Rect { x: 2, ..rect };
        assert!(Scaler::default().scale(&from, &mut to, outside).is_err());
    }
}
