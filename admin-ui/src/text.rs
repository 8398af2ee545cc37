//! Every word and sentence that the operator reads, but for what the appliance itself says (details, problems).
//! Field's words, plain, no exclamation.

mod devices;
mod pages;
mod upkeep;

pub(crate) use devices::*;
pub(crate) use pages::*;
pub(crate) use upkeep::*;

use wire::{AuditEntry, ChannelState, Event, Light, Source};

pub(crate) const PRODUCT: &str = "Forebay";
pub(crate) const BOX_LABEL: &str = "This box";
pub(crate) const VERSION: &str = "Version";
pub(crate) const UP: &str = "Up";
pub(crate) const HOUSE_TIME: &str = "House time";
pub(crate) const UTC: &str = "UTC";

pub(crate) const LINK_LIVE: &str = "Connected";
pub(crate) const LINK_CONNECTING: &str = "Connecting …";
pub(crate) const LINK_LOST: &str = "Connection lost, retrying.";
pub(crate) const NOT_HEARD_YET: &str = "The box has not answered yet.";

pub(crate) const LOADING_CHANNELS: &str = "Asking the box for its channels …";
pub(crate) const NO_CHANNELS: &str = "No channels yet";
pub(crate) const NO_CHANNELS_HINT: &str = "A channel takes one source and serves it to every player on the premises. Make one, then point your encoder at it.";

pub(crate) const ALARMS: &str = "Alarms";
pub(crate) const DISMISS: &str = "Dismiss";
pub(crate) const ACKNOWLEDGE: &str = "Acknowledge";

pub(crate) const NEW_CHANNEL: &str = "New channel";
pub(crate) const NAME: &str = "Name";
pub(crate) const NAME_HINT: &str = "For people. The name in addresses is made from it and stays.";
pub(crate) const RENAME: &str = "Name";
pub(crate) const RENAME_HINT: &str = "Its address stays, and nobody who watches or publishes notices. A test pattern shows the old name until it is started again.";
pub(crate) const NAME_MISSING: &str = "Give the channel a name.";
pub(crate) const SOURCE: &str = "Source";
pub(crate) const LOW_LATENCY: &str = "Lowest latency";
pub(crate) const LOW_LATENCY_HINT: &str =
    "Parts of 0.2 s instead of 0.5 s: for a good network on the premises. Players ask more often.";
pub(crate) const PASS_THROUGH: &str = "Pass the source through";
pub(crate) const PASS_THROUGH_HINT: &str = "The best picture is the source's own wherever it is fit for it, and costs no encoding; not with seeking back.";
pub(crate) const SETTINGS_NOTIFICATIONS: &str = "Notifications";
pub(crate) const SETTINGS_CONFIGURATION: &str = "Configuration as a file";
pub(crate) const DVR: &str = "Seek back";
pub(crate) const DVR_HINT: &str = "Viewers may go back this far. It is kept on the box's disk, twice over.";
pub(crate) const START_AT_ONCE: &str = "Start at once";
pub(crate) const CREATE: &str = "Create channel";
pub(crate) const CREATING: &str = "Creating …";
pub(crate) const CANCEL: &str = "Cancel";

pub(crate) const START: &str = "Start";
pub(crate) const STARTING: &str = "Starting …";
pub(crate) const STOP: &str = "Stop";
pub(crate) const STOPPING: &str = "Stopping …";
pub(crate) const REMOVE: &str = "Remove";
pub(crate) const REMOVING: &str = "Removing …";
pub(crate) const UNDO: &str = "Undo";
pub(crate) const CLOSE: &str = "Close";

/// That something is gone, and can be put back.
pub(crate) fn removed(name: &str) -> String {
    format!("{name} is removed. For ten minutes it can be put back.")
}

/// Puts it back.
pub(crate) fn undo(name: &str) -> String {
    format!("Undo: put {name} back")
}

/// Takes the offer away.
pub(crate) fn undo_not(name: &str) -> String {
    format!("Close: leave {name} removed")
}

