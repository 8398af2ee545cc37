//! The window described as HLS playlists (draft-pantos-hls-rfc8216bis-22; clauses are quoted where obeyed).
//!
//! | module | what it is |
//! |---|---|
//! | [`control`] | EXT-X-SERVER-CONTROL: what all media playlists of a channel promise alike |
//! | [`media`] | the LL-HLS media playlist, whole or as a delta update |
//! | [`iframes`] | the I-frame playlist |
//! | [`report`] | EXT-X-RENDITION-REPORT: where the other renditions are |
//! | [`multivariant`](mod@multivariant) | the multivariant playlists of both tiers |
//! | [`blocking`] | `_HLS_msn`, `_HLS_part`, `_HLS_skip`: what to answer, and when |
//! | [`past`] | entries of segments that are complete for good |
//! | [`ts`] | the media playlist of the MPEG-TS tier |
//!
//! Nothing here ends: there is no EXT-X-ENDLIST, since a channel's output never stops, and no
//! EXT-X-DISCONTINUITY, since its canvas never changes. Nothing here is encrypted, so there is no EXT-X-KEY.

pub mod blocking;
pub mod control;
pub mod iframes;
pub mod media;
pub mod multivariant;
pub mod past;
pub mod report;
pub mod ts;

pub use blocking::{BadRequest, BlockingRequest, Decision, decide};
pub use control::ServerControl;
pub use iframes::{decide_iframes, iframe_playlist, iframe_playlist_after};
pub use media::{Skip, media_playlist, media_playlist_after};
pub use multivariant::{multivariant, ts_multivariant, with_prefix};
pub use report::RenditionReport;
pub use ts::ts_media_playlist;
