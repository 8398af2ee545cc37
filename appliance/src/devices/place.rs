//! What fits where: pure. A channel goes to the device that is emptiest with it, counted by pictures, by sessions and by
//! memory, whichever is scarcest; what other programs take counts like what channels do.
//!
//! No driver says how much it can do. Each engine is taken to code [`DEVICE_PIXELS_PER_SEC`], and a device to have
//! [`DEVICE_SESSIONS_MAX`] sessions; one that cannot is told by its channels, which fall behind and leave it.

use crate::limits::{
    DEVICE_LOAD_STEP_PERCENT, DEVICE_PIXELS_PER_SEC, DEVICE_SESSION_PICTURES, DEVICE_SESSIONS_MAX,
    DEVICE_WORKER_MIB, FORECAST_MAX,
};
use media::link::{Plan, Rung};
use media::time::FrameRate;
use std::fmt;
use worker::gpu::nvidia::Reading;
use worker::gpu::{Probed, Work as Entry};

/// What a channel asks of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// Best first.
    pub rungs: Vec<Rung>,
    /// Of all of them.
    pub rate: FrameRate,
}

impl Work {
    /// That of a channel with this plan.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        Self { rungs: plan.rungs.clone(), rate: plan.canvas.rate }
    }

    /// What it takes: a session for each rung.
    #[must_use]
    pub fn load(&self) -> Load {
        let pixels =
            self.rungs.iter().map(|rung| u64::from(rung.width) * u64::from(rung.height)).sum::<u64>();
        let (numerator, denominator) = (u64::from(self.rate.numerator()), u64::from(self.rate.denominator()));
        // NV12 has three bytes for two pixels.
        let kept = |rung: &Rung| {
            (u64::from(rung.width) * u64::from(rung.height) * 3 / 2 * DEVICE_SESSION_PICTURES)
                .div_ceil(1 << 20)
        };
        Load {
            pixels_per_sec: (pixels * numerator).div_ceil(denominator),
            sessions: self.rungs.len() as u64,
            memory_mib: DEVICE_WORKER_MIB + self.rungs.iter().map(kept).sum::<u64>(),
        }
    }
}

/// How much of a device is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Of coded pictures.
    pub pixels_per_sec: u64,
    /// Open encoders.
    pub sessions: u64,
    /// Of the device's own memory.
    pub memory_mib: u64,
}

impl Load {
    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            pixels_per_sec: self.pixels_per_sec + other.pixels_per_sec,
            sessions: self.sessions + other.sessions,
            memory_mib: self.memory_mib.saturating_add(other.memory_mib),
        }
    }
}

/// How much a device can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// All that may be taken of it.
    pub most: Load,
    /// Pixels across.
    pub width_max: u32,
    /// Pixels down.
    pub height_max: u32,
}

/// A device as placement sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its name.
    pub name: String,
    /// Nothing when it is not to be used at all.
    pub capacity: Result<Capacity, Unfit>,
    /// What our channels take of it.
    pub load: Load,
    /// What other programs take of it.
    pub others: Load,
    /// As it calls itself.
    pub driver: String,
}

/// Why a device does not take a channel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It has failed.
    #[error("it has failed: {0}")]
    Distrusted(String),
    /// Its driver does not answer, or there is none.
    #[error("{0}")]
    Broken(String),
    /// Not by the rules that live channels need.
    #[error("it does not encode H.264 High at a constant bit rate")]
    CannotEncode,
    /// Its pictures are not those that viewers were told of.
    #[error("it makes other parameter sets than the viewers know; start the channel anew to use it")]
    OtherSets,
    /// Pictures too large.
    #[error("it codes {}x{} at most", .0, .1)]
    Size(u32, u32),
    /// No session left.
    #[error("{free} of its sessions are free, {wanted} are needed")]
    Sessions {
        /// Not taken.
        free: u64,
        /// For the channel.
        wanted: u64,
    },
    /// No room in its memory.
    #[error("{free} MiB of its memory are free, {wanted} are needed")]
    Memory {
        /// Not taken.
        free: u64,
        /// For the channel.
        wanted: u64,
    },
    /// Too many pictures.
    #[error("{free} megapixels a second of it are free, {wanted} are needed")]
    Pictures {
        /// Not taken.
        free: u64,
        /// For the channel.
        wanted: u64,
    },
}

/// What the driver's answer amounts to, with what it says now; and whether only the low-power engine encodes.
///
/// # Errors
/// [`Unfit::CannotEncode`].
pub fn capacity(probed: &Probed, reading: Option<&Reading>) -> Result<(Capacity, bool), Unfit> {
    let encodes = |entry: Entry| {
        probed.abilities.iter().find(|ability| {
            let by_rate = ability.rate_controls.iter().any(|rate| rate == "CBR");
            ability.profile == "H.264 High" && ability.work == entry && by_rate
        })
    };
    let full = encodes(Entry::Encode);
    let ability = full.or_else(|| encodes(Entry::EncodeLowPower)).ok_or(Unfit::CannotEncode)?;
    let most = Load {
        pixels_per_sec: DEVICE_PIXELS_PER_SEC * u64::from(probed.engines.max(1)),
        sessions: sessions_max(probed),
        memory_mib: reading.and_then(|reading| reading.memory_total).map_or(u64::MAX, |bytes| bytes >> 20),
    };
    let width_max = ability.width_max.unwrap_or(u32::MAX);
    let height_max = ability.height_max.unwrap_or(u32::MAX);
    Ok((Capacity { most, width_max, height_max }, full.is_none()))
}

