//! The words of the pages that are not about one channel's form: navigation, overview, players, settings, help.

use super::PRODUCT;
use crate::ladder::Fault;
use crate::route::Route;
use wire::{ChannelState, DrillFault, Latency, PlayerDevice, Ports};

pub(crate) const NAVIGATION: &str = "Pages";
pub(crate) const MENU: &str = "Menu";
pub(crate) const ACTIVE: &str = "active";
pub(crate) const SKIP_TO_PAGE: &str = "Skip to the page";
pub(crate) const PAGE_UNKNOWN: &str = "There is no such page";
pub(crate) const PAGE_UNKNOWN_HINT: &str = "The address may be of another version of the box.";

/// A page's name.
pub(crate) const fn page(route: &Route) -> &'static str {
    match route {
        Route::Overview | Route::Channel(_) => OVERVIEW,
        Route::Players => PLAYERS,
        Route::Devices => super::DEVICES,
        Route::Alarms => super::ALARMS,
        Route::Audit => AUDIT_PAGE,
        Route::Settings => SETTINGS,
        Route::Help(_) => HELP,
        Route::Unknown => PAGE_UNKNOWN,
    }
}

pub(crate) const OVERVIEW: &str = "Overview";
pub(crate) const SEARCH: &str = "Search channels";
pub(crate) const SORT: &str = "Sort by";
pub(crate) const LAYOUT: &str = "Layout";
pub(crate) const CARDS: &str = "Cards";
pub(crate) const LIST: &str = "List";
pub(crate) const NONE_FOUND: &str = "No channel has that in its name.";
pub(crate) const CHOOSE_ALL: &str = "Select all";
pub(crate) const CHOOSE_NONE: &str = "Select none";
pub(crate) const VIEWERS: &str = "Viewers";
pub(crate) const LATENCY: &str = "Latency";
pub(crate) const NOBODY_WATCHES: &str = "–";

/// By what channels are sorted.
pub(crate) fn sort(value: &str) -> &'static str {
    match value {
        "state" => "state, worst first",
        "viewers" => "viewers, most first",
        _ => "name",
    }
}

/// On the bar with what can be done to them.
pub(crate) fn chosen(count: usize) -> String {
    if count == 1 { "1 channel selected".to_owned() } else { format!("{count} channels selected") }
}

/// Of a channel's box to tick.
pub(crate) fn choose(name: &str) -> String {
    format!("Select {name}")
}

/// A name for a channel that has none yet.
pub(crate) fn nth_channel(number: usize) -> String {
    format!("Channel {number}")
}

pub(crate) const NO_SUCH_CHANNEL: &str = "There is no such channel";
pub(crate) const NO_SUCH_CHANNEL_HINT: &str = "It may have been removed.";
pub(crate) const PREVIEW: &str = "What viewers see";
pub(crate) const PREVIEW_OFF: &str = "The picture is off.";
pub(crate) const PREVIEW_APART: &str =
    "The admin side has a port of its own on this box: “Watch” opens the player.";
pub(crate) const PREVIEW_STOP: &str = "Stop watching";
pub(crate) const PREVIEW_START: &str = "Watch here";
pub(crate) const TIER: &str = "Delivery";
/// Value in addresses, and word; the first is for the device to choose.
pub(crate) const TIERS: [(&str, &str); 4] =
    [("", "Automatic"), ("lldash", "LL-DASH"), ("llhls", "LL-HLS"), ("ts", "HLS-TS")];

pub(crate) const COURSE: &str = "How it went";
pub(crate) const SPAN: &str = "Over which time";
pub(crate) const TIMELINE: &str = "What happened, and what viewers had of it";
pub(crate) const LANE_CHANNEL: &str = "Channel and sources";
pub(crate) const LANE_ENCODER: &str = "Encoder and devices";
pub(crate) const LANE_STALLS: &str = "Viewers’ stalls";
pub(crate) const NO_STALLS: &str = "No player that tells of itself has run dry in this time.";
pub(crate) const STALL_UNEXPLAINED: &str =
    "Nothing happened here in the seconds before: look at the network, or at the viewer’s device.";

/// A span of time, by its name.
pub(crate) fn span(id: &str) -> &'static str {
    match id {
        "10m" => "10 minutes",
        "1h" => "1 hour",
        "1d" => "1 day",
        _ => "30 days",
    }
}

/// What the axis shows, in words.
pub(crate) fn timeline_summary(of_channel: usize, of_encoder: usize, stalls: usize) -> String {
    format!("{LANE_CHANNEL}: {of_channel}. {LANE_ENCODER}: {of_encoder}. {LANE_STALLS}: {stalls}.")
}

