//! One file per page.

pub(crate) mod channels;
pub(crate) mod gate;