pub(crate) const REMOVE_FOR_GOOD: &str = "Remove channel";
pub(crate) const REMOVE_CONSEQUENCE: &str = "Viewers lose the picture at once. For ten minutes it can be put back, with its addresses and keys; what viewers could seek back to is gone.";
pub(crate) const NO_PICTURE: &str = "No picture";
pub(crate) const WATCH: &str = "Watch";
pub(crate) const OPENS_NEW_TAB: &str = "(opens in a new tab)";
pub(crate) const SIGNAL_PATH: &str = "Signal path";
pub(crate) const RESTARTS_NONE: &str = "no restarts";

pub(crate) const ON_AIR: &str = "on air";
pub(crate) const TAKE: &str = "Put on air";
pub(crate) const SHOW_ADDRESS: &str = "Show address";
pub(crate) const HIDE_ADDRESS: &str = "Hide address";
pub(crate) const FAILOVER: &str = "The next source that is well takes over when, for so many seconds,";
/// Label and name of each field, in the order of the form.
pub(crate) const FAILOVER_FIELDS: [(&str, &str); 6] = [
    ("no picture comes", "loss"),
    ("it is black", "black"),
    ("it stands still", "frozen"),
    ("it is silent", "silence"),
    ("its time stamps jump", "disorder"),
    ("Back again when well for", "return"),
];
pub(crate) const FAILOVER_HINT: &str = "Leave a field empty for never; without a time to go back, it is you who puts the main source on air again.";
pub(crate) const HISTORY: &str = "What happened";

pub(crate) const SLATE: &str = "Slate: what viewers see without a source";
pub(crate) const SLATE_TEXT: &str = "Text below the channel's name";
pub(crate) const SLATE_AFTER: &str = "Comes after, in seconds";
pub(crate) const SLATE_BACK: &str = "Goes after, in seconds";
pub(crate) const SLATE_TONE: &str = "Tone instead of silence";
pub(crate) const SLATE_HINT: &str = "Until it comes, the last picture stands still. It goes when the source has brought pictures for so long.";
pub(crate) const SLATE_PICTURE: &str = "Or a picture of your own, PNG or JPEG, in place of all text";
pub(crate) const SLATE_PICTURE_CHOOSE: &str = "Choose a picture …";
pub(crate) const SLATE_PICTURE_SHOWN: &str = "The slate's picture";
pub(crate) const SLATE_PICTURE_REMOVE: &str = "Show text again";
pub(crate) const SLATE_PICTURE_BUSY: &str = "Being sent and made ready …";
pub(crate) const ASKING: &str = "Asking the box …";
pub(crate) const CLAIM: &str = "Claim this box";
pub(crate) const CLAIM_HINT: &str = "Whoever has the code becomes the first administrator; from then on everybody signs in. The box showed it when it started; “forebay claim” on it shows a new one.";
pub(crate) const CLAIM_CODE: &str = "Claim code";
pub(crate) const CLAIM_BUTTON: &str = "Claim";
pub(crate) const YOUR_NAME: &str = "Your name";
pub(crate) const PASSWORD: &str = "Password";
pub(crate) const NEW_PASSWORD: &str = "A password";
pub(crate) const NEW_PASSWORD_HINT: &str =
    "At least 12 characters. Several words that do not belong together are good, and easy to remember.";
pub(crate) const SIGN_IN: &str = "Sign in";
pub(crate) const SIGN_IN_HINT: &str = "Forgotten? “forebay user password NAME” on the box sets a new one.";
pub(crate) const CODE: &str = "Code";
pub(crate) const CODE_HINT: &str = "Of your authenticator app, or one of your recovery codes. An administrator can take the second step off, and “forebay user totp remove NAME” on the box.";
pub(crate) const SECOND_STEP: &str = "Second step of signing in";
pub(crate) const SECOND_STEP_HINT: &str = "Besides the password, signing in then takes a code that an authenticator app on your phone shows. Wherever you are signed in, you stay.";
pub(crate) const SECOND_STEP_SET_UP: &str = "Set it up";
pub(crate) const SECOND_STEP_SCAN: &str = "Let the app look at this:";
pub(crate) const SECOND_STEP_QR: &str = "QR code for the authenticator app; the key below says the same";
pub(crate) const SECOND_STEP_TYPE: &str = "Or type this key:";
pub(crate) const SECOND_STEP_SECRET: &str = "The key";
pub(crate) const SECOND_STEP_CODE: &str = "The code that it shows now";
pub(crate) const SECOND_STEP_CONFIRM: &str = "Confirm";
pub(crate) const SECOND_STEP_OFF: &str = "Take the second step off";
pub(crate) const RECOVERY_CODES_RENEW: &str = "New recovery codes";
pub(crate) const RECOVERY_CODES: &str = "Recovery codes";
pub(crate) const RECOVERY_CODES_HINT: &str = "Keep these recovery codes away from the phone. Each takes the place of a code once; they are not shown again.";
pub(crate) const TAKE_SECOND_STEP: &str = "Second step off";

