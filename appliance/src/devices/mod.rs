//! The GPUs of the box: which there are, what runs where, and which of them is not trusted any more.
//!
//! | module | what it is |
//! |---|---|
//! | [`probe`] | finds them by render nodes and by NVIDIA's driver (`nvidia`), and asks each (`ask`) |
//! | [`place`] | pure: what fits where |
//! | [`watch`] | looks for them at the start and again |
//! | [`shown`] | pure: a device in the operator's words |
//!
//! A device that fails once is not trusted until the operator says so: a channel that has moved away must not come back
//! to it by itself. Not here: encoding (crate `worker`), and whether a failure was a device's
//! ([`encode`](crate::encode)).

mod ask;
mod nvidia;
pub mod place;
pub mod probe;
pub mod shown;
pub mod watch;

use crate::alarms::Kind;
use crate::board::Board;
use crate::store::{Encoder, Happened};
use media::link;
use place::{Candidate, Capacity, Load, Refusal, Unfit, Work};
use probe::Looked;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch::{Receiver, Sender};
use wire::GpuFigures;
use worker::gpu::Probed;
use worker::gpu::nvidia::Reading;

/// A handle; clones share it.
#[derive(Clone, Debug)]
pub struct Devices(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    board: Board,
    state: Mutex<State>,
    /// Rises whenever it is settled anew which devices there are; 0 before the first time.
    looks: Sender<u64>,
    /// Rises with each change of who is trusted.
    trust: Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    found: Vec<Found>,
    looked_for: Vec<String>,
    /// What other programs took of each when it was read.
    others: BTreeMap<String, Load>,
    /// Those that channels are to leave now.
    condemned: BTreeSet<String>,
    /// Cause by name; those that are not there are remembered as well.
    distrusted: BTreeMap<String, String>,
    /// What devices tell of themselves, by name.
    measured: BTreeMap<String, GpuFigures>,
    seats: BTreeMap<u64, Taken>,
    next_seat: u64,
}

/// A device, and what its driver says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Stays the same from one start to the next.
    pub name: String,
    /// Its render node, or its place on the bus.
    pub node: PathBuf,
    /// What it can do, or what is wrong and what to do.
    pub answer: Result<Probed, String>,
    /// How it is, where its driver tells.
    pub reading: Option<Reading>,
}

#[derive(Debug)]
struct Taken {
    device: String,
    channel: String,
    load: Load,
}

/// How far a channel may move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach<'a> {
    /// It is not on air yet.
    Any,
    /// Its viewers know the parameter sets that this driver's devices make, and those of software.
    Driver(&'a str),
    /// They know those of software alone.
    Software,
}

/// What a channel asks for.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// The channel's slug.
    pub channel: &'a str,
    /// As set.
    pub encoder: &'a Encoder,
    /// How much it is.
    pub work: &'a Work,
    /// How far it may move.
    pub reach: Reach<'a>,
    /// Devices that are not to be used for it.
    pub without: &'a BTreeSet<String>,
}

/// Where a channel is encoded. The device's room is free again when this is dropped.
#[derive(Debug)]
pub struct Placed {
    /// None for software.
    pub seat: Option<OnDevice>,
    /// In the operator's words.
    pub why: String,
}

/// Room on a device.
#[derive(Debug)]
pub struct OnDevice {
    /// For the worker.
    pub device: link::Device,
    /// The driver, as it calls itself.
    pub driver: String,
    devices: Devices,
    number: u64,
}

impl Drop for OnDevice {
    fn drop(&mut self) {
        self.devices.state().seats.remove(&self.number);
    }
}

impl Devices {
    /// None is known yet. Alarms go to the board.
    #[must_use]
    pub fn new(board: Board) -> Self {
        let (looks, trust) = (Sender::new(0), Sender::new(0));
        Self(Arc::new(Shared { board, state: Mutex::default(), looks, trust }))
    }

    /// Waits until it is known which devices there are.
    pub async fn known(&self) {
        // The sender lives as long as this handle.
        let mut looks = self.0.looks.subscribe();
        let _known = looks.wait_for(|looks| *looks > 0).await;
    }

