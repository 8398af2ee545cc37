//! Every bound of the daemon: its unit, its reason, and what happens when it is reached.
//!
//! Nothing here decides anything. Limits of the media formats live in `media`, next to the clause they come from.

use media::packager::WindowLimits;
use media::time::Ticks;
use std::num::NonZeroU32;
use std::time::Duration;

/// Restarts of one task within [`RESTART_WINDOW`] before it is parked or escalated: a glitch is ridden out at
/// once, five in a minute are a cause that will not go away by itself.
pub const RESTARTS_MAX: u32 = 5;

/// The window in which restarts are counted.
pub const RESTART_WINDOW: Duration = Duration::from_secs(60);

/// The first wait of a parked task; each later one is twice as long.
pub const BACKOFF_FIRST: Duration = Duration::from_secs(1);

/// The longest wait of a parked task: an operator who has mended the cause should not have to look for a button.
pub const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// A parked task that has run this long has recovered: as long as the longest wait, so that the alarm of a task
/// that fails at each attempt never flickers.
pub const STEADY_AFTER: Duration = BACKOFF_MAX;

/// How long a task may take to its first sign of life, unless it says otherwise: opening three encoders on a
/// loaded two-core machine takes up to 2 s.
pub const START_WITHIN: Duration = Duration::from_secs(10);

/// How often supervisors look for stalls: a tenth of the second within which a hung worker must be seen.
pub const STALL_CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// Commands waiting for one supervisor; the sender of one more waits.
pub const SUPERVISOR_COMMANDS_MAX: usize = 16;

/// Bytes of one line that a child process writes to standard error; the rest of the line is dropped.
pub const STDERR_LINE_BYTES_MAX: usize = 4096;

/// Lines of standard error kept to explain why a child process ended; older ones are in the journal alone.
pub const STDERR_LINES_KEPT: usize = 10;

/// Channels on one box; adding one more is refused. Far above what one box can encode; it bounds lists and pages.
pub const CHANNELS_MAX: usize = 64;

/// Characters of a slug: fits a DNS label with room for a suffix, and a URL that a person can read out.
pub const SLUG_CHARS_MAX: usize = 40;

/// Characters of a name; more do not fit a line of the admin pages.
pub const NAME_CHARS_MAX: usize = 100;

/// Rungs of one ladder; more cost encoders and give players nothing.
pub const RUNGS_MAX: usize = 6;

/// Pixels across and down of any rung: no smaller than encoders take, no larger than UHD.
pub const WIDTH_PIXELS: std::ops::RangeInclusive<u32> = 64..=3840;

/// See [`WIDTH_PIXELS`].
pub const HEIGHT_PIXELS: std::ops::RangeInclusive<u32> = 64..=2160;

/// Bits per second of one rung.
pub const RUNG_BITRATE_BPS: std::ops::RangeInclusive<u32> = 50_000..=50_000_000;

/// Requests waiting for the store's thread; the sender of one more waits, within its deadline.
pub const STORE_REQUESTS_MAX: usize = 64;

/// Copies of the database: this many of the newest are kept, and beyond them
pub const COPIES_NEWEST: usize = 8;

/// the last one of this many days, and
pub const COPIES_DAYS: usize = 14;

/// the last one of this many schemas: the way back before an update.
pub const COPIES_SCHEMAS: usize = 4;

/// A copy is made this long after the first change that it is to have: several changes come together.
pub const COPY_AFTER: Duration = Duration::from_secs(2);

/// A copy that could not be made is tried again after this long.
pub const COPY_RETRY: Duration = Duration::from_secs(10);

/// Databases that could not be used are kept for whoever wants to look into it; so many of them.
pub const DAMAGED_KEPT: usize = 8;

/// What the store answers later than this, it does not answer: an operator must hear within 5 s.
pub const STORE_DEADLINE: Duration = Duration::from_millis(4500);

/// How long SQLite itself waits for a lock: less than [`STORE_DEADLINE`], so that a request which was told to
/// have failed is not carried out after all.
pub const STORE_LOCK_WAIT: Duration = Duration::from_secs(3);

// --- media through the channel

/// What viewers may ask for: 10 segments (20 s) are listed, which is more than the 6 that Apple asks for (authoring
/// specification 8.11); 8 more stay available for those who loaded an older playlist (draft 6.2.2).
pub const WINDOW: WindowLimits = WindowLimits { listed_segments: 10, kept_segments: 18, listed_step: 1 };

/// The same for a channel with DVR: what is listed begins with a whole block of the past.
pub const DVR_WINDOW: WindowLimits = WindowLimits {
    listed_segments: WINDOW.listed_segments,
    kept_segments: WINDOW.kept_segments + DVR_BLOCK_SEGMENTS as usize,
    listed_step: DVR_BLOCK_SEGMENTS,
};

/// Messages between ingest and a channel's encoder: about four seconds of a 60 fps source with sound. When it is
/// full, media is dropped at ingest up to the next key picture.
pub const ENCODER_QUEUE_MAX: usize = 512;

/// Messages between a worker and the packager. When it is full the worker waits: what is encoded is never dropped.
pub const PACKAGE_QUEUE_MAX: usize = 256;

/// Access units between a listener's connection and ingest: one second of a 60 fps source with sound. When it is
/// full, media is lost, never the connection.
pub const SOURCE_EVENTS_MAX: usize = 256;

