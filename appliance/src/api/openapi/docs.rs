//! What is told of each call, with examples: a table beside the [table of calls](super::super::calls).

use super::{Schemas, reference};
use serde::de::DeserializeOwned;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use wire::{
    Account, Alarm, ApiToken, Audience, AuditEntry, Backup, BackupContents, BoxHealth, BoxSettings,
    BoxStatus, Channel, ChannelEdit, ChannelList, ClaimCode, Configuration, ConfigurationDiff, Confirmation,
    Destination, DeviceList, Drill, Event, FactoryReset, Failover, Grants, HealthHistory, Judgement,
    MadeApiToken, NewApiToken, NewBackup, NewBackupFile, NewCertificate, NewChannel, NewClaim,
    NewDestination, NewDrill, NewEncoder, NewLadder, NewPassword, NewSession, NewToken, NewTotp, NewUser,
    OfChannel, OpenBackup, Playback, PlayerSession, RecoveryCodes, Removed, Restarting, Restore,
    SavedDestination, SessionState, Slate, StreamKey, Template, TestResult, Timeline, TlsStatus, Token,
    TotpCode, TotpState, Trend, UpdateStatus, UploadedFile, User,
};

/// A type of the crate `wire`.
pub(super) struct Kind {
    /// Adds its schema, and those of what it is made of; where that is.
    pub(super) describe: fn(&mut Schemas) -> RefOr<Schema>,
    /// Whether this is one.
    #[cfg(test)]
    pub(super) check: fn(&str) -> Result<(), serde_json::Error>,
}

impl Kind {
    /// One of this type.
    pub(super) const fn of<T: ToSchema + DeserializeOwned>() -> Self {
        Self {
            describe: one::<T>,
            #[cfg(test)]
            check: check::<T>,
        }
    }

    /// A list of them.
    const fn list<T: ToSchema + DeserializeOwned>() -> Self {
        let describe = |schemas: &mut Schemas| {
            RefOr::T(Schema::Array(ArrayBuilder::new().items(one::<T>(schemas)).build()))
        };
        Self {
            describe,
            #[cfg(test)]
            check: check::<Vec<T>>,
        }
    }

    /// One, or `null`.
    const fn maybe<T: ToSchema + DeserializeOwned>() -> Self {
        let describe = |schemas: &mut Schemas| {
            let null = ObjectBuilder::new().schema_type(Type::Null);
            RefOr::T(Schema::OneOf(OneOfBuilder::new().item(null).item(one::<T>(schemas)).build()))
        };
        Self {
            describe,
            #[cfg(test)]
            check: check::<Option<T>>,
        }
    }
}

fn one<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    let mut parts = Vec::new();
    T::schemas(&mut parts);
    schemas.extend(parts);
    schemas.insert(T::name().into_owned(), <T as PartialSchema>::schema());
    reference(&T::name())
}

#[cfg(test)]
fn check<T: DeserializeOwned>(example: &str) -> Result<(), serde_json::Error> {
    serde_json::from_str::<T>(example).map(drop)
}

