//! Players that ran dry within one sample, by tier: pure. A fault of the box makes all of them run dry at once, and is
//! told in one line for each tier.

use media::time::Ticks;
use wire::Stall;

/// Those of one channel.
#[derive(Clone, Debug, Default)]
pub(super) struct Dry {
    /// Times, all together.
    pub(super) times: u32,
    of_tier: [Option<Stall>; 3],
}

impl Dry {
    /// One more player did, so many times: on which tier, when it did last, and for how long in all.
    pub(super) fn note(&mut self, times: u32, session: String, (tier, at, lasted_ms): (u8, Ticks, u32)) {
        self.times += times;
        let tier = tier.min(2);
        let cell = &mut self.of_tier[usize::from(tier)];
        let (at_ms, causes) = (at.millis(), Vec::new());
        let stall = cell.get_or_insert(Stall { at_ms, tier, players: 0, session, stalled_ms: 0, causes });
        stall.players += 1;
        stall.at_ms = stall.at_ms.min(at_ms);
        stall.stalled_ms = stall.stalled_ms.max(lasted_ms);
    }

    /// One for each tier.
    pub(super) fn stalls(self) -> Vec<Stall> {
        self.of_tier.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_of_a_tier_are_one_line() {
        let (mut dry, at) = (Dry::default(), Ticks::from_secs);
        dry.note(1, "a".into(), (0, at(12), 300));
        dry.note(2, "b".into(), (0, at(11), 900));
        dry.note(1, "c".into(), (2, at(13), 0));
        assert_eq!(dry.times, 4);
        let told: Vec<_> = dry
            .stalls()
            .into_iter()
            .map(|it| (it.tier, it.players, it.at_ms, it.stalled_ms, it.session))
            .collect();
        assert_eq!(told, [(0, 2, 11_000, 900, "a".to_owned()), (2, 1, 13_000, 0, "c".to_owned())]);
    }
}