/// Access units of one source that a new worker is told again, pictures and sound since the newest key picture: three
/// seconds at 30 frames a second, no more than its decoders' queues take at once. With more, it waits for the next one.
pub const REPLAY_UNITS_MAX: usize = 240;

/// See [`REPLAY_UNITS_MAX`]: three seconds of a source of 40 Mbit/s.
pub const REPLAY_BYTES_MAX: usize = 16 << 20;

/// An encode worker whose newest access unit is older than this is hung, whatever else it says.
pub const WORKER_SILENCE_MAX: Duration = Duration::from_millis(1000);

/// Of a worker that has brought no picture for this long it is looked whether it does anything at all: at 25 pictures a
/// second a dozen are missing.
pub const WORKER_LOOK_AFTER: Duration = Duration::from_millis(500);

/// Between two looks; one that used no processor time in between, and wants none, is hung. Thirty ticks of the clock in
/// which the system counts that time.
pub const WORKER_LOOK_INTERVAL: Duration = Duration::from_millis(300);

/// A worker starts on the grid, so its first access unit may be two seconds away, and encoders take time to open.
pub const WORKER_START_MAX: Duration = Duration::from_secs(8);

/// From the start of a worker to that of the one that waits to replace it: its encoders come first. And from the end of
/// one that waited to the next.
pub const STANDBY_AFTER: Duration = Duration::from_secs(3);

/// Between the end of a worker's socket and the end of its process.
pub const WORKER_EXIT_WAIT: Duration = Duration::from_millis(200);

/// Every waiting viewer looks at its deadline this often, even when no media comes.
pub const PULSE: Duration = Duration::from_millis(500);

// --- waiting viewers

/// A blocked playlist request is answered by 503 after this: three target durations (draft 6.2.5.2).
pub const BLOCKED_PLAYLIST_MAX: Ticks = Ticks::from_secs(6);

/// The manifest of a channel that has just begun is held for its first segment at most so long, then 503.
pub const YOUNG_MANIFEST_MAX: Ticks = Ticks::from_secs(6);

/// So much older than what players aim at is the first segment of a channel whose manifest is told: a player's idea of
/// the time may be wrong by less.
pub const YOUNG_MANIFEST_MARGIN: Ticks = Ticks::from_millis(400);

/// A hinted part that has not come after this is given up: three target durations.
pub const HINTED_PART_MAX: Ticks = Ticks::from_secs(6);

/// A segment in flight that has made no progress for this long is given up.
pub const IN_FLIGHT_PROGRESS_MAX: Ticks = Ticks::from_secs(4);

/// A segment that should have begun this long ago but has not is answered by 404: it will not come.
pub const LATE_SEGMENT_MAX: Ticks = Ticks::from_secs(6);

/// A listed TS segment may wait this long for the last of its sound.
pub const TS_AUDIO_MAX: Ticks = Ticks::from_secs(1);

// --- publishers

/// Open RTMP connections, publishing or not.
pub const RTMP_CONNECTIONS_MAX: usize = 256;

/// Bytes read from an RTMP connection at once.
pub const RTMP_READ_BYTES: usize = 32 << 10;

/// A connection that has not begun to publish by then is closed: port scans, half-open and slow clients.
pub const PUBLISH_WAIT_MAX: Duration = Duration::from_secs(10);

/// A publisher from whom nothing comes for this long has gone; encoders send many times a second.
pub const PUBLISHER_SILENCE_MAX: Duration = Duration::from_secs(10);

/// A publisher who does not read our few answers for this long is dropped.
pub const PUBLISHER_WRITE_MAX: Duration = Duration::from_secs(5);

/// Before accepting again after `accept` failed, such as for want of file descriptors.
pub const ACCEPT_RETRY: Duration = Duration::from_millis(100);

// --- serving

/// Just-in-time TS segments kept of each rendition: more than any player's buffer asks for again.
pub const TS_CACHED_MAX: usize = 16;

/// How far behind the live edge LL-DASH players aim to be: MPD ServiceDescription.
pub const DASH_TARGET_LATENCY: Ticks = Ticks::from_millis(1000);

/// The same for channels of low latency.
pub const DASH_LOW_TARGET_LATENCY: Ticks = Ticks::from_millis(800);

/// From the capture of a chunk's last picture until the chunk can be fetched: encoding three rungs and packaging.
/// It makes `availabilityTimeOffset` smaller, so that players do not ask before there is something to send.
pub const PRODUCTION_DELAY: Ticks = Ticks::from_millis(50);

/// Threads that serve viewers.
pub const VIEWER_WORKERS: usize = 2;

/// An idle viewer's connection: longer than a blocked playlist request.
pub const VIEWER_KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Viewers' requests may take this long to end when the daemon is told to stop.
pub const SHUTDOWN_SECS: u64 = 3;

/// Longer than any address that we hand out, with a token and CMCD data.
pub const URL_BYTES_MAX: usize = 2048;

/// Sites that may load one channel.
pub const ORIGINS_MAX: usize = 32;

/// Characters of one origin.
pub const ORIGIN_CHARS_MAX: usize = 200;

/// A playback token for which nobody asked otherwise: an event's evening.
pub const TOKEN_LIFE_DEFAULT: Ticks = Ticks::from_secs(12 * 3600);