    /// Rises with each change of who is trusted.
    #[must_use]
    pub fn trust_changes(&self) -> Receiver<u64> {
        self.0.trust.subscribe()
    }

    /// These are there now. Channels leave one that is overheated: it is about to fail, or to do its work too late.
    pub fn settle(&self, looked: Looked) {
        let mut state = self.state();
        (state.found, state.looked_for) = (looked.found, looked.looked_for);
        let State { found, measured, .. } = &mut *state;
        measured.retain(|name, _| found.iter().any(|found| found.name == *name));
        let hot = state.note_readings();
        drop(state);
        for (name, cause) in hot {
            self.distrust(&name, None, &cause);
        }
        self.0.looks.send_modify(|looks| *looks += 1);
    }

    /// Why channels are to leave a device at once, if they are.
    #[must_use]
    pub fn must_leave(&self, name: &str) -> Option<String> {
        let state = self.state();
        state.condemned.contains(name).then(|| state.distrusted.get(name).cloned())?
    }

    /// Finds room for a channel, and takes it.
    #[must_use]
    pub fn place(&self, wish: &Wish<'_>) -> Placed {
        let mut state = self.state();
        match state.choose(wish) {
            Ok((name, why)) => {
                let Some((found, probed)) = state.able(&name) else { return Placed { seat: None, why } };
                let low_power = place::capacity(probed, None).is_ok_and(|(_, low_power)| low_power);
                let node = found.node.display().to_string();
                let (device, driver) =
                    (link::Device { name, kind: probed.kind, node, low_power }, probed.driver.clone());
                let number = state.take(&device.name, wish);
                drop(state);
                Placed { seat: Some(OnDevice { device, driver, devices: self.clone(), number }), why }
            }
            Err(why) => Placed { seat: None, why },
        }
    }

    /// Whether it would have room on a device.
    #[must_use]
    pub fn has_room(&self, wish: &Wish<'_>) -> bool {
        self.state().choose(wish).is_ok()
    }

    /// Whether a new channel may ask for this: the device must be there, be trusted and have room.
    ///
    /// # Errors
    /// In words, with what would do.
    pub fn check(&self, encoder: &Encoder, work: &Work) -> Result<(), String> {
        let Encoder::Device(name) = encoder else { return Ok(()) };
        let state = self.state();
        if !state.found.iter().any(|found| found.name == *name) {
            let names: Vec<_> = state.found.iter().map(|found| found.name.as_str()).collect();
            let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return Err(format!(
                "there is no device `{name}`; there are: {there}. `auto` takes what there is"
            ));
        }
        let all = state.candidates(&BTreeSet::new());
        let of_name: Vec<_> = all.iter().filter(|one| one.name == *name).cloned().collect();
        place::choose(&of_name, work).map(drop).map_err(|refusal| match place::choose(&all, work) {
            Ok(other) => format!("{refusal}; `{}` has room", other.name),
            Err(_) => format!("{refusal}; `software` always does"),
        })
    }

    /// A device has failed: nothing is placed on it any more. Says whether that is news.
    pub fn distrust(&self, name: &str, channel: Option<&str>, cause: &str) -> bool {
        let of_channel = channel.map_or(String::new(), |channel| format!(" (channel {channel})"));
        let cause = format!("{cause}{of_channel}");
        tracing::error!(device = name, channel, %cause, "a device has failed, and is not used any more");
        self.0.board.history().note(channel, Happened::DeviceFailed, format!("{name}: {cause}"));
        let is_news = {
            let mut state = self.state();
            let is_news = !state.distrusted.contains_key(name);
            state.distrusted.entry(name.to_owned()).or_insert(cause);
            is_news
        };
        self.trust_changed();
        is_news
    }

    /// The operator trusts a device again; says whether there is one of this name.
    pub fn trust(&self, name: &str) -> bool {
        let mut state = self.state();
        let was_distrusted = state.distrusted.remove(name).is_some();
        state.condemned.remove(name);
        let is_there = state.found.iter().any(|found| found.name == name);
        drop(state);
        if was_distrusted {
            self.0.board.history().note(None, Happened::DeviceTrusted, name);
            self.trust_changed();
        }
        was_distrusted || is_there
    }

