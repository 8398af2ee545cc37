//! What the box looks at of itself, besides its channels. Each check is one file, and a task of the tree.
//!
//! | check | what it does |
//! |---|---|
//! | [`alarms`] | ends alarms that came and went, once they have been quiet |
//! | [`clock`] | has the house clock follow UTC, and says when they are apart |
//! | [`copies`] | keeps copies of the settings, and says when settings cannot be written |
//! | [`descriptors`] | says when the daemon is about to run out of file descriptors |
//! | [`removed`] | forgets for good what was removed and cannot be put back any more |
//! | [`disk`] | says when the disk of the data folder is nearly full |

pub mod alarms;
pub mod clock;
pub mod copies;
pub mod descriptors;
pub mod disk;
pub mod removed;
