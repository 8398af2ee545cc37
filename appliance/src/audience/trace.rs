//! Why viewers' players ran dry: each stall joined with what happened just before. Pure.

use media::time::Ticks;
use wire::{Event, Stall};

/// What a player has in its buffer, and then some: on HLS-TS a fault is seen so much later.
pub(super) const BEFORE: Ticks = Ticks::from_secs(15);

/// Clocks of players differ from the box's by less.
const AFTER: Ticks = Ticks::from_secs(1);

/// Causes that are told of one stall.
const CAUSES_MAX: usize = 4;

/// What can make players run dry, the likeliest first. What is not here explains nothing: that an alarm is over, say.
const LIKELIEST: [&str; 11] = [
    "drill",
    "device-failed",
    "worker-ended",
    "encoder-moved",
    "stage-restarted",
    "source-switched",
    "source-ended",
    "channel-stopped",
    "channel-started",
    "source-attached",
    "alarm-raised",
];

/// Each stall with its causes, the likeliest first, and of those of a kind the nearest.
pub(super) fn traced(stalls: Vec<Stall>, events: &[Event]) -> Vec<Stall> {
    let traced = |stall: Stall| {
        let span = stall.at_ms - BEFORE.millis()..=stall.at_ms + AFTER.millis();
        let rank = |event: &Event| LIKELIEST.iter().position(|kind| *kind == event.kind);
        let near = events.iter().filter(|event| span.contains(&event.at_ms));
        let mut causes: Vec<(usize, i64, &Event)> =
            near.filter_map(|event| Some((rank(event)?, (stall.at_ms - event.at_ms).abs(), event))).collect();
        causes.sort_by_key(|(rank, distance, _)| (*rank, *distance));
        let causes = causes.into_iter().take(CAUSES_MAX).map(|(.., event)| event.clone()).collect();
        Stall { causes, ..stall }
    };
    stalls.into_iter().map(traced).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at_ms: i64, kind: &str) -> Event {
        Event { at_ms, channel: Some("hall".into()), kind: kind.into(), what: String::new() }
    }

    fn causes_at(at_ms: i64, events: &[Event]) -> Vec<String> {
        let stall =
            Stall { at_ms, tier: 0, players: 1, session: "a".into(), stalled_ms: 0, causes: Vec::new() };
        traced(vec![stall], events).remove(0).causes.into_iter().map(|event| event.kind).collect()
    }

    #[test]
    fn a_stall_is_laid_to_what_came_before_it() {
        let events = [
            event(99_000, "alarm-raised"),
            event(98_000, "worker-ended"),
            event(97_500, "channel-started"),
            event(97_000, "source-switched"),
            event(96_000, "alarm-cleared"),
            event(84_000, "worker-ended"),
            event(102_000, "stage-restarted"),
        ];
        let expected = ["worker-ended", "source-switched", "channel-started", "alarm-raised"];
        assert_eq!(causes_at(100_000, &events), expected);
        assert!(causes_at(200_000, &events).is_empty(), "what nothing explains is the network's");
    }

    #[test]
    fn of_a_kind_the_nearest_goes_first_and_there_are_few() {
        let mut events: Vec<Event> = (0..9).map(|n| event(95_000 + n * 100, "stage-restarted")).collect();
        events[3].what = "serve".into();
        events[3].at_ms = 99_900;
        let stall = Stall {
            at_ms: 100_000,
            tier: 2,
            players: 3,
            session: "b".into(),
            stalled_ms: 9,
            causes: Vec::new(),
        };
        let causes = traced(vec![stall], &events).remove(0).causes;
        assert_eq!((causes.len(), causes[0].what.as_str()), (CAUSES_MAX, "serve"));
    }
}
