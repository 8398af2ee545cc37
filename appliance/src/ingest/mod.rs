//! Ingest: the stage that owns a channel's sources. Listeners hand publishers to it; it hands their access units on, and
//! decides which of them is on air.
//!
//! Here: the doors by which listeners reach channels ([`Doors`]), what may pass when the encoder is slow
//! ([`state`]), when another source takes over ([`failover`]), and the actor that connects them ([`actor`]). Not
//! here: protocols (`listeners`, crate `contribution`) and timestamps (the worker's canvas places pictures on the
//! grid).

pub mod actor;
pub mod failover;
pub mod state;

use actor::Ingest;
use contribution::Demuxed;
use failover::Rules;
use media::link::{FromSource, SOURCES_MAX};
use media::time::Ticks;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;
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
    /// Which of the channel's sources it is.
    pub number: u8,
    /// How it came.
    pub protocol: Protocol,
    /// Where from.
    pub peer: String,
    /// What it sends.
    pub events: mpsc::Receiver<Arrived>,
}

/// The publishers of one channel, by number of their source. They outlive the stage: one that is restarted takes them
/// up again, and they notice nothing.
#[derive(Clone, Debug, Default)]
pub struct Publishers(Rc<RefCell<[Option<Attached>; SOURCES_MAX]>>);

/// A publisher that is there.
#[derive(Clone, Debug)]
struct Attached {
    events: Rc<RefCell<mpsc::Receiver<Arrived>>>,
    /// Its newest tracks, video and audio: what a new encoder must hear.
    tracks: [Option<FromSource>; 2],
}

impl Publishers {
    fn put(&self, number: usize, events: mpsc::Receiver<Arrived>) -> Attached {
        let attached = Attached { events: Rc::new(RefCell::new(events)), tracks: [None, None] };
        self.0.borrow_mut()[number] = Some(attached.clone());
        attached
    }

    fn get(&self, number: usize) -> Option<Attached> {
        self.0.borrow()[number].clone()
    }

    fn remove(&self, number: usize) {
        self.0.borrow_mut()[number] = None;
    }

    fn note(&self, number: usize, news: &FromSource) {
        if let Some(attached) = &mut self.0.borrow_mut()[number] {
            match news {
                FromSource::VideoTrack(_) => attached.tracks[0] = Some(news.clone()),
                FromSource::AudioTrack(_) => attached.tracks[1] = Some(news.clone()),
                FromSource::Video(..) | FromSource::Audio(..) | FromSource::Lost => (),
            }
        }
    }
}

/// A publisher for this channel. The newest takes over: an encoder that reconnects after a network fault must not be
/// refused because its old connection still looks alive.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub struct Attach(pub Publisher);

/// The operator wants this source on air.
#[derive(Clone, Copy, Debug, actix::Message)]
#[rtype(result = "Result<(), TakeError>")]
pub struct Take(pub u8);

/// Why a source cannot be put on air.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TakeError {
    /// The channel does not run, or its stage is being restarted.
    #[error("the channel is stopped, or just starting; start it, and wait until it is on air")]
    Closed,
    /// No such source.
    #[error("the channel has no such source; its page lists those that it has")]
    NoSuchSource,
    /// Nothing to show.
    #[error("this source brings no picture; publish to it first")]
    NoPicture,
}

/// A channel's sources and when they take over, as the operator wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lineup {
    /// How each arrives, by number; none for those that the channel does not have.
    pub sources: [Option<wire::Source>; SOURCES_MAX],
    /// When one takes over from another.
    pub rules: Rules,
}

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
pub struct Doors(Arc<Mutex<HashMap<String, actix::Addr<Ingest>>>>);

impl fmt::Debug for Doors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Doors")
    }
}

impl Doors {
    /// A channel takes publishers from now on; replaces its earlier door.
    pub fn open(&self, slug: &str, door: actix::Addr<Ingest>) {
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

    /// Puts a channel's source on air.
    ///
    /// # Errors
    /// [`TakeError`].
    pub async fn take(&self, slug: &str, number: u8) -> Result<(), TakeError> {
        let door = self.0.lock().expect("no holder of this lock panics").get(slug).cloned();
        let asked = door.ok_or(TakeError::Closed)?.send(Take(number)).await;
        asked.unwrap_or(Err(TakeError::Closed))
    }
}
