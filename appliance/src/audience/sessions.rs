//! Players that tell of themselves, and what they told last: pure.

use super::ByKey;
use super::cmcd::{self, Cmcd};
use super::dry::Dry;
use crate::limits::{BEACON_GAP_MIN, ENGINE_CHARS_MAX, SESSIONS_MAX};
use media::time::Ticks;
use std::collections::BTreeMap;
use wire::Tier;
use wire::{Beacon, ChannelAudience, DeviceTier, PlayerDevice, PlayerSession};

/// A player that has not been heard of for so long has gone.
pub(super) const GONE_AFTER: Ticks = Ticks::from_secs(30);

/// One that was heard of within this watches: three beacons, and more than two segments.
const WATCHES_WITHIN: Ticks = Ticks::from_secs(12);

/// Characters of a session's name that are shown: enough to tell it from others.
const SHOWN_CHARS: usize = 8;

/// Why a beacon is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It does not say what it must.
    Malformed,
    /// Too soon after the one before.
    TooOften,
    /// As many players as are kept are known.
    Full,
}

#[derive(Debug)]
struct Known {
    told: Beacon,
    is_ours: bool,
    early: u32,
    first: Ticks,
    last: Ticks,
}

/// By channel and session.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    known: ByKey<Known>,
    /// Players of a channel that ran dry, since its last sample.
    dry: BTreeMap<String, Dry>,
}

impl Sessions {
    pub(super) fn beacon(&mut self, channel: &str, mut beacon: Beacon, now: Ticks) -> Result<(), Refused> {
        let session = cmcd::session(&beacon.session).ok_or(Refused::Malformed)?;
        let plain = |text: &str| text.len() <= ENGINE_CHARS_MAX && text.chars().all(|c| c.is_ascii_graphic());
        if beacon.tier > 2 || !plain(&beacon.engine) || !plain(&beacon.state) {
            return Err(Refused::Malformed);
        }
        beacon.session.clone_from(&session);
        let key = (channel.to_owned(), session);
        let Some(known) = self.known.get_mut(&key) else {
            if self.known.len() >= SESSIONS_MAX {
                return Err(Refused::Full);
            }
            self.known.insert(key, Known { told: beacon, is_ours: true, early: 0, first: now, last: now });
            return Ok(());
        };
        if known.is_ours && now - known.last < BEACON_GAP_MIN {
            return Err(Refused::TooOften);
        }
        let news = beacon.stalls.saturating_sub(known.told.stalls);
        let lasted_ms = beacon.stalled_ms.saturating_sub(known.told.stalled_ms);
        // No further back than it has been silent: that one was told before.
        let ago = Ticks::from_millis(beacon.last_stall_ago_ms.unwrap_or(0).into()).min(now - known.last);
        let tier = beacon.tier;
        (known.told, known.is_ours, known.last) = (beacon, true, now);
        self.note_stalls(channel, news, &key.1, (tier, now - ago, lasted_ms));
        Ok(())
    }

    /// What a request said; of our own player only that it is there.
    pub(super) fn cmcd(&mut self, channel: &str, tier: Tier, said: &Cmcd, now: Ticks) {
        let Some(session) = said.session.clone() else { return };
        let key = (channel.to_owned(), session.clone());
        if !self.known.contains_key(&key) {
            if self.known.len() >= SESSIONS_MAX {
                return;
            }
            self.known.insert(
                key.clone(),
                Known { told: stranger(session), is_ours: false, early: 0, first: now, last: now },
            );
        }
        let Some(known) = self.known.get_mut(&key).filter(|known| !known.is_ours) else { return };
        known.last = now;
        let told = &mut known.told;
        told.tier = tier as u8;
        told.buffer_ms = said.buffer_ms.unwrap_or(told.buffer_ms);
        told.rate_percent = said.rate_percent.unwrap_or(100);
        if let Some(kbps) = said.bitrate_kbps {
            told.bitrate_bps = kbps.saturating_mul(1000);
        }
        told.stalls += u32::from(said.starved);
        self.note_stalls(channel, u32::from(said.starved), &key.1, (tier as u8, now, 0));
    }

