//! One file per page.

pub(crate) mod channels;