/// Who ran dry.
pub(crate) fn ran_dry(stall: &wire::Stall) -> String {
    let tier = TIERS.get(usize::from(stall.tier) + 1).map_or("", |(_, name)| *name);
    let who = match stall.players {
        1 => format!("Player {} on {tier} ran dry", stall.session),
        many => format!("{many} players on {tier} ran dry, {} among them", stall.session),
    };
    match stall.stalled_ms {
        0 => who,
        ms => format!("{who}, for {}", crate::format::millis_said(f64::from(ms))),
    }
}

/// What explains a stall, and how long before it was.
pub(crate) fn cause(event: &wire::Event, stalled_at_ms: i64) -> String {
    let before = (stalled_at_ms - event.at_ms).max(0) as f64;
    format!("{} before: {}", crate::format::millis_said(before), super::event(event))
}

/// What else happened.
pub(crate) fn also(others: &[String]) -> String {
    format!("Also: {}", others.join("; "))
}

/// Pictures a second.
pub(crate) fn frames_a_second(rate: f64) -> String {
    let text = format!("{rate:.2}");
    format!("{} fps", text.trim_end_matches('0').trim_end_matches('.'))
}

pub(crate) const NO_VALUE: &str = "–";
pub(crate) const CHART_SOURCE: &str = "Source";
pub(crate) const CHART_FRAMES: &str = "Source’s pictures";
pub(crate) const CHART_HOLD: &str = "Manifest hold";
pub(crate) const CHART_VIEWERS: &str = "Viewers";
pub(crate) const CHART_LATENCY: &str = "Latency";
pub(crate) const CHART_LATE: &str = "Picture’s age";
pub(crate) const CHART_SENT: &str = "Sent";
pub(crate) const CHART_STALLS: &str = "Stalls";

/// Beside a chart.
pub(crate) fn at_most(value: &str) -> String {
    format!("at most {value}")
}

/// How finely a channel is cut.
pub(crate) const fn latency_kind(latency: Latency) -> &'static str {
    match latency {
        Latency::Standard => "standard latency",
        Latency::Low => "lowest latency",
    }
}

pub(crate) const PRESETS: &str = "Presets";
pub(crate) const RUNG: &str = "Rung";
pub(crate) const WIDTH: &str = "Width";
pub(crate) const HEIGHT: &str = "Height";
pub(crate) const KBPS: &str = "kbit/s";
pub(crate) const ADD_RUNG: &str = "Add a rung";
pub(crate) const LADDER_CONSEQUENCE: &str = "A channel that is on air starts anew with the new ladder: viewers lose the picture for some seconds, and encoders have to connect again. Players and most encoders do so by themselves.";

/// The heading of the ladder.
pub(crate) fn ladder(rungs: &str) -> String {
    format!("Ladder: {rungs}")
}

/// For those who do not see in which column a field is.
pub(crate) fn rung_field(place: usize, what: &str) -> String {
    format!("Rung {place}: {what}")
}

/// On the button beside it.
pub(crate) fn remove_rung(place: usize) -> String {
    format!("Remove rung {place}")
}

/// What a ladder takes.
pub(crate) fn ladder_cost(cores: f64) -> String {
    format!(
        "Takes about {cores:.2} of a processor core in software, with a source as large as its best rung."
    )
}

/// What is wrong with it.
pub(crate) fn ladder_wrong(fault: &Fault) -> String {
    match fault {
        Fault::Count => "A ladder has one to six rungs.".to_owned(),
        Fault::Number(rung) => format!("Rung {rung}: give whole numbers."),
        Fault::Odd(rung) => format!("Rung {rung}: width and height must be even."),
        Fault::Order(rung) => format!("Rung {rung}: its bit rate is above the one before; best first."),
    }
}

pub(crate) const VIEWING: &str = "Watching: addresses, who may, embedding";
pub(crate) const WATCH_PAGE: &str = "Watch page";
pub(crate) const EMBED_CODE: &str = "To embed";
pub(crate) const PROTECTED: &str = "Only for those who have a token";
pub(crate) const PROTECTED_HINT: &str = "Without one, nobody gets a playlist or a picture.";
pub(crate) const ORIGINS: &str = "Sites whose pages may play it";
pub(crate) const ORIGINS_HINT: &str = "One after the other, with a space between; empty for all.";
pub(crate) const TIER_ORDER: &str = "What the watch page plays";
pub(crate) const TIER_ORDER_HINT: &str =
    "The first that a device can play; when one fails, the next. Addresses of the others still work.";