/// What a call takes.
pub(super) enum Body {
    None,
    Json(Kind, &'static str),
    Picture,
    File,
}

/// What it answers when it has done what it is for.
pub(super) enum Answer {
    Empty,
    Json(u16, Kind, &'static str),
    Picture,
    File,
    Document,
    Events,
}

/// What may stand behind `?`.
pub(super) struct Query {
    pub(super) name: &'static str,
    pub(super) kind: Type,
    pub(super) about: &'static str,
}

/// What is told of a call.
pub(super) struct Doc {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) summary: &'static str,
    pub(super) query: &'static [Query],
    pub(super) body: Body,
    pub(super) answer: Answer,
}

const fn get(path: &'static str, summary: &'static str, answer: Answer) -> Doc {
    Doc { method: "GET", path, summary, query: &[], body: Body::None, answer }
}

const fn post(path: &'static str, summary: &'static str, body: Body, answer: Answer) -> Doc {
    Doc { method: "POST", path, summary, query: &[], body, answer }
}

const fn put(path: &'static str, summary: &'static str, body: Body, answer: Answer) -> Doc {
    Doc { method: "PUT", path, summary, query: &[], body, answer }
}

const fn patch(path: &'static str, summary: &'static str, body: Body, answer: Answer) -> Doc {
    Doc { method: "PATCH", path, summary, query: &[], body, answer }
}

const fn delete(path: &'static str, summary: &'static str) -> Doc {
    Doc { method: "DELETE", path, summary, query: &[], body: Body::None, answer: Answer::Empty }
}

/// An error.
pub(super) const PROBLEM: &str = r#"{"title":"Taken","status":409,"detail":"there is already a channel named `Main Hall`, at `main-hall`; choose another name","field":"/name"}"#;

const HEALTH: &str = r#"{"at_ms":1767225600000,
  "processor":{"model":"Some CPU","busy_percent":31.5,"cores":[30.0,33.0],"stolen_percent":0.0,"load":[0.6,0.5,0.4],"pressure_percent":0.0},
  "memory":{"total":8000000000,"available":6000000000,"swap_total":0,"swap_free":0,"pressure_percent":0.0},
  "filesystems":[{"name":"data","folder":"/var/lib/forebay","size":256000000000,"free":200000000000,"fault":""}],
  "drives":[{"name":"nvme0n1","model":"Some disk","size":256000000000,"busy_percent":1.5,"read_rate":0.0,"write_rate":120000.0,"state":"live","errors":null}],
  "links":[{"name":"eth0","hardware":true,"up":true,"carrier":true,"speed_mbps":1000,"received_bps":6000000.0,"sent_bps":90000000.0,"errors":0,"dropped":0,"carrier_changes":1}],
  "sensors":[{"name":"coretemp.package-id-0","kind":"temperature","value":51.0,"limit":95.0,"alarm":false}],
  "supplies":[{"name":"AC","kind":"Mains","online":true}],
  "clock":{"state":"synchronised","by":"chrony","reference":"192.0.2.2","offset_ms":0.1},"notes":[],
  "room":[{"template":"720p30","name":"720p30","cpu_millicores":651,"in_software":1,"on_devices":0}],
  "metrics":[{"id":"cpu","unit":"percent"}]}"#;
const USER: &str = r#"{"name":"Olga","role":"operator"}"#;
const ACCOUNT: &str = r#"{"name":"Olga","role":"operator","channels":["main-hall"]}"#;
const GRANTS: &str = r#"{"channels":["main-hall"]}"#;
const CHANNEL: &str = r#"{"slug":"main-hall","name":"Main Hall","source":"rtmp","ladder":[{"width":1280,"height":720,"bitrate_bps":3000000}],
  "latency":"standard","dvr_secs":0,"dvr":null,"slate":{"text":"NO SOURCE","after_ms":500,"back_after_ms":0,"tone":false},
  "sources":[{"number":0,"source":"rtmp","on_air":true,"light":"good","detail":"1280x720 H.264, 30 fps"}],
  "failover":{"loss_ms":400},"state":"live","stages":[{"name":"source","light":"good","detail":""}],"detail":"",
  "publish_urls":["rtmp://box:1935/live/STREAM_KEY"],"watch_url":"http://box:8080/watch/main-hall","restarts":0,"uptime_secs":3600}"#;
const CHANNELS: &str = r#"{"channels":[],"alarms":[]}"#;
const ALARMS: &str = r#"[{"id":"source-lost","channel":"main-hall","since_ms":1767225600000,"cause":"The source has gone.","remedy":"Look at the encoder.","dismissible":false}]"#;
const ALARM: &str = r#"{"id":"source-lost","channel":"main-hall","since_ms":1767225600000,"cause":"The source has gone.","remedy":"Look at the encoder.","dismissible":false}"#;
const NEW_DESTINATION: &str =
    r#"{"name":"night-shift","via":{"kind":"webhook","url":"https://hooks.example.org/forebay"}}"#;
