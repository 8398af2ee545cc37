//! How many more channels fit: pure. By the same estimate of cost that templates tell ([`wire::Cost`]), and on GPUs by the same
//! placement that channels go by.

use crate::devices::place::{Candidate, Work, forecast};
use crate::limits::{CHANNEL_MEMORY_BYTES, CHANNELS_MAX, FORECAST_MAX, ROOM_RESERVE_PERCENT};
use media::link::Rung;
use media::time::FrameRate;
use wire::{BoxHealth, Cost, Room, Template};

/// What is taken of the processor, in thousandths of a core, and of the box's channels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// By what is measured.
    pub busy_millicores: u64,
    /// By the estimates of the channels that are switched on: one that has just started is not busy yet.
    pub promised_millicores: u64,
    /// Of all there are, on or off.
    pub channels: usize,
}

/// How many more of each template.
#[must_use]
pub fn of(health: &BoxHealth, taken: Taken, templates: &[Template], candidates: &[Candidate]) -> Vec<Room> {
    let one = |template: &Template| {
        let rate = frames_per_sec(template);
        let cost = Cost::of(&template.ladder, rate);
        let work = Work {
            rungs: template.ladder.iter().map(rung).collect(),
            rate: FrameRate::new(rate, 1).unwrap_or(FrameRate::FPS_30),
        };
        // Decoding and scaling stay on the processor.
        let on_devices = forecast(candidates, &work).min(more(health, taken, cost.decoding));
        Room {
            template: template.id.clone(),
            name: template.name.clone(),
            cpu_millicores: cost.in_software(),
            in_software: more(health, taken, cost.in_software()),
            on_devices,
        }
    };
    templates.iter().map(one).collect()
}

fn frames_per_sec(template: &Template) -> u32 {
    template.frame_rate.split('/').next().and_then(|rate| rate.parse().ok()).unwrap_or(30)
}

fn rung(rung: &wire::Rung) -> Rung {
    Rung { width: rung.width, height: rung.height, bitrate_bps: rung.bitrate_bps }
}

/// So many more of what takes this of the processor; none while the machine is not known yet.
fn more(health: &BoxHealth, taken: Taken, millicores: u32) -> u32 {
    let usable = |whole: u64| whole / 100 * (100 - ROOM_RESERVE_PERCENT);
    let cores = usable(health.processor.cores.len() as u64 * 1000);
    let free = cores.saturating_sub(taken.busy_millicores.max(taken.promised_millicores));
    let reserve = health.memory.total - usable(health.memory.total).min(health.memory.total);
    let memory = health.memory.available.saturating_sub(reserve) / CHANNEL_MEMORY_BYTES;
    let channels = CHANNELS_MAX.saturating_sub(taken.channels) as u64;
    let most = (free / u64::from(millicores.max(1))).min(memory).min(channels);
    u32::try_from(most).unwrap_or(FORECAST_MAX).min(FORECAST_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::template::ALL;
    use wire::{Memory, Processor};

    fn machine(cores: usize, memory: u64) -> BoxHealth {
        BoxHealth {
            processor: Processor { cores: vec![0.0; cores], ..Processor::default() },
            memory: Memory { total: memory, available: memory, ..Memory::default() },
            ..BoxHealth::default()
        }
    }

    fn fits(health: &BoxHealth, taken: Taken) -> Vec<u32> {
        let templates = ALL.map(|template| template.shown());
        of(health, taken, &templates, &[]).iter().map(|room| room.in_software).collect()
    }

    #[test]
    fn the_forecast_is_the_templates_own_cost() {
        let none = Taken::default();
        // 6.4 of 8 cores, at 2.98, 1.49 and 0.65.
        assert_eq!(fits(&machine(8, 64 << 30), none), [2, 4, 9, 9]);
        let half = Taken { busy_millicores: 3200, promised_millicores: 100, channels: 3 };
        assert_eq!(fits(&machine(8, 64 << 30), half), [1, 2, 4, 4]);
        assert_eq!(fits(&machine(8, 64 << 30), Taken { promised_millicores: 7000, ..none }), [0; 4]);
        // A channel that is added takes what was told of it.
        let room = fits(&machine(8, 64 << 30), none)[2];
        let cost = u64::from(ALL[2].shown().effect.cpu_millicores);
        let full = Taken { promised_millicores: u64::from(room) * cost, ..none };
        assert_eq!(fits(&machine(8, 64 << 30), full)[2], 0);
    }

    #[test]
    fn memory_and_the_number_of_channels_count_too() {
        assert_eq!(fits(&machine(64, 2_000_000_000), Taken::default()), [4; 4]);
        let taken = Taken { channels: CHANNELS_MAX - 1, ..Taken::default() };
        assert_eq!(fits(&machine(64, 64 << 30), taken), [1; 4]);
        assert_eq!(fits(&BoxHealth::default(), Taken::default()), [0; 4]);
    }
}