/// The longest life of a playback token: a lent address should not outlive a season.
pub const TOKEN_LIFE_MAX: Ticks = Ticks::from_secs(400 * 86_400);

// --- channels

/// How often a channel tells the board how it is.
pub const REPORT_INTERVAL: Duration = Duration::from_millis(500);

/// Before the list of channels is read again after the store was busy.
pub const RECONCILE_RETRY: Duration = Duration::from_secs(1);

// --- SRT

/// Receive latency asked of SRT publishers: four round trips of 30 ms, libsrt's own default.
pub const SRT_LATENCY_MS: u32 = 120;

/// SRT publishers whose keys are looked up at once; one more is refused, and tries again.
pub const SRT_QUESTIONS_MAX: usize = 32;

/// The SRT listener process may take this long to listen before the daemon says that it is up without it.
pub const SRT_START_MAX: Duration = Duration::from_secs(5);
/// Bytes of a request's body; a channel takes less than 2 KiB. More is refused with 413.
pub const BODY_BYTES_MAX: usize = 64 << 10;

/// Clients that follow `/api/v1/events`; one more is refused with 503 and falls back to asking.
pub const EVENT_FEEDS_MAX: usize = 256;

/// Least time between two events of one feed: four a second look live, and a burst of changes costs one rendering.
pub const EVENT_GAP_MIN: Duration = Duration::from_millis(250);

/// Events that are remembered for clients that come back; a list of all channels each, some hundred kilobytes at most.
pub const EVENTS_KEPT: usize = 32;

/// Changes are no longer looked up when nobody has followed for so long; who comes back then is told all.
pub const EVENT_HUB_IDLE: Duration = Duration::from_secs(120);

/// Silence after which a feed sends a comment, so that proxies and clients see that the connection lives.
pub const EVENT_PING_INTERVAL: Duration = Duration::from_secs(15);

/// How soon a feed tries again to read the store when that has failed.
pub const EVENT_RETRY_AFTER: Duration = Duration::from_secs(1);

/// Seconds after which a client may ask again when the daemon is busy.
pub const RETRY_AFTER_SECS: u32 = 5;

/// Bytes of an answer that the command line accepts: 64 channels take 100 KiB.
pub const ANSWER_BYTES_MAX: usize = 4 << 20;

/// How long the command line waits for the daemon: longer than any deadline within it.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// How late the end of a child process is seen at most.
pub const EXIT_LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// How long a child's standard error is read on after its end: grandchildren may hold it open for ever.
pub const LAST_LINES_WITHIN: Duration = Duration::from_millis(200);

const _: () = assert!(STORE_LOCK_WAIT.as_millis() < STORE_DEADLINE.as_millis());
const _: () = assert!(STORE_DEADLINE.as_millis() < ANSWER_WITHIN.as_millis());
const _: () = assert!(BACKOFF_FIRST.as_millis() < BACKOFF_MAX.as_millis());

/// Signs of life within one watchdog time of systemd: two may be lost.
pub const WATCHDOG_BEATS: u32 = 3;

// --- TLS

/// Certificates of an uploaded chain; real ones have two to four.
pub const TLS_CHAIN_MAX: usize = 10;

/// Addresses in the box's own certificate; a box with more interfaces than that gets the first ones.
pub const TLS_NAMES_MAX: usize = 32;

/// Days for which the box's own certificate is valid: Apple refuses more than 825 below any authority, and 398 below a
/// public one.
pub const TLS_LEAF_DAYS: i64 = 397;

/// The box's own certificate is made anew when it has less than this left: a month for whoever keeps it pinned.
pub const TLS_RENEW_WITHIN: Ticks = Ticks::from_secs(30 * 86_400);

/// Days before its end from which on an uploaded certificate is warned of: time to ask an authority for another.
pub const TLS_WARN_DAYS: i64 = 21;

/// How often it is looked at whether the box's own certificate still fits: the time that a box with a new address is
/// not known under it.
pub const TLS_CHECK_INTERVAL: Duration = Duration::from_secs(60);

/// A TLS handshake may take this long: five round trips of a satellite link. Then the connection is closed.
pub const TLS_HANDSHAKE_MAX: Duration = Duration::from_secs(5);

/// Characters of the box's name on the page that tells how to trust it.
pub const TRUST_HOST_CHARS_MAX: usize = 253;

// --- the judge

/// From one round over all channels to the next: a fault is known within it, and a channel costs its judge about as
/// much as one viewer in five.
pub const JUDGE_INTERVAL: Duration = Duration::from_secs(10);

/// One round over one channel: some seconds of it are requests that the box holds. A round that takes longer is given up.
pub const JUDGE_ROUND_MAX: Duration = Duration::from_secs(30);

/// One answer may take this long: the box holds a request for three target durations.
pub const JUDGE_ANSWER_WITHIN: Duration = Duration::from_secs(8);

/// Bytes of one answer: a segment of 2 s at 50 Mbit/s, and as much again. More is a fault of its own.
pub const JUDGE_ANSWER_BYTES_MAX: usize = 25 << 20;

/// Header fields of one answer.
pub const JUDGE_HEADERS_MAX: usize = 32;

/// The judge's own token for a protected channel lives through one round.
pub const JUDGE_TOKEN_LIFE: Ticks = Ticks::from_secs(60);

