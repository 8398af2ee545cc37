//! What is said of an alarm: as JSON, as a line of syslog, and as a mail. Pure.

use crate::alarms::{Became, Turn};
use crate::limits::{NOTIFY_SYSLOG_BYTES_MAX, NOTIFY_TEXT_CHARS_MAX};
use data_encoding::HEXLOWER;
use media::date::Utc;
use media::time::Ticks;
use serde_json::json;
use wire::Severity;

/// What has become of an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is so.
    Raised,
    /// It is over.
    Cleared,
    /// Somebody has seen it.
    Acknowledged,
    /// Nothing: whether it arrives is to be seen.
    Test,
}

impl Event {
    /// As receivers' rules say it.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Cleared => "cleared",
            Self::Acknowledged => "acknowledged",
            Self::Test => "test",
        }
    }
}

/// What is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The same at each attempt, so that who gets it twice knows.
    pub id: String,
    /// When.
    pub at: Ticks,
    /// What has become of it.
    pub event: Event,
    /// The kind of alarm.
    pub alarm: String,
    /// None for the box as a whole.
    pub channel: Option<String>,
    /// How bad it is.
    pub severity: Severity,
    /// What is the matter.
    pub cause: String,
    /// What to do.
    pub remedy: String,
    /// The page where something can be done.
    pub link: String,
    /// Who has seen it.
    pub by: Option<String>,
}

/// Who says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The box's name, as the operator gave it, or its host's.
    pub name: String,
    /// The same where only visible ASCII may stand, without a space.
    pub host: String,
    /// The daemon's process.
    pub process: u32,
}

impl Sender {
    /// By this name, or by the host's.
    #[must_use]
    pub fn new(name: Option<&str>) -> Self {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let host: String = host.trim().chars().filter(char::is_ascii_graphic).take(255).collect();
        let host = if host.is_empty() { "-".to_owned() } else { host };
        Self { name: name.map_or_else(|| host.clone(), str::to_owned), host, process: std::process::id() }
    }
}

/// For receivers without one; names are not random, times are.
fn new_id(at: Ticks) -> String {
    let mut bits = [0_u8; 12];
    // Without randomness the time alone tells notices apart.
    let _less = getrandom::fill(&mut bits);
    format!("msg_{:x}{}", at.millis(), HEXLOWER.encode(&bits))
}

impl Notice {
    /// Of an alarm.
    #[must_use]
    pub fn of(turn: &Turn) -> Self {
        let (event, by) = match &turn.what {
            Became::Raised => (Event::Raised, None),
            Became::Cleared => (Event::Cleared, None),
            Became::Acknowledged(by) => (Event::Acknowledged, Some(by.clone())),
        };
        let short = |text: &str| text.chars().take(NOTIFY_TEXT_CHARS_MAX).collect();
        Self {
            id: new_id(turn.at),
            at: turn.at,
            event,
            alarm: turn.kind.id().into(),
            channel: turn.channel.clone(),
            severity: turn.kind.severity(),
            cause: short(&turn.words.cause),
            remedy: short(&turn.words.remedy),
            link: turn.kind.link(turn.channel.as_deref()),
            by,
        }
    }

    /// That nothing is the matter.
    #[must_use]
    pub fn test(now: Ticks) -> Self {
        Self {
            id: new_id(now),
            at: now,
            event: Event::Test,
            alarm: "test".into(),
            channel: None,
            severity: Severity::Minor,
            cause: "This is a test: nothing is the matter.".into(),
            remedy: "There is nothing to do.".into(),
            link: "/admin/settings".into(),
            by: None,
        }
    }