/// Such as `HLS-TS, then LL-HLS`.
pub(crate) fn tier_order(order: &[wire::Tier]) -> String {
    let name =
        |tier: &wire::Tier| TIERS.iter().find(|(id, _)| *id == tier.id()).map_or("", |(_, name)| *name);
    match order {
        [] => "All, best first".to_owned(),
        [only] => format!("{} alone", name(only)),
        several => several.iter().map(name).collect::<Vec<_>>().join(", then "),
    }
}

pub(crate) const MAKE_TOKEN: &str = "Make an address with a token";
pub(crate) const MAKE_TOKEN_HINT: &str = "Good for twelve hours.";

/// The player in a page of another site.
pub(crate) fn embed_code(watch_url: &str) -> String {
    let address = watch_url.replacen("/watch/", "/embed/", 1);
    format!(
        "<iframe src=\"{address}\" width=\"960\" height=\"540\" allow=\"autoplay; fullscreen\" allowfullscreen></iframe>"
    )
}

pub(crate) const DRILLS: &str = "Fault drill";
pub(crate) const DRILLS_HINT: &str = "Makes something go wrong now, for so long, and undoes it. Viewers see what they would see at night; the charts above show it. “forebay drill” also measures what a viewer notices.";
pub(crate) const DRILL_FAULT: &str = "What goes wrong";
pub(crate) const DRILL_SECS: &str = "For how many seconds";
pub(crate) const DRILL_BEGIN: &str = "Begin";

/// A fault as a choice.
pub(crate) const fn drill(fault: DrillFault) -> &'static str {
    match fault {
        DrillFault::KillWorker => "The encoder is killed",
        DrillFault::HangWorker => "The encoder hangs",
        DrillFault::CutSource => "The source is cut",
        DrillFault::ChangeSourceFormat => "The source changes its format",
        DrillFault::FullDisk => "The disk is full",
        DrillFault::ClockStep => "The clock is set",
        DrillFault::Flood => "Many viewers come",
        DrillFault::PanicServe => "The serve stage crashes",
        DrillFault::PanicPackage => "The package stage crashes",
        DrillFault::PanicEncode => "The encode stage crashes",
        DrillFault::PanicIngest => "The source stage crashes",
    }
}

/// While it runs.
pub(crate) fn drill_runs(until: &str) -> String {
    format!("It runs until {until} UTC.")
}

pub(crate) const PLAYERS: &str = "Players";
pub(crate) const PLAYERS_HINT: &str = "Who watches by what, just now.";
pub(crate) const MATRIX: &str = "Devices and tiers";
pub(crate) const DEVICE: &str = "Device";
pub(crate) const SESSIONS: &str = "Players that tell of themselves";
pub(crate) const NO_SESSIONS: &str =
    "None just now. The box’s own player does, and every player that sends CMCD.";
pub(crate) const TIER_CHOICE: &str = "How a device gets its tier";
pub(crate) const TIER_CHOICE_HINT: &str = "The watch page asks the device what it can do, never what it is called. It begins with the best tier, goes one down when that fails or stalls while playing, and tries the better one again when the picture has been steady for a while. “?tier=ts” behind the address of the watch page pins a tier.";
/// The columns of the players.
pub(crate) const SESSION_HEADS: [&str; 12] = [
    "Player",
    "Channel",
    "Device",
    "Tier",
    "Latency",
    "Buffer",
    "Bit rate",
    "Speed",
    "Stalls",
    "Switches",
    "Early",
    "Watches for",
];

/// A kind of device.
pub(crate) const fn device(device: PlayerDevice) -> &'static str {
    match device {
        PlayerDevice::MediaSource => "MediaSource",
        PlayerDevice::ManagedMediaSource => "ManagedMediaSource",
        PlayerDevice::NativeHls => "Native HLS",
        PlayerDevice::Other => "Other players",
    }
}

/// Which devices those are.
pub(crate) const fn device_hint(device: PlayerDevice) -> &'static str {
    match device {
        PlayerDevice::MediaSource => "desktop browsers, Android, most TVs",
        PlayerDevice::ManagedMediaSource => "iPhone from iOS 17.1, iPad, Mac",
        PlayerDevice::NativeHls => "iOS before 17.1, Apple TV",
        PlayerDevice::Other => "by CMCD, and connections that tell nothing",
    }
}

/// In which order that device tries that tier.
pub(crate) const fn tier_place(device: PlayerDevice, tier: u8) -> &'static str {
    match (device, tier) {
        (PlayerDevice::MediaSource | PlayerDevice::ManagedMediaSource, 0) | (PlayerDevice::NativeHls, 1) => {
            "first choice"
        }
        (PlayerDevice::MediaSource | PlayerDevice::ManagedMediaSource, 1) | (PlayerDevice::NativeHls, 2) => {
            "second"
        }
        (PlayerDevice::MediaSource | PlayerDevice::ManagedMediaSource, _) => "third",
        (PlayerDevice::NativeHls, _) => "cannot",
        (PlayerDevice::Other, _) => "",
    }
}

