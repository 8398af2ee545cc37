//! What is to encode a channel: checked. Pure.

use crate::limits::ENCODER_CHARS_MAX;
use std::fmt;
use std::str::FromStr;

/// As the operator wants it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Encoder {
    /// A GPU that has room, or else software.
    #[default]
    Auto,
    /// The processor.
    Software,
    /// The GPU of this name; software only where that one cannot.
    Device(String),
}

/// Text that names no encoder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no encoder: give `auto`, `software`, or a device's name as `forebay devices` shows it")]
pub struct EncoderError(String);

impl FromStr for Encoder {
    type Err = EncoderError;

    fn from_str(text: &str) -> Result<Self, EncoderError> {
        let fits = (1..=ENCODER_CHARS_MAX).contains(&text.len());
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b":.-_".contains(&byte);
        match text {
            "auto" => Ok(Self::Auto),
            "software" => Ok(Self::Software),
            _ if fits && text.bytes().all(is_name) => Ok(Self::Device(text.into())),
            _ => Err(EncoderError(
                text.chars().filter(|c| !super::hidden(*c)).take(ENCODER_CHARS_MAX).collect(),
            )),
        }
    }
}

impl fmt::Display for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Software => "software",
            Self::Device(name) => name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_the_same_and_nothing_else_is_read() {
        for text in ["auto", "software", "renderD128", "pci-0000:03:00.0"] {
            assert_eq!(text.parse::<Encoder>().unwrap().to_string(), text);
        }
        for text in ["", "a b", "../x", "a\u{202e}b", &"a".repeat(65)] {
            let refused = text.parse::<Encoder>().unwrap_err().to_string();
            assert!(refused.contains("`software`") && refused.len() < 200, "{refused}");
        }
    }
}