// --- scale

/// Requests of viewers that are open at once in the whole box, unless the operator says otherwise: held, or with a
/// body under way. An LL-HLS player has up to four. One more is answered by 503 with Retry-After.
pub const VIEWER_REQUESTS_MAX: u32 = 20_000;

/// What one channel may have of them, in per cent: one that everybody wants leaves room for the others.
pub const CHANNEL_SHARE_PERCENT: i64 = 90;

/// Descriptors kept for all that is not a viewer's connection: publishers, workers, the database, the admin side.
pub const DESCRIPTORS_RESERVED: u64 = 1024;

/// Connections that wait to be accepted: several thousand viewers come at once when a programme begins.
pub const LISTEN_BACKLOG: i32 = 4096;

/// A viewer who takes nothing of what was sent for this long is dropped by the kernel (TCP_USER_TIMEOUT, which
/// covers a receive window of zero too); the others never notice.
pub const READER_STALL_MAX: Duration = Duration::from_secs(10);

/// An unfinished body whose last bytes were handed over this long ago belonged to a viewer who was dropped for
/// that: longer than the pauses of a segment in flight, shorter than [`READER_STALL_MAX`], which counts from the
/// first byte that was not taken.
pub const READER_STALL_SEEN: Duration = Duration::from_secs(8);

/// A viewer's connection counts as watching for this long after it fetched media: five segments.
pub const VIEWER_SEEN_WITHIN: Duration = Duration::from_secs(10);

const _: () = assert!(READER_STALL_SEEN.as_millis() < READER_STALL_MAX.as_millis());

// --- slate

/// Characters of a slate's text: more cannot be read from across a room.
pub const SLATE_CHARS_MAX: usize = 60;

/// Milliseconds from the last picture to the slate: not less than a few frames of a slow source, not more than a minute
/// of a picture that stands still.
pub const SLATE_AFTER_MS: std::ops::RangeInclusive<u32> = 100..=60_000;

/// Milliseconds of steady pictures before the source is shown again.
pub const SLATE_BACK_AFTER_MS: std::ops::RangeInclusive<u32> = 0..=60_000;

/// Bytes of a picture as it is uploaded: a photograph of any camera. More is refused with 413.
pub const SLATE_UPLOAD_BYTES_MAX: usize = 24 << 20;

/// Pixels of an uploaded picture across, and down.
pub const SLATE_PICTURE_SIDE_MAX: u32 = 8192;

/// Bytes that an uploaded picture may take once decoded: 30 megapixels of four bytes.
pub const SLATE_UPLOAD_MEMORY_MAX: u64 = 120 << 20;

/// A slate's picture is kept no larger than the largest canvas of the presets.
pub const SLATE_PICTURE_SIZE: (u32, u32) = (1920, 1080);

/// Bytes of a slate's picture as it is kept: within a frame of the workers' link.
pub const SLATE_PICTURE_BYTES_MAX: usize = 4 << 20;

const _: () = assert!(SLATE_PICTURE_BYTES_MAX + 4096 < media::link::FRAME_BYTES_MAX);

// --- accounts

/// A claim code is good for so long (OWASP ASVS 6.5.5), and
pub const CLAIM_CODE_LIFE: Ticks = Ticks::from_secs(600);

/// for so many attempts.
pub const CLAIM_ATTEMPTS_MAX: u32 = 5;

/// People who may manage one box.
pub const USERS_MAX: u32 = 500;

/// Browsers that one user is signed in with; the oldest gives way.
pub const SESSIONS_OF_USER_MAX: u32 = 20;

/// A session without a call ends after so long (OWASP ASVS 7.3.1),
pub const SESSION_IDLE: Ticks = Ticks::from_secs(30 * 60);

/// and every one after so long (7.3.2).
pub const SESSION_WHOLE: Ticks = Ticks::from_secs(12 * 3600);

/// A session is written anew for a call this long after the one before at the soonest.
pub const SESSION_SEEN_STEP: Ticks = Ticks::from_secs(60);

/// Attempts to sign in with one name (OWASP ASVS 6.3.1): a person who mistypes is not held up.
pub const SIGN_INS_A_MINUTE_OF_NAME: NonZeroU32 = NonZeroU32::new(5).expect("not zero");

/// Attempts from one address: an office behind one.
pub const SIGN_INS_A_MINUTE_OF_ADDRESS: NonZeroU32 = NonZeroU32::new(20).expect("not zero");

/// What was removed can be put back for so long; keys and tokens among it are kept as long.
pub const UNDO_WINDOW: Ticks = Ticks::from_secs(600);

/// How often what is over is forgotten: it cannot be put back meanwhile.
pub const UNDO_SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// Things that can be put back; the oldest gives way. A slate's picture makes one of them as large as five megabytes.
pub const REMOVED_KEPT: u32 = 100;

/// Codes that a name may try at once as its second step, right or wrong, after a right password, and
pub const SECOND_STEPS_AT_ONCE: NonZeroU32 = NonZeroU32::new(5).expect("not zero");

/// how long it is until one more: whoever has the password finds one of three codes that are good in a million with a chance of
/// two in a thousand a day.
pub const SECOND_STEP_EVERY: Duration = Duration::from_secs(120);

