//! The packager as its users see it, judged by other projects' readers: `mp4-atom` box by box, `ffprobe` as a
//! player would.

mod header;
mod judge;
mod real;
mod rules;
