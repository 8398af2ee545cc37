//! ISO BMFF as far as CMAF headers and fragments need it (ISO/IEC 14496-12; clause numbers are its).

use std::ops::Range;

/// One box of a buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Four characters.
    pub kind: [u8; 4],
    /// With its header.
    pub whole: Range<usize>,
    /// Without.
    pub body: Range<usize>,
}

/// The boxes that follow each other in `range`, and whether they fill it.
#[must_use]
pub fn boxes(bytes: &[u8], range: Range<usize>) -> (Vec<Found>, bool) {
    let (mut at, mut found) = (range.start, Vec::new());
    while at < range.end {
        let Some(next) = header(bytes, at, range.end) else { return (found, false) };
        at = next.whole.end;
        found.push(next);
    }
    (found, true)
}

fn header(bytes: &[u8], at: usize, end: usize) -> Option<Found> {
    let kind = bytes.get(at + 4..at + 8)?.try_into().ok()?;
    let (len, header) = match u32_at(bytes, at)? {
        0 => (end - at, 8),
        1 => (usize::try_from(u64_at(bytes, at + 8)?).ok()?, 16),
        len => (len as usize, 8),
    };
    let until = at.checked_add(len).filter(|until| len >= header && *until <= end)?;
    Some(Found { kind, whole: at..until, body: at + header..until })
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_be_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at.checked_add(8)?)?.try_into().ok().map(u64::from_be_bytes)
}

/// The body of the first box on this path.
fn path(bytes: &[u8], within: Range<usize>, kinds: &[&[u8; 4]]) -> Option<Range<usize>> {
    let Some((kind, rest)) = kinds.split_first() else { return Some(within) };
    let (found, _) = boxes(bytes, within);
    path(bytes, found.into_iter().find(|found| &found.kind == *kind)?.body, rest)
}

/// What a CMAF header says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// All brands of its `ftyp`.
    pub brands: Vec<[u8; 4]>,
    /// Tracks in it.
    pub tracks: usize,
    /// track_ID
    pub track: u32,
    /// Units of time per second.
    pub timescale: u32,
    /// Handler `vide`.
    pub is_video: bool,
    /// The sample entry: `avc1`, `mp4a`.
    pub entry: [u8; 4],
    /// Profile, compatibility and level of an `avcC`, as CODECS writes them.
    pub avc: Option<String>,
    default_duration: u32,
    default_flags: u32,
}

/// Reads a CMAF header; `None` when it is none.
#[must_use]
pub fn read_header(bytes: &[u8]) -> Option<Header> {
    let whole = 0..bytes.len();
    let ftyp = path(bytes, whole.clone(), &[b"ftyp"])?;
    let brands = bytes.get(ftyp)?.chunks_exact(4).filter_map(|brand| brand.try_into().ok()).collect();
    let moov = path(bytes, whole, &[b"moov"])?;
    let tracks = boxes(bytes, moov.clone()).0.iter().filter(|found| &found.kind == b"trak").count();
    let mdia = path(bytes, moov.clone(), &[b"trak", b"mdia"])?;
    let hdlr = path(bytes, mdia.clone(), &[b"hdlr"])?;
    let mdhd = path(bytes, mdia.clone(), &[b"mdhd"])?;
    let long = *bytes.get(mdhd.start)? == 1;
    let stsd = path(bytes, mdia, &[b"minf", b"stbl", b"stsd"])?;
    let entry = boxes(bytes, stsd.start + 8..stsd.end).0.into_iter().next()?;
    // 8.5.2: 78 bytes of VisualSampleEntry come before the boxes in it.
    let avcc = path(bytes, (entry.body.start + 78).min(entry.body.end)..entry.body.end, &[b"avcC"]);
    let avcc = avcc.and_then(|avcc| bytes.get(avcc.start + 1..avcc.start + 4));
    let trex = path(bytes, moov, &[b"mvex", b"trex"])?;
    Some(Header {
        brands,
        tracks,
        track: u32_at(bytes, trex.start + 4)?,
        timescale: u32_at(bytes, mdhd.start + if long { 20 } else { 12 })?,
        is_video: bytes.get(hdlr.start + 8..hdlr.start + 12)? == b"vide",
        entry: entry.kind,
        avc: avcc.map(|three| three.iter().map(|byte| format!("{byte:02x}")).collect()),
        default_duration: u32_at(bytes, trex.start + 12)?,
        default_flags: u32_at(bytes, trex.start + 20)?,
    })
}

