//! What a publisher says of its stream in `onMetaData`: for the operator to read, never for decoding.

use super::amf0::{self, Value};
use crate::limits::METADATA_TEXT_BYTES_MAX;

/// The publisher's own words. Anything may be missing, and anything may be wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The publishing program.
    pub encoder: Option<String>,
    /// Pixels across.
    pub width: Option<u32>,
    /// Pixels down.
    pub height: Option<u32>,
    /// Frames in 1,000 seconds.
    pub frame_rate_millihertz: Option<u32>,
    /// Of the video, in bits per second.
    pub video_bitrate_bps: Option<u32>,
    /// Of the audio, in bits per second.
    pub audio_bitrate_bps: Option<u32>,
    /// Audio samples in a second.
    pub audio_sample_rate_hz: Option<u32>,
}

impl Metadata {
    /// Reads a data message, `@setDataFrame`, `onMetaData` and an object; `None` if it is another one.
    pub(super) fn read(payload: &[u8]) -> Option<Self> {
        let values = amf0::read_all(payload).ok()?;
        let mut values = values.iter().skip_while(|value| value.as_str() == Some("@setDataFrame"));
        if values.next()?.as_str() != Some("onMetaData") {
            return None;
        }
        let object = values.next()?;
        let scaled =
            |name, factor| object.property(name)?.as_number().and_then(|value| whole(value * factor));
        Some(Self {
            encoder: object.property("encoder").and_then(Value::as_str).map(shortened),
            width: scaled("width", 1.0),
            height: scaled("height", 1.0),
            frame_rate_millihertz: scaled("framerate", 1000.0),
            video_bitrate_bps: scaled("videodatarate", 1000.0),
            audio_bitrate_bps: scaled("audiodatarate", 1000.0),
            audio_sample_rate_hz: scaled("audiosamplerate", 1.0),
        })
    }
}

/// The number as an integer, if it is one that makes sense: above zero and within 32 bits.
fn whole(number: f64) -> Option<u32> {
    (number >= 1.0 && number <= f64::from(u32::MAX)).then(|| number.round() as u32)
}

fn shortened(text: &str) -> String {
    let printable = text.chars().filter(|letter| !letter.is_control());
    let mut short = String::new();
    for letter in printable {
        if short.len() + letter.len_utf8() > METADATA_TEXT_BYTES_MAX {
            break;
        }
        short.push(letter);
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;

    fn read(values: &[Value]) -> Option<Metadata> {
        let mut out = BytesMut::new();
        values.iter().for_each(|value| amf0::write(value, &mut out));
        Metadata::read(&out)
    }

    #[test]
    fn takes_what_makes_sense_and_leaves_the_rest() {
        let object = Value::object([
            ("width", 1280.0.into()),
            ("height", f64::NAN.into()),
            ("framerate", 29.97.into()),
            ("videodatarate", (-1.0).into()),
            ("audiosamplerate", 1e300.into()),
            ("encoder", format!("obs\n{}", "é".repeat(200)).as_str().into()),
        ]);
        let metadata = read(&["@setDataFrame".into(), "onMetaData".into(), object]).unwrap();
        assert_eq!(metadata.encoder, Some(format!("obs{}", "é".repeat(62))));
        assert_eq!(
            Metadata { encoder: None, ..metadata },
            Metadata { width: Some(1280), frame_rate_millihertz: Some(29_970), ..Metadata::default() }
        );
    }

    #[test]
    fn other_data_is_not_metadata() {
        assert_eq!(read(&["onTextData".into(), Value::Null]), None);
        assert_eq!(read(&["@setDataFrame".into()]), None);
        assert_eq!(read(&[]), None);
        assert_eq!(read(&["onMetaData".into(), Value::Null]), Some(Metadata::default()));
    }
}