/// Codes that take the app's place when it is gone.
pub const RECOVERY_CODES: usize = 10;

/// Names and addresses whose attempts are remembered before those of the last minute alone are.
pub const THROTTLED_MAX: usize = 10_000;

/// Tokens for scripts that one user has; those that are over make room.
pub const API_TOKENS_OF_USER_MAX: u32 = 50;

/// A token for scripts is good for so long unless something else is asked for,
pub const API_TOKEN_LIFE_DEFAULT: Ticks = Ticks::from_secs(90 * 86_400);

/// and no longer than that: one that is forgotten ends.
pub const API_TOKEN_LIFE_MAX: Ticks = Ticks::from_secs(366 * 86_400);

/// Editions of what can be edited that are remembered, to say what has changed since; some kilobytes each.
pub const EDITIONS_KEPT: usize = 256;

/// Who waits longer for the edits of others is told to come back.
pub const EDIT_WAIT: Duration = Duration::from_secs(4);

/// Changes tried at once: each takes a copy of the settings in memory,
pub const REHEARSALS_AT_ONCE: usize = 2;

/// which is no larger than this; larger settings (pictures are among them) cannot be tried.
pub const REHEARSAL_BYTES_MAX: i64 = 64 << 20;

/// Passwords hashed at once: each takes 19 MiB.
pub const HASHES_AT_ONCE: usize = 2;

/// Who waits longer for their turn is told to come back.
pub const HASH_WAIT: Duration = Duration::from_secs(4);

/// A page that only listens is asked for its session again after so long: who is signed out sees no more after that.
pub const EVENT_FEED_MAX: Duration = Duration::from_secs(60);

// --- back-up sources

/// Milliseconds that a fault of a source must last before another takes over: not less than a few frames of a slow
/// source and the time in which faults are looked for, not more than ten minutes.
pub const FAILOVER_MS: std::ops::RangeInclusive<u32> = 300..=600_000;

/// Milliseconds after which a better source takes over again.
pub const RETURN_AFTER_MS: std::ops::RangeInclusive<u32> = 0..=3_600_000;

/// How often it is looked at which source should be on air: a fifth of what a change may be late.
pub const FAILOVER_INTERVAL: Duration = Duration::from_millis(100);

/// Pictures that come later than this after the ones before are missing: three frames of a slow source.
pub const PICTURES_MISSING: Ticks = Ticks::from_millis(200);

/// From a source's beginning to its first decoded picture: the longest distance between key pictures that encoders are
/// set to. After it, a source of which nothing can be decoded brings no picture.
pub const FIRST_PICTURE_MAX: Ticks = Ticks::from_secs(10);

// --- history

/// What happened is kept for so many events, the oldest is forgotten first: months of a quiet box.
pub const HISTORY_EVENTS: u32 = 10_000;

/// How a channel and the machine went is kept for so long minute by minute: 1,440 rows of some sixty bytes for each channel
/// and each metric.
pub const MINUTES_KEPT: Ticks = Ticks::from_secs(86_400);

/// The same by ten minutes: 4,320 rows each.
pub const TEN_MINUTES_KEPT: Ticks = Ticks::from_secs(30 * 86_400);

/// Rows of times at which players ran dry, of all channels; the oldest are forgotten first.
pub const STALLS_KEPT: u32 = 10_000;

/// Of those in one answer.
pub const STALLS_ANSWER_MAX: u32 = 500;

/// Events in one answer.
pub const HISTORY_ANSWER_MAX: u32 = 500;

/// Metrics in the file of the history; more are not kept. With all of them it has some 50 MB.
pub const MEASURE_METRICS_MAX: u32 = 256;

/// Metrics in one answer.
pub const METRICS_ASKED_MAX: usize = 32;

// --- drills

/// Seconds that a fault drill may last.
pub const DRILL_SECS: std::ops::RangeInclusive<u32> = 1..=120;

/// By so much the box's clock is said to be ahead in a drill.
pub const DRILL_CLOCK_STEP: Ticks = Ticks::from_secs(60);

/// Connections of a flood, at once; each asks again and again.
pub const DRILL_FLOOD_CONNECTIONS: usize = 500;

/// Units of a drill's own source that wait for ingest; a full queue holds its worker back.
pub const STRANGER_UNITS_MAX: usize = 64;

/// The source itself is on air again at its first key picture after the drill, or after so long.
pub const STRANGER_STAYS_MAX: Ticks = Ticks::from_secs(15);

/// A channel that has not recovered this long after its drill has not.
pub const DRILL_RECOVERY_MAX: Duration = Duration::from_secs(45);

// --- DVR

/// Seconds of the past that a channel may have; none is 0. A minute is the least that is worth a button, and six hours
/// of entries make a playlist of 0.8 MB.
pub const DVR_SECS: std::ops::RangeInclusive<u32> = 60..=21_600;

/// Segments of the past that are listed, removed and kept in one file together: 20 s.
pub const DVR_BLOCK_SEGMENTS: u64 = 10;

/// Bytes of a channel's segments that wait for the disk; more, and the newest is not kept: live media goes on, the past
/// begins anew after it.
pub const DVR_PENDING_BYTES_MAX: u64 = 256 << 20;

/// What was listed is kept for as long as the longest playlist that has it; the list is this much longer than the window.
pub const DVR_KEPT_LONGER: Ticks = Ticks::from_secs(60);