/// `prft` (8.16.5)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReferenceTime {
    /// reference_track_ID
    pub track: u32,
    /// RFC 5905.
    pub ntp: u64,
    /// In units of the track.
    pub media_time: u64,
}

/// One chunk: a `moof` with its `mdat`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fragment {
    /// Where its `moof` begins.
    pub at: usize,
    /// The `prft` before it.
    pub reference_time: Option<ReferenceTime>,
    /// mfhd sequence_number
    pub sequence: u32,
    /// tfhd track_ID
    pub track: u32,
    /// baseMediaDecodeTime
    pub start: u64,
    /// Of its samples together.
    pub duration: u64,
    /// Its samples.
    pub samples: usize,
    /// Whether the first is a sync sample.
    pub first_is_sync: bool,
    /// NAL unit types of the first sample, when its lengths are whole (4-byte lengths).
    pub first_nals: Vec<u8>,
}

/// What lies in a segment, part or chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Media {
    /// Every `moof` that could be read.
    pub fragments: Vec<Fragment>,
    /// What is not as ISO/IEC 23000-19 7.3.2.3 has it, and where.
    pub wrong: Option<(usize, String)>,
}

impl Media {
    /// Of all fragments together, when they are there.
    #[must_use]
    pub fn duration(&self) -> u64 {
        self.fragments.iter().fold(0, |sum, fragment| sum.saturating_add(fragment.duration))
    }

    /// Of the first sample.
    #[must_use]
    pub fn start(&self) -> Option<u64> {
        self.fragments.first().map(|fragment| fragment.start)
    }
}

/// Reads a segment: (`styp`), then (`prft`), `moof`, `mdat` for each chunk.
#[must_use]
pub fn read_media(bytes: &[u8], header: &Header) -> Media {
    let (found, whole) = boxes(bytes, 0..bytes.len());
    let mut media = Media::default();
    let mut wrong = |at: usize, what: String| {
        media.wrong.get_or_insert((at, what));
    };
    let (mut reference_time, mut open) = (None, None::<Fragment>);
    for found in &found {
        let kind = String::from_utf8_lossy(&found.kind).into_owned();
        match &found.kind {
            b"styp" | b"emsg" | b"sidx" if open.is_none() => {}
            b"prft" if open.is_none() => reference_time = read_prft(bytes, found.body.start),
            b"moof" if open.is_none() => match read_moof(bytes, found, header) {
                Some(fragment) => {
                    open = Some(Fragment { reference_time: reference_time.take(), ..fragment });
                }
                None => wrong(found.whole.start, "a moof that cannot be read".into()),
            },
            b"mdat" => match open.take() {
                Some(fragment) => media.fragments.push(fragment),
                None => wrong(found.whole.start, "an mdat without its moof".into()),
            },
            _ => wrong(found.whole.start, format!("a box {kind:?} where none may be")),
        }
    }
    if !whole {
        let end = found.last().map_or(0, |last| last.whole.end);
        wrong(end, "bytes that are no whole box".into());
    }
    if open.is_some() || found.is_empty() {
        wrong(bytes.len(), "it ends before its mdat".into());
    }
    media
}

fn read_prft(bytes: &[u8], at: usize) -> Option<ReferenceTime> {
    let long = *bytes.get(at)? == 1;
    let media_time = if long { u64_at(bytes, at + 16)? } else { u32_at(bytes, at + 16)?.into() };
    Some(ReferenceTime { track: u32_at(bytes, at + 4)?, ntp: u64_at(bytes, at + 8)?, media_time })
}

fn read_moof(bytes: &[u8], moof: &Found, header: &Header) -> Option<Fragment> {
    let mfhd = path(bytes, moof.body.clone(), &[b"mfhd"])?;
    let traf = path(bytes, moof.body.clone(), &[b"traf"])?;
    let tfhd = path(bytes, traf.clone(), &[b"tfhd"])?;
    let tfdt = path(bytes, traf.clone(), &[b"tfdt"])?;
    let long = *bytes.get(tfdt.start)? == 1;
    let start = if long { u64_at(bytes, tfdt.start + 4)? } else { u32_at(bytes, tfdt.start + 4)?.into() };
    let mut fragment = Fragment {
        at: moof.whole.start,
        sequence: u32_at(bytes, mfhd.start + 4)?,
        track: u32_at(bytes, tfhd.start + 4)?,
        start,
        ..Fragment::default()
    };
    let defaults = read_tfhd(bytes, tfhd.start, header)?;
    for trun in boxes(bytes, traf).0.iter().filter(|found| &found.kind == b"trun") {
        read_trun(bytes, moof.whole.start, trun.body.clone(), defaults, &mut fragment)?;
    }
    Some(fragment)
}

