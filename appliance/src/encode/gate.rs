//! All rungs of one slot pass together, or none does: pure.
//!
//! A worker may die between two rungs of the same slot. Its successor begins where the last *whole* slot ended, with
//! an IDR on every rung; were half a slot let through, one rung would get its IDR twice and the others a hole.

use bytes::Bytes;
use media::time::Ticks;
use media::unit::AccessUnit;
use std::collections::BTreeMap;

/// Slots that may be open at once. Rungs are encoded on threads of their own and drift apart by a few slots; a
/// worker whose rungs are further apart than this is broken.
pub const OPEN_SLOTS_MAX: usize = 64;

/// A rung is so far behind the others that its worker must be replaced.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the rungs have drifted apart by {OPEN_SLOTS_MAX} slots: the worker is to be replaced")]
pub struct RungsDriftedApart;

/// Collects the rungs of each slot.
#[derive(Debug)]
pub struct SlotGate {
    rungs: usize,
    open: BTreeMap<Ticks, Vec<Option<AccessUnit>>>,
}

impl SlotGate {
    /// For a ladder of this many rungs.
    #[must_use]
    pub fn new(rungs: usize) -> Self {
        Self { rungs, open: BTreeMap::new() }
    }

    /// Takes one rung's access unit; hands on the slot, best rung first, once every rung of it is in.
    ///
    /// # Errors
    /// [`RungsDriftedApart`] at [`OPEN_SLOTS_MAX`] open slots.
    pub fn push(
        &mut self,
        rung: usize,
        unit: AccessUnit,
    ) -> Result<Option<Vec<AccessUnit>>, RungsDriftedApart> {
        let slot = unit.dts;
        let rungs = self.rungs;
        let units = self.open.entry(slot).or_insert_with(|| vec![None; rungs]);
        units[rung] = Some(unit);
        if units.iter().all(Option::is_some) {
            let whole = self.open.remove(&slot).unwrap_or_default();
            return Ok(Some(whole.into_iter().flatten().collect()));
        }
        if self.open.len() >= OPEN_SLOTS_MAX { Err(RungsDriftedApart) } else { Ok(None) }
    }

    /// Bytes that wait.
    #[must_use]
    pub fn waiting_bytes(&self) -> usize {
        self.open.values().flatten().flatten().map(|unit| Bytes::len(&unit.data)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use media::unit::UnitKind;

    fn unit(slot: i64) -> AccessUnit {
        let dts = Ticks(slot * 12_000);
        let data = Bytes::from_static(b"unit");
        AccessUnit { dts, pts: dts, duration: Ticks(12_000), kind: UnitKind::Delta, data }
    }

    #[test]
    fn a_slot_passes_when_its_last_rung_is_in() {
        let mut gate = SlotGate::new(2);
        assert_eq!(gate.push(0, unit(1)), Ok(None));
        assert_eq!(gate.push(0, unit(2)), Ok(None));
        assert_eq!(gate.push(1, unit(1)), Ok(Some(vec![unit(1), unit(1)])));
        assert_eq!(gate.waiting_bytes(), 4);
    }

    #[test]
    fn a_rung_that_has_stopped_is_noticed() {
        let mut gate = SlotGate::new(2);
        let mut results = (0..OPEN_SLOTS_MAX as i64).map(|slot| gate.push(0, unit(slot)));
        assert_eq!(results.by_ref().find(Result::is_err), Some(Err(RungsDriftedApart)));
    }
}