/// How often and how long a player ran dry.
pub(crate) fn stalls(count: u32, length: &str) -> String {
    if count == 0 { "none".to_owned() } else { format!("{count}, {length}") }
}

/// How fast a player plays.
pub(crate) fn rate(percent: u32) -> String {
    if percent == 0 { String::new() } else { format!("{percent} %") }
}

pub(crate) const ALARMS_HINT: &str =
    "What needs you now, with its cause and what to do. An alarm goes when its cause has gone.";
pub(crate) const NO_ALARMS: &str = "Nothing needs you.";
pub(crate) const ALARMS_ONLY: &str = "Alarms alone";
pub(crate) const AUDIT_PAGE: &str = "Audit";
pub(crate) const FOR_ADMINISTRATORS: &str = "Administrators see this.";
pub(crate) const ASK_AGAIN: &str = "Refresh";

pub(crate) const SETTINGS: &str = "Settings";
pub(crate) const TLS: &str = "Encryption";
pub(crate) const CA_DOWNLOAD: &str = "The box’s certificate authority";
pub(crate) const CA_PROFILE: &str = "Profile for Apple devices";
pub(crate) const CA_HOW: &str = "How a device comes to trust it";
pub(crate) const CERTIFICATE: &str = "Certificate";
pub(crate) const CERTIFICATE_OURS: &str = "made by the box, renewed by itself";
pub(crate) const CERTIFICATE_YOURS: &str = "yours";
pub(crate) const CERTIFICATE_NAMES: &str = "Good for";
pub(crate) const CERTIFICATE_UNTIL: &str = "Until";
pub(crate) const FINGERPRINT: &str = "Fingerprint (SHA-256)";
pub(crate) const CA_FINGERPRINT: &str = "Of the authority";
pub(crate) const UPLOAD: &str = "Use a certificate of your own";
pub(crate) const CHAIN: &str = "Certificate and its signers, as PEM";
pub(crate) const PRIVATE_KEY: &str = "Its private key, as PEM";
pub(crate) const UPLOAD_HINT: &str =
    "The server’s own first, then each signer. The key is kept on the box and shown to nobody.";
pub(crate) const UPLOAD_BUTTON: &str = "Use it";
pub(crate) const UPLOAD_RESET: &str = "Use the box’s own again";
pub(crate) const ABOUT: &str = "About";
pub(crate) const PORTS: &str = "Ports";
pub(crate) const LICENCE: &str = "Licence";
pub(crate) const LICENCE_HINT: &str = "Forebay is Apache-2.0; with the FFmpeg, x264 and x265 of Debian that it links, this build is under the GPL. Players: dash.js (BSD-3-Clause), hls.js (Apache-2.0).";
pub(crate) const PRIVACY: &str =
    "No request leaves the box. Of viewers it keeps numbers alone, in memory: no names, no addresses.";

/// The ports that the box listens on.
pub(crate) fn ports(ports: Ports) -> String {
    let Ports { http, https, rtmp, srt, admin } = ports;
    let admin = admin.map(|admin| format!(", admin {admin}")).unwrap_or_default();
    format!("HTTP {http}, HTTPS {https}, RTMP {rtmp}, SRT {srt}{admin}")
}

pub(crate) const HELP: &str = "Help";
pub(crate) const HELP_HINT: &str = "The operator’s manual, of the version that runs here.";
pub(crate) const CHAPTERS: &str = "Chapters";
pub(crate) const LOADING_MANUAL: &str = "Opening the manual …";

/// The browser tab's title: says from afar that something is wrong, then which page it is.
pub(crate) fn title(page: &str, states: &[ChannelState]) -> String {
    let ill = |state: &&ChannelState| matches!(state, ChannelState::Parked | ChannelState::Waiting);
    match states.iter().filter(ill).count() {
        0 => format!("{page} – {PRODUCT}"),
        count => format!("({count}) {page} – {PRODUCT}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_counts_the_channels_without_a_picture() {
        assert_eq!(title(OVERVIEW, &[ChannelState::Live, ChannelState::Stopped]), "Overview – Forebay");
        let ill = [ChannelState::Live, ChannelState::Parked, ChannelState::Waiting];
        assert_eq!(title("Hall", &ill), "(2) Hall – Forebay");
    }

    #[test]
    fn the_code_to_embed_asks_for_the_bare_player() {
        assert!(embed_code("http://box:8080/watch/hall").contains("src=\"http://box:8080/embed/hall\""));
    }
}
