//! The canvas: for each slot of the house clock one picture of fixed size, whatever the source does.
//!
//! [`pacer`] walks the slots and hands each picture to the rungs; [`from_link`] and the test pattern make them;
//! [`passing`] says which slots show the source's own coded picture instead. [`fit`] lays a source's picture onto the canvas. What is decoded and when it is due is `source`'s matter.

pub(crate) mod fit;
pub(crate) mod from_link;
pub(crate) mod pacer;
pub(crate) mod passing;

use crate::ff::{Error, Frame, FramePool};
use crate::pattern::Pattern;
use from_link::FromLink;
use media::time::Ticks;

/// Where the canvas's pictures come from.
pub(crate) enum Pictures {
    /// Drawn here.
    Pattern(Box<Pattern>, FramePool),
    /// Decoded from the source.
    Link(Box<FromLink>),
}

impl Pictures {
    /// The picture of the slot that begins at `slot`; slots come in order.
    pub(crate) fn picture(&mut self, slot: Ticks) -> Result<Frame, Error> {
        match self {
            Self::Pattern(pattern, pool) => pool.picture(|frame| {
                pattern.paint(&mut frame.surface()?, slot);
                Ok(())
            }),
            Self::Link(link) => link.picture(slot),
        }
    }
}