/// That signing in takes a code.
pub(crate) fn second_step_on(recovery_codes_left: u32) -> String {
    format!("Signing in takes a code. Recovery codes left: {recovery_codes_left}.")
}

/// For somebody who has lost their phone.
pub(crate) fn take_second_step(name: &str) -> String {
    format!("Take the second step off {name}")
}

pub(crate) const PUBLISH_QR_OF: &str = "QR code of the address";
pub(crate) const SIGN_OUT: &str = "Sign out";
pub(crate) const INSECURE: &str = "This connection is not encrypted";
pub(crate) const INSECURE_HINT: &str =
    "The box is managed over HTTPS, so that nobody on the network can read along.";
pub(crate) const INSECURE_TRUST: &str = "If the browser warns: how this device comes to trust the box";

/// A role in words.
pub(crate) const fn role(role: wire::Role) -> &'static str {
    match role {
        wire::Role::Administrator => "administrator",
        wire::Role::Operator => "operator",
        wire::Role::Viewer => "viewer",
    }
}

pub(crate) const USERS: &str = "Who may sign in";
pub(crate) const MY_PASSWORD: &str = "Your password";
pub(crate) const ROLE: &str = "Role";
pub(crate) const ROLES_HINT: &str = "Viewers see everything but stream keys and change nothing; operators do all about channels; administrators certificates and users too.";
pub(crate) const CHANNELS_OF_USER: &str = "Channels";
pub(crate) const ALL_CHANNELS: &str = "all";
pub(crate) const NO_CHANNELS_OF_USER: &str = "none";
pub(crate) const SEES_ALL_CHANNELS: &str = "All channels, those to come too";
pub(crate) const GRANTS_HINT: &str =
    "The others do not exist for this user. Channels that an operator makes are added by themselves.";

/// What opens the choice of channels of a user.
pub(crate) fn channels_of_user(name: &str) -> String {
    format!("Channels that exist for {name}")
}

pub(crate) const ADD_USER: &str = "Add";
pub(crate) const REMOVE_USER: &str = "Remove";
pub(crate) const MY_NEW_PASSWORD: &str = "A new password for yourself";
pub(crate) const CANCEL_ASKING: &str = "Leave it";
pub(crate) const MY_NEW_PASSWORD_HINT: &str =
    "At least 12 characters. Wherever else you are signed in, you are signed out.";

pub(crate) const TOKENS: &str = "Tokens for scripts";
pub(crate) const TOKENS_HINT: &str =
    "A script that sends one calls the API on behalf of its owner. Each is shown once, when it is made.";
pub(crate) const TOKEN_FOR: &str = "What it is for";
pub(crate) const TOKEN_OWNER: &str = "Owner";
pub(crate) const TOKEN_SCOPE: &str = "May";
pub(crate) const TOKEN_DAYS: &str = "Good for days";
pub(crate) const TOKEN_EXPIRES: &str = "Good until";
pub(crate) const TOKEN_USED: &str = "Last used";
pub(crate) const NEVER: &str = "never";
pub(crate) const ADD_TOKEN: &str = "Make a token";
pub(crate) const TOKEN_MADE: &str = "The token, shown this once:";
pub(crate) const TOKEN_COPY_BY_HAND: &str =
    "The browser does not let the page copy: select it, and copy it yourself.";

/// A token's scope in words.
pub(crate) const fn scope(scope: wire::Scope) -> &'static str {
    match scope {
        wire::Scope::Read => "look, as a viewer",
        wire::Scope::Operate => "do all about channels",
        wire::Scope::Administer => "do everything",
    }
}

/// Names the button that removes a token.
pub(crate) fn remove_token(name: &str) -> String {
    format!("Remove the token {name}")
}

