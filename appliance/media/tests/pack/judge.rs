//! Reads chunks with `mp4-atom`, and holds snapshots against the packager's promises.

use bytes::Bytes;
use media::time::{Msn, PartIndex, Ticks};
use media::unit::{AccessUnit, UnitKind};
use media::window::{Chunk, Part, Rendition, Segment, Snapshot};
use mp4_atom::{Any, Decode, Moof, Prft, ReferenceTime};
use std::collections::BTreeMap;

/// What one chunk says, in its own units.
pub(crate) struct Read {
    pub(crate) styp: bool,
    pub(crate) prft: Option<Prft>,
    pub(crate) sequence: u32,
    pub(crate) tfdt: u64,
    pub(crate) duration: u64,
    pub(crate) keys: Vec<bool>,
    pub(crate) samples: Vec<Bytes>,
}

/// Reads one chunk, which must be nothing but (`styp`), (`prft`), `moof`, `mdat`.
pub(crate) fn read(bytes: &Bytes) -> Read {
    let mut rest = &bytes[..];
    let mut next = || {
        let at = bytes.len() - rest.len();
        (!rest.is_empty()).then(|| (at, Any::decode(&mut rest).expect("a chunk is whole boxes")))
    };
    let mut item = next();
    let styp = matches!(item, Some((_, Any::Styp(_))));
    if styp {
        item = next();
    }
    let mut prft = None;
    if let Some((_, Any::Prft(found))) = item {
        prft = Some(found);
        item = next();
    }
    let Some((moof_at, Any::Moof(moof))) = item else { panic!("no moof where it should be") };
    assert!(matches!(next(), Some((_, Any::Mdat(_)))), "no mdat behind the moof");
    assert!(next().is_none(), "something behind the mdat");
    read_moof(bytes, moof_at, &moof, styp, prft)
}

fn read_moof(bytes: &Bytes, moof_at: usize, moof: &Moof, styp: bool, prft: Option<Prft>) -> Read {
    let [traf] = &moof.traf[..] else { panic!("not one traf") };
    let ([trun], tfhd) = (&traf.trun[..], &traf.tfhd) else { panic!("not one trun") };
    assert!(tfhd.default_base_is_moof && tfhd.track_id == 1);
    let mut at = moof_at + usize::try_from(trun.data_offset.expect("data offset")).expect("not negative");
    let (mut samples, mut keys, mut duration) = (Vec::new(), Vec::new(), 0);
    for entry in &trun.samples {
        let len = entry.size.expect("sizes are given") as usize;
        samples.push(bytes.slice(at..at + len));
        keys.push(entry.flags.or(tfhd.default_sample_flags).expect("flags are given") & 0x1_0000 == 0);
        duration += u64::from(entry.duration.or(tfhd.default_sample_duration).expect("durations are given"));
        at += len;
    }
    assert_eq!(at, bytes.len(), "the samples fill the mdat");
    let tfdt = traf.tfdt.as_ref().expect("tfdt").base_media_decode_time;
    Read { styp, prft, sequence: moof.mfhd.sequence_number, tfdt, duration, keys, samples }
}

/// Sees every snapshot of one packager and remembers what was promised.
#[derive(Default)]
pub(crate) struct Judge {
    pub(crate) sent: BTreeMap<Ticks, AccessUnit>,
    seen: BTreeMap<(Msn, PartIndex, usize), Chunk>,
    sequence: u32,
    last: Option<Msn>,
}

impl Judge {
    pub(crate) fn check(&mut self, snapshot: &Snapshot) {
        let segments = &snapshot.segments;
        for pair in segments.windows(2) {
            assert_eq!(pair[0].msn.next(), pair[1].msn, "numbers rise by one");
            assert!(pair[0].complete, "only the last may grow");
            assert!(pair[0].start + pair[0].duration <= pair[1].start, "no overlap");
        }
        let newest = segments.last().expect("published windows hold something").msn;
        assert!(self.last.is_none_or(|last| last <= newest), "the window does not move back");
        self.last = Some(newest);
        assert!(snapshot.segment(snapshot.listed_from).is_some());
        segments.iter().for_each(|segment| self.check_segment(&snapshot.rendition, segment));
    }

