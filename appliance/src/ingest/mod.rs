//! Ingest: the stage that owns a channel's source. Listeners hand publishers to it; it hands their access units on.
//!
//! Here: the doors by which listeners reach channels ([`Doors`]), what may pass when the encoder is slow
//! ([`state`]), and the actor that connects them ([`actor`]). Not here: protocols (`listeners`, crate
//! `contribution`) and timestamps (the worker's canvas places pictures on the grid).

pub mod actor;
pub mod state;

use contribution::Demuxed;
use media::time::Ticks;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;

/// How a publisher reached the box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// RTMP push.
    Rtmp,
    /// SRT push.
    Srt,
}

impl Protocol {
    /// As people write it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Rtmp => "RTMP",
            Self::Srt => "SRT",
        }
    }

    /// The kind of channel that takes it.
    #[must_use]
    pub const fn source(self) -> wire::Source {
        match self {
            Self::Rtmp => wire::Source::Rtmp,
            Self::Srt => wire::Source::Srt,
        }
    }
}

/// Something from a source, and the house time at which it arrived.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// What.
    pub event: Demuxed,
    /// When.
    pub at: Ticks,
}

/// A publisher whose key was right: the listener's end of the connection keeps sending until ingest drops its end.
#[derive(Debug)]
pub struct Publisher {
    /// How it came.
    pub protocol: Protocol,
    /// Where from.
    pub peer: String,
    /// What it sends.
    pub events: mpsc::Receiver<Arrived>,
}

/// A publisher for this channel. The newest takes over: an encoder that reconnects after a network fault must not be
/// refused because its old connection still looks alive.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub struct Attach(pub Publisher);

/// Why a publisher cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DoorError {
    /// No stage takes publishers under that slug.
    #[error("the channel is stopped; start it, then publish again")]
    Closed,
    /// The stage's mailbox is full: it is being restarted.
    #[error("the channel is busy; try again")]
    Busy,
}

/// By which listeners reach the ingest stage of each running channel.
#[derive(Clone, Default)]
pub struct Doors(Arc<Mutex<HashMap<String, actix::Recipient<Attach>>>>);

impl Doors {
    /// A channel takes publishers from now on; replaces its earlier door.
    pub fn open(&self, slug: &str, door: actix::Recipient<Attach>) {
        self.0.lock().expect("no holder of this lock panics").insert(slug.to_owned(), door);
    }

    /// A channel takes no more publishers.
    pub fn close(&self, slug: &str) {
        self.0.lock().expect("no holder of this lock panics").remove(slug);
    }

    /// Hands a publisher to its channel.
    ///
    /// # Errors
    /// [`DoorError`]: the publisher is to be refused with it.
    pub fn attach(&self, slug: &str, publisher: Publisher) -> Result<(), DoorError> {
        let doors = self.0.lock().expect("no holder of this lock panics");
        let door = doors.get(slug).ok_or(DoorError::Closed)?;
        door.try_send(Attach(publisher)).map_err(|_| DoorError::Busy)
    }
}
