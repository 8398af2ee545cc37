//! Clauses, verdicts and faults.

use super::look::Look;
use super::read::m3u8::Line;
use std::fmt::Write as _;

/// Characters of evidence kept with a fault.
pub const EVIDENCE_CHARS_MAX: usize = 300;

/// Bytes of a binary shown around the place at fault.
const HEX_BYTES: usize = 32;

/// One rule.
#[derive(Debug)]
pub struct Clause {
    /// Stable: the specification, its section, the rule.
    pub id: &'static str,
    /// In plain words.
    pub title: &'static str,
    /// Where it is written.
    pub source: &'static str,
    /// What looks at it.
    pub check: fn(&Case<'_>) -> Outcome,
}

impl Clause {
    /// How this look at a channel stands by it.
    #[must_use]
    pub fn judge(&self, case: &Case<'_>) -> Verdict {
        match (self.check)(case) {
            Ok(Seen::Yes) => Verdict::Pass,
            Ok(Seen::No) => Verdict::NotSeen,
            Err(fault) => Verdict::Fail(fault),
        }
    }
}

/// What a clause is held against.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// Now.
    pub look: &'a Look,
    /// Some time ago.
    pub before: Option<&'a Look>,
}

/// How a channel stands by a clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It obeys.
    Pass,
    /// It does not.
    Fail(Fault),
    /// There was nothing to see it by.
    NotSeen,
}

/// A clause and its verdict.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which.
    pub clause: &'static Clause,
    /// How it stands.
    pub verdict: Verdict,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// In plain words, with the address.
    pub what: String,
    /// The offending bytes, with their place; at most [`EVIDENCE_CHARS_MAX`] characters.
    pub evidence: String,
}

impl Fault {
    /// With evidence as it is.
    pub fn new(what: impl Into<String>, evidence: impl Into<String>) -> Self {
        let (what, evidence): (String, String) = (what.into(), evidence.into());
        Self { what: bounded(&what), evidence: bounded(&evidence) }
    }

    /// With a line of a playlist as evidence.
    #[must_use]
    pub fn line(what: impl Into<String>, line: Option<&Line>) -> Self {
        let evidence = line.map(|line| format!("byte {}: {}", line.at, line.text));
        Self::new(what, evidence.unwrap_or_else(|| "(there is no such line)".into()))
    }

    /// With some bytes from `at` on as evidence, in hexadecimal.
    #[must_use]
    pub fn bytes(what: impl Into<String>, bytes: &[u8], at: usize) -> Self {
        let from = bytes.get(at..).unwrap_or_default();
        let shown = from.iter().take(HEX_BYTES).fold(format!("byte {at}:"), |mut text, byte| {
            let _infallible = write!(text, " {byte:02x}");
            text
        });
        Self::new(what, shown)
    }
}

fn bounded(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(EVIDENCE_CHARS_MAX).collect()
}

/// Whether there was anything to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// And it was right.
    Yes,
    /// Nothing.
    No,
}

/// What a check says.
pub type Outcome = Result<Seen, Fault>;

/// Right, or this fault.
///
/// # Errors
/// The fault, unless `right`.
pub fn hold(right: bool, fault: impl FnOnce() -> Fault) -> Outcome {
    if right { Ok(Seen::Yes) } else { Err(fault()) }
}

/// All of them; seen when any was.
///
/// # Errors
/// The first fault.
pub fn all(outcomes: impl IntoIterator<Item = Outcome>) -> Outcome {
    outcomes
        .into_iter()
        .try_fold(Seen::No, |seen, outcome| Ok(if outcome? == Seen::Yes { Seen::Yes } else { seen }))
}