pub(crate) const AUDIT: &str = "Who changed what";
pub(crate) const AUDIT_HINT: &str = "The newest hundred. “forebay audit --export” on the box gives all, and checks that nobody has tampered with them.";
pub(crate) const AUDIT_EMPTY: &str = "Nobody has changed anything yet.";

/// One line of it.
pub(crate) fn deed(entry: &AuditEntry) -> String {
    let AuditEntry { who, address, call, status, .. } = entry;
    let from = if address.is_empty() { String::new() } else { format!(" from {address}") };
    let refused = if *status >= 400 { format!(", refused ({status})") } else { String::new() };
    format!("{who}{from}: {call}{refused}")
}

/// For those who do not see in which row the button is.
pub(crate) fn remove_user(name: &str) -> String {
    format!("Remove {name}")
}

pub(crate) const SAVED: &str = "Saved; it holds at once.";
pub(crate) const SAVE: &str = "Save";

pub(crate) const PUBLISH: &str = "Publish to this channel";
pub(crate) const OBS_SERVER: &str = "Server (OBS)";
pub(crate) const FFMPEG: &str = "ffmpeg";
pub(crate) const OBS_SETTINGS: &str = "In OBS, Settings > Output, mode Advanced: encoder x264, rate control CBR, keyframe interval 1 s, tune zerolatency, x264 options “bframes=0 scenecut=0”; audio AAC at 160 kbit/s, 48 kHz. Any H.264 with AAC is taken; these settings cost the least delay.";
pub(crate) const STREAM_KEY: &str = "Stream key";
pub(crate) const ADDRESS_RTMP: &str = "RTMP address";
pub(crate) const ADDRESS_SRT: &str = "SRT address";
pub(crate) const ADDRESS_WHIP: &str = "WHIP address";
pub(crate) const ADDRESS: &str = "Address";
pub(crate) const SHOW_KEY: &str = "Show key";
pub(crate) const HIDE_KEY: &str = "Hide key";
pub(crate) const KEY_WARNING: &str = "Whoever has the key can put pictures on this channel.";
pub(crate) const COPY: &str = "Copy";
pub(crate) const COPIED: &str = "Copied";
pub(crate) const COPY_REFUSED: &str =
    "The browser refused to copy. Show the key, select the text and copy it.";

/// Stands where the key is while it is hidden.
pub(crate) const KEY_MASK: &str = "••••••••";
/// Stands where the key is in the API's addresses.
pub(crate) const KEY_PLACEHOLDER: &str = "STREAM_KEY";

pub(crate) const BOX_UNREACHABLE: &str = "The box did not answer.";
pub(crate) const BOX_UNREACHABLE_HINT: &str = "Check the network, then try again.";
pub(crate) const ANSWER_UNREADABLE: &str = "The box answered something that this page does not understand.";
pub(crate) const ANSWER_UNREADABLE_HINT: &str = "Reload the page: the box may have been updated.";

/// What a channel is doing, in one or two words.
pub(crate) fn state(state: ChannelState) -> &'static str {
    match state {
        ChannelState::Stopped => "Stopped",
        ChannelState::Starting => "Starting",
        ChannelState::Waiting => "Slate",
        ChannelState::Live => "Live",
        ChannelState::Parked => "Parked",
    }
}

/// What that means, where the appliance gives no detail of its own and the word alone might not say it.
pub(crate) fn state_sentence(state: ChannelState) -> &'static str {
    match state {
        ChannelState::Stopped | ChannelState::Live => "",
        ChannelState::Starting => "Nothing to watch yet.",
        ChannelState::Waiting => "On air with the slate: no source.",
        ChannelState::Parked => "Failed too often; tried again at growing intervals.",
    }
}

/// How a stage is, for those who do not see the colour.
pub(crate) fn light(light: Light) -> &'static str {
    match light {
        Light::Off => "off",
        Light::Good => "good",
        Light::Degraded => "degraded",
        Light::Bad => "not working",
    }
}

/// What a source is called.
pub(crate) fn source(source: Source) -> &'static str {
    match source {
        Source::TestPattern => "Test pattern",
        Source::Rtmp => "RTMP",
        Source::Srt => "SRT",
    }
}

/// Which of the channel's sources it is.
pub(crate) fn source_name(number: u8) -> String {
    if number == 0 { "Main source".to_owned() } else { format!("Back-up {number}") }
}

