//! Whether a slot shows the source's own picture, and what viewers must know before it does.

use crate::shared::{Shared, lock};
use crate::source::pass::Sets;
use crate::source::sources::Sources;
use media::codec::h264;
use media::dash::ERA_NOTICE;
use media::grid::Grid;
use media::link::{Canvas, FromWorker, PassThrough, Passing as Told};
use media::time::Ticks;
use media::unit::{AccessUnit, CodecConfig};
use std::sync::Arc;

/// See the module. It begins at an IDR of the grid alone, and ends wherever the source's next picture is not there: the
/// encoder goes on at that slot, with an IDR.
pub(crate) struct Passing {
    sources: Arc<Sources>,
    grid: Grid,
    /// Of the encoder.
    own: Sets,
    /// Of a source, that viewers have.
    known: Arc<Sets>,
    /// Of a source, that they will have from then on.
    coming: Option<(Ticks, Arc<Sets>)>,
    /// The source that passes.
    from: Option<usize>,
}

impl Passing {
    /// With an encoder of this configuration. The rest of what viewers have is a source's.
    pub(crate) fn new(sources: Arc<Sources>, canvas: Canvas, own: CodecConfig, has: &PassThrough) -> Self {
        let own = match own {
            CodecConfig::Avc { sps, pps } => Sets { sps, pps },
            CodecConfig::Aac { .. } => Sets::default(),
        };
        // An encoder of another build may have had the same numbers.
        let ids = |of: &Sets| of.sps.iter().map(|set| h264::id_of_sps(set)).collect::<Vec<_>>();
        let pps_ids = |of: &Sets| of.pps.iter().map(|set| h264::ids_of_pps(set)).collect::<Vec<_>>();
        let (sps_ids, pps_ids) = (ids(&own), pps_ids(&own));
        let known = Sets {
            sps: has.sps.iter().filter(|set| !sps_ids.contains(&h264::id_of_sps(set))).cloned().collect(),
            pps: has.pps.iter().filter(|set| !pps_ids.contains(&h264::ids_of_pps(set))).cloned().collect(),
        };
        let (coming, from) = (None, None);
        Self { sources, grid: Grid::for_rate(canvas.rate), own, known: Arc::new(known), coming, from }
    }

    /// What decoders must know with these sets of a source.
    fn config(&self, of: &Sets) -> CodecConfig {
        let with = |own: &[_], of: &[_]| [own, of].concat();
        CodecConfig::Avc { sps: with(&self.own.sps, &of.sps), pps: with(&self.own.pps, &of.pps) }
    }

    /// What decoders must know at first.
    pub(crate) fn first_config(&self) -> CodecConfig {
        self.config(&self.known)
    }

    /// The source's own picture for this slot; none when the encoder is to make one.
    pub(crate) fn unit(&mut self, at: Ticks, shared: &Shared) -> Option<AccessUnit> {
        if let Some((_, sets)) = self.coming.take_if(|(from, _)| at >= *from) {
            (self.known, self.from) = (sets, None);
        }
        let on_grid = at.0 % self.grid.idr_interval().0 == 0;
        let sources = Arc::clone(&self.sources);
        let (number, source) = sources.on_air_numbered();
        let mut pass = lock(source.pass.as_ref()?);
        if on_grid || self.from.is_some_and(|from| from != number) {
            let ready = pass.ready(at);
            self.from = ready.as_ref().filter(|sets| **sets == self.known).map(|_| number);
            if let Some(sets) = ready.filter(|sets| *sets != self.known) {
                self.announce(at, sets, shared);
            }
        }
        let unit = self.from.and_then(|_| pass.take(at, &self.known));
        if unit.is_none() {
            self.from = None;
        }
        if on_grid || unit.is_none() {
            let told = || pass.unfit().map_or_else(|| "it is about to be".into(), ToString::to_string);
            shared.note_passing(if unit.is_some() { Told::Yes } else { Told::No(told()) });
        }
        unit
    }

    /// Viewers must know these sets before the source takes over.
    fn announce(&mut self, at: Ticks, sets: Arc<Sets>, shared: &Shared) {
        if self.coming.as_ref().is_some_and(|(_, coming)| *coming == sets) {
            return;
        }
        let earliest = at.max(shared.clock.now()) + ERA_NOTICE;
        let from = Grid::next_frame_start(earliest, self.grid.segment_duration());
        let config = self.config(&sets);
        tracing::info!("the source's pictures are to pass through from {} ms on", from.millis());
        // A link that is closed ends the worker elsewhere.
        if shared.send(FromWorker::Era { from, config }).is_ok() {
            self.coming = Some((from, sets));
        }
    }
}