/// What the past gives up before its time, because the disk is full or broken, can still be loaded for this long after
/// the last playlist that lists it: three target durations.
pub const DVR_GIVEN_UP_KEPT: Ticks = Ticks::from_secs(6);

/// The past leaves this much of the disk to others, and not less than one part in [`DVR_DISK_RESERVE_SHARE`] of a
/// small one.
pub const DVR_DISK_RESERVE_MAX: u64 = 1 << 30;

/// See [`DVR_DISK_RESERVE_MAX`].
pub const DVR_DISK_RESERVE_SHARE: u64 = 20;

/// While the past grows, the manifest is written anew each time that viewers can seek this much further.
pub const DVR_MANIFEST_STEP: Ticks = Ticks::from_secs(10);

// --- alarms

/// An alarm that is raised more often than this
pub const ALARM_RAISES_MAX: usize = 3;

/// within this time comes and goes: it is held, and tells nobody more,
pub const ALARM_FLAP_WINDOW: Ticks = Ticks::from_secs(120);

/// until its cause has been away for this long.
pub const ALARM_HOLD: Ticks = Ticks::from_secs(30);

/// How often it is looked at whether held alarms have been quiet long enough.
pub const ALARM_LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Turns of alarms that wait to be sent on; those who send them take them at once, and lose the oldest otherwise.
pub const ALARM_TURNS_MAX: usize = 512;

// --- notifications

/// Places that alarms are sent on to.
pub const DESTINATIONS_MAX: u32 = 32;

/// Notices that wait for one destination; the oldest is lost to one more: who has been away for long wants the newest.
pub const NOTIFY_QUEUE_MAX: usize = 256;

/// One attempt to send, from the name's look-up to the answer: less than the command line waits for a test.
pub const NOTIFY_SEND_MAX: Duration = Duration::from_secs(8);

/// The first wait after a failure; each later one is twice as long,
pub const NOTIFY_BACKOFF_FIRST: Duration = Duration::from_secs(1);

/// up to this: a receiver that is back hears of alarms within five minutes, and one that is not is left in peace.
pub const NOTIFY_BACKOFF_MAX: Duration = Duration::from_secs(300);

/// A notice that was not taken this often, over half an hour, is given up: the next one may fare better.
pub const NOTIFY_ATTEMPTS_MAX: u32 = 14;

/// Failures in a row that are an alarm: one is a restart of the other side.
pub const NOTIFY_FAILURES_TOLD: u32 = 3;

/// Tests under way at once.
pub const NOTIFY_TESTS_MAX: usize = 4;

/// Bytes read of a webhook's answer.
pub const NOTIFY_ANSWER_BYTES_MAX: usize = 16 << 10;

/// Characters told of what the other side said.
pub const NOTIFY_SAID_CHARS_MAX: usize = 300;

/// Characters of a cause, a remedy, and an address.
pub const NOTIFY_TEXT_CHARS_MAX: usize = 2000;

/// RFC 5424, 6.1: receivers "SHOULD be able to accept messages of up to and including 2048 octets".
pub const NOTIFY_SYSLOG_BYTES_MAX: usize = 2048;

/// Characters of a webhook's secret; a password may be shorter.
pub const NOTIFY_SECRET_CHARS: std::ops::RangeInclusive<usize> = 16..=256;

/// Bytes of a certification authority, or several.
pub const NOTIFY_CA_BYTES_MAX: usize = 16 << 10;

/// Recipients of one destination's mails.
pub const NOTIFY_RECIPIENTS_MAX: usize = 20;

const _: () = assert!(NOTIFY_SEND_MAX.as_millis() < ANSWER_WITHIN.as_millis());

// --- configuration

/// Bytes of a configuration: 64 channels, each with all that it may have, take a fifth of it.
pub const CONFIGURATION_BYTES_MAX: usize = 1 << 20;

/// Bits per second of the audio rendition.
pub const AUDIO_BITRATE_BPS: std::ops::RangeInclusive<u32> = 16_000..=512_000;

// --- audit

/// Who changed what is kept for so many calls, the oldest is forgotten first: years of a quiet box.
pub const AUDIT_ROWS: u32 = 20_000;

/// Entries in one answer.
pub const AUDIT_ANSWER_MAX: u32 = 1000;

// --- who watches

/// Players that tell of themselves and are remembered; more are counted by their connections alone. A quarter of a kilobyte each.
pub const SESSIONS_MAX: usize = 2000;

/// Requests with CMCD that wait to be read, which happens each second or so: what does not fit is lost.
pub const CMCD_QUEUE_MAX: usize = 4096;

/// Bytes of the CMCD of one request that are looked at: the standard's keys fit many times over.
pub const CMCD_BYTES_MAX: usize = 1024;

/// Characters of a session's name: long enough to be unlike others, no longer than a UUID with some air.
pub const SESSION_CHARS: std::ops::RangeInclusive<usize> = 8..=64;

/// Characters of the name of a player's engine, and of its state.
pub const ENGINE_CHARS_MAX: usize = 24;

/// Bytes of a beacon; a real one has a third of this.
pub const BEACON_BYTES_MAX: usize = 1024;

/// A player that tells of itself again within this is told to wait: ours does every four seconds.
pub const BEACON_GAP_MIN: Ticks = Ticks::from_secs(1);

