//! AMF0 ("Action Message Format -- AMF 0", 2007): the values in commands and metadata.
//!
//! Read without recursion and with a limit on depth and count. Values inside a property that is itself a container
//! are skipped, since no command needs them. Written are the few kinds that our answers need.

use crate::limits::{AMF_DEPTH_MAX, AMF_VALUES_MAX};
use bytes::{BufMut, BytesMut};

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Number(f64),
    Boolean(bool),
    String(String),
    Null,
    /// An object, ECMA array or typed object: its properties in order.
    Object(Vec<(String, Value)>),
    /// Something that was read over.
    Skipped,
}

/// Bytes that are not AMF0, or too much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Amf0Error {
    #[error("an AMF0 value ends too early")]
    Truncated,
    #[error("AMF0 type marker {0} is not known")]
    Marker(u8),
    #[error("AMF0 values are nested deeper than {AMF_DEPTH_MAX}")]
    TooDeep,
    #[error("more than {AMF_VALUES_MAX} AMF0 values")]
    TooMany,
}

/// All values in `input`.
pub(crate) fn read_all(input: &[u8]) -> Result<Vec<Value>, Amf0Error> {
    let mut scanner = Scanner { rest: input, values_left: AMF_VALUES_MAX };
    let mut values = Vec::new();
    while !scanner.rest.is_empty() {
        values.push(scanner.value()?);
    }
    Ok(values)
}

struct Scanner<'a> {
    rest: &'a [u8],
    values_left: usize,
}

/// A value up to where it would contain others.
enum Opened {
    Scalar(Value),
    /// Properties until an end marker.
    Properties,
    /// So many values.
    Items(u32),
}