const DESTINATION: &str = r#"{"name":"night-shift","via":{"kind":"webhook","url":"https://hooks.example.org/forebay"},"least":"minor","channels":null,"of_box":true,"has_secret":true}"#;
const DIFF: &str = r#"{"tag":"\"00112233\"","changes":[]}"#;
const KEY: &str = r#"{"stream_key":"00112233445566778899aabbccddeeff","publish_urls":["rtmp://box:1935/live/00112233445566778899aabbccddeeff"]}"#;
const SLATE: &str = r#"{"text":"BACK SOON","after_ms":500,"back_after_ms":0,"tone":false}"#;
const FAILOVER: &str = r#"{"loss_ms":400,"black_ms":5000,"return_after_ms":10000}"#;
const SPAN: Query =
    Query { name: "span", kind: Type::String, about: "How far back: 10m (as without it), 1h, 1d or 30d" };
const TIMELINE: &str = r#"{"from_ms":1767225600000,"to_ms":1767229200000,"events":[{"at_ms":1767226000000,"channel":"main-hall","kind":"worker-ended","what":"signal 9"}],
  "stalls":[{"at_ms":1767226001200,"tier":0,"players":3,"session":"0a1b2c3d","stalled_ms":400,"causes":[{"at_ms":1767226000000,"channel":"main-hall","kind":"worker-ended","what":"signal 9"}]}]}"#;
const PLAYBACK: &str = r#"{"protected":true,"renew_secret":false,"allowed_origins":["https://www.example.org"],"tiers":["llhls","ts"]}"#;
const DRILL: &str =
    r#"{"channel":"main-hall","fault":"cut-source","begins_ms":1767225600000,"ends_ms":1767225610000}"#;
const TLS: &str = r#"{"uploaded":false,"subject":"forebay","issuer":"Forebay","names":["forebay.local"],"not_before":"2026-01-01T00:00:00Z",
  "not_after":"2027-01-01T00:00:00Z","fingerprint_sha256":"00","authority_sha256":"00"}"#;
const TOKENS: &str = r#"[{"id":3,"name":"wall display","owner":"Olga","scope":"read","created_at_ms":1767225600000,"expires_at_ms":1769817600000,"used_at_ms":1767229200000}]"#;

const REMOVED: &str = r#"{"id":17,"kind":"channel","name":"Main Hall","channel":"main-hall","removed_by":"Olga","removed_at_ms":1767225600000,"until_ms":1767226200000}"#;
const REMOVED_LIST: &str = r#"[{"id":17,"kind":"channel","name":"Main Hall","channel":"main-hall","removed_by":"Olga","removed_at_ms":1767225600000,"until_ms":1767226200000}]"#;
const CONTENTS: &str = r#"{"product":"forebay","format":1,"version":"0.1.0","schema":13,"made_at_ms":1767225600000,"box_name":"West","channels":["main-hall"],
  "users":["Ada","Olga"],"slate_pictures":1,"destinations":1,"events":420,"audit_entries":63,"authority_sha256":"00","own_certificate":false}"#;
const RESTARTING: &str = r#"{"then":"the box is as the backup says"}"#;

const UPDATE: &str = r#"{"possible":true,"state":"writing","running":"0.1.0","slot":"A","kept":true,"slot_bytes":1073741824,"offered":"0.2.0",
  "progress_percent":40,"code":null,"reason":null,"at_unix_s":1767225600,"last":null,"waiting":false,"uploading":null}"#;

const fn restarting() -> Answer {
    Answer::Json(202, Kind::of::<Restarting>(), RESTARTING)
}

const fn channel() -> Answer {
    Answer::Json(200, Kind::of::<Channel>(), CHANNEL)
}

const LIMIT: Query = Query { name: "limit", kind: Type::Integer, about: "At most so many" };