    fn severity_name(&self) -> &'static str {
        match self.severity {
            Severity::Minor => "minor",
            Severity::Major => "major",
            Severity::Critical => "critical",
        }
    }

    /// In one line: what, of whom, and why.
    #[must_use]
    pub fn line(&self) -> String {
        let of = self.channel.as_ref().map_or_else(String::new, |slug| format!(" of {slug}"));
        match (self.event, &self.by) {
            (Event::Raised, _) => format!("{}{of}: {} {}", self.alarm, self.cause, self.remedy),
            (Event::Cleared, _) => format!("{}{of} is over. It was: {}", self.alarm, self.cause),
            (Event::Acknowledged, by) => {
                format!(
                    "{}{of} was seen by {}: {}",
                    self.alarm,
                    by.as_deref().unwrap_or("somebody"),
                    self.cause
                )
            }
            (Event::Test, _) => self.cause.clone(),
        }
    }

    /// The body of a webhook.
    #[must_use]
    pub fn json(&self, sender: &Sender) -> String {
        json!({
            "id": self.id, "at": Utc(self.at).to_string(), "event": self.event.id(), "alarm": self.alarm,
            "channel": self.channel, "severity": self.severity, "cause": self.cause, "remedy": self.remedy,
            "link": self.link, "by": self.by, "box": sender.name,
        })
        .to_string()
    }

    /// RFC 5424, 6: "SYSLOG-MSG = HEADER SP STRUCTURED-DATA [SP MSG]".
    #[must_use]
    pub fn syslog(&self, sender: &Sender) -> Vec<u8> {
        // 6.2.1: facility 3, system daemons; a severity of 2 critical, 3 error, 4 warning, 5 notice.
        let severity = match (self.event, self.severity) {
            (Event::Raised, Severity::Critical) => 2,
            (Event::Raised, Severity::Major) => 3,
            (Event::Raised, Severity::Minor) => 4,
            _ => 5,
        };
        let priority = 3 * 8 + severity;
        let (at, host, process, event) = (Utc(self.at), &sender.host, sender.process, self.event.id());
        let param = |name: &str, value: &str| format!(" {name}=\"{}\"", escaped(value));
        let channel = self.channel.as_ref().map_or_else(String::new, |slug| param("channel", slug));
        // RFC 5612 keeps the number 32473 for those who have none of their own.
        let data = format!(
            "[forebay@32473{}{}{channel}{}{}]",
            param("alarm", &self.alarm),
            param("severity", self.severity_name()),
            param("id", &self.id),
            param("box", &sender.name),
        );
        // 6.4: "If the msg is in UTF-8, it MUST be preceded by the BOM".
        let head = format!("<{priority}>1 {at} {host} forebay {process} {event} {data} \u{feff}");
        let room = NOTIFY_SYSLOG_BYTES_MAX.saturating_sub(head.len());
        let text: String = self.line().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let text = &text[..text.floor_char_boundary(room)];
        format!("{head}{text}").into_bytes()
    }

    /// Of a mail: one line, since a header has no more.
    #[must_use]
    pub fn subject(&self, sender: &Sender) -> String {
        let of = self.channel.as_ref().map_or_else(String::new, |slug| format!("{slug}: "));
        let subject =
            format!("[{}] {}: {of}{} {}", self.severity_name(), sender.name, self.alarm, self.event.id());
        subject.chars().filter(|c| !c.is_control()).collect()
    }

    /// Of a mail.
    #[must_use]
    pub fn mail(&self, sender: &Sender) -> String {
        let by = self.by.as_ref().map_or_else(String::new, |by| format!("Seen by:  {by}\n"));
        format!(
            "{}\n\n{}\n\nBox:      {}\nAlarm:    {}\nChannel:  {}\nSeverity: {}\nEvent:    {}\nAt:       {}\n{by}Act at:   {}\n",
            self.cause,
            self.remedy,
            sender.name,
            self.alarm,
            self.channel.as_deref().unwrap_or("(the box)"),
            self.severity_name(),
            self.event.id(),
            Utc(self.at),
            self.link
        )
    }
}

/// RFC 5424, 6.3.3: '"', '\' and ']' are escaped by a backslash.
fn escaped(value: &str) -> String {
    let mut escaped = String::new();
    for c in value.chars().filter(|c| !c.is_control()) {
        if matches!(c, '"' | '\\' | ']') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarms::{Kind, Words};
    use proptest::prelude::*;

    fn sender() -> Sender {
        Sender { name: "Box \"A\"]".into(), host: "box-a".into(), process: 7 }
    }

    fn notice(cause: &str) -> Notice {
        let turn = Turn {
            at: Ticks::from_millis(1_795_358_340_512),
            channel: Some("hall".into()),
            kind: Kind::SourceLost,
            words: Words::new(cause, "Look at it."),
            what: Became::Raised,
        };
        Notice { id: "msg_1".into(), ..Notice::of(&turn) }
    }

    #[test]
    fn it_reads_as_it_should() {
        let told = notice("The source has gone.");
        insta::assert_snapshot!(String::from_utf8(told.syslog(&sender())).unwrap().replace('\u{feff}', "BOM"), @r#"<26>1 2026-11-22T14:39:00.512Z box-a forebay 7 raised [forebay@32473 alarm="source-lost" severity="critical" channel="hall" id="msg_1" box="Box \"A\"\]"] BOMsource-lost of hall: The source has gone. Look at it."#);
        assert_eq!(told.subject(&sender()), "[critical] Box \"A\"]: hall: source-lost raised");
        let json: serde_json::Value = serde_json::from_str(&told.json(&sender())).unwrap();
        assert_eq!(
            (&json["event"], &json["channel"], &json["link"]),
            (&json!("raised"), &json!("hall"), &json!("/admin/channels/hall"))
        );
    }

    proptest! {
        #[test]
        fn syslog_is_one_bounded_line_of_utf8(cause in "\\PC{0,40}|[\\x00-\\x20\"\\]]{0,40}", long in 0_usize..4000) {
            let bytes = notice(&(cause + &"é".repeat(long))).syslog(&sender());
            prop_assert!(bytes.len() <= NOTIFY_SYSLOG_BYTES_MAX);
            let text = String::from_utf8(bytes).unwrap();
            prop_assert!(!text.chars().any(char::is_control));
        }
    }
}
