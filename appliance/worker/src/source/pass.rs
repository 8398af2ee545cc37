//! Whether a source's own pictures can take the encoder's place, and which of them goes to which slot. Pure.
//!
//! They can where each second of the grid is whole: it begins with an IDR picture, has one picture for each slot, none of
//! them reordered, and no more bits than the rung may have. What viewers must be able to decode never changes with it: size,
//! rate and colour sampling are those of the canvas.

use crate::ff::PASSING_SET_ID;
use crate::limits::PASS_WAITING_MAX;
use bytes::{BufMut, Bytes, BytesMut};
use media::codec::avcc;
use media::codec::h264::{self, LENGTH_BYTES, NalKind};
use media::codec::sps::Sps;
use media::grid::Grid;
use media::link::{Canvas, Rung};
use media::time::Ticks;
use media::unit::{AccessUnit, SourceCodec, SourceFraming, SourceTrack, UnitKind};
use std::collections::VecDeque;
use std::sync::Arc;

/// A second may have this much of the rung's rate, in percent: what viewers' buffers are made for (`media::declared`).
const RATE_PERCENT_MAX: u64 = 125;

/// What a source must be like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    size: (u32, u32),
    frame: Ticks,
    /// Slots from one IDR of the grid to the next.
    slots: i64,
    /// Bits in as many slots.
    bits_max: u64,
    bitrate_bps: u32,
}

impl Terms {
    /// For the best rung of a canvas; none when it is not as large as the canvas, and must be scaled.
    pub(crate) fn of(canvas: Canvas, best: &Rung) -> Option<Self> {
        let (frame, interval) = (canvas.rate.frame_duration(), Grid::for_rate(canvas.rate).idr_interval());
        let second =
            u64::from(best.bitrate_bps) * interval.0.unsigned_abs() / Ticks::from_secs(1).0.unsigned_abs();
        let terms = Self {
            size: (best.width, best.height),
            frame,
            slots: interval.0 / frame.0,
            bits_max: second * RATE_PERCENT_MAX / 100,
            bitrate_bps: best.bitrate_bps,
        };
        (terms.size == (canvas.width, canvas.height)).then_some(terms)
    }

    /// From one IDR of the grid to the next.
    pub(crate) fn interval(&self) -> Ticks {
        self.frame * self.slots
    }

    fn millis(&self, slots: i64) -> i64 {
        (self.frame * slots).millis()
    }
}

/// Parameter sets of a source; bare NAL units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sets {
    pub(crate) sps: Vec<Bytes>,
    pub(crate) pps: Vec<Bytes>,
}

/// Why a source's pictures cannot be passed through, and what to do about it: for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("it has not been seen for a whole second yet")]
    Unknown,
    #[error("it is {0}; send H.264")]
    Codec(&'static str),
    #[error("its parameter sets cannot be read; restart the publisher")]
    Sets,
    #[error("it uses parameter set {PASSING_SET_ID}, which is ours; set another number in its encoder")]
    Numbers,
    #[error("it is {}x{}; send {}x{}", .0.0, .0.1, .1.0, .1.1)]
    Size((u32, u32), (u32, u32)),
    #[error("it is interlaced; send progressive pictures")]
    Interlaced,
    #[error("it is not 8 bits of 4:2:0; set pixel format yuv420p")]
    Sampling,
    #[error("it has B-frames; switch them off")]
    Reordered,
    #[error("its key frames are {0} ms apart; set {1} ms")]
    KeyFrames(i64, i64),
    #[error("its key frames are not regular; set one each {0} ms and no scene cuts")]
    Irregular(i64),
    #[error("pictures are missing, or it does not have {0} a second")]
    Holes(u32),
    #[error("it has {0} kbit/s; send at most {1}")]
    Rate(u64, u32),
}

