//! The commands of a publisher (7.2) and our answers.

use super::Amf0Error;
use super::amf0::{self, Value};
use bytes::{Bytes, BytesMut};

/// One command, as far as it concerns us. Names that contain the stream key have no `Debug` here.
#[derive(Clone, PartialEq)]
pub(crate) enum Command {
    Connect {
        app: String,
    },
    /// "FMLE" commands before `publish`, which ask for nothing but an answer.
    ReleaseStream,
    FcPublish {
        name: String,
    },
    CreateStream,
    Publish {
        name: String,
    },
    /// `deleteStream`, `closeStream`, `FCUnpublish`.
    Unpublish,
    CheckBandwidth,
    GetStreamLength,
    Play,
    /// An answer to something that we said.
    Answer,
    Unknown,
}

/// A command with its transaction ID.
#[derive(Clone, PartialEq)]
pub(crate) struct Call {
    pub(crate) transaction: f64,
    pub(crate) command: Command,
}

impl Call {
    /// Reads a command message: name, transaction ID, command object or null, arguments.
    pub(crate) fn read(payload: &[u8]) -> Result<Self, Amf0Error> {
        let values = amf0::read_all(payload)?;
        let text = |at: usize| values.get(at).and_then(Value::as_str).unwrap_or_default();
        let command = match text(0) {
            "connect" => Command::Connect { app: app_of(values.get(2)) },
            "releaseStream" => Command::ReleaseStream,
            "FCPublish" => Command::FcPublish { name: text(3).to_owned() },
            "createStream" => Command::CreateStream,
            "publish" => Command::Publish { name: text(3).to_owned() },
            "deleteStream" | "closeStream" | "FCUnpublish" => Command::Unpublish,
            "_checkbw" => Command::CheckBandwidth,
            "getStreamLength" => Command::GetStreamLength,
            "play" | "play2" => Command::Play,
            "_result" | "_error" | "onStatus" => Command::Answer,
            _ => Command::Unknown,
        };
        Ok(Self { transaction: values.get(1).and_then(Value::as_number).unwrap_or_default(), command })
    }
}

/// The application: `app`, or without it the path of `tcUrl`; either may be missing, or be something else than text.
fn app_of(object: Option<&Value>) -> String {
    let text = |name| object.and_then(|object| object.property(name)).and_then(Value::as_str);
    let path = || text("tcUrl")?.split_once("://")?.1.split_once('/').map(|(_, path)| path);
    without_query(text("app").or_else(path).unwrap_or_default()).to_owned()
}

/// A name as publishers write it, without slashes around it and without `?parameters`.
pub(crate) fn without_query(name: &str) -> &str {
    name.split('?').next().unwrap_or_default().trim_matches('/')
}

fn write(values: &[Value]) -> Bytes {
    let mut out = BytesMut::new();
    values.iter().for_each(|value| amf0::write(value, &mut out));
    out.freeze()
}

fn information(level: &str, code: &str, description: &str) -> Value {
    Value::object([("level", level.into()), ("code", code.into()), ("description", description.into())])
}

/// "NetConnection.Connect.Success"
pub(crate) fn connected(transaction: f64) -> Bytes {
    let properties = Value::object([("fmsVer", "FMS/3,0,1,123".into()), ("capabilities", 31.0.into())]);
    let mut info = information("status", "NetConnection.Connect.Success", "connected");
    if let Value::Object(properties) = &mut info {
        // AMF0, whatever the peer asked for.
        properties.push(("objectEncoding".into(), 0.0.into()));
    }
    write(&["_result".into(), transaction.into(), properties, info])
}

/// `_result` with one value.
pub(crate) fn result(transaction: f64, value: Value) -> Bytes {
    write(&["_result".into(), transaction.into(), Value::Null, value])
}

/// `_error` for a call that nobody here understands.
pub(crate) fn not_understood(transaction: f64) -> Bytes {
    let info = information("error", "NetConnection.Call.Failed", "this server does not know that call");
    write(&["_error".into(), transaction.into(), Value::Null, info])
}

/// `onStatus`, or one of its relatives such as `onFCPublish`.
pub(crate) fn status(name: &str, level: &str, code: &str, description: &str) -> Bytes {
    write(&[name.into(), 0.0.into(), Value::Null, information(level, code, description)])
}

/// Builds a command as a publisher would.
pub(crate) fn call(name: &str, transaction: f64, arguments: &[Value]) -> Bytes {
    let mut values = vec![name.into(), transaction.into()];
    values.extend_from_slice(arguments);
    write(&values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(object: Value) -> String {
        match Call::read(&call("connect", 1.0, &[object])).unwrap().command {
            Command::Connect { app } => app,
            _ => panic!("not connect"),
        }
    }

    /// OvenMediaEngine #1631, #1639: OSEE GoStream.
    #[test]
    fn connect_without_tc_url_and_with_odd_properties_is_fine() {
        assert_eq!(app(Value::object([("app", "live".into())])), "live");
        assert_eq!(app(Value::object([("app", "/live/?token=1".into())])), "live");
        assert_eq!(app(Value::object([("tcUrl", "rtmp://10.0.0.1:1935/live".into())])), "live");
        assert_eq!(app(Value::object([("app", 7.0.into()), ("tcUrl", "nonsense".into())])), "");
        assert_eq!(app(Value::Null), "");
        assert!(Call::read(&call("connect", 1.0, &[])).is_ok());
        assert!(Call::read(&[]).is_ok());
    }

    #[test]
    fn answers_are_read_back() {
        let values = amf0::read_all(&status("onStatus", "error", "NetStream.Publish.BadName", "no")).unwrap();
        assert_eq!(values[3].property("code").and_then(Value::as_str), Some("NetStream.Publish.BadName"));
        let values = amf0::read_all(&connected(1.0)).unwrap();
        assert_eq!(values[3].property("objectEncoding").and_then(Value::as_number), Some(0.0));
    }
}