/// NVIDIA's drivers let GeForce cards have so many, as far as is known: none was tried. One that refuses a session is left.
fn sessions_max(probed: &Probed) -> u64 {
    let is_limited = probed.model.as_ref().is_some_and(|model| model.contains("GeForce"));
    let version = probed.driver.split_whitespace().last().and_then(|version| version.split('.').next());
    match version.and_then(|major| major.parse().ok()).unwrap_or(0) {
        _ if !is_limited => DEVICE_SESSIONS_MAX,
        ..530 => 3,
        530..550 => 5,
        550u32.. => 8,
    }
}

/// What other programs take, by what the device says is taken in all and what `own` channels are thought to take.
#[must_use]
pub fn others(reading: &Reading, capacity: &Capacity, own: Load) -> Load {
    let busy = u64::from(reading.encode_percent.unwrap_or(0).min(100)) / DEVICE_LOAD_STEP_PERCENT
        * DEVICE_LOAD_STEP_PERCENT;
    let all = Load {
        pixels_per_sec: capacity.most.pixels_per_sec * busy / 100,
        sessions: reading.sessions.unwrap_or(0).into(),
        memory_mib: reading.memory_used.unwrap_or(0) >> 20,
    };
    Load {
        pixels_per_sec: all.pixels_per_sec.saturating_sub(own.pixels_per_sec),
        sessions: all.sessions.saturating_sub(own.sessions),
        memory_mib: all.memory_mib.saturating_sub(own.memory_mib),
    }
}

impl Candidate {
    /// How full it would be with this work: parts in a million of its pictures, its sessions or its memory, whichever is
    /// most.
    ///
    /// # Errors
    /// [`Unfit`] when it does not take it.
    pub fn after(&self, work: &Work) -> Result<u64, Unfit> {
        let capacity = self.capacity.clone()?;
        if work.rungs.iter().any(|rung| rung.width > capacity.width_max || rung.height > capacity.height_max)
        {
            return Err(Unfit::Size(capacity.width_max, capacity.height_max));
        }
        let (wanted, most, taken) = (work.load(), capacity.most, self.load.plus(self.others));
        let load = taken.plus(wanted);
        if load.sessions > most.sessions {
            let free = most.sessions.saturating_sub(taken.sessions);
            return Err(Unfit::Sessions { free, wanted: wanted.sessions });
        }
        if load.memory_mib > most.memory_mib {
            let free = most.memory_mib.saturating_sub(taken.memory_mib);
            return Err(Unfit::Memory { free, wanted: wanted.memory_mib });
        }
        if load.pixels_per_sec > most.pixels_per_sec {
            let free = most.pixels_per_sec.saturating_sub(taken.pixels_per_sec) / 1_000_000;
            return Err(Unfit::Pictures { free, wanted: wanted.pixels_per_sec.div_ceil(1_000_000) });
        }
        let share = |part: u64, whole: u64| u128::from(part) * 1_000_000 / u128::from(whole.max(1));
        let shares = [
            share(load.pixels_per_sec, most.pixels_per_sec),
            share(load.sessions, most.sessions),
            share(load.memory_mib, most.memory_mib),
        ];
        // Nothing is over budget here, so no share is above a million.
        Ok(shares.into_iter().max().unwrap_or(0) as u64)
    }
}

/// No device takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// By name.
    pub reasons: Vec<(String, Unfit)>,
    /// The best rung of the largest part of the ladder that would fit, and where.
    pub nearest: Option<(Rung, String)>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reasons: Vec<_> = self.reasons.iter().map(|(name, unfit)| format!("{name}: {unfit}")).collect();
        f.write_str(&reasons.join("; "))?;
        match &self.nearest {
            Some((Rung { width, height, .. }, name)) => {
                write!(f, "; a ladder that begins with {width}x{height} would fit on {name}")
            }
            None => Ok(()),
        }
    }
}

/// The device that is emptiest with this work; the first by name of those that are equal.
///
/// # Errors
/// [`Refusal`].
pub fn choose<'a>(candidates: &'a [Candidate], work: &Work) -> Result<&'a Candidate, Refusal> {
    let fitting = |work: &Work| {
        let after = candidates.iter().filter_map(|one| Some((one.after(work).ok()?, &one.name, one)));
        after.min_by_key(|(share, name, _)| (*share, *name)).map(|(_, _, one)| one)
    };
    fitting(work).ok_or_else(|| {
        let reason = |one: &Candidate| Some((one.name.clone(), one.after(work).err()?));
        let smaller = (1..work.rungs.len()).map(|from| Work { rungs: work.rungs[from..].to_vec(), ..*work });
        let nearest = smaller
            .into_iter()
            .find_map(|smaller| Some((smaller.rungs.first()?.clone(), fitting(&smaller)?.name.clone())));
        Refusal { reasons: candidates.iter().filter_map(reason).collect(), nearest }
    })
}

/// How many more channels like this there is room for; up to [`FORECAST_MAX`].
#[must_use]
pub fn forecast(candidates: &[Candidate], work: &Work) -> u32 {
    let mut filling = candidates.to_vec();
    for more in 0..FORECAST_MAX {
        let Ok(chosen) = choose(&filling, work).map(|chosen| chosen.name.clone()) else { return more };
        for one in filling.iter_mut().filter(|one| one.name == chosen) {
            one.load = one.load.plus(work.load());
        }
    }
    FORECAST_MAX
}

#[cfg(test)]
#[path = "place_tests.rs"]
mod tests;
