//! Painting flat shapes and text onto 8-bit 4:2:0 pictures: all that the test pattern and the slate need.
//!
//! Geometry is in pixels, or in thousandths of the picture so that one drawing fits every canvas. No
//! anti-aliasing, no blending, no FFmpeg.

mod font;

/// A colour as BT.709 limited-range Y'CbCr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Colour {
    pub(crate) y: u8,
    pub(crate) cb: u8,
    pub(crate) cr: u8,
}

impl Colour {
    pub(crate) const BLACK: Self = Self::grey(16);
    pub(crate) const WHITE: Self = Self::grey(235);

    pub(crate) const fn grey(y: u8) -> Self {
        Self { y, cb: 128, cr: 128 }
    }
}

/// Pixels of luma; edges should be even where chroma matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rect {
    pub(crate) x: usize,
    pub(crate) y: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

impl Rect {
    /// `(x, y, width, height)` in thousandths of a picture; each edge is rounded to the nearest pixel.
    pub(crate) const fn permille(
        size: (usize, usize),
        (x, y, width, height): (usize, usize, usize, usize),
    ) -> Self {
        let (left, top) = (edge(x, size.0), edge(y, size.1));
        Self {
            x: left,
            y: top,
            width: edge(x + width, size.0) - left,
            height: edge(y + height, size.1) - top,
        }
    }
}

const fn edge(permille: usize, size: usize) -> usize {
    (permille * size + 500) / 1000
}

/// The planes of a picture, borrowed from whoever owns them.
pub(crate) struct Surface<'a> {
    /// Luma, Cb, Cr.
    planes: [&'a mut [u8]; 3],
    strides: [usize; 3],
    width: usize,
    height: usize,
}

impl<'a> Surface<'a> {
    /// Chroma planes have half the size, rounded up. Planes must hold `stride x rows`, but for the last row's padding.
    pub(crate) fn new(
        planes: [&'a mut [u8]; 3],
        strides: [usize; 3],
        (width, height): (usize, usize),
    ) -> Self {
        Self { planes, strides, width, height }
    }

    pub(crate) fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// Fills what lies inside the picture.
    pub(crate) fn fill(&mut self, rect: Rect, colour: Colour) {
        self.fill_luma(rect, colour);
        let (right, bottom) = (rect.x + rect.width, rect.y + rect.height);
        let (x, y) = (rect.x / 2, rect.y / 2);
        let half = Rect { x, y, width: right.div_ceil(2) - x, height: bottom.div_ceil(2) - y };
        self.fill_plane(1, half, colour.cb);
        self.fill_plane(2, half, colour.cr);
    }

    /// Fills luma alone: enough, and cheaper, where chroma is neutral already.
    pub(crate) fn fill_luma(&mut self, rect: Rect, colour: Colour) {
        self.fill_plane(0, rect, colour.y);
    }

    fn fill_plane(&mut self, plane: usize, rect: Rect, value: u8) {
        let (width, height) = self.plane_size(plane);
        let right = (rect.x + rect.width).min(width);
        let (left, bottom) = (rect.x.min(right), (rect.y + rect.height).min(height));
        for row in rect.y..bottom {
            let at = row * self.strides[plane];
            self.planes[plane][at + left..at + right].fill(value);
        }
    }

    fn plane_size(&self, plane: usize) -> (usize, usize) {
        if plane == 0 { (self.width, self.height) } else { (self.width.div_ceil(2), self.height.div_ceil(2)) }
    }

    /// Draws `text` in luma, its top left corner at (x, y), each of the font's dots `dot` pixels wide and high.
    /// What leaves the picture is cut off.
    pub(crate) fn text(&mut self, text: &str, (x, y): (usize, usize), dot: usize, colour: Colour) {
        for (index, letter) in text.chars().enumerate() {
            let left = x + index * font::ADVANCE * dot;
            for (row, bits) in font::glyph(letter).into_iter().enumerate() {
                for column in (0..font::WIDTH).filter(|column| bits >> (font::WIDTH - 1 - column) & 1 == 1) {
                    let rect = Rect { x: left + column * dot, y: y + row * dot, width: dot, height: dot };
                    self.fill_luma(rect, colour);
                }
            }
        }
    }

    /// Takes over a picture of the same size.
    pub(crate) fn copy_from(&mut self, picture: &Yuv420) {
        debug_assert_eq!(
            self.size(),
            (picture.width, picture.height),
            "backgrounds are made for their canvas"
        );
        for (plane, source) in picture.planes.iter().enumerate() {
            let (width, _) = self.plane_size(plane);
            let rows = self.planes[plane].chunks_mut(self.strides[plane]);
            for (row, source) in rows.zip(source.chunks_exact(width)) {
                row[..width].copy_from_slice(source);
            }
        }
    }
}

/// Pixels that `text` takes across and down at this dot size.
pub(crate) fn text_size(text: &str, dot: usize) -> (usize, usize) {
    ((text.chars().count() * font::ADVANCE).saturating_sub(1) * dot, font::HEIGHT * dot)
}

/// The largest dot, at least one pixel, with which `text` fits into this many pixels.
pub(crate) fn fitting_dot(text: &str, (width, height): (usize, usize)) -> usize {
    let (dots_across, dots_down) = text_size(text, 1);
    (width / dots_across.max(1)).min(height / dots_down).max(1)
}

/// A picture that owns its planes, without padding.
#[derive(Clone)]
pub(crate) struct Yuv420 {
    planes: [Vec<u8>; 3],
    width: usize,
    height: usize,
}

impl Yuv420 {
    pub(crate) fn new(width: usize, height: usize, colour: Colour) -> Self {
        let chroma = width.div_ceil(2) * height.div_ceil(2);
        let planes = [vec![colour.y; width * height], vec![colour.cb; chroma], vec![colour.cr; chroma]];
        Self { planes, width, height }
    }

