//! Asks the box's devices for room for one channel.

use super::course::Course;
use crate::devices::place::Work;
use crate::devices::{Devices, Placed, Wish};
use crate::store::Encoder;
use std::cell::RefCell;
use std::rc::Rc;

/// What is known of the channel that asks.
#[derive(Clone)]
pub struct Asker {
    /// Its slug.
    pub channel: String,
    /// As the operator wants it.
    pub encoder: Encoder,
    /// How much there is to encode.
    pub work: Work,
    /// What viewers were told; outlives the stage.
    pub course: Rc<RefCell<Course>>,
    /// Whom it asks.
    pub devices: Devices,
}

impl Asker {
    /// Where the next worker encodes.
    #[must_use]
    pub fn place(&self) -> Placed {
        self.ask(Devices::place)
    }

    /// Ends when a device is trusted again and has room for the channel, which is in software now.
    pub async fn until_trusted(self) {
        let mut changes = self.devices.trust_changes();
        // The sender lives as long as the handle here.
        while changes.changed().await.is_ok() {
            if self.ask(Devices::has_room) {
                return;
            }
        }
    }

    /// Ends when channels are to leave this device at once, with the cause.
    pub async fn until_condemned(self, name: &str) -> String {
        let mut changes = self.devices.trust_changes();
        loop {
            if let Some(cause) = self.devices.must_leave(name) {
                return cause;
            }
            if changes.changed().await.is_err() {
                // The sender lives as long as the handle here.
                std::future::pending::<()>().await;
            }
        }
    }

    fn ask<T>(&self, ask: impl FnOnce(&Devices, &Wish<'_>) -> T) -> T {
        let Self { channel, encoder, work, course, devices } = self;
        let course = course.borrow();
        let (reach, without) = (course.reach(), course.without());
        ask(devices, &Wish { channel, encoder, work, reach, without })
    }
}