/// The heading of the sources.
pub(crate) fn backups(count: usize) -> String {
    match count {
        0 => "Back-up sources: none".to_owned(),
        1 => "Sources: main and one back-up".to_owned(),
        _ => format!("Sources: main and {count} back-ups"),
    }
}

/// On the button.
pub(crate) fn add_backup(by: Source) -> String {
    format!("Add a back-up by {}", source(by))
}

/// One line of what happened.
pub(crate) fn event(event: &Event) -> String {
    let what = &event.what;
    let heading = match event.kind.as_str() {
        "channel-started" => "Channel started",
        "channel-stopped" => "Channel stopped",
        "source-attached" => "Source connected",
        "source-ended" => "Source disconnected",
        "source-switched" => "Source changed",
        "worker-ended" => "Encoder replaced",
        "stage-restarted" => "Stage restarted",
        "encoder-moved" => "Encoder moved",
        "channel-renamed" => "Renamed",
        "device-failed" => "GPU failed",
        "device-trusted" => "GPU is trusted again",
        "drill" => "Drill",
        "alarm-acknowledged" => "Alarm seen",
        "alarm-raised" => "Alarm",
        "alarm-cleared" => "Alarm over",
        other => other,
    };
    if what.is_empty() { heading.to_owned() } else { format!("{heading}: {what}") }
}

/// When to choose a source.
pub(crate) fn source_hint(source: Source) -> &'static str {
    match source {
        Source::TestPattern => "Made on the box: a clock, a counter, a beep.",
        Source::Rtmp => "OBS, most software and many hardware encoders push this.",
        Source::Srt => "Hardware encoders and contribution over lossy networks.",
    }
}

/// How far back viewers may seek, as a choice.
pub(crate) fn dvr(secs: u32) -> String {
    match secs {
        0 => "No, live only".to_owned(),
        _ if secs.is_multiple_of(3600) => format!("{} hours", secs / 3600),
        _ => format!("{} minutes", secs / 60),
    }
}

/// How much of the past there is so far.
pub(crate) fn dvr_so_far(listed: &str, window: &str) -> String {
    format!("seek back {listed} of {window}")
}

/// A stage's name as a heading.
pub(crate) fn stage(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What a publish address is for.
pub(crate) fn address(url: &str) -> &'static str {
    match url.split_once(':') {
        Some(("rtmp" | "rtmps", _)) => ADDRESS_RTMP,
        Some(("srt", _)) => ADDRESS_SRT,
        Some(("http" | "https", _)) => ADDRESS_WHIP,
        _ => ADDRESS,
    }
}

/// How often a stage was restarted.
pub(crate) fn restarts(count: u32) -> String {
    match count {
        0 => RESTARTS_NONE.to_owned(),
        1 => "1 restart".to_owned(),
        _ => format!("{count} restarts"),
    }
}

/// How long a channel has run.
pub(crate) fn up_for(duration: &str) -> String {
    format!("up {duration}")
}

/// When an alarm was raised, by the time of day.
pub(crate) fn since(time: &str) -> String {
    format!("Since {time} UTC.")
}

/// How old what is shown is, while the connection is lost.
pub(crate) fn as_of(duration: &str) -> String {
    format!("What is shown is {duration} old.")
}

/// The question before a channel is removed.
pub(crate) fn remove_question(name: &str) -> String {
    format!("Remove “{name}”?")
}

/// The channels in numbers: `4 channels: 2 live, 1 slate, 1 stopped`.
pub(crate) fn summary(states: &[ChannelState]) -> String {
    let order = [
        ChannelState::Parked,
        ChannelState::Waiting,
        ChannelState::Starting,
        ChannelState::Live,
        ChannelState::Stopped,
    ];
    let counts = order.iter().filter_map(|wanted| {
        let count = states.iter().filter(|state| *state == wanted).count();
        (count > 0).then(|| format!("{count} {}", state(*wanted).to_lowercase()))
    });
    counts.collect::<Vec<_>>().join(", ")
}

