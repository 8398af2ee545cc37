//! One CMAF chunk (ISO/IEC 23000-19 7.3.2.3): (`styp`), (`prft`), `moof`, `mdat`.
//!
//! Every number in it comes from the access units and the grid: the same units give the same bytes, whoever
//! packages them and whenever. Clause numbers are those of ISO/IEC 14496-12.

use super::TRACK_ID;
use super::boxes::{boxed, full_box, set_u32};
use crate::time::{TICKS_PER_SECOND, Ticks};
use crate::unit::{AccessUnit, UnitKind};
use crate::window::{Chunk, Rendition, Sample};
use bytes::{BufMut, Bytes};

/// What a chunk is the first of; it decides which boxes precede its `moof`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lead {
    /// Of a segment, and so of its first part: `styp` and `prft`.
    Segment,
    /// Of a part: `prft`.
    Part,
    /// Of nothing.
    Within,
}

/// Bytes around the media of one chunk, at most, for a chunk of `n` access units: 228 + 12 n.
const OVERHEAD_BYTES: usize = 256;

/// Seconds from 1900 (NTP's era 0) to 1970 (RFC 5905 section 6).
const NTP_UNIX_OFFSET_SECS: i64 = 2_208_988_800;

/// 8.16.5: the two bits 8 and 16 together say that "the UTC time has a consistent, small (ideally zero), offset
/// from the real-time of the experience depicted in the media". House time is UTC, so it is the capture time.
const PRFT_CAPTURED: u32 = 24;

/// tfhd: default-sample-duration-present, default-sample-flags-present, default-base-is-moof (8.8.7).
const TFHD_DURATION: u32 = 0x08;
const TFHD_FLAGS: u32 = 0x20;
const TFHD_BASE_IS_MOOF: u32 = 0x02_0000;

/// trun: data-offset-present, first-sample-flags-present, and per sample duration, size, flags (8.8.8).
const TRUN_OFFSET: u32 = 0x01;
const TRUN_FIRST_FLAGS: u32 = 0x04;
const TRUN_DURATION: u32 = 0x100;
const TRUN_SIZE: u32 = 0x200;
const TRUN_FLAGS: u32 = 0x400;

/// 8.8.3.1: sample_depends_on 2, "does not depend on others (I picture)".
const SAMPLE_KEY: u32 = 0x0200_0000;
/// 8.8.3.1: sample_depends_on 1, sample_is_non_sync_sample 1.
const SAMPLE_DELTA: u32 = 0x0101_0000;

/// Writes the chunk of these access units, which follow each other without a hole. There is at least one.
#[must_use]
pub fn chunk(rendition: &Rendition, lead: Lead, units: &[AccessUnit]) -> Chunk {
    let (first, last) = (&units[0], &units[units.len() - 1]);
    let media_len: usize = units.iter().map(|unit| unit.data.len()).sum();
    let mut out = Vec::with_capacity(OVERHEAD_BYTES + 12 * units.len() + media_len);
    if lead == Lead::Segment {
        styp(&mut out);
    }
    if lead != Lead::Within {
        prft(&mut out, first.dts, rendition.timescale);
    }
    moof(&mut out, rendition, units);
    let mut samples = Vec::with_capacity(units.len());
    boxed(&mut out, b"mdat", |out| samples.extend(units.iter().map(|unit| put_sample(out, unit))));
    Chunk {
        start: first.dts,
        duration: last.dts + last.duration - first.dts,
        independent: first.kind == UnitKind::Key,
        bytes: Bytes::from(out),
        samples: samples.into(),
    }
}

fn put_sample(out: &mut Vec<u8>, unit: &AccessUnit) -> Sample {
    let offset = out.len() as u32;
    out.put_slice(&unit.data);
    Sample {
        offset,
        len: unit.data.len() as u32,
        dts: unit.dts,
        duration: unit.duration,
        key: unit.kind == UnitKind::Key,
    }
}

/// 8.16.2; brands of ISO/IEC 23009-1 6.3.4.2 ('msdh'; without 'msix', since there is no index) and of
/// ISO/IEC 23000-19 7.2 (segment, fragment, chunk).
fn styp(out: &mut Vec<u8>) {
    boxed(out, b"styp", |out| {
        out.put_slice(b"msdh");
        out.put_u32(0);
        out.put_slice(b"msdhcmfscmffcmfl");
    });
}

/// 8.16.5 ProducerReferenceTimeBox: "relates to the next movie fragment box that follows in bitstream order".
fn prft(out: &mut Vec<u8>, captured: Ticks, timescale: u32) {
    full_box(out, b"prft", 1, PRFT_CAPTURED, |out| {
        out.put_u32(TRACK_ID);
        out.put_u64(ntp(captured));
        out.put_u64(captured.scaled(timescale) as u64);
    });
}