/// One second of the grid.
#[derive(Debug)]
struct Second {
    number: i64,
    /// The slot that must come next.
    next: i64,
    bits: u64,
    fault: Option<Unfit>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Pass {
    terms: Terms,
    /// Bytes of the lengths before NAL units; none for start codes.
    length_bytes: Option<usize>,
    sets: Result<Arc<Sets>, Unfit>,
    second: Option<Second>,
    /// Of the last second that is over.
    verdict: Result<(), Unfit>,
    last_key: Option<i64>,
    keys_apart: Option<i64>,
    waiting: VecDeque<(i64, AccessUnit, Arc<Sets>)>,
    /// The slot of the newest that was put there.
    last: Option<i64>,
    /// One that came after it was left out: only an IDR can follow.
    is_broken: bool,
}

impl Pass {
    pub(crate) fn new(terms: Terms) -> Self {
        Self {
            terms,
            length_bytes: None,
            sets: Err(Unfit::Unknown),
            second: None,
            verdict: Err(Unfit::Unknown),
            last_key: None,
            keys_apart: None,
            waiting: VecDeque::new(),
            last: None,
            is_broken: false,
        }
    }

    /// From one IDR of the grid to the next.
    pub(crate) fn interval(&self) -> Ticks {
        self.terms.interval()
    }

    /// The source has gone.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.terms);
    }

    /// The source's video is now this.
    pub(crate) fn track(&mut self, track: &SourceTrack) {
        self.clear();
        if track.codec != SourceCodec::H264 {
            self.sets = Err(Unfit::Codec(track.codec.label()));
            return;
        }
        match track.framing {
            SourceFraming::ByteStream => self.sets_of(h264::nals_of_annexb(&track.config)),
            SourceFraming::LengthPrefixed => match avcc::parse(&track.config) {
                Ok(record) => {
                    self.length_bytes = Some(record.length_bytes);
                    self.sets_of(record.sps.iter().chain(&record.pps).map(AsRef::as_ref));
                }
                Err(_) => self.sets = Err(Unfit::Sets),
            },
        }
    }