pub(crate) const NOTIFY_NOWHERE: &str = "Alarms are sent nowhere yet.";
pub(crate) const NOTIFY_TO: &str = "To";
pub(crate) const NOTIFY_STATE: &str = "State";
pub(crate) const NOTIFY_GOOD: &str = "Good";
pub(crate) const NOTIFY_UNUSED: &str = "Not used yet";
pub(crate) const NOTIFY_TEST: &str = "Send a test";
pub(crate) const NOTIFY_ADD: &str = "Send alarms there";
pub(crate) const NOTIFY_KIND: &str = "By";
pub(crate) const NOTIFY_WEBHOOK: &str = "Webhook";
pub(crate) const NOTIFY_SYSLOG: &str = "Syslog, over TLS";
pub(crate) const NOTIFY_EMAIL: &str = "E-mail, by STARTTLS";
pub(crate) const NOTIFY_PLACE: &str = "Address, or host and port";
pub(crate) const NOTIFY_PLACE_WRONG: &str = "Write a host and a port, such as mail.example.org:587.";
pub(crate) const NOTIFY_FROM: &str = "From";
pub(crate) const NOTIFY_RECIPIENTS: &str = "To, with commas between";
pub(crate) const NOTIFY_USER: &str = "User of the mail server";
pub(crate) const NOTIFY_SECRET: &str = "Secret or password";
pub(crate) const NOTIFY_HINT: &str = "A webhook without a secret gets one, which is shown once. Severities, channels, other kinds of syslog and mail, and certification authorities: forebay notify add --help.";
pub(crate) const CONFIG_HINT: &str = "Channels, destinations of alarms, users and settings; without passwords and secrets. What is not in a file that is brought back is removed.";
pub(crate) const CONFIG_EXPORT: &str = "Download";
pub(crate) const CONFIG_EXPORT_KEYS: &str = "With stream keys: whoever has that file may publish";
pub(crate) const CONFIG_IMPORT: &str = "Bring back";
pub(crate) const CONFIG_SAME: &str = "The file changes nothing.";
pub(crate) const CONFIG_APPLY: &str = "Make it so";
pub(crate) const CONFIG_DONE: &str = "Done.";
pub(crate) const CONFIG_ADDED: &str = "Adds";
pub(crate) const CONFIG_CHANGED: &str = "Changes";
pub(crate) const CONFIG_REMOVED: &str = "Removes";
pub(crate) const CONFIG_LEFT: &str = "Leaves alone";
pub(crate) const TEMPLATE: &str = "Template";
pub(crate) const TEMPLATE_DEFAULT: &str = "As a rule: 720p30";

/// A test is under way.
pub(crate) fn notify_testing(name: &str) -> String {
    format!("Sending a test to {name}; the answer takes eight seconds at most.")
}

/// Why a destination fails.
pub(crate) fn notify_failing(why: &str) -> String {
    format!("Failing: {why}")
}

/// The secret that the box has made.
pub(crate) fn notify_secret(secret: &str) -> String {
    format!("The other side checks signatures with this secret, which is not shown again: {secret}")
}

/// What a template is for, and costs.
pub(crate) fn template_effect(what: &str, effect: &wire::Effect) -> String {
    let (whole, hundredths) = (effect.cpu_millicores / 1000, effect.cpu_millicores % 1000 / 10);
    let (kbits, behind) = (effect.viewer_bps_max / 1000, effect.latency_ms);
    format!(
        "{what} About {whole}.{hundredths:02} cores in software, up to {kbits} kbit/s for a viewer, {behind} ms behind live."
    )
}

/// The way to where something can be done about it.
pub(crate) fn go_to(page: &str) -> String {
    format!("Go to {page}")
}

/// Who has seen an alarm.
pub(crate) fn seen_by(who: &str) -> String {
    format!("Seen by {who}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_names_what_is_wrong_first() {
        use ChannelState::{Live, Parked, Stopped, Waiting};
        assert_eq!(summary(&[Live, Stopped, Parked, Live, Waiting]), "1 parked, 1 slate, 2 live, 1 stopped");
        assert_eq!(summary(&[]), "");
    }

    #[test]
    fn a_stage_is_a_heading_and_an_address_has_its_protocol() {
        assert_eq!(stage("encode"), "Encode");
        assert_eq!(stage(""), "");
        assert_eq!(address("srt://box:9000?streamid=STREAM_KEY"), "SRT address");
        assert_eq!(address("STREAM_KEY"), "Address");
    }
}