    fn check_segment(&mut self, rendition: &Rendition, segment: &Segment) {
        if segment.gap {
            assert!(segment.complete && segment.is_empty());
            assert_eq!(segment.start, rendition.grid.segment_start(segment.msn));
            return;
        }
        let offset = segment.start - rendition.grid.segment_start(segment.msn);
        assert!((Ticks::ZERO..rendition.unit_duration).contains(&offset), "begins where a segment begins");
        let mut at = segment.start;
        for (index, part) in segment.parts.iter().enumerate() {
            assert_eq!(part.index.0 as usize, index, "part indices are complete");
            let last = index + 1 == segment.parts.len();
            assert!(part.complete || (last && !segment.complete));
            check_part(rendition, part, last);
            for (place, chunk) in part.chunks.iter().enumerate() {
                assert_eq!(chunk.start, at, "no hole within a segment");
                at += chunk.duration;
                self.check_chunk(rendition, (segment.msn, part.index, place), chunk);
            }
        }
        assert_eq!(segment.duration, at - segment.start);
    }

    fn check_chunk(&mut self, rendition: &Rendition, place: (Msn, PartIndex, usize), chunk: &Chunk) {
        if let Some(before) = self.seen.get(&place) {
            assert!(before == chunk, "{place:?} changed after it was published");
            return;
        }
        self.seen.insert(place, chunk.clone());
        let read = read(&chunk.bytes);
        let (_, part, index) = place;
        assert_eq!(read.styp, part.0 == 0 && index == 0);
        assert_eq!(read.prft.is_some(), index == 0);
        check_prft(rendition, chunk, &read);
        assert!(read.sequence > self.sequence, "sequence numbers rise");
        self.sequence = read.sequence;
        let scaled = |at: Ticks| u64::try_from(at.scaled(rendition.timescale)).expect("after the epoch");
        assert_eq!((read.tfdt, read.duration), (scaled(chunk.start), scaled(chunk.duration)));
        assert_eq!(read.samples.len(), chunk.samples.len());
        for ((sample, bytes), key) in chunk.samples.iter().zip(&read.samples).zip(&read.keys) {
            let sent = &self.sent[&sample.dts];
            assert_eq!(bytes, &sent.data, "the sample is what was pushed");
            assert_eq!((sample.key, *key), (sent.kind == UnitKind::Key, sample.key));
            assert_eq!(&chunk.bytes[sample.offset as usize..][..sample.len as usize], &sent.data[..]);
        }
        assert_eq!(chunk.independent, read.keys[0]);
    }
}

/// rfc8216bis 4.4.4.9: no part longer than the target; none shorter than 85 % of it but the last of a segment.
fn check_part(rendition: &Rendition, part: &Part, last: bool) {
    let target = rendition.part_target();
    assert_eq!(part.duration, part.chunks.iter().map(|chunk| chunk.duration).sum());
    assert!(part.duration <= target, "{:?} > {target:?}", part.duration);
    assert!(last || part.duration.0 * 100 >= target.0 * 85, "{:?} < 85 % of {target:?}", part.duration);
}

/// The UTC time is the capture time, which is the decode time, to within NTP's 2^-32 s.
fn check_prft(rendition: &Rendition, chunk: &Chunk, read: &Read) {
    let Some(prft) = &read.prft else { return };
    assert_eq!(prft.utc_time_semantics, ReferenceTime::RealTime);
    assert_eq!((prft.reference_track_id, prft.media_time), (1, read.tfdt));
    let secs = (prft.ntp_timestamp >> 32) as i64 - 2_208_988_800;
    let nanos = (i128::from(prft.ntp_timestamp & 0xffff_ffff) * 1_000_000_000) >> 32;
    let difference = chunk.start.nanos() - (i128::from(secs) * 1_000_000_000 + nanos);
    assert!((0..=1).contains(&difference), "{difference} ns off at {}", rendition.id);
}
