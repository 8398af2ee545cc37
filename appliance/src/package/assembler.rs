//! From encoder configurations to renditions, from access units to published snapshots.

use crate::clock::House;
use crate::dvr::ChannelShelf;
use crate::encode::Encoded;
use crate::limits;
use crate::serve::live::{Live, Programme};
use media::era::{Era, era_of};
use media::grid::Grid;
use media::link::Plan;
use media::packager::{PackError, Pushed, RenditionPackager, WindowLimits};
use media::rendition::RenditionError;
use media::time::{AUDIO_SAMPLE_RATE, Msn, Ticks};
use media::unit::{AccessUnit, CodecConfig};
use media::window::{Rendition, RenditionKind};
use std::sync::Arc;
use tracing::{info, warn};

/// What the encoder sent cannot be packaged.
#[derive(Debug, thiserror::Error)]
pub enum AssemblyError {
    /// Its configuration makes no sense.
    #[error("rendition {id}: {why}")]
    Config {
        /// The rendition.
        id: String,
        /// What is wrong.
        why: RenditionError,
    },
    /// An access unit makes no sense.
    #[error("rendition {id}: {why}")]
    Unit {
        /// The rendition.
        id: String,
        /// What is wrong.
        why: PackError,
    },
}

/// One channel's packagers. Pure but for publishing.
#[derive(Debug)]
pub struct Assembler {
    plan: Plan,
    shelf: Option<ChannelShelf>,
    configs: Vec<Option<CodecConfig>>,
    on_air: Option<OnAir>,
    live: Arc<Live>,
    house: House,
}

#[derive(Debug)]
struct OnAir {
    configs: Vec<CodecConfig>,
    programme: Arc<Programme>,
    packagers: Vec<RenditionPackager>,
}

impl OnAir {
    fn resume(programme: Arc<Programme>, window: WindowLimits) -> Self {
        let packagers = programme.feeds.iter().map(|feed| RenditionPackager::resume(feed.snapshot(), window));
        let configs = programme.feeds.iter().map(|feed| feed.rendition.config.clone());
        Self { packagers: packagers.collect(), configs: configs.collect(), programme }
    }
}

const fn window(shelf: Option<&ChannelShelf>) -> WindowLimits {
    if shelf.is_some() { limits::DVR_WINDOW } else { limits::WINDOW }
}

impl Assembler {
    /// For the renditions of `plan`, publishing to `live`, with a past on `shelf`; by `house` it tells how late each
    /// part is. What another one has published to `live` goes on.
    #[must_use]
    pub fn new(plan: Plan, shelf: Option<ChannelShelf>, live: Arc<Live>, house: House) -> Self {
        let configs = vec![None; plan.rungs.len() + 1];
        let on_air = live.programme().map(|programme| OnAir::resume(programme, window(shelf.as_ref())));
        Self { plan, shelf, configs, on_air, live, house }
    }

    /// Where the next slot of video and the next frame of sound are expected, where something has been published.
    #[must_use]
    pub fn expects(&self) -> (Option<Ticks>, Option<Ticks>) {
        let packagers = self.on_air.as_ref().map_or(&[][..], |on_air| &on_air.packagers);
        let (video, audio) = packagers.split_at(packagers.len().min(self.plan.rungs.len()));
        let next = |of: &[RenditionPackager]| of.iter().filter_map(RenditionPackager::next_unit_start).min();
        (next(video), next(audio))
    }

    /// Takes what the encoder made. `now` is house time: a new configuration is on air since then.
    ///
    /// # Errors
    /// [`AssemblyError`].
    pub fn push(&mut self, encoded: Encoded, now: Ticks) -> Result<(), AssemblyError> {
        match encoded {
            Encoded::Config(index, config) => self.config(index, config, now),
            Encoded::Era(from, config) => self.era(from, config),
            Encoded::Slot(units) => self.units(0, units),
            Encoded::Audio(unit) => self.units(self.plan.rungs.len(), vec![unit]),
        }
    }

    fn config(&mut self, index: usize, config: CodecConfig, now: Ticks) -> Result<(), AssemblyError> {
        self.configs[index] = Some(config);
        let Some(configs) = self.configs.iter().cloned().collect::<Option<Vec<_>>>() else { return Ok(()) };
        // A new worker with the same settings makes the same parameter sets, or those that viewers know already of the
        // other encoder: nothing changes for them.
        let known =
            |on_air: &OnAir| on_air.configs.iter().zip(&configs).all(|(told, config)| told.covers(config));
        if self.on_air.as_ref().is_some_and(known) {
            return Ok(());
        }
        let renditions =
            configs.iter().enumerate().map(|(index, config)| self.rendition(index, config.clone()));
        let renditions = renditions.collect::<Result<Vec<_>, _>>()?;
        let window = window(self.shelf.as_ref());
        let number = if self.plan.pass_through.is_some() { era_number(now) } else { 0 };
        let packager = |rendition| RenditionPackager::in_era(Era::open(number, Arc::new(rendition)), window);
        let packagers: Vec<_> = renditions.into_iter().map(packager).collect();
        let snapshots: Vec<_> = packagers.iter().map(RenditionPackager::snapshot).collect();
        let archive = self.shelf.as_ref().map(|shelf| {
            shelf.archive(&snapshots.iter().map(|snapshot| snapshot.rendition.clone()).collect::<Vec<_>>())
        });
        let programme = Arc::new(Programme::new(&snapshots, now, archive));
        info!(channel = %self.plan.channel, renditions = snapshots.len(), "programme on air");
        self.live.set_programme(programme.clone());
        self.on_air = Some(OnAir { configs, programme, packagers });
        Ok(())
    }