    /// Takes the parameter sets among these NAL units; when there are none, nothing changes.
    fn sets_of<'a>(&mut self, nals: impl Iterator<Item = &'a [u8]>) {
        let mut sets = Sets::default();
        for nal in nals {
            let kind = match NalKind::of(nal) {
                Some(NalKind::Sps) => &mut sets.sps,
                Some(NalKind::Pps) => &mut sets.pps,
                _ => continue,
            };
            if !kind.iter().any(|set| set == nal) {
                kind.push(Bytes::copy_from_slice(nal));
            }
        }
        if sets.sps.is_empty() || sets.pps.is_empty() || self.sets.as_ref().is_ok_and(|known| **known == sets)
        {
            return;
        }
        self.sets = self.checked(sets).map(Arc::new);
    }

    fn checked(&self, sets: Sets) -> Result<Sets, Unfit> {
        let is_ours = |id: Option<u32>| id == Some(u32::from(PASSING_SET_ID));
        if sets.sps.iter().any(|set| is_ours(h264::id_of_sps(set)))
            || sets.pps.iter().any(|set| is_ours(h264::ids_of_pps(set).map(|(id, _)| id)))
        {
            return Err(Unfit::Numbers);
        }
        for set in &sets.sps {
            let said = Sps::parse(set).map_err(|_| Unfit::Sets)?;
            if (said.width, said.height) != self.terms.size {
                return Err(Unfit::Size((said.width, said.height), self.terms.size));
            }
            if said.may_have_fields {
                return Err(Unfit::Interlaced);
            }
            if (said.chroma_format, said.luma_bits, said.chroma_bits) != (1, 8, 8) {
                return Err(Unfit::Sampling);
            }
        }
        Ok(sets)
    }

    /// Takes one coded picture, due at `due`.
    pub(crate) fn push(&mut self, unit: &AccessUnit, due: Ticks) {
        let nals: Vec<&[u8]> = match self.length_bytes {
            Some(length_bytes) => h264::nals_with_lengths(&unit.data, length_bytes).collect(),
            None => h264::nals_of_annexb(&unit.data).collect(),
        };
        self.sets_of(nals.iter().copied());
        let Ok(sets) = self.sets.clone() else { return };
        let is_idr = nals.iter().any(|nal| NalKind::of(nal) == Some(NalKind::Idr));
        let data = sample(&nals);
        let slot = (due.0 + self.terms.frame.0 / 2).div_euclid(self.terms.frame.0);
        self.judge(slot, is_idr, unit.pts != unit.dts, 8 * data.len() as u64);
        // What needs a picture that viewers will not have had would be shown broken.
        let follows = match self.last {
            Some(last) if is_idr => slot > last,
            Some(last) => slot == last + 1 && !self.is_broken,
            None => is_idr,
        };
        self.is_broken = data.is_empty() || !follows;
        if self.is_broken {
            return;
        }
        self.last = Some(slot);
        if self.waiting.len() >= PASS_WAITING_MAX {
            self.waiting.pop_front();
        }
        let (dts, duration) = (self.terms.frame * slot, self.terms.frame);
        let kind = if is_idr { UnitKind::Key } else { UnitKind::Delta };
        self.waiting.push_back((slot, AccessUnit { dts, pts: dts, duration, kind, data }, sets));
    }

    fn judge(&mut self, slot: i64, is_idr: bool, is_reordered: bool, bits: u64) {
        let slots = self.terms.slots;
        if is_idr {
            self.keys_apart = self.last_key.replace(slot).map(|last| slot - last);
        }
        let number = slot.div_euclid(slots);
        if self.second.as_ref().is_none_or(|second| second.number != number) {
            if let Some(over) = self.second.take() {
                self.verdict = self.of_second(over);
            }
            let (next, fault) = (number * slots, None);
            self.second = Some(Second { number, next, bits: 0, fault });
        }
        let Some(second) = &mut self.second else { return };
        let first = second.next == number * slots;
        let fault = if is_reordered {
            Some(Unfit::Reordered)
        } else if first && !is_idr {
            Some(match self.keys_apart {
                Some(apart) if slots % apart.max(1) != 0 => {
                    Unfit::KeyFrames(self.terms.millis(apart), self.terms.millis(slots))
                }
                _ => Unfit::Irregular(self.terms.millis(slots)),
            })
        } else if slot != second.next {
            Some(Unfit::Holes(self.rate()))
        } else {
            None
        };
        let second = self.second.as_mut().expect("it is there since above");
        second.fault = second.fault.take().or(fault);
        (second.next, second.bits) = (slot + 1, second.bits + bits);
    }

    fn rate(&self) -> u32 {
        let rate = Ticks::from_secs(1).0 / self.terms.frame.0;
        u32::try_from(rate).unwrap_or(u32::MAX)
    }

    fn of_second(&self, over: Second) -> Result<(), Unfit> {
        if let Some(fault) = over.fault {
            return Err(fault);
        }
        if over.next != (over.number + 1) * self.terms.slots {
            return Err(Unfit::Holes(self.rate()));
        }
        if over.bits > self.terms.bits_max {
            return Err(Unfit::Rate(over.bits / 1000, self.terms.bitrate_bps / 1000));
        }
        Ok(())
    }

    /// Whether it may become fit when its key pictures are put on to the grid.
    pub(crate) fn is_worth_aligning(&self) -> bool {
        let regular = self.keys_apart.is_none_or(|apart| apart > 0 && self.terms.slots % apart == 0);
        self.sets.is_ok() && regular && self.verdict != Err(Unfit::Reordered)
    }

    /// Why it is not fit.
    pub(crate) fn unfit(&self) -> Option<&Unfit> {
        self.sets.as_ref().err().or(self.verdict.as_ref().err())
    }

    /// Whether the source may take over at this slot, and with which parameter sets.
    pub(crate) fn ready(&mut self, at: Ticks) -> Option<Arc<Sets>> {
        self.verdict.as_ref().ok()?;
        let (_, unit, sets) = self.front(at)?;
        (unit.kind == UnitKind::Key).then(|| sets.clone())
    }

    /// The picture of this slot, if it is there and coded by these sets.
    pub(crate) fn take(&mut self, at: Ticks, sets: &Sets) -> Option<AccessUnit> {
        self.front(at).filter(|(.., of)| **of == *sets)?;
        self.waiting.pop_front().map(|(_, unit, _)| unit)
    }

    fn front(&mut self, at: Ticks) -> Option<&(i64, AccessUnit, Arc<Sets>)> {
        let slot = at.0.div_euclid(self.terms.frame.0);
        while self.waiting.front().is_some_and(|(first, ..)| *first < slot) {
            self.waiting.pop_front();
        }
        self.waiting.front().filter(|(first, ..)| *first == slot)
    }
}