    pub(crate) fn surface(&mut self) -> Surface<'_> {
        let chroma = self.width.div_ceil(2);
        let [luma, cb, cr] = &mut self.planes;
        Surface::new([luma, cb, cr], [self.width, chroma, chroma], (self.width, self.height))
    }

    #[cfg(test)]
    pub(crate) fn luma(&self) -> &[u8] {
        &self.planes[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_legible() {
        let (width, height) = text_size("F2", 1);
        let mut picture = Yuv420::new(width, height, Colour::BLACK);
        picture.surface().text("f2", (0, 0), 1, Colour::WHITE);
        let rows = picture.luma().chunks(width);
        let dots =
            |row: &[u8]| row.iter().map(|luma| if *luma > 100 { '#' } else { '.' }).collect::<String>();
        insta::assert_snapshot!(rows.map(dots).collect::<Vec<_>>().join("\n"), @r"
        #####..###.
        #.....#...#
        #.........#
        ####.....#.
        #.......#..
        #......#...
        #.....#####
        ");
    }

    #[test]
    fn what_leaves_the_picture_is_cut_off() {
        let mut picture = Yuv420::new(10, 6, Colour::BLACK);
        picture.surface().fill(Rect { x: 8, y: 4, width: 50, height: 50 }, Colour { y: 200, cb: 1, cr: 2 });
        picture.surface().text("WIDE", (9, 5), 3, Colour::WHITE);
        assert_eq!(picture.luma()[4 * 10 + 7..4 * 10 + 10], [16, 200, 200]);
        assert_eq!(picture.planes[1][2 * 5 + 3..2 * 5 + 5], [128, 1]);
    }

    #[test]
    fn the_dot_fits_both_ways() {
        assert_eq!(text_size("12:00", 2), (58, 14));
        assert_eq!(fitting_dot("12:00", (58, 1000)), 2);
        assert_eq!(fitting_dot("12:00", (1000, 20)), 2);
        assert_eq!(fitting_dot("", (0, 0)), 1);
    }
}