    /// Those that are not trusted, with the cause.
    #[must_use]
    pub fn distrusted(&self) -> BTreeMap<String, String> {
        self.state().distrusted.clone()
    }

    /// As the store has them, at the start.
    pub fn restore(&self, distrusted: BTreeMap<String, String>) {
        self.state().distrusted = distrusted;
        self.trust_changed();
    }

    /// Name and render node of each.
    #[must_use]
    pub fn nodes(&self) -> Vec<(String, PathBuf)> {
        self.state().found.iter().map(|found| (found.name.clone(), found.node.clone())).collect()
    }

    /// What a device tells of itself just now; it is told until it is measured again, or gone.
    pub fn measure(&self, name: &str, figures: GpuFigures) {
        let mut state = self.state();
        if state.found.iter().any(|found| found.name == name) {
            state.measured.insert(name.to_owned(), figures);
        }
    }

    /// What devices tell of themselves, by name.
    #[must_use]
    pub fn figures(&self) -> BTreeMap<String, GpuFigures> {
        let state = self.state();
        state.shown().into_iter().map(|device| (device.name, device.figures)).collect()
    }

    /// As placement sees them now.
    #[must_use]
    pub fn candidates(&self) -> Vec<Candidate> {
        self.state().candidates(&BTreeSet::new())
    }

    /// All of them, for the operator; `work` is that of a channel that takes the default.
    #[must_use]
    pub fn list(&self, work: &Work) -> wire::DeviceList {
        let state = self.state();
        wire::DeviceList {
            devices: state.shown(),
            more_default_channels: place::forecast(&state.candidates(&BTreeSet::new()), work),
            looked_for: state.looked_for.clone(),
        }
    }

    fn trust_changed(&self) {
        let distrusted = self.distrusted();
        let words = || shown::alarm(&distrusted);
        self.0.board.settle(Kind::DeviceDistrusted, Some(!distrusted.is_empty()), words);
        self.0.trust.send_modify(|changes| *changes += 1);
    }

    fn looked_for(&self) -> Vec<String> {
        self.state().looked_for.clone()
    }

    fn asked_already(&self) -> Vec<Found> {
        self.state().found.clone()
    }

    /// Each change is one insertion or removal, so the state is whole even if a writer has panicked.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The device and why, or why it is software.
    fn choose(&self, wish: &Wish<'_>) -> Result<(String, String), String> {
        let all = self.candidates(wish.without);
        let in_reach = |one: &&Candidate| match wish.reach {
            Reach::Any => true,
            Reach::Driver(driver) => one.driver == driver,
            Reach::Software => false,
        };
        match (wish.encoder, wish.reach) {
            (Encoder::Software, _) => return Err("as set".into()),
            (_, Reach::Software) => {
                return Err("it went on air in software, and stays there until it is started anew".into());
            }
            (Encoder::Auto, _) if all.is_empty() => return Err("there is no GPU".into()),
            _ => (),
        }
        let near: Vec<_> = all.iter().filter(in_reach).cloned().collect();
        if let Encoder::Device(name) = wish.encoder {
            let of_name: Vec<_> = near.iter().filter(|one| one.name == *name).cloned().collect();
            if let Ok(chosen) = place::choose(&of_name, wish.work) {
                return Ok((chosen.name.clone(), "as set".into()));
            }
            // Where the wished-for one cannot, another one may: the processor comes last.
            return match place::choose(&near, wish.work) {
                Ok(other) => Ok((
                    other.name.clone(),
                    format!("instead of {name}: {}", self.why_not(name, &near, wish.work)),
                )),
                Err(_) => Err(format!("instead of {name}: {}", self.why_not(name, &near, wish.work))),
            };
        }
        match place::choose(&near, wish.work) {
            Ok(chosen) if all.len() == 1 => Ok((chosen.name.clone(), "it has room".into())),
            Ok(chosen) => Ok((chosen.name.clone(), format!("of {} devices it has the most room", all.len()))),
            Err(Refusal { reasons, .. }) if reasons.is_empty() => {
                Err("no other GPU has the same driver; another's pictures need a start of the channel".into())
            }
            Err(refusal) => Err(refusal.to_string()),
        }
    }

