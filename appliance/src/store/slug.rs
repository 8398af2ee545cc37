//! A channel's name in URLs: lower-case ASCII letters, digits and single hyphens. Pure.

use crate::limits::SLUG_CHARS_MAX;
use std::fmt;

/// Words that would read as something else in a path, now or later.
const RESERVED: &[&str] = &[
    "admin", "api", "channels", "docs", "embed", "events", "healthz", "live", "metrics", "new", "openapi",
    "readyz", "time", "ts", "watch", "whip",
];

/// A valid slug.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slug(String);

/// Why there is no such slug.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlugError {
    /// It would be one of the words that have another meaning.
    #[error("`{0}` is reserved, since it has a meaning of its own in addresses; add a word to the name")]
    Reserved(String),
    /// Not of the right form.
    #[error("`{0}` is not a channel's short name: 1 to {SLUG_CHARS_MAX} of a-z, 0-9 and inner hyphens")]
    Malformed(String),
}

impl Slug {
    /// Makes one from a name for people. What has no ASCII form is left out; when nothing is left, it is `channel`.
    ///
    /// # Errors
    /// [`SlugError::Reserved`].
    pub fn from_name(name: &str) -> Result<Self, SlugError> {
        let mut slug = String::new();
        for c in name.chars().flat_map(char::to_lowercase) {
            match ascii_form(c) {
                Some(text) => slug.push_str(text),
                None if c.is_ascii_alphanumeric() => slug.push(c),
                None if slug.ends_with('-') || slug.is_empty() => (),
                None => slug.push('-'),
            }
        }
        slug.truncate(SLUG_CHARS_MAX);
        let slug = slug.trim_end_matches('-');
        let slug = if slug.is_empty() { "channel" } else { slug };
        if RESERVED.contains(&slug) { Err(SlugError::Reserved(slug.into())) } else { Ok(Self(slug.into())) }
    }

    /// Reads one back.
    ///
    /// # Errors
    /// [`SlugError`].
    pub fn parse(text: &str) -> Result<Self, SlugError> {
        let of_its_letters = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let hyphens_inside = !text.starts_with('-') && !text.ends_with('-');
        if text.is_empty() || text.len() > SLUG_CHARS_MAX || !of_its_letters || !hyphens_inside {
            return Err(SlugError::Malformed(text.into()));
        }
        if RESERVED.contains(&text) { Err(SlugError::Reserved(text.into())) } else { Ok(Self(text.into())) }
    }

    /// The same with a number, for a second name that makes the same slug. Never too long.
    #[must_use]
    pub fn numbered(&self, number: usize) -> Self {
        let suffix = format!("-{number}");
        let stem = &self.0[..self.0.len().min(SLUG_CHARS_MAX - suffix.len())];
        Self(format!("{}{suffix}", stem.trim_end_matches('-')))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How the letters of Western European names are written in ASCII. Apostrophes vanish: "St Mary's" is `st-marys`.
fn ascii_form(c: char) -> Option<&'static str> {
    Some(match c {
        'ä' | 'æ' => "ae",
        'ö' | 'œ' => "oe",
        'ü' => "ue",
        'ß' => "ss",
        'à' | 'á' | 'â' | 'ã' | 'å' | 'ą' => "a",
        'ç' | 'ć' | 'č' => "c",
        'è' | 'é' | 'ê' | 'ë' | 'ę' | 'ě' => "e",
        'ì' | 'í' | 'î' | 'ï' => "i",
        'ł' => "l",
        'ñ' | 'ń' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ø' => "o",
        'ř' => "r",
        'ś' | 'š' => "s",
        'ù' | 'ú' | 'û' | 'ů' => "u",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        '\'' | '’' => "",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_make_slugs() {
        for (name, slug) in [
            ("demo", "demo"),
            ("Main Hall", "main-hall"),
            ("  Aula Größe 2 -- Süd ", "aula-groesse-2-sued"),
            ("St Mary's", "st-marys"),
            ("Łódź / Kościół", "lodz-kosciol"),
            ("東京", "channel"),
            ("Watch 1", "watch-1"),
            (
                "a-very-long-name-for-a-channel-of-more-than-forty-characters",
                "a-very-long-name-for-a-channel-of-more-t",
            ),
        ] {
            assert_eq!(Slug::from_name(name).unwrap().as_str(), slug);
        }
        let error = Slug::from_name("API").unwrap_err();
        assert_eq!(error, SlugError::Reserved("api".into()));
    }

    #[test]
    fn what_is_no_slug_is_refused() {
        for text in ["", "-a", "a-", "A", "a b", "../x", "ü", "api", &"a".repeat(41)] {
            assert!(Slug::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_name_makes_a_valid_slug(name in ".{0,120}", number in 2_usize..1000) {
            if let Ok(slug) = Slug::from_name(&name) {
                prop_assert_eq!(Slug::parse(slug.as_str()), Ok(slug.clone()));
                let numbered = slug.numbered(number);
                prop_assert_eq!(Slug::parse(numbered.as_str()), Ok(numbered));
            }
        }
    }
}