/// Samples of how a channel went: ten minutes at one every two seconds.
pub const TREND_SAMPLES_MAX: usize = 300;

// --- health

/// The past leaves one part in so many of a disk to others (see [`DVR_DISK_RESERVE_SHARE`]). When less than half of
/// that is left, the operator is told,
pub const DISK_FULL_SHARE: u64 = 2 * DVR_DISK_RESERVE_SHARE;

/// until all of it is there again.
pub const DISK_CLEAR_SHARE: u64 = DVR_DISK_RESERVE_SHARE;

/// How often the box looks at the disk.
pub const DISK_LOOK_INTERVAL: Duration = Duration::from_secs(2);

/// Fewer file descriptors left than this is an alarm (a quarter of a smaller limit): a quarter of what is kept for all that is
/// no viewer's connection,
pub const DESCRIPTORS_SHORT: u64 = DESCRIPTORS_RESERVED / 4;

/// until there are so many again (half of a smaller limit).
pub const DESCRIPTORS_CLEAR: u64 = DESCRIPTORS_RESERVED / 2;

/// How often the box looks at them.
pub const DESCRIPTORS_LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// How often the machine's figures are read: a trend of ten minutes has sixty.
pub const HARDWARE_INTERVAL: Duration = Duration::from_secs(10);

/// Reading them takes some milliseconds. A driver that holds the reader for longer is told in the journal; nothing waits for it.
pub const HARDWARE_READ_MAX: Duration = Duration::from_secs(5);

/// Figures that are kept in memory: ten minutes.
pub const HARDWARE_SAMPLES_MAX: usize = 60;

/// Bytes that are read of one file of the kernel's: 256 cores take a third of this.
pub const KERNEL_FILE_BYTES_MAX: u64 = 64 << 10;

/// Cores, interfaces, disks and sensors that are shown; more are left out.
pub const CORES_MAX: usize = 512;

/// See [`CORES_MAX`].
pub const LINKS_MAX: usize = 16;

/// See [`CORES_MAX`].
pub const DRIVES_MAX: usize = 32;

/// See [`CORES_MAX`].
pub const SENSORS_MAX: usize = 96;

/// Metrics of which there is a history at one time; more have none.
pub const METRICS_MAX: usize = 160;

/// `chronyc` that has not answered by then is ended.
pub const TIME_SERVICE_ANSWER_MAX: Duration = Duration::from_secs(2);

/// Percent of memory that can be had without taking it from anybody: less is an alarm, since the kernel soon ends processes,
pub const MEMORY_SHORT_PERCENT: f64 = 5.0;

/// until there is so much again.
pub const MEMORY_CLEAR_PERCENT: f64 = 10.0;

/// A sensor this many degrees below what its chip calls critical is too hot,
pub const HOT_BELOW_CRITICAL: f64 = 5.0;

/// as is one of which the chip says nothing at so many degrees,
pub const HOT_UNTOLD: f64 = 95.0;

/// until it is this many degrees below that.
pub const HOT_CLEAR_BELOW: f64 = 10.0;

/// A clock that has had no reference for so long is an alarm: time services take some minutes after a start.
pub const CLOCK_UNSYNCHRONISED_AFTER: Ticks = Ticks::from_secs(600);

/// Percent of the processor and of memory that a forecast of more channels leaves alone: sources differ, viewers come.
pub const ROOM_RESERVE_PERCENT: u64 = 20;

/// Bytes of memory that a channel is taken to need: its worker, the one that waits, and its window.
pub const CHANNEL_MEMORY_BYTES: u64 = 400_000_000;

/// How often house time takes a step towards UTC.
pub const CLOCK_INTERVAL: Duration = Duration::from_secs(1);

/// House time this far from the box's clock is an alarm: viewers' manifests are dated by it,
pub const CLOCK_OFF: Ticks = Ticks::from_secs(1);

/// until it is this near.
pub const CLOCK_CLEAR: Ticks = Ticks::from_millis(500);

/// A GPU's driver that has not said by then what it can do is taken for hung; loading one takes a tenth of a second.
pub const GPU_PROBE_MAX: Duration = Duration::from_secs(5);

/// No more is read of what it says; the longest known answer is a twentieth of this.
pub const GPU_ANSWER_BYTES_MAX: u64 = 64 << 10;

/// Devices are looked for again this often: a card that was put in, or a driver that was mended, is found by then.
pub const DEVICES_LOOK_INTERVAL: Duration = Duration::from_secs(60);

/// How they are is read this often, where the driver tells: one that overheats is left by then, and placement sees what
/// other programs take. Takes a tenth of a second of one core.
pub const DEVICES_READ_INTERVAL: Duration = Duration::from_secs(10);

/// Channels start without devices that are not known by then: what asks their drivers gives up sooner, unless the kernel
/// does not let go of it.
pub const DEVICES_KNOWN_WITHIN: Duration = Duration::from_secs(8);

/// What an engine of a device is taken to code: eight channels of 1080p30 and their lower rungs. No driver says so; one that
/// cannot is left when its channels fall behind.
pub const DEVICE_PIXELS_PER_SEC: u64 = 1_000_000_000;

/// Encoders open on one device where its driver knows no number: each holds some 50 MB of the device's memory.
pub const DEVICE_SESSIONS_MAX: u64 = 64;