    /// The best rung is coded otherwise from a segment on; all renditions begin another era there.
    fn era(&mut self, from: Ticks, config: CodecConfig) -> Result<(), AssemblyError> {
        let best = Arc::new(self.rendition(0, config.clone())?);
        let Some(OnAir { configs, programme, packagers }) = &mut self.on_air else { return Ok(()) };
        let first = best.grid.place(from).msn;
        info!(channel = %self.plan.channel, segment = first.0, "the source's pictures need another header");
        configs[0] = config;
        for (index, packager) in packagers.iter_mut().enumerate() {
            let now = packager.snapshot();
            let rendition = if index == 0 { best.clone() } else { now.rendition.clone() };
            let number = era_of(&now.eras, Msn(first.0.saturating_sub(1))).number + 1;
            programme.publish_chunk(index, packager.begin_era(Era { number, first, rendition }));
        }
        Ok(())
    }

    fn rendition(&self, index: usize, config: CodecConfig) -> Result<Rendition, AssemblyError> {
        let rate = self.plan.canvas.rate;
        let (id, kind, bitrate_bps) = match self.plan.rungs.get(index) {
            Some(rung) => {
                let kind = RenditionKind::Video { width: rung.width, height: rung.height, rate };
                (rung_id(&self.plan, index), kind, rung.bitrate_bps)
            }
            None => {
                let kind = RenditionKind::Audio { sample_rate: AUDIO_SAMPLE_RATE, channels: 2 };
                ("audio".to_owned(), kind, self.plan.audio_bitrate_bps)
            }
        };
        Rendition::new(id.clone(), kind, config, bitrate_bps, Grid::new(rate, self.plan.latency))
            .map_err(|why| AssemblyError::Config { id, why })
    }

    /// One access unit of each rendition from `first` on. Chunks of all of them are out before any playlist is: each
    /// playlist reports how far the others are.
    fn units(&mut self, first: usize, units: Vec<AccessUnit>) -> Result<(), AssemblyError> {
        // A unit can only come before the configurations when a worker breaks the protocol; its successor will not.
        let Some(OnAir { programme, packagers, .. }) = &mut self.on_air else {
            warn!(channel = %self.plan.channel, "an access unit came before its configuration");
            return Ok(());
        };
        let mut parts = Vec::new();
        let mut refused = Ok(());
        for (index, unit) in (first..).zip(units) {
            match packagers[index].push(unit) {
                Ok(Pushed::Published(update)) => {
                    programme.publish_chunk(index, update.snapshot.clone());
                    if update.part_done || update.segment_done {
                        parts.push((index, update.snapshot));
                    }
                }
                Ok(Pushed::Held | Pushed::Dropped) => (),
                Err(why) => {
                    refused =
                        Err(AssemblyError::Unit { id: programme.feeds[index].rendition.id.clone(), why });
                }
            }
        }
        for (index, snapshot) in parts {
            let edge = snapshot.live_edge();
            programme.publish_part(index, snapshot);
            let rendition = &programme.feeds[index].rendition;
            if let Some((msn, part)) = edge {
                let end = rendition.grid.part_start(msn, part) + rendition.grid.part_duration();
                self.live.meter.part_published(&rendition.id, self.house.now() - end);
            }
        }
        refused
    }
}

/// 2026-01-01T00:00:00Z.
const ERAS_COUNTED_FROM: Ticks = Ticks::from_secs(1_767_225_600);

/// A number that no era of the channel had before, however often the box was started: they are rarer than one a minute. With
/// numbers of nine digits hls.js 1.7.4 shows no picture; not 0, which means that there are no eras.
fn era_number(now: Ticks) -> u64 {
    u64::try_from((now - ERAS_COUNTED_FROM).scaled(1) / 60).unwrap_or(0) + 1
}

/// `720p`; two rungs of one height are told apart by their rate, `720p-2500k`.
#[must_use]
pub fn rung_id(plan: &Plan, index: usize) -> String {
    let rung = &plan.rungs[index];
    let height = rung.height;
    if plan.rungs.iter().filter(|other| other.height == height).count() == 1 {
        return format!("{height}p");
    }
    format!("{height}p-{}k", rung.bitrate_bps / 1000)
}