/// NAL units as a sample of an `avc1` track.
fn sample(nals: &[&[u8]]) -> Bytes {
    let mut sample = BytesMut::with_capacity(nals.iter().map(|nal| nal.len() + LENGTH_BYTES).sum());
    for nal in nals.iter().filter(|nal| NalKind::of(nal).is_some_and(NalKind::belongs_in_sample)) {
        sample.put_u32(u32::try_from(nal.len()).expect("an access unit is far below 4 GiB"));
        sample.put_slice(nal);
    }
    sample.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use media::testing::{PPS_720P30, SPS_720P30};
    use media::time::FrameRate;

    const FRAME: Ticks = Ticks(12_000);
    const START: Ticks = Ticks::from_secs(1_000_000);

    fn pass(bitrate_bps: u32) -> Pass {
        let canvas = Canvas { width: 1280, height: 720, rate: FrameRate::FPS_30 };
        let mut pass = Pass::new(Terms::of(canvas, &Rung { width: 1280, height: 720, bitrate_bps }).unwrap());
        let start_code = [0, 0, 0, 1];
        let config = [&start_code, SPS_720P30, &start_code, PPS_720P30].concat();
        pass.track(&SourceTrack { codec: SourceCodec::H264, framing: SourceFraming::ByteStream, config });
        pass
    }

    fn unit(is_idr: bool, len: usize) -> AccessUnit {
        let nal = if is_idr { 0x65 } else { 0x41 };
        let data = [&[0, 0, 1, nal][..], &vec![0xaa; len]].concat().into();
        let kind = if is_idr { UnitKind::Key } else { UnitKind::Delta };
        AccessUnit { dts: Ticks::ZERO, pts: Ticks::ZERO, duration: Ticks::ZERO, kind, data }
    }

    /// Frames whose IDRs are so many apart, each wandering by half a millisecond, as RTMP has it.
    fn feed(pass: &mut Pass, frames: std::ops::Range<i64>, keys_apart: i64) {
        for frame in frames {
            let due = START + FRAME * frame + Ticks((frame % 3 - 1) * 180);
            pass.push(&unit(frame % keys_apart == 0, 100), due);
        }
    }

    #[test]
    fn a_source_in_the_recommended_form_takes_over_after_a_whole_second() {
        let mut pass = pass(2_500_000);
        feed(&mut pass, 0..30, 30);
        assert_eq!(pass.ready(START), None);
        assert_eq!(pass.unfit(), Some(&Unfit::Unknown));
        feed(&mut pass, 30..31, 30);
        let at = START + Ticks::from_secs(1);
        let sets = pass.ready(at).unwrap();
        assert_eq!((pass.unfit(), &sets.sps[0][..]), (None, SPS_720P30));
        let taken = pass.take(at, &sets).unwrap();
        assert_eq!((taken.dts, taken.duration, taken.kind), (at, FRAME, UnitKind::Key));
        assert_eq!(taken.data[..5], [0, 0, 0, 101, 0x65]);
        assert_eq!(pass.take(at + FRAME, &sets), None, "it has not come");
        feed(&mut pass, 31..33, 30);
        assert_eq!(pass.take(at + FRAME, &Sets::default()), None, "coded by other sets");
        assert!(pass.take(at + FRAME, &sets).is_some() && pass.ready(at + FRAME * 2).is_none());
    }

    #[test]
    fn nothing_passes_whose_predecessor_did_not() {
        let mut pass = pass(2_500_000);
        feed(&mut pass, 0..40, 30);
        let sets = pass.ready(START + Ticks::from_secs(1)).unwrap();
        // The source's clock jumps back by a second: what comes now is for slots that are taken, then for the next ones.
        for frame in 40..95 {
            pass.push(&unit(frame % 30 == 0, 100), START + FRAME * (frame - 30));
        }
        for frame in 30..65 {
            let taken = pass.take(START + FRAME * frame, &sets);
            assert_eq!(taken.is_some(), !(40..60).contains(&frame), "{frame}");
        }
    }

    #[test]
    fn what_is_not_fit_says_why() {
        let why = |keys_apart: i64, skip: i64, bitrate_bps: u32| {
            let mut pass = pass(bitrate_bps);
            (0..200)
                .filter(|frame| *frame != skip)
                .for_each(|frame| feed(&mut pass, frame..frame + 1, keys_apart));
            pass.unfit().map(ToString::to_string)
        };
        assert_eq!(why(15, -1, 100_000), None);
        let told = |why: &str| Some(why.to_owned());
        assert_eq!(why(60, -1, 100_000), told("its key frames are 2000 ms apart; set 1000 ms"));
        assert_eq!(why(30, 170, 100_000), told("pictures are missing, or it does not have 30 a second"));
        assert_eq!(why(30, -1, 19_000), told("it has 25 kbit/s; send at most 19"));
        let mut pass = pass(100_000);
        for frame in 0..61 {
            let unit = AccessUnit { pts: FRAME, ..unit(frame % 30 == 0, 9) };
            pass.push(&unit, START + FRAME * frame);
        }
        assert_eq!(pass.unfit(), Some(&Unfit::Reordered));
        assert!(!pass.is_worth_aligning());
        let track = |codec| SourceTrack { codec, framing: SourceFraming::LengthPrefixed, config: vec![1] };
        pass.track(&track(SourceCodec::H265));
        assert_eq!(pass.unfit(), Some(&Unfit::Codec("H.265")));
        pass.track(&track(SourceCodec::H264));
        assert_eq!(pass.unfit(), Some(&Unfit::Sets));
    }

    #[test]
    fn a_source_off_the_grid_is_worth_aligning_and_one_of_another_size_is_not() {
        let mut pass = pass(2_500_000);
        for frame in 0..100 {
            pass.push(&unit(frame % 30 == 7, 100), START + FRAME * frame);
        }
        assert!(pass.unfit().is_some() && pass.is_worth_aligning());
        let canvas = Canvas { width: 640, height: 360, rate: FrameRate::FPS_30 };
        let mut small =
            Pass::new(Terms::of(canvas, &Rung { width: 640, height: 360, bitrate_bps: 1 }).unwrap());
        let config = [&[0, 0, 1][..], SPS_720P30, &[0, 0, 1], PPS_720P30].concat();
        small.track(&SourceTrack { codec: SourceCodec::H264, framing: SourceFraming::ByteStream, config });
        assert_eq!(small.unfit(), Some(&Unfit::Size((1280, 720), (640, 360))));
        assert!(!small.is_worth_aligning());
        assert!(Terms::of(canvas, &Rung { width: 320, height: 180, bitrate_bps: 1 }).is_none());
    }
}
