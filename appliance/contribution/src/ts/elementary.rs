//! One elementary stream that was chosen: from its packets to events.

use super::adts;
use super::opus;
use super::packet::{Continuity, Order, Packet};
use super::pes::{Pes, PesReader};
use super::program::Chosen;
use super::random_access;
use crate::wrap::Unwrap;
use crate::{Demuxed, Medium, Unsupported};
use bytes::Bytes;
use media::time::Ticks;
use media::unit::{AccessUnit, SourceCodec, SourceFraming, SourceTrack, UnitKind};

/// How a stream is coded and laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// One access unit in each PES packet.
    Video(SourceCodec),
    /// Handed on by PES packet.
    Audio(SourceCodec),
    /// AAC with ADTS headers.
    Adts,
    /// Opus with control headers.
    Opus { channel_configuration: u8 },
}

impl Coding {
    pub(super) const fn medium(self) -> Medium {
        match self {
            Self::Video(_) => Medium::Video,
            Self::Audio(_) | Self::Adts | Self::Opus { .. } => Medium::Audio,
        }
    }
}

/// What is known of the stream, and the PES packet in the making.
#[derive(Debug)]
pub(super) struct Elementary {
    chosen: Chosen,
    continuity: Continuity,
    pes: PesReader,
    splitter: adts::Splitter,
    /// The last ADTS configuration announced.
    config: Option<adts::Config>,
    discontinuities: u64,
    untimed: u64,
    malformed: u64,
}

/// Where events go.
pub(super) type Events = Vec<Demuxed>;

impl Elementary {
    /// Announces the track too, if it needs no more than the program map for that.
    pub(super) fn new(chosen: Chosen, events: &mut Events) -> Self {
        match chosen.coding {
            Coding::Video(codec) | Coding::Audio(codec) => events.push(track(codec, Vec::new())),
            Coding::Opus { channel_configuration } => {
                events.push(track(SourceCodec::Opus, opus::head(channel_configuration)));
            }
            Coding::Adts => {}
        }
        Self {
            chosen,
            continuity: Continuity::default(),
            pes: PesReader::default(),
            splitter: adts::Splitter::default(),
            config: None,
            discontinuities: 0,
            untimed: 0,
            malformed: 0,
        }
    }

    pub(super) const fn chosen(&self) -> Chosen {
        self.chosen
    }

    pub(super) const fn discontinuities(&self) -> u64 {
        self.discontinuities
    }

    pub(super) const fn dropped_units(&self) -> u64 {
        self.pes.dropped() + self.untimed
    }

    pub(super) const fn malformed(&self) -> u64 {
        self.malformed + self.splitter.malformed()
    }

    pub(super) fn buffered_bytes(&self) -> usize {
        self.pes.buffered_bytes() + self.splitter.buffered_bytes()
    }

    /// Takes a packet of its PID.
    pub(super) fn handle(&mut self, packet: &Packet<'_>, clock: &mut Unwrap<33>, events: &mut Events) {
        let Some(payload) = packet.payload else { return };
        match self.continuity.follow(packet) {
            Order::Next => {}
            Order::Duplicate => return,
            Order::Gap => {
                self.discontinuities += 1;
                self.pes.drop_partial();
                self.splitter.drop_partial();
            }
        }
        let before = if packet.starts_unit { self.pes.start(packet.random_access) } else { None };
        let whole = self.pes.append(payload);
        for pes in before.into_iter().chain(whole) {
            self.handle_pes(pes, clock, events);
        }
    }

    /// Nothing more will come.
    pub(super) fn finish(&mut self, clock: &mut Unwrap<33>, events: &mut Events) {
        if let Some(pes) = self.pes.finish() {
            self.handle_pes(pes, clock, events);
        }
    }

    fn handle_pes(&mut self, pes: Pes, clock: &mut Unwrap<33>, events: &mut Events) {
        let times = pes.pts.map(|pts| {
            let dts = clock.follow(pes.dts.unwrap_or(pts));
            (Ticks::from_scaled(dts, 90_000), Ticks::from_scaled(clock.near(pts), 90_000))
        });
        if self.chosen.coding == Coding::Adts {
            return self.handle_adts(times.map(|(_, pts)| pts), &pes.data, events);
        }
        let (Some((dts, pts)), false) = (times, pes.data.is_empty()) else {
            self.untimed += 1;
            return;
        };
        match self.chosen.coding {
            Coding::Opus { .. } => self.handle_opus(pts, pes.data, events),
            Coding::Audio(_) | Coding::Adts => events.push(sound(pts, pes.data)),
            Coding::Video(codec) => {
                let starts = pes.random_access || random_access::starts_here(codec, &pes.data);
                let kind = if starts { UnitKind::Key } else { UnitKind::Delta };
                let unit = AccessUnit { dts, pts, duration: Ticks::ZERO, kind, data: pes.data };
                events.push(Demuxed::unit(Medium::Video, unit));
            }
        }
    }

    fn handle_adts(&mut self, at: Option<Ticks>, data: &[u8], events: &mut Events) {
        for frame in self.splitter.split(at, data) {
            if self.config != Some(frame.config) {
                self.config = Some(frame.config);
                events.push(announce(frame.config));
            }
            if !frame.config.is_in_band() {
                events.push(sound(frame.at, frame.data));
            }
        }
    }

    fn handle_opus(&mut self, at: Ticks, data: Bytes, events: &mut Events) {
        let (packets, complete) = opus::split(at, data);
        self.malformed += u64::from(complete == opus::Complete::No);
        events.extend(packets.into_iter().map(|(at, packet)| sound(at, packet)));
    }
}

fn announce(config: adts::Config) -> Demuxed {
    if config.is_in_band() {
        let codec = "AAC with channels described in band".into();
        return Demuxed::Unsupported(Unsupported { medium: Medium::Audio, codec });
    }
    track(SourceCodec::Aac, config.audio_specific_config().to_vec())
}

fn track(codec: SourceCodec, config: Vec<u8>) -> Demuxed {
    Demuxed::track(SourceTrack { codec, framing: SourceFraming::ByteStream, config })
}

fn sound(at: Ticks, data: Bytes) -> Demuxed {
    let unit = AccessUnit { dts: at, pts: at, duration: Ticks::ZERO, kind: UnitKind::Key, data };
    Demuxed::unit(Medium::Audio, unit)
}
