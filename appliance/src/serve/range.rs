//! HTTP Range (RFC 9110 section 14): which bytes of a piece of media somebody wants. Pure.
//!
//! One range of bytes is honoured. Several at once, other units and what is malformed are ignored, as the RFC allows
//! (14.2), so that such a request gets the whole.

use bytes::Bytes;

/// A run of bytes that exists; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub from: u64,
    /// How many.
    pub len: u64,
}

/// What to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All of it: 200.
    Whole,
    /// A part of it: 206.
    Span(Span),
    /// Nothing that there is: 416.
    Nothing,
}

/// What a Range header asks for, of something that has `len` bytes.
#[must_use]
pub fn wanted(header: &str, len: u64) -> Wanted {
    let ranges = header.split_once('=').filter(|(unit, _)| unit.eq_ignore_ascii_case("bytes"));
    let Some((first, last)) = ranges.and_then(|(_, range)| range.trim().split_once('-')) else {
        return Wanted::Whole;
    };
    match (position(first), position(last)) {
        // "first-pos [...] if the last-pos value is absent, or if the value is greater than or equal to the current
        // length of the representation data, the byte range is interpreted as the remainder" (14.1.2)
        (Some(from), None) if last.is_empty() => span(from, len, len),
        // "An int-range is invalid if the last-pos value is present and less than the first-pos." (14.1.1)
        (Some(from), Some(last)) if last >= from => span(from, last.saturating_add(1).min(len), len),
        (None, Some(suffix)) if first.is_empty() => span(len.saturating_sub(suffix), len, len),
        _ => Wanted::Whole,
    }
}

fn span(from: u64, until: u64, len: u64) -> Wanted {
    if from >= len || from >= until {
        return Wanted::Nothing;
    }
    Wanted::Span(Span { from, len: until - from })
}

/// Digits alone. A number that is too large for any file is as good as the largest.
fn position(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().unwrap_or(u64::MAX))
}

impl Span {
    /// `Content-Range` of something that has `len` bytes (14.4).
    #[must_use]
    pub fn content_range(&self, len: u64) -> String {
        format!("bytes {}-{}/{len}", self.from, self.from + self.len - 1)
    }

    /// These bytes of the pieces together; all that is copied are references.
    #[must_use]
    pub fn of(&self, pieces: &[Bytes]) -> Vec<Bytes> {
        let (mut skip, mut left) = (self.from, self.len);
        let mut taken = Vec::new();
        for piece in pieces {
            let len = piece.len() as u64;
            let (from, until) = (skip.min(len), skip.saturating_add(left).min(len));
            if from < until {
                taken.push(piece.slice(from as usize..until as usize));
            }
            skip -= from;
            left -= until - from;
        }
        taken
    }
}

/// `Content-Range` of a 416 (14.4).
#[must_use]
pub fn unsatisfied(len: u64) -> String {
    format!("bytes */{len}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn some(from: u64, len: u64) -> Wanted {
        Wanted::Span(Span { from, len })
    }

    #[test]
    fn rfc_9110_14_1_2_byte_ranges() {
        for (header, expected) in [
            ("bytes=0-499", some(0, 500)),
            ("bytes=500-999", some(500, 500)),
            ("bytes=-500", some(9500, 500)),
            ("bytes=9500-", some(9500, 500)),
            ("bytes=0-0", some(0, 1)),
            ("bytes=-1", some(9999, 1)),
            ("bytes=-10001", some(0, 10_000)),
            ("bytes=9999-99999999999999999999999", some(9999, 1)),
            ("BYTES= 0- ", some(0, 10_000)),
        ] {
            assert_eq!(wanted(header, 10_000), expected, "{header}");
        }
    }

    #[test]
    fn rfc_9110_15_5_17_what_is_not_there_is_416() {
        for header in ["bytes=10000-", "bytes=10000-10001", "bytes=99999999999999999999999-", "bytes=-0"] {
            assert_eq!(wanted(header, 10_000), Wanted::Nothing, "{header}");
        }
        assert_eq!(unsatisfied(10_000), "bytes */10000");
    }

    #[test]
    fn rfc_9110_14_2_what_is_malformed_or_not_one_range_is_ignored() {
        for header in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=--1",
            "bytes=5-4",
            "bytes=0-1,3-4",
            "bytes=,0-1",
            "bytes=+1-2",
            "bytes=0-1-2",
            "bytes=a-b",
            "bytes 0-1",
            "items=0-1",
            "bytes=0 - 1",
            "bytes=1",
        ] {
            assert_eq!(wanted(header, 10_000), Wanted::Whole, "{header}");
        }
    }

    proptest! {
        #[test]
        fn no_header_can_panic_or_reach_outside(header in ".{0,40}", len: u64) {
            if let Wanted::Span(span) = wanted(&header, len) {
                prop_assert!(span.len > 0 && span.from < len && span.len <= len - span.from);
            }
        }

        #[test]
        fn numbers_beyond_any_file_are_taken_as_the_largest(first in "[0-9]{1,30}", last in "[0-9]{0,30}", len: u64) {
            if let Wanted::Span(span) = wanted(&format!("bytes={first}-{last}"), len) {
                prop_assert!(span.len > 0 && span.from < len && span.len <= len - span.from);
            }
        }

        /// Of any pieces, the same as of all their bytes in a row; and nothing is copied.
        #[test]
        fn pieces_are_sliced_like_the_whole(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 1..8),
            first in 0u64..170,
            last in 0u64..170,
        ) {
            let pieces: Vec<Bytes> = pieces.into_iter().map(Bytes::from).collect();
            let whole = pieces.concat();
            if let Wanted::Span(span) = wanted(&format!("bytes={first}-{last}"), whole.len() as u64) {
                let taken = span.of(&pieces);
                let expected = &whole[first as usize..whole.len().min(last as usize + 1)];
                prop_assert_eq!(taken.concat(), expected);
                prop_assert_eq!(span.len, expected.len() as u64);
                let bounds = |piece: &Bytes| piece.as_ptr_range();
                let uncopied = |part: &Bytes| pieces.iter().any(|piece| {
                    bounds(piece).start <= bounds(part).start && bounds(part).end <= bounds(piece).end
                });
                prop_assert!(taken.iter().all(uncopied));
            }
        }
    }
}