    /// A request of a player was for a segment that had not begun; of one that is known.
    pub(super) fn early(&mut self, channel: &str, session: &str) {
        if let Some(known) = self.known.get_mut(&(channel.to_owned(), session.to_owned())) {
            known.early += 1;
        }
    }

    fn note_stalls(&mut self, channel: &str, news: u32, session: &str, when: (u8, Ticks, u32)) {
        if news > 0 {
            let shown: String = session.chars().take(SHOWN_CHARS).collect();
            self.dry.entry(channel.to_owned()).or_default().note(news, shown, when);
        }
    }

    /// Players of that channel that ran dry since this was asked last.
    pub(super) fn take_dry(&mut self, channel: &str) -> Dry {
        self.dry.remove(channel).unwrap_or_default()
    }

    pub(super) fn forget_gone(&mut self, now: Ticks) {
        self.known.retain(|_, known| now - known.last <= GONE_AFTER);
    }

    fn of(&self, channel: &str, now: Ticks) -> impl Iterator<Item = &Known> {
        let first = (channel.to_owned(), String::new());
        let of_channel = self.known.range(first..).take_while(move |((of, _), _)| of == channel);
        of_channel.map(|(_, known)| known).filter(move |known| now - known.last <= WATCHES_WITHIN)
    }

    /// Those that play natively: their requests carry nothing.
    pub(super) fn native(&self, channel: &str, now: Ticks) -> [u32; 3] {
        let mut by_tier = [0; 3];
        for known in self.of(channel, now).filter(|known| known.told.device == PlayerDevice::NativeHls) {
            by_tier[usize::from(known.told.tier.min(2))] += 1;
        }
        by_tier
    }

    /// The channel's own players in numbers, the silent ones left out.
    pub(super) fn watching(&self, channel: &str, now: Ticks) -> ChannelAudience {
        let mut told = ChannelAudience { channel: channel.to_owned(), ..ChannelAudience::default() };
        let (mut latencies, mut by_tier) = (Vec::new(), [const { Vec::new() }; 3]);
        for Known { told: beacon, .. } in self.of(channel, now) {
            let tier = usize::from(beacon.tier.min(2));
            told.by_tier[tier] += 1;
            if let Some(ms) = beacon.latency_ms.filter(|_| beacon.state == "live") {
                latencies.push((ms, beacon.target_ms));
                by_tier[tier].push(ms);
            }
        }
        latencies.sort_unstable();
        told.latency_by = by_tier
            .map(|mut of_tier| {
                of_tier.sort_unstable();
                of_tier.get(of_tier.len() / 2).copied()
            })
            .into();
        if let Some((latency, target)) = latencies.get(latencies.len() / 2) {
            (told.latency_ms, told.target_ms) = (Some(*latency), *target);
        }
        told
    }

    /// Which kind of device plays which tier.
    pub(super) fn devices(&self, now: Ticks) -> Vec<DeviceTier> {
        let mut cells: BTreeMap<(PlayerDevice, u8), u32> = BTreeMap::new();
        for known in self.known.values().filter(|known| now - known.last <= WATCHES_WITHIN) {
            *cells.entry((known.told.device, known.told.tier)).or_default() += 1;
        }
        cells.into_iter().map(|((device, tier), players)| DeviceTier { device, tier, players }).collect()
    }

    /// All that are known, by channel.
    pub(super) fn list(&self, now: Ticks) -> Vec<PlayerSession> {
        let secs = |length: Ticks| u64::try_from(length.scaled(1)).unwrap_or(0);
        let one = |((channel, session), known): (&(String, String), &Known)| {
            let Beacon { device, tier, latency_ms, target_ms, buffer_ms, bitrate_bps, .. } = known.told;
            let Beacon { stalls, stalled_ms, rate_percent, switches, .. } = known.told;
            PlayerSession {
                session: session.chars().take(SHOWN_CHARS).collect(),
                channel: channel.clone(),
                engine: known.told.engine.clone(),
                state: known.told.state.clone(),
                watched_secs: secs(known.last - known.first),
                silent_secs: secs(now - known.last),
                device,
                tier,
                latency_ms,
                target_ms,
                buffer_ms,
                bitrate_bps,
                stalls,
                stalled_ms,
                rate_percent,
                switches,
                early: known.early,
            }
        };
        self.known.iter().map(one).collect()
    }
}