/// RFC 5905 timestamp format: 32 bits of seconds, which begin anew in 2036, and 32 bits of fraction.
fn ntp(utc: Ticks) -> u64 {
    let (secs, rest) = (utc.0.div_euclid(TICKS_PER_SECOND), utc.0.rem_euclid(TICKS_PER_SECOND));
    let fraction = ((rest as u64) << 32) / TICKS_PER_SECOND as u64;
    u64::from((secs + NTP_UNIX_OFFSET_SECS) as u32) << 32 | fraction
}

fn moof(out: &mut Vec<u8>, rendition: &Rendition, units: &[AccessUnit]) {
    let (moof_at, mut offset_at) = (out.len(), 0);
    let run = Run::of(rendition.timescale, units);
    boxed(out, b"moof", |out| {
        full_box(out, b"mfhd", 0, 0, |out| out.put_u32(sequence_number(rendition, units[0].dts)));
        boxed(out, b"traf", |out| {
            run.tfhd(out);
            full_box(out, b"tfdt", 1, 0, |out| {
                out.put_u64(units[0].dts.scaled(rendition.timescale) as u64);
            });
            offset_at = run.trun(out, units);
        });
    });
    // 8.8.8: data_offset counts from the moof (default-base-is-moof), past the header of the mdat.
    let data_offset = out.len() - moof_at + 8;
    set_u32(out, offset_at, data_offset as u32);
}

/// 8.8.5: "increasing order": the number of the chunk's place on the grid, counted from the epoch, so that it
/// survives restarts. It begins anew after 2^32 chunks of 0.1 s: every 13.6 years.
fn sequence_number(rendition: &Rendition, start: Ticks) -> u32 {
    (start.0 / rendition.grid.chunk_duration().0) as u32
}

/// What the samples of a chunk have in common, and what not.
struct Run {
    /// In units of the timescale.
    durations: Vec<u32>,
    same_durations: bool,
    /// Of all samples but the first.
    flags: u32,
    /// What `trun` says of flags: nothing, the first one's, or everyone's.
    trun_flags: u32,
}

impl Run {
    fn of(timescale: u32, units: &[AccessUnit]) -> Self {
        let durations: Vec<u32> = units.iter().map(|unit| duration(unit, timescale)).collect();
        let same_durations = durations.windows(2).all(|pair| pair[0] == pair[1]);
        let (first, flags) = (flags(&units[0]), flags(&units[units.len() - 1]));
        let rest_alike = units[1..].iter().all(|unit| self::flags(unit) == flags);
        let trun_flags = match (rest_alike, first == flags) {
            (true, true) => 0,
            (true, false) => TRUN_FIRST_FLAGS,
            (false, _) => TRUN_FLAGS,
        };
        Self { durations, same_durations, flags, trun_flags }
    }

    fn tfhd(&self, out: &mut Vec<u8>) {
        let duration = if self.same_durations { TFHD_DURATION } else { 0 };
        full_box(out, b"tfhd", 0, TFHD_BASE_IS_MOOF | TFHD_FLAGS | duration, |out| {
            out.put_u32(TRACK_ID);
            if self.same_durations {
                out.put_u32(self.durations[0]);
            }
            out.put_u32(self.flags);
        });
    }

    /// Returns where the data offset is to be filled in.
    fn trun(&self, out: &mut Vec<u8>, units: &[AccessUnit]) -> usize {
        let per_duration = if self.same_durations { 0 } else { TRUN_DURATION };
        let mut offset_at = 0;
        full_box(out, b"trun", 0, TRUN_OFFSET | TRUN_SIZE | per_duration | self.trun_flags, |out| {
            out.put_u32(units.len() as u32);
            offset_at = out.len();
            out.put_u32(0);
            if self.trun_flags == TRUN_FIRST_FLAGS {
                out.put_u32(flags(&units[0]));
            }
            for (unit, duration) in units.iter().zip(&self.durations) {
                if !self.same_durations {
                    out.put_u32(*duration);
                }
                out.put_u32(unit.data.len() as u32);
                if self.trun_flags == TRUN_FLAGS {
                    out.put_u32(flags(unit));
                }
            }
        });
        offset_at
    }
}

/// From one decode time to the next in units of the timescale: rounding never adds up.
fn duration(unit: &AccessUnit, timescale: u32) -> u32 {
    ((unit.dts + unit.duration).scaled(timescale) - unit.dts.scaled(timescale)) as u32
}

fn flags(unit: &AccessUnit) -> u32 {
    if unit.kind == UnitKind::Key { SAMPLE_KEY } else { SAMPLE_DELTA }
}
