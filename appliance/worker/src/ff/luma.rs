//! The luma of a picture, to measure it.

use std::ops::Range;

/// One plane, samples of one byte, or of two in the order of x86.
pub(crate) struct Luma<'a> {
    plane: &'a [u8],
    /// Bytes from one row to the next.
    stride: usize,
    size: (usize, usize),
    /// Bits of a sample, those included by which it is shifted.
    bits: u32,
}

impl<'a> Luma<'a> {
    /// `size` is width and height; rows lie within `plane`.
    pub(super) const fn new(plane: &'a [u8], stride: usize, size: (usize, usize), bits: u32) -> Self {
        Self { plane, stride, size, bits }
    }

    /// Samples of one byte.
    #[cfg(test)]
    pub(crate) const fn of_bytes(plane: &'a [u8], stride: usize, size: (usize, usize)) -> Self {
        Self::new(plane, stride, size, 8)
    }

    /// Width and height.
    pub(crate) const fn size(&self) -> (usize, usize) {
        self.size
    }

    /// The sum of some samples of a row, each as if it had eight bits.
    pub(crate) fn sum(&self, row: usize, columns: Range<usize>) -> u64 {
        let row = &self.plane[row * self.stride..];
        if self.bits <= 8 {
            return row[columns].iter().map(|sample| u64::from(*sample)).sum();
        }
        let samples = row[columns.start * 2..columns.end * 2].chunks_exact(2);
        let sum: u64 = samples.map(|sample| u64::from(u16::from_le_bytes([sample[0], sample[1]]))).sum();
        sum >> (self.bits - 8)
    }

    /// All of it and the stride.
    #[cfg(test)]
    pub(crate) const fn plane(&self) -> (&'a [u8], usize) {
        (self.plane, self.stride)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_ten_bits_count_like_those_of_eight() {
        let ten: Vec<u8> = [64_u16, 940, 512, 0].iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let luma = Luma::new(&ten, 8, (4, 1), 10);
        assert_eq!((luma.sum(0, 0..1), luma.sum(0, 1..3)), (16, 235 + 128));
    }
}