impl Scanner<'_> {
    /// A value; if it is an object, with its scalar properties.
    fn value(&mut self) -> Result<Value, Amf0Error> {
        match self.open()? {
            Opened::Scalar(value) => Ok(value),
            Opened::Properties => self.properties(),
            Opened::Items(count) => {
                self.skip(Opened::Items(count))?;
                Ok(Value::Skipped)
            }
        }
    }

    fn properties(&mut self) -> Result<Value, Amf0Error> {
        let mut properties = Vec::new();
        while let Some(key) = self.key()? {
            let value = match self.open()? {
                Opened::Scalar(value) => value,
                container => {
                    self.skip(container)?;
                    Value::Skipped
                }
            };
            properties.push((key, value));
        }
        Ok(Value::Object(properties))
    }

    /// Reads over a container, with a stack of its own.
    fn skip(&mut self, container: Opened) -> Result<(), Amf0Error> {
        let mut open = vec![container];
        while let Some(innermost) = open.last_mut() {
            let finished = match innermost {
                Opened::Scalar(_) | Opened::Items(0) => true,
                Opened::Items(left) => {
                    *left -= 1;
                    false
                }
                Opened::Properties => self.key()?.is_none(),
            };
            if finished {
                open.pop();
            } else if let container @ (Opened::Properties | Opened::Items(_)) = self.open()? {
                if open.len() == AMF_DEPTH_MAX {
                    return Err(Amf0Error::TooDeep);
                }
                open.push(container);
            }
        }
        Ok(())
    }

    /// The key of the next property; `None` at the end of the object, or of the input: some encoders leave out the
    /// last end marker.
    fn key(&mut self) -> Result<Option<String>, Amf0Error> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        if let [0, 0, 9, rest @ ..] = self.rest {
            self.rest = rest;
            return Ok(None);
        }
        let length = self.u16()?;
        self.text(length.into()).map(Some)
    }

    fn open(&mut self) -> Result<Opened, Amf0Error> {
        self.values_left = self.values_left.checked_sub(1).ok_or(Amf0Error::TooMany)?;
        let value = match self.take(1)?[0] {
            0 => Value::Number(f64::from_be_bytes(self.array()?)),
            1 => Value::Boolean(self.take(1)?[0] != 0),
            2 => {
                let length = self.u16()?;
                Value::String(self.text(length.into())?)
            }
            3 => return Ok(Opened::Properties),
            // null, undefined, unsupported
            5 | 6 | 13 => Value::Null,
            // reference
            7 => self.skipped(2)?,
            // ECMA array: a count, which is a hint, and properties
            8 => {
                self.take(4)?;
                return Ok(Opened::Properties);
            }
            10 => return Ok(Opened::Items(self.u32()?)),
            // date: milliseconds and a time zone
            11 => self.skipped(10)?,
            // long string
            12 => {
                let length = self.u32()?;
                Value::String(self.text(length as usize)?)
            }
            // XML document
            15 => {
                let length = self.u32()?;
                self.skipped(length as usize)?
            }
            // typed object: a class name, and properties
            16 => {
                let length = self.u16()?;
                self.take(length.into())?;
                return Ok(Opened::Properties);
            }
            marker => return Err(Amf0Error::Marker(marker)),
        };
        Ok(Opened::Scalar(value))
    }

    fn skipped(&mut self, length: usize) -> Result<Value, Amf0Error> {
        self.take(length).map(|_| Value::Skipped)
    }

    fn text(&mut self, length: usize) -> Result<String, Amf0Error> {
        Ok(String::from_utf8_lossy(self.take(length)?).into_owned())
    }

    fn u16(&mut self) -> Result<u16, Amf0Error> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, Amf0Error> {
        self.array().map(u32::from_be_bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Amf0Error> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(Amf0Error::Truncated)?;
        self.rest = rest;
        Ok(*array)
    }

    fn take(&mut self, length: usize) -> Result<&[u8], Amf0Error> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Amf0Error::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// Appends a value. Strings and keys of ours are below 64 KiB; a longer one is cut off.
pub(crate) fn write(value: &Value, out: &mut BytesMut) {
    match value {
        Value::Number(number) => {
            out.put_u8(0);
            out.put_f64(*number);
        }
        Value::Boolean(boolean) => out.put_slice(&[1, u8::from(*boolean)]),
        Value::String(text) => {
            out.put_u8(2);
            write_text(text, out);
        }
        Value::Null | Value::Skipped => out.put_u8(5),
        Value::Object(properties) => {
            out.put_u8(3);
            for (key, value) in properties {
                write_text(key, out);
                write(value, out);
            }
            out.put_slice(&[0, 0, 9]);
        }
    }
}

fn write_text(text: &str, out: &mut BytesMut) {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    out.put_u16(length);
    out.put_slice(&text.as_bytes()[..length.into()]);
}

impl Value {
    /// An object with these properties.
    pub(crate) fn object<const N: usize>(properties: [(&str, Self); N]) -> Self {
        Self::Object(properties.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// Its property of this name.
    pub(crate) fn property(&self, name: &str) -> Option<&Self> {
        let Self::Object(properties) = self else { return None };
        properties.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    pub(crate) const fn as_number(&self) -> Option<f64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn nested(marker: &[u8], depth: usize) -> Vec<u8> {
        marker.iter().copied().cycle().take(marker.len() * depth).collect()
    }

    /// noirotm/flvmeta #29, Red5 #469: 12.5 KB aborted a process.
    #[test]
    fn amf_nested_70_000_deep_is_refused() {
        assert_eq!(read_all(&nested(&[3, 0, 1, b'a'], 70_000)), Err(Amf0Error::TooDeep));
        assert_eq!(read_all(&nested(&[10, 0, 0, 0, 1], 70_000)), Err(Amf0Error::TooDeep));
        assert_eq!(read_all(&nested(&[8, 0, 0, 0, 1, 0, 1, b'a'], 70_000)), Err(Amf0Error::TooDeep));
    }

    #[test]
    fn a_declared_count_of_4_billion_costs_nothing() {
        assert_eq!(read_all(&[10, 255, 255, 255, 255]), Err(Amf0Error::Truncated));
        let mut many = vec![10, 255, 255, 255, 255];
        many.extend([5; 10_000]);
        assert_eq!(read_all(&many), Err(Amf0Error::TooMany));
        assert_eq!(read_all(&[12, 255, 255, 255, 255, b'x']), Err(Amf0Error::Truncated));
    }

    #[test]
    fn nested_values_are_skipped_and_what_follows_is_read() {
        let mut bytes = vec![3, 0, 1, b'a', 10, 0, 0, 0, 2, 5, 3, 0, 1, b'x', 1, 1, 0, 0, 9];
        bytes.extend([0, 1, b'b', 1, 1, 0, 0, 9, 2, 0, 2, b'o', b'k']);
        let object = Value::object([("a", Value::Skipped), ("b", Value::Boolean(true))]);
        assert_eq!(read_all(&bytes), Ok(vec![object, "ok".into()]));
    }

    #[test]
    fn odd_metadata_is_fine() {
        // An ECMA array with a wrong count and no end, a date, an XML document, a typed object, bad UTF-8.
        let mut bytes = vec![11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 15, 0, 0, 0, 1, b'x'];
        bytes.extend([16, 0, 1, b'T', 0, 1, b'k', 6, 0, 0, 9]);
        bytes.extend([8, 255, 0, 0, 0, 0, 1, 0xFF, 1, 0]);
        let values = read_all(&bytes).unwrap();
        assert_eq!(values[2], Value::object([("k", Value::Null)]));
        assert_eq!(values[3], Value::object([("\u{FFFD}", Value::Boolean(false))]));
    }

    proptest! {
        #[test]
        fn any_bytes_end_in_a_value_or_an_error(bytes in prop::collection::vec(0u8..20, 0..300)) {
            let _ = read_all(&bytes);
        }

        #[test]
        fn what_is_written_is_read(text in "[a-z]{0,40}", number in any::<i32>(), yes in any::<bool>()) {
            let object = Value::object([("n", Value::Number(number.into())), ("b", Value::Boolean(yes))]);
            let values = vec![Value::String(text), Value::Null, object];
            let mut out = BytesMut::new();
            values.iter().for_each(|value| write(value, &mut out));
            prop_assert_eq!(read_all(&out), Ok(values));
        }
    }
}