    fn why_not(&self, name: &str, near: &[Candidate], work: &Work) -> String {
        let Some(one) = near.iter().find(|one| one.name == name) else {
            return "it is not there, or has another driver than the one that the channel went on air with"
                .into();
        };
        one.after(work).map_or_else(|unfit| unfit.to_string(), |_| "it has room again".into())
    }

    /// In the operator's words.
    fn shown(&self) -> Vec<wire::Device> {
        let candidates = self.candidates(&BTreeSet::new());
        let one = |(found, candidate): (&Found, &Candidate)| {
            let here = self.seats.values().filter(|taken| taken.device == found.name);
            let channels = here.map(|taken| taken.channel.clone()).collect();
            let shown = shown::device(found, candidate, channels, self.distrusted.get(&found.name));
            let figures = self.measured.get(&found.name).cloned().unwrap_or(shown.figures);
            wire::Device { figures, ..shown }
        };
        self.found.iter().zip(&candidates).map(one).collect()
    }

    fn candidates(&self, without: &BTreeSet<String>) -> Vec<Candidate> {
        let candidate = |found: &Found| {
            let driver = found.answer.as_ref().map_or_else(|_| String::new(), |probed| probed.driver.clone());
            Candidate {
                name: found.name.clone(),
                capacity: self.capacity(found, without),
                load: self.load(&found.name),
                others: self.others.get(&found.name).copied().unwrap_or_default(),
                driver,
            }
        };
        self.found.iter().map(candidate).collect()
    }

    /// What our own channels take.
    fn load(&self, name: &str) -> Load {
        let here = self.seats.values().filter(|taken| taken.device == name);
        here.fold(Load::default(), |sum, taken| sum.plus(taken.load))
    }

    /// Takes note of what others take, and gives those that are overheated, with the cause.
    fn note_readings(&mut self) -> Vec<(String, String)> {
        let others = |found: &Found| {
            let (reading, probed) = (found.reading.as_ref()?, found.answer.as_ref().ok()?);
            let (capacity, _) = place::capacity(probed, Some(reading)).ok()?;
            Some((found.name.clone(), place::others(reading, &capacity, self.load(&found.name))))
        };
        let others = self.found.iter().filter_map(others).collect();
        let hot = |found: &Found| {
            let is_new = !self.distrusted.contains_key(&found.name);
            let cause = shown::heat(found.reading.as_ref().filter(|_| is_new)?)?;
            Some((found.name.clone(), cause))
        };
        let hot: Vec<_> = self.found.iter().filter_map(hot).collect();
        self.others = others;
        self.condemned.extend(hot.iter().map(|(name, _)| name.clone()));
        hot
    }

    fn capacity(&self, found: &Found, without: &BTreeSet<String>) -> Result<Capacity, Unfit> {
        if let Some(cause) = self.distrusted.get(&found.name) {
            return Err(Unfit::Distrusted(cause.clone()));
        }
        if without.contains(&found.name) {
            return Err(Unfit::OtherSets);
        }
        let probed = found.answer.as_ref().map_err(|wrong| Unfit::Broken(wrong.clone()))?;
        place::capacity(probed, found.reading.as_ref()).map(|(capacity, _)| capacity)
    }

    fn able(&self, name: &str) -> Option<(&Found, &Probed)> {
        let found = self.found.iter().find(|found| found.name == name)?;
        Some((found, found.answer.as_ref().ok()?))
    }

    fn take(&mut self, device: &str, wish: &Wish<'_>) -> u64 {
        self.next_seat += 1;
        let (device, channel) = (device.to_owned(), wish.channel.to_owned());
        self.seats.insert(self.next_seat, Taken { device, channel, load: wish.work.load() });
        self.next_seat
    }
}

#[cfg(test)]
mod tests;