/// The table.
pub(super) const DOCS: &[Doc] = &[
    get("/openapi.json", "This document", Answer::Document),
    get(
        "/session",
        "How whoever asks stands to the box",
        Answer::Json(
            200,
            Kind::of::<SessionState>(),
            r#"{"claimed":true,"user":{"name":"Olga","role":"operator"},"trusted":false,"secure":true,"https_port":8443}"#,
        ),
    ),
    post(
        "/session",
        "Sign in; sets a cookie. Whoever has a second step sends its `code` too; 403 about `/code` asks for it",
        Body::Json(Kind::of::<NewSession>(), r#"{"name":"Olga","password":"short red teapot"}"#),
        Answer::Json(201, Kind::of::<User>(), USER),
    ),
    delete("/session", "Sign out"),
    post(
        "/claim",
        "Make the first administrator, once; sets a cookie",
        Body::Json(
            Kind::of::<NewClaim>(),
            r#"{"code":"K7QD-2MXP","name":"Ada","password":"tall green kettle"}"#,
        ),
        Answer::Json(201, Kind::of::<User>(), r#"{"name":"Ada","role":"administrator"}"#),
    ),
    post(
        "/claim-code",
        "A new code for the claim; by the box's socket alone",
        Body::None,
        Answer::Json(200, Kind::of::<ClaimCode>(), r#"{"code":"K7QD-2MXP","expires_in_secs":600}"#),
    ),
    get(
        "/users",
        "Who may sign in",
        Answer::Json(200, Kind::list::<Account>(), r#"[{"name":"Ada","role":"administrator"}]"#),
    ),
    post(
        "/users",
        "Let somebody sign in",
        Body::Json(
            Kind::of::<NewUser>(),
            r#"{"name":"Olga","role":"operator","password":"short red teapot"}"#,
        ),
        Answer::Json(201, Kind::of::<User>(), USER),
    ),
    get("/users/{name}", "One who may sign in", Answer::Json(200, Kind::of::<Account>(), ACCOUNT)),
    delete("/users/{name}", "Let somebody sign in no more"),
    put(
        "/users/{name}/password",
        "Another password, with that of whoever asks for it once more; ends the other sessions",
        Body::Json(
            Kind::of::<NewPassword>(),
            r#"{"password":"another red teapot","current_password":"tall green kettle"}"#,
        ),
        Answer::Empty,
    ),
    get(
        "/users/{name}/totp",
        "Whether signing in takes a code besides the password",
        Answer::Json(
            200,
            Kind::of::<TotpState>(),
            r#"{"enabled":true,"since_ms":1767225600000,"recovery_codes_left":9}"#,
        ),
    ),
    post(
        "/users/{name}/totp",
        "Set up a second step for oneself, with one's password once more; what the app is told is in this answer alone",
        Body::Json(Kind::of::<Confirmation>(), r#"{"password":"tall green kettle"}"#),
        Answer::Json(
            201,
            Kind::of::<NewTotp>(),
            r#"{"secret":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ","uri":"otpauth://totp/Forebay:Olga?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Forebay"}"#,
        ),
    ),
    post(
        "/users/{name}/totp/confirm",
        "Have signing in take a code from now on; the recovery codes are in this answer alone",
        Body::Json(Kind::of::<TotpCode>(), r#"{"code":"287082"}"#),
        Answer::Json(200, Kind::of::<RecoveryCodes>(), r#"{"recovery_codes":["K7QD-2MXP-9ABC-DEFG"]}"#),
    ),
    post(
        "/users/{name}/totp/recovery-codes",
        "Recovery codes in the place of those so far, with one's password once more; they are in this answer alone",
        Body::Json(Kind::of::<Confirmation>(), r#"{"password":"tall green kettle"}"#),
        Answer::Json(200, Kind::of::<RecoveryCodes>(), r#"{"recovery_codes":["K7QD-2MXP-9ABC-DEFG"]}"#),
    ),
    post(
        "/users/{name}/totp/remove",
        "Have signing in take no code any more, with the password once more of whoever asks for it",
        Body::Json(Kind::of::<Confirmation>(), r#"{"password":"tall green kettle"}"#),
        Answer::Json(200, Kind::of::<TotpState>(), r#"{"enabled":false,"recovery_codes_left":0}"#),
    ),
    get(
        "/users/{name}/channels",
        "Which channels exist for somebody",
        Answer::Json(200, Kind::of::<Grants>(), GRANTS),
    ),
    put(
        "/users/{name}/channels",
        "Say which channels exist for an operator or viewer",
        Body::Json(Kind::of::<Grants>(), GRANTS),
        Answer::Json(200, Kind::of::<Grants>(), GRANTS),
    ),
    get(
        "/tokens",
        "Tokens for scripts: one's own, or all for administrators",
        Answer::Json(200, Kind::list::<ApiToken>(), TOKENS),
    ),
    post(
        "/tokens",
        "Make a token; its secret is in this answer alone",
        Body::Json(
            Kind::of::<NewApiToken>(),
            r#"{"name":"wall display","scope":"read","channels":["main-hall"],"expires_in_secs":2592000}"#,
        ),
        Answer::Json(
            201,
            Kind::of::<MadeApiToken>(),
            r#"{"secret":"forebay_00112233445566778899aabbccddeeff","token":{"id":3,"name":"wall display","owner":"Olga","scope":"read","channels":["main-hall"],"created_at_ms":1767225600000,"expires_at_ms":1769817600000}}"#,
        ),
    ),
    delete("/tokens/{id}", "Make a token void"),
    get(
        "/removed",
        "What has been removed of late, and can be put back",
        Answer::Json(200, Kind::list::<Removed>(), REMOVED_LIST),
    ),
    delete("/removed/{id}", "Forget for good what was removed, before its time"),
    post(
        "/removed/{id}/restore",
        "Put back what was removed, as it was",
        Body::None,
        Answer::Json(200, Kind::of::<Removed>(), REMOVED),
    ),
    get(
        "/channels",
        "All channels, and what needs the operator",
        Answer::Json(200, Kind::of::<ChannelList>(), CHANNELS),
    ),
    post(
        "/channels",
        "Make a channel",
        Body::Json(Kind::of::<NewChannel>(), r#"{"name":"Main Hall","source":"rtmp","start":false}"#),
        Answer::Json(201, Kind::of::<Channel>(), CHANNEL),
    ),
    get("/channels/{slug}", "One channel", channel()),
    patch(
        "/channels/{slug}",
        "Rename a channel; its address stays, and nobody who watches or publishes notices",
        Body::Json(Kind::of::<ChannelEdit>(), r#"{"name":"Great Hall"}"#),
        channel(),
    ),
    delete("/channels/{slug}", "Remove a channel, with its keys"),
    post("/channels/{slug}/start", "Switch a channel on", Body::None, channel()),
    post("/channels/{slug}/stop", "Switch a channel off", Body::None, channel()),
    get(
        "/channels/{slug}/key",
        "The key of the main source",
        Answer::Json(200, Kind::of::<StreamKey>(), KEY),
    ),
    get(
        "/channels/{slug}/picture",
        "What viewers see, small; 404 while the channel is not on air",
        Answer::Picture,
    ),
    get("/channels/{slug}/playback", "Who may watch", Answer::Json(200, Kind::of::<Playback>(), PLAYBACK)),
    put(
        "/channels/{slug}/playback",
        "Say who may watch",
        Body::Json(Kind::of::<Playback>(), PLAYBACK),
        Answer::Json(200, Kind::of::<Playback>(), PLAYBACK),
    ),
    post(
        "/channels/{slug}/tokens",
        "A token for watching a protected channel",
        Body::Json(Kind::of::<NewToken>(), r#"{"expires_in_secs":3600,"address":"192.0.2.7"}"#),
        Answer::Json(
            200,
            Kind::of::<Token>(),
            r#"{"token":"x","expires_at":"2026-01-01T00:00:00Z","watch_url":"http://box:8080/watch/main-hall?token=x","playback_urls":[]}"#,
        ),
    ),
    get(
        "/channels/{slug}/slate",
        "What is shown without a source",
        Answer::Json(200, Kind::of::<Slate>(), SLATE),
    ),
    put(
        "/channels/{slug}/slate",
        "Say what is shown without a source",
        Body::Json(Kind::of::<Slate>(), SLATE),
        Answer::Json(200, Kind::of::<Slate>(), SLATE),
    ),
    get("/channels/{slug}/slate/picture", "The picture in place of the slate's text", Answer::Picture),
    put(
        "/channels/{slug}/slate/picture",
        "Show a picture in place of the slate's text",
        Body::Picture,
        channel(),
    ),
    delete("/channels/{slug}/slate/picture", "Show text again"),
    post(
        "/channels/{slug}/backups",
        "Give a channel one more back-up source",
        Body::Json(Kind::of::<NewBackup>(), r#"{"source":"srt"}"#),
        Answer::Json(
            201,
            Kind::of::<Backup>(),
            r#"{"number":1,"stream_key":"00112233445566778899aabbccddeeff","publish_urls":[]}"#,
        ),
    ),
    delete("/channels/{slug}/sources/{number}", "Take a back-up source away"),
    get(
        "/channels/{slug}/sources/{number}/key",
        "The key of a source",
        Answer::Json(200, Kind::of::<StreamKey>(), KEY),
    ),
    post("/channels/{slug}/sources/{number}/take", "Put a source on air", Body::None, channel()),
    get(
        "/channels/{slug}/failover",
        "When another source takes over",
        Answer::Json(200, Kind::of::<Failover>(), FAILOVER),
    ),
    put(
        "/channels/{slug}/failover",
        "Say when another source takes over",
        Body::Json(Kind::of::<Failover>(), FAILOVER),
        Answer::Json(200, Kind::of::<Failover>(), FAILOVER),
    ),
    post(
        "/channels/{slug}/drill",
        "Make something go wrong on purpose",
        Body::Json(Kind::of::<NewDrill>(), r#"{"fault":"cut-source","secs":10}"#),
        Answer::Json(202, Kind::of::<Drill>(), DRILL),
    ),
    get(
        "/channels/{slug}/judge",
        "How the channel stands by each clause of HLS, DASH and TS",
        Answer::Json(200, Kind::of::<Judgement>(), r#"{"rounds":0,"clauses":[]}"#),
    ),
    put(
        "/channels/{slug}/ladder",
        "Give a channel another ladder; one that is on air starts anew",
        Body::Json(
            Kind::of::<NewLadder>(),
            r#"{"ladder":[{"width":1280,"height":720,"bitrate_bps":3000000}]}"#,
        ),
        channel(),
    ),
    put(
        "/channels/{slug}/encoder",
        "Have a channel encoded by something else; one that is on air starts anew",
        Body::Json(Kind::of::<NewEncoder>(), r#"{"encoder":"software"}"#),
        channel(),
    ),
    Doc {
        query: &[SPAN],
        ..get(
            "/channels/{slug}/trend",
            "How a channel went: every two seconds, by minutes, by five minutes, by two hours",
            Answer::Json(200, Kind::of::<Trend>(), r#"{"step_ms":2000,"slots":150,"samples":[]}"#),
        )
    },
    Doc {
        query: &[SPAN],
        ..get(
            "/channels/{slug}/timeline",
            "What happened to a channel and to its viewers, each stall with what happened just before",
            Answer::Json(200, Kind::of::<Timeline>(), TIMELINE),
        )
    },
    get("/drill", "The drill that runs, if any", Answer::Json(200, Kind::maybe::<Drill>(), "null")),
    get(
        "/box",
        "The box as a whole",
        Answer::Json(
            200,
            Kind::of::<BoxStatus>(),
            r#"{"version":"0.1.0","uptime_secs":3600,"house_time_ms":1767225600000,"ports":{"http":8080,"https":8443,"rtmp":1935,"srt":9000}}"#,
        ),
    ),
    get("/alarms", "What needs the operator", Answer::Json(200, Kind::list::<Alarm>(), ALARMS)),
    delete("/alarms/{id}", "Say that an alarm which tells of the past has been seen"),
    post(
        "/alarms/{id}/acknowledge",
        "Say that somebody has seen an alarm",
        Body::Json(Kind::of::<OfChannel>(), r#"{"channel":"main-hall"}"#),
        Answer::Json(200, Kind::of::<Alarm>(), ALARM),
    ),
    get(
        "/notifications",
        "Where alarms are sent on to",
        Answer::Json(200, Kind::list::<Destination>(), "[]"),
    ),
    post(
        "/notifications",
        "Send alarms to one more place",
        Body::Json(Kind::of::<NewDestination>(), NEW_DESTINATION),
        Answer::Json(201, Kind::of::<SavedDestination>(), DESTINATION),
    ),
    get(
        "/notifications/{name}",
        "One place that alarms are sent to",
        Answer::Json(200, Kind::of::<Destination>(), DESTINATION),
    ),
    put(
        "/notifications/{name}",
        "Change a place that alarms are sent to",
        Body::Json(Kind::of::<NewDestination>(), NEW_DESTINATION),
        Answer::Json(200, Kind::of::<SavedDestination>(), DESTINATION),
    ),
    delete("/notifications/{name}", "Send no more alarms there"),
    post(
        "/notifications/{name}/test",
        "Send a test, and wait for what the other side says",
        Body::None,
        Answer::Json(200, Kind::of::<TestResult>(), r#"{"delivered":true,"said":"204 No Content"}"#),
    ),
    Doc {
        query: &[Query { name: "keys", kind: Type::Boolean, about: "With stream keys, which are secrets" }],
        ..get(
            "/configuration",
            "All that an operator sets, as one document",
            Answer::Json(200, Kind::of::<Configuration>(), r#"{"version":1}"#),
        )
    },
    put(
        "/configuration",
        "Make everything as a document says, whole or not at all",
        Body::Json(Kind::of::<Configuration>(), r#"{"version":1}"#),
        Answer::Json(200, Kind::of::<ConfigurationDiff>(), DIFF),
    ),
    post(
        "/configuration/diff",
        "What a document would change",
        Body::Json(Kind::of::<Configuration>(), r#"{"version":1}"#),
        Answer::Json(200, Kind::of::<ConfigurationDiff>(), DIFF),
    ),
    post(
        "/backup",
        "The whole state as a file, encrypted with a passphrase (age-encryption.org/v1)",
        Body::Json(
            Kind::of::<NewBackupFile>(),
            r#"{"passphrase":"four plain words here","password":"tall green kettle"}"#,
        ),
        Answer::File,
    ),
    put(
        "/restore/file",
        "Bring a backup; nothing comes of it yet",
        Body::File,
        Answer::Json(200, Kind::of::<UploadedFile>(), r#"{"bytes":184320,"sha256":"00"}"#),
    ),
    post(
        "/restore/contents",
        "What is in the backup that was brought, and whether it can be restored; nothing is changed",
        Body::Json(Kind::of::<OpenBackup>(), r#"{"passphrase":"four plain words here"}"#),
        Answer::Json(200, Kind::of::<BackupContents>(), CONTENTS),
    ),
    post(
        "/restore",
        "Have the backup that was brought take the place of everything; the box starts anew",
        Body::Json(
            Kind::of::<Restore>(),
            r#"{"passphrase":"four plain words here","password":"tall green kettle"}"#,
        ),
        restarting(),
    ),
    post(
        "/restore/undo",
        "Go back to what was before the last restore; the box starts anew",
        Body::Json(Kind::of::<Confirmation>(), r#"{"password":"tall green kettle"}"#),
        restarting(),
    ),
    post(
        "/factory-reset",
        "Forget everything; the box starts anew, with a new claim code",
        Body::Json(
            Kind::of::<FactoryReset>(),
            r#"{"password":"tall green kettle","recordings":false,"whole_machine":false}"#,
        ),
        restarting(),
    ),
    get(
        "/support-bundle",
        "What somebody far away needs to see what is wrong, as a compressed tar; without keys, passwords and addresses",
        Answer::File,
    ),
    get("/update", "How an update stands", Answer::Json(200, Kind::of::<UpdateStatus>(), UPDATE)),
    put(
        "/update/bundle",
        "Bring an update; the box looks at it, and installs nothing yet",
        Body::File,
        Answer::Json(200, Kind::of::<UploadedFile>(), r#"{"bytes":620000000,"sha256":"00"}"#),
    ),
    post(
        "/update/{step}",
        "The next step: `check`, `apply`, `restart` or `cancel`",
        Body::None,
        Answer::Json(202, Kind::of::<UpdateStatus>(), UPDATE),
    ),
    get(
        "/settings",
        "Settings of the box as a whole",
        Answer::Json(200, Kind::of::<BoxSettings>(), r#"{"name":"West"}"#),
    ),
    put(
        "/settings",
        "Change the settings of the box as a whole",
        Body::Json(Kind::of::<BoxSettings>(), r#"{"name":"West"}"#),
        Answer::Json(200, Kind::of::<BoxSettings>(), r#"{"name":"West"}"#),
    ),
    get(
        "/devices",
        "The GPUs",
        Answer::Json(
            200,
            Kind::of::<DeviceList>(),
            r#"{"devices":[],"more_default_channels":0,"looked_for":["Render nodes in /dev/dri, for VA-API: none."]}"#,
        ),
    ),
    get("/devices/health", "How the machine is", Answer::Json(200, Kind::of::<BoxHealth>(), HEALTH)),
    Doc {
        query: &[
            Query {
                name: "metric",
                kind: Type::String,
                about: "Which, as `/devices/health` lists them, with commas between; `cpu,memory` without",
            },
            Query {
                name: "span",
                kind: Type::String,
                about: "`recent`, `hour` (the default), `day` or `month`",
            },
        ],
        ..get(
            "/devices/history",
            "How the machine was",
            Answer::Json(
                200,
                Kind::of::<HealthHistory>(),
                r#"{"step_ms":60000,"end_ms":1767225600000,"series":[{"metric":"cpu","mean":[null,12.5],"most":[null,31.0]}]}"#,
            ),
        )
    },
    post(
        "/devices/{name}/trust",
        "Use a GPU again that had failed",
        Body::None,
        Answer::Json(
            200,
            Kind::of::<DeviceList>(),
            r#"{"devices":[],"more_default_channels":0,"looked_for":["Render nodes in /dev/dri, for VA-API: none."]}"#,
        ),
    ),
    get("/templates", "What a new channel may be made of", Answer::Json(200, Kind::list::<Template>(), "[]")),
    get(
        "/audience",
        "Who watches, in numbers",
        Answer::Json(200, Kind::of::<Audience>(), r#"{"channels":[],"devices":[]}"#),
    ),
    get(
        "/audience/players",
        "The players that tell of themselves",
        Answer::Json(200, Kind::list::<PlayerSession>(), "[]"),
    ),
    Doc {
        query: &[Query { name: "channel", kind: Type::String, about: "Of this channel alone" }, LIMIT],
        ..get(
            "/history",
            "What happened, the newest first",
            Answer::Json(
                200,
                Kind::list::<Event>(),
                r#"[{"at_ms":1767225600000,"channel":"main-hall","kind":"source-attached","what":"RTMP from 192.0.2.7"}]"#,
            ),
        )
    },
    Doc {
        query: &[
            Query { name: "before", kind: Type::Integer, about: "Older than the entry of this number" },
            LIMIT,
        ],
        ..get(
            "/audit",
            "Who changed what, the newest first",
            Answer::Json(
                200,
                Kind::list::<AuditEntry>(),
                r#"[{"id":1,"at_ms":1767225600000,"who":"Ada","address":"192.0.2.7","call":"POST /channels","status":201,"hash":"00"}]"#,
            ),
        )
    },
    get("/tls", "The certificate that HTTPS serves", Answer::Json(200, Kind::of::<TlsStatus>(), TLS)),
    put(
        "/tls",
        "Serve a certificate of one's own",
        Body::Json(
            Kind::of::<NewCertificate>(),
            r#"{"chain_pem":"-----BEGIN CERTIFICATE-----\n…","key_pem":"-----BEGIN PRIVATE KEY-----\n…"}"#,
        ),
        Answer::Json(200, Kind::of::<TlsStatus>(), TLS),
    ),
    Doc {
        answer: Answer::Json(200, Kind::of::<TlsStatus>(), TLS),
        ..delete("/tls", "Serve a certificate of the box's own again")
    },
    get("/events", "What is, at once and with each change", Answer::Events),
];
