//! The slate of a channel: checked, and its SQL.

use super::Channel;
use super::channels::{begin, find, no_such};
use super::draft::hidden;
use super::error::StoreError;
use crate::limits::{SLATE_AFTER_MS, SLATE_BACK_AFTER_MS, SLATE_CHARS_MAX};
use bytes::Bytes;
use media::link::Slate;
use media::time::Ticks;
use rusqlite::{Connection, params};
use std::ops::RangeInclusive;

/// Why a slate cannot be. [`SlateError::field`] names the member at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlateError {
    /// Too long, or with characters that do not show.
    #[error("the text may have {SLATE_CHARS_MAX} characters at most, all of them visible")]
    Text,
    /// Out of its range.
    #[error("{what} is {value}; it must be within {} and {}", .range.start(), .range.end())]
    Range {
        /// Member.
        what: &'static str,
        /// As asked for.
        value: u32,
        /// Allowed.
        range: RangeInclusive<u32>,
    },
}

impl SlateError {
    /// The member of [`wire::Slate`] at fault, as a JSON pointer.
    #[must_use]
    pub fn field(&self) -> String {
        match self {
            Self::Text => "/text".into(),
            Self::Range { what, .. } => format!("/{what}"),
        }
    }
}

/// As workers take it.
///
/// # Errors
/// [`SlateError`].
pub fn checked(wanted: &wire::Slate) -> Result<Slate, SlateError> {
    let wire::Slate { text, after_ms, back_after_ms, tone } = wanted;
    let text = text.trim();
    if text.chars().count() > SLATE_CHARS_MAX || text.chars().any(hidden) {
        return Err(SlateError::Text);
    }
    let within = |what, value: u32, range: RangeInclusive<u32>| match range.contains(&value) {
        true => Ok(Ticks::from_millis(value.into())),
        false => Err(SlateError::Range { what, value, range }),
    };
    Ok(Slate {
        text: text.to_owned(),
        after: within("after_ms", *after_ms, SLATE_AFTER_MS)?,
        back_after: within("back_after_ms", *back_after_ms, SLATE_BACK_AFTER_MS)?,
        tone: *tone,
        picture: Bytes::new(),
    })
}

/// As people see it.
#[must_use]
pub fn shown(slate: &Slate) -> wire::Slate {
    let millis = |length: Ticks| u32::try_from(length.millis()).unwrap_or(0);
    wire::Slate {
        text: slate.text.clone(),
        after_ms: millis(slate.after),
        back_after_ms: millis(slate.back_after),
        tone: slate.tone,
    }
}

pub(super) fn set(connection: &mut Connection, slug: &str, slate: &Slate) -> Result<Channel, StoreError> {
    let write = begin(connection)?;
    let sql = "UPDATE channels SET slate_text = ?2, slate_after_ms = ?3, slate_back_after_ms = ?4, slate_tone = ?5 \
               WHERE slug = ?1";
    let (after, back_after) = (slate.after.millis(), slate.back_after.millis());
    write.execute(sql, params![slug, slate.text, after, back_after, slate.tone])?;
    let changed = find(&write, slug)?.ok_or_else(|| no_such(slug))?;
    write.commit()?;
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slate_is_checked_member_by_member() {
        let wanted = shown(&Slate::default());
        assert_eq!(checked(&wanted), Ok(Slate::default()));
        let wrong = [
            (wire::Slate { text: "x".repeat(SLATE_CHARS_MAX + 1), ..wanted.clone() }, "/text"),
            (wire::Slate { text: "a\u{202e}b".into(), ..wanted.clone() }, "/text"),
            (wire::Slate { after_ms: 0, ..wanted.clone() }, "/after_ms"),
            (wire::Slate { back_after_ms: 700_000, ..wanted.clone() }, "/back_after_ms"),
        ];
        for (slate, field) in wrong {
            assert_eq!(checked(&slate).unwrap_err().field(), field);
        }
        assert_eq!(checked(&wire::Slate { text: String::new(), ..wanted }).unwrap().text, "");
    }
}