#[derive(Clone, Copy)]
struct Defaults {
    duration: u32,
    size: u32,
    flags: u32,
}

/// 8.8.7: optional fields in order of their flags.
fn read_tfhd(bytes: &[u8], start: usize, header: &Header) -> Option<Defaults> {
    let flags = u32_at(bytes, start)? & 0xff_ffff;
    let mut at = start + 8;
    let mut field = |bit: u32, len: usize| {
        let here = (flags & bit != 0).then_some(at);
        at += if flags & bit != 0 { len } else { 0 };
        here
    };
    let _base = field(0x01, 8);
    let _description = field(0x02, 4);
    let [duration, size, sample_flags] = [field(0x08, 4), field(0x10, 4), field(0x20, 4)];
    let value = |at: Option<usize>, otherwise| at.map_or(Some(otherwise), |at| u32_at(bytes, at));
    Some(Defaults {
        duration: value(duration, header.default_duration)?,
        size: value(size, 0)?,
        flags: value(sample_flags, header.default_flags)?,
    })
}

/// 8.8.8
fn read_trun(
    bytes: &[u8],
    moof: usize,
    trun: Range<usize>,
    defaults: Defaults,
    into: &mut Fragment,
) -> Option<()> {
    let flags = u32_at(bytes, trun.start)? & 0xff_ffff;
    let count = u32_at(bytes, trun.start + 4)? as usize;
    let mut at = trun.start + 8;
    let mut next = |present: bool| {
        let value = if present { Some(u32_at(bytes, at)?) } else { None };
        at += if present { 4 } else { 0 };
        Some(value)
    };
    let offset = next(flags & 0x01 != 0)?;
    let first_flags = next(flags & 0x04 != 0)?;
    for index in 0..count.min(bytes.len()) {
        let duration = next(flags & 0x100 != 0)?.unwrap_or(defaults.duration);
        let size = next(flags & 0x200 != 0)?.unwrap_or(defaults.size);
        let sample_flags = next(flags & 0x400 != 0)?;
        let _composition = next(flags & 0x800 != 0)?;
        into.duration = into.duration.saturating_add(duration.into());
        into.samples += 1;
        if index == 0 && into.samples == 1 {
            let own = sample_flags.or(first_flags).unwrap_or(defaults.flags);
            into.first_is_sync = own & 0x1_0000 == 0;
            let from = moof.checked_add(usize::try_from(offset?.cast_signed()).ok()?)?;
            let sample = bytes.get(from..from.checked_add(size as usize)?)?;
            into.first_nals = nal_types(sample);
        }
    }
    Some(())
}

/// Types of the NAL units of H.264 with 4-byte lengths; none when the lengths do not fit.
fn nal_types(sample: &[u8]) -> Vec<u8> {
    let (mut rest, mut types) = (sample, Vec::new());
    while let Some((len, after)) = rest.split_at_checked(4) {
        let len = u32_at(len, 0).map_or(0, |len| len as usize);
        let Some((nal, next)) = after.split_at_checked(len) else { return Vec::new() };
        types.extend(nal.first().map(|byte| byte & 0x1f));
        rest = next;
    }
    types
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use proptest::prelude::*;

    #[test]
    fn the_headers_of_the_box_are_read() {
        let video = read_header(&fixture::video_720p().init).unwrap();
        assert_eq!((video.timescale, video.is_video, &video.entry), (360_000, true, b"avc1"));
        assert_eq!(video.avc.as_deref(), Some("64001f"));
        let audio = read_header(&fixture::audio(crate::time::FrameRate::FPS_30).init).unwrap();
        assert_eq!((audio.timescale, audio.is_video, &audio.entry), (48_000, false, b"mp4a"));
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = read_header(&bytes);
            let _ = read_media(&bytes, &Header::default());
        }

        #[test]
        fn nothing_panics_on_what_is_nearly_right(at in any::<prop::sample::Index>(), byte: u8) {
            let window = fixture::video_window(1, 0);
            let mut bytes: Vec<u8> =
                window.segments[0].chunks().flat_map(|chunk| chunk.bytes.clone()).collect();
            let mut init = window.rendition.init.to_vec();
            let place = at.index(bytes.len().min(600));
            bytes[place] = byte;
            let place = at.index(init.len());
            init[place] = byte;
            let _ = read_header(&init);
            let _ = read_media(&bytes, &Header::default());
        }
    }
}