/// MiB of a device's memory that a worker takes before its first encoder: a context of CUDA's.
pub const DEVICE_WORKER_MIB: u64 = 256;

/// Pictures of its size that an encoder keeps in a device's memory: references, those on the way in, and working space.
pub const DEVICE_SESSION_PICTURES: u64 = 24;

/// Load of an engine counts by steps of so many percent: less is noise, and would make placement a matter of chance.
pub const DEVICE_LOAD_STEP_PERCENT: u64 = 5;

/// What `forebay check --encode` has encoded: no more than a worker catches up on.
pub const TRIAL_LENGTH: Ticks = Ticks::from_secs(8);

/// An encoder under trial that brings no picture for so long hangs.
pub const TRIAL_SILENCE_MAX: Duration = Duration::from_secs(10);

/// Hundredths of the rate that was asked for which an encoder may make over the whole of a trial.
pub const TRIAL_RATE_PERCENT_MAX: u64 = 110;

/// More channels than this are not counted when it is forecast how many there is room for.
pub const FORECAST_MAX: u32 = 1000;

/// Bytes of a device's name as a channel has it.
pub const ENCODER_CHARS_MAX: usize = 64;

/// A worker that crashes in software so soon after one has on a device crashes of its source: decoders see the same again
/// within a key picture's distance, and workers that keep crashing wait for half a minute at most.
pub const CRASH_FOLLOWS_MAX: Duration = Duration::from_secs(60);

/// A device whose pictures are later than this,
pub const DEVICE_BEHIND_MAX: Ticks = Ticks::from_secs(3);

/// in so many of a worker's status messages on end, two a second, is too slow: longer than catching up takes.
pub const DEVICE_BEHIND_STATUSES: u32 = 6;

// --- backup, restore, updates

/// Characters of a backup's passphrase: shorter ones are guessed on a stolen file, longer ones are a mistake.
pub const PASSPHRASE_CHARS: std::ops::RangeInclusive<usize> = 12..=200;

/// Work of turning a passphrase into a key, as a power of two: 128 MiB of memory and about half a second for each guess.
pub const BACKUP_WORK_LOG2: u8 = 17;

/// More work than this is not done for a file that somebody brings: twice what this version asks for.
pub const BACKUP_WORK_LOG2_MAX: u8 = 18;

/// Bytes of a backup as it is uploaded: 64 channels with the largest slates take a third of it. More is refused with 413.
pub const BACKUP_BYTES_MAX: u64 = 256 << 20;

/// Bytes of what is in it: a file that grows beyond all measure when it is unpacked is refused.
pub const BACKUP_UNPACKED_BYTES_MAX: u64 = 1 << 30;

/// Bytes of the list of contents in a backup; 64 channels take a tenth.
pub const BACKUP_CONTENTS_BYTES_MAX: u64 = 64 << 10;

/// Bytes of an upload that are written to the disk at once, off the threads that serve.
pub const UPLOAD_BLOCK_BYTES: usize = 1 << 20;

/// An upload that brings nothing for this long is given up.
pub const UPLOAD_STALL_MAX: Duration = Duration::from_secs(30);

/// Backups that are made at once: each takes much memory for its key. One more is told to wait, as with all that follow.
pub const BACKUPS_AT_ONCE: usize = 1;

/// Backups that are uploaded at once: there is room on the disk for one.
pub const BACKUP_UPLOADS_AT_ONCE: usize = 1;

/// Backups that are opened at once: each takes much memory for its key.
pub const BACKUPS_OPENED_AT_ONCE: usize = 1;

/// Restores and resets at once: the box can become one other.
pub const FRESH_STARTS_AT_ONCE: usize = 1;

/// Support bundles that are made at once: each asks for everything.
pub const SUPPORT_BUNDLES_AT_ONCE: usize = 1;

/// Updates that are uploaded at once: the spool has room for one.
pub const UPDATE_UPLOADS_AT_ONCE: usize = 1;

/// Between two looks at how an update stands, while somebody follows: as often as the machine looks for what it is asked.
pub const UPDATE_LOOK: Duration = Duration::from_secs(1);

/// Bytes of log lines that the daemon remembers of itself: some days of a quiet box, an hour of one in trouble.
pub const LOG_BYTES_KEPT: usize = 2 << 20;

/// Bytes of a support bundle before it is compressed: a page that no longer fits is named in it instead.
pub const SUPPORT_BYTES_MAX: usize = 64 << 20;

/// Lines, and bytes, of the journal in a support bundle.
pub const SUPPORT_JOURNAL_LINES: u32 = 20_000;

/// See [`SUPPORT_JOURNAL_LINES`].
pub const SUPPORT_JOURNAL_BYTES_MAX: usize = 8 << 20;

/// All playlists of one channel for a support bundle: one that hangs is part of what is to be seen, not a reason to wait.
pub const SUPPORT_DOCUMENTS_WITHIN: Duration = Duration::from_secs(5);

/// Playlists and manifests of one channel: six rungs and sound, in two tiers, with room.
pub const DOCUMENTS_MAX: usize = 32;

/// How long the command line waits for a backup to be made or opened: a large one, on a slow disk, on a busy machine.
pub const UPKEEP_ANSWER_WITHIN: Duration = Duration::from_secs(180);
