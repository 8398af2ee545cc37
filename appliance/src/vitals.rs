//! What the stages of one channel say of themselves; the channel turns it into the operator's view.

use crate::ingest::Protocol;
use crate::ingest::failover::Fault;
use bytes::Bytes;
use contribution::Demuxed;
use media::link::{SOURCES_MAX, Signal, WorkerStatus};
use media::time::Ticks;
use media::unit::SourceEvent;
use std::sync::{Arc, Mutex};

/// Shared by the stages of one channel.
#[derive(Clone, Debug, Default)]
pub struct Vitals(Arc<Mutex<State>>);

/// Everything that is known just now.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The publishers that are there, by number of their source.
    pub sources: [Option<SourceVitals>; SOURCES_MAX],
    /// How a source has failed, by number.
    pub failed: [Option<Fault>; SOURCES_MAX],
    /// Number of the source that viewers see.
    pub on_air: usize,
    /// What the worker says of the sources' signals, while there is a worker.
    pub signals: Option<Signals>,
    /// The encode worker.
    pub worker: WorkerVitals,
    /// What viewers see, small, as a JPEG of the last second or so.
    pub picture: Option<Bytes>,
    /// House time of the newest packaged video slot.
    pub packaged: Option<Ticks>,
    /// When the channel was started.
    pub started: Option<Ticks>,
    /// Restarts of stages and of the worker.
    pub restarts: u32,
    /// The last thing that went wrong, for people.
    pub last_error: String,
}

/// What a worker says of the sources' signals.
#[derive(Clone, Debug)]
pub struct Signals {
    /// House time at which it first said so.
    pub since: Ticks,
    /// By number.
    pub of: Vec<Signal>,
}

/// What is known of a publisher.
#[derive(Clone, Debug)]
pub struct SourceVitals {
    /// How it came.
    pub protocol: Protocol,
    /// Where from.
    pub peer: String,
    /// Codec of its pictures.
    pub video: Option<&'static str>,
    /// Codec of its sound.
    pub audio: Option<&'static str>,
    /// What of it cannot be taken, and what to do.
    pub unsupported: Option<String>,
    /// When it came.
    pub since: Ticks,
    /// When the newest access unit arrived.
    pub newest: Option<Ticks>,
    /// Bytes of all access units so far.
    pub bytes: u64,
    /// Pictures so far.
    pub frames: u64,
}

impl SourceVitals {
    /// Nothing has been heard yet.
    #[must_use]
    pub const fn new(protocol: Protocol, peer: String, since: Ticks) -> Self {
        Self {
            protocol,
            peer,
            video: None,
            audio: None,
            unsupported: None,
            since,
            newest: None,
            bytes: 0,
            frames: 0,
        }
    }

    /// Takes note of what arrived.
    pub fn note(&mut self, demuxed: &Demuxed, at: Ticks) {
        let event = match demuxed {
            Demuxed::Event(event) => event,
            Demuxed::Unsupported(unsupported) => return self.unsupported = Some(unsupported.to_string()),
        };
        match event {
            SourceEvent::VideoTrack(track) => self.video = Some(track.codec.label()),
            SourceEvent::AudioTrack(track) => self.audio = Some(track.codec.label()),
            SourceEvent::Video(unit) | SourceEvent::Audio(unit) => {
                self.newest = Some(at);
                self.bytes += unit.data.len() as u64;
                self.frames += u64::from(matches!(event, SourceEvent::Video(_)));
            }
        }
    }
}

/// What is known of the encode worker.
#[derive(Clone, Debug, Default)]
pub struct WorkerVitals {
    /// Process, while it runs.
    pub pid: Option<u32>,
    /// Its own word, twice a second.
    pub status: Option<WorkerStatus>,
    /// What it encodes on, and why.
    pub encoding: Option<wire::Encoding>,
    /// Workers failed so often that the next waits.
    pub parked: bool,
    /// How the last one ended; empty if none has.
    pub last_exit: String,
}

impl Vitals {
    /// Changes something.
    pub fn update(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.lock().expect("no holder of this lock panics"));
    }

    /// A copy.
    #[must_use]
    pub fn get(&self) -> State {
        self.0.lock().expect("no holder of this lock panics").clone()
    }
}
