//! Walks the slots of the house clock: each is drawn as soon as it begins, none is left out.

use super::Pictures;
use super::passing::Passing;
use crate::ff::Frame;
use crate::limits::BEHIND_MAX;
use crate::shared::{Shared, count};
use media::grid::Grid;
use media::link::Canvas;
use media::time::Ticks;
use media::unit::AccessUnit;
use std::sync::mpsc::SyncSender;

/// One picture for a rung to encode.
pub(crate) struct Slot {
    /// When it begins: its dts and pts.
    pub(crate) at: Ticks,
    /// Whether it must be an IDR.
    pub(crate) is_idr: bool,
    pub(crate) picture: Frame,
    /// The source's own coded picture, to be sent instead.
    pub(crate) passed: Option<AccessUnit>,
}

/// Runs until the worker stops. A rung that is slow holds the canvas back: slots come late then, never not at all.
/// Only a worker that has fallen behind for good gives up.
pub(crate) fn run(
    canvas: Canvas,
    begin: Ticks,
    mut pictures: Pictures,
    mut passing: Option<Passing>,
    rungs: &[SyncSender<Slot>],
    monitor: &SyncSender<Frame>,
    shared: &Shared,
) -> anyhow::Result<()> {
    let (frame, grid) = (canvas.rate.frame_duration(), Grid::for_rate(canvas.rate));
    let (mut at, mut has_passed) = (begin, false);
    while shared.wait_until(at) {
        let behind = shared.clock.now() - at;
        anyhow::ensure!(
            behind <= BEHIND_MAX,
            "the encoders are {} ms behind the house clock",
            behind.millis()
        );
        let is_idr = at == begin || at.0 % grid.idr_interval().0 == 0;
        let picture = pictures.picture(at)?;
        if is_idr {
            // One that is still busy with the last picture goes without this one.
            let _busy = monitor.try_send(picture.share());
        }
        let passed = passing.as_mut().and_then(|passing| passing.unit(at, shared));
        let takes_over = std::mem::replace(&mut has_passed, passed.is_some()) && passed.is_none();
        let mut passed = passed.into_iter();
        for (index, rung) in rungs.iter().enumerate() {
            // The best rung's encoder goes on where the source's own pictures end.
            let is_idr = is_idr || (index == 0 && takes_over);
            let slot = Slot { at, is_idr, picture: picture.share(), passed: passed.next() };
            if rung.send(slot).is_err() {
                // The rung has ended and said why.
                return Ok(());
            }
        }
        count(&shared.counters.slots);
        at += frame;
    }
    Ok(())
}