/// A player that is not ours, before it has said anything but its name.
fn stranger(session: String) -> Beacon {
    Beacon {
        session,
        device: PlayerDevice::Other,
        tier: 0,
        engine: "CMCD".into(),
        state: String::new(),
        latency_ms: None,
        target_ms: None,
        buffer_ms: 0,
        bitrate_bps: 0,
        stalls: 0,
        stalled_ms: 0,
        rate_percent: 100,
        switches: 0,
        last_stall_ago_ms: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beacon(session: &str, latency_ms: u32) -> Beacon {
        Beacon {
            device: PlayerDevice::MediaSource,
            engine: "dash.js".into(),
            state: "live".into(),
            latency_ms: Some(latency_ms),
            target_ms: Some(1000),
            ..stranger(session.into())
        }
    }

    #[test]
    fn the_latency_told_is_of_the_viewer_in_the_middle() {
        let (mut sessions, now) = (Sessions::default(), Ticks::from_secs(50));
        for (session, latency) in [("aaaaaaaa", 900), ("bbbbbbbb", 8000), ("cccccccc", 1100)] {
            sessions.beacon("hall", beacon(session, latency), now).unwrap();
        }
        sessions.beacon("hall-2", beacon("dddddddd", 5), now).unwrap();
        let told = sessions.watching("hall", now);
        assert_eq!((told.by_tier, told.latency_ms, told.target_ms), ([3, 0, 0], Some(1100), Some(1000)));
        assert_eq!(sessions.watching("hall", now + WATCHES_WITHIN + Ticks::from_millis(1)).by_tier, [0; 3]);
        let cell = DeviceTier { device: PlayerDevice::MediaSource, tier: 0, players: 4 };
        assert_eq!(sessions.devices(now), [cell]);
    }

    #[test]
    fn beacons_are_bounded_in_rate_and_number_and_form() {
        let (mut sessions, now) = (Sessions::default(), Ticks::from_secs(50));
        sessions.beacon("hall", beacon("aaaaaaaa", 1), now).unwrap();
        assert_eq!(sessions.beacon("hall", beacon("aaaaaaaa", 1), now), Err(Refused::TooOften));
        let wrong = [
            Beacon { tier: 3, ..beacon("bbbbbbbb", 1) },
            Beacon { engine: "<b>\u{202e}".into(), ..beacon("bbbbbbbb", 1) },
            beacon("short", 1),
        ];
        for wrong in wrong {
            assert_eq!(sessions.beacon("hall", wrong, now), Err(Refused::Malformed));
        }
        for number in 1..SESSIONS_MAX {
            sessions.beacon("hall", beacon(&format!("session-{number}"), 1), now).unwrap();
        }
        assert_eq!(sessions.beacon("hall", beacon("one-too-many", 1), now), Err(Refused::Full));
        sessions.forget_gone(now + GONE_AFTER + Ticks::from_millis(1));
        assert!(sessions.list(now).is_empty());
    }

    #[test]
    fn stalls_are_counted_once_and_our_own_players_cmcd_changes_nothing() {
        let (mut sessions, now) = (Sessions::default(), Ticks::from_secs(50));
        sessions.beacon("hall", beacon("aaaaaaaa", 1), now).unwrap();
        let later = now + BEACON_GAP_MIN;
        sessions.beacon("hall", Beacon { stalls: 2, ..beacon("aaaaaaaa", 1) }, later).unwrap();
        let said = Cmcd { session: Some("aaaaaaaa".into()), starved: true, ..Cmcd::default() };
        sessions.cmcd("hall", Tier::Ts, &said, later);
        assert_eq!((sessions.take_dry("hall").times, sessions.take_dry("hall").times), (2, 0));
        assert_eq!(sessions.list(later)[0].tier, 0);
        let other = Cmcd { session: Some("zzzzzzzz".into()), starved: true, ..Cmcd::default() };
        sessions.cmcd("hall", Tier::Ts, &other, later);
        assert_eq!((sessions.take_dry("hall").times, sessions.list(later).len()), (1, 2));
    }
}
