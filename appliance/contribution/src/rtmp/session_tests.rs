//! Sessions against a publisher of our own, and against what broke others.

use super::*;
use crate::limits::COMMAND_BYTES_MAX;
use crate::rtmp::amf0;
use crate::testing::Publisher;
use media::unit::{SourceCodec, UnitKind};

const AVC_CONFIG: [u8; 9] = [0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1F];
const AVC_KEY: [u8; 10] = [0x17, 1, 0, 0, 40, 0, 0, 0, 1, 0x65];
const AAC_CONFIG: [u8; 4] = [0xAF, 0, 0x11, 0x90];
const AAC_RAW: [u8; 4] = [0xAF, 1, 0x21, 0x00];

fn drain(session: &mut Session) -> (Vec<u8>, Vec<Output>) {
    let (mut sent, mut outputs) = (Vec::new(), Vec::new());
    while let Some(output) = session.poll() {
        match output {
            Output::Send(bytes) => sent.extend(bytes),
            output => outputs.push(output),
        }
    }
    (sent, outputs)
}

/// The answers in these bytes, as `name code`.
fn answers(sent: &[u8]) -> Vec<String> {
    let mut sent_in_large_chunks = BytesMut::new();
    Writer::default().enlarge_chunks(&mut sent_in_large_chunks);
    sent_in_large_chunks.extend_from_slice(sent);
    let (mut reader, mut rest, mut names) = (Reader::default(), &sent_in_large_chunks[..], Vec::new());
    while let Some(message) = reader.read(&mut rest).unwrap() {
        if message.kind == MessageKind::COMMAND {
            let values = amf0::read_all(&message.payload).unwrap();
            let code = values.last().unwrap().property("code").and_then(Value::as_str).unwrap_or_default();
            names.push(format!("{} {code}", values[0].as_str().unwrap()).trim_end().to_owned());
        } else {
            names.push(format!("kind {}", message.kind.0));
        }
    }
    names
}

/// A session that was asked to publish with `publisher`'s words so far.
fn requested() -> Session {
    let mut session = Session::after_handshake();
    session.handle(&Publisher::new().connect("live").publish("key?x=1").take()).unwrap();
    session
}

fn publishing() -> Session {
    let mut session = requested();
    session.accept_publish().unwrap();
    drain(&mut session);
    session
}

/// What a publisher sends after acceptance: bodies only, with the chunk size that it has announced.
fn media(write: impl FnOnce(Publisher) -> Publisher) -> Bytes {
    let mut publisher = Publisher::new().connect("live");
    let _ = publisher.take();
    write(publisher).take()
}

fn events(session: &mut Session, write: impl FnOnce(Publisher) -> Publisher) -> Vec<Output> {
    session.handle(&media(write)).unwrap();
    drain(session).1
}

#[test]
fn a_publisher_is_let_in_and_its_media_comes_out() {
    let mut session = Session::new();
    let hello = Publisher::new().handshake().connect("live").publish("key?x=1").take();
    session.handle(&hello).unwrap();
    let (sent, outputs) = drain(&mut session);
    let stream_key = StreamKey::new("key".into());
    assert_eq!(outputs, [Output::PublishRequested { app: "live".into(), stream_key }]);
    assert_eq!(
        answers(&sent[1 + 2 * 1536..]),
        ["kind 5", "kind 6", "_result NetConnection.Connect.Success", "_result", "_result", "_result"]
    );
    session.accept_publish().unwrap();
    let started = ["kind 4", "onFCPublish NetStream.Publish.Start", "onStatus NetStream.Publish.Start"];
    assert_eq!(answers(&drain(&mut session).0), started);

    let outputs = events(&mut session, |publisher| {
        let publisher = publisher.metadata(1280, 720).video(0, &AVC_CONFIG).audio(0, &AAC_CONFIG);
        publisher.video(10, &AVC_KEY).audio(20, &AAC_RAW).unpublish("key")
    });
    let [
        Output::Metadata(metadata),
        Output::Event(SourceEvent::VideoTrack(video)),
        Output::Event(SourceEvent::AudioTrack(audio)),
        Output::Event(SourceEvent::Video(picture)),
        Output::Event(SourceEvent::Audio(sound)),
        Output::Unpublished,
    ] = &outputs[..]
    else {
        panic!("{outputs:?}")
    };
    assert_eq!((metadata.width, video.codec, audio.codec), (Some(1280), SourceCodec::H264, SourceCodec::Aac));
    assert_eq!((picture.dts.millis(), picture.pts.millis(), picture.kind), (10, 50, UnitKind::Key));
    assert_eq!((sound.dts.millis(), &sound.data[..]), (20, &AAC_RAW[2..]));
    assert!(!session.is_publishing());
}

#[test]
fn a_publisher_may_come_back_on_the_same_connection() {
    let mut session = publishing();
    let outputs = events(&mut session, |publisher| publisher.unpublish("key").publish("other"));
    assert!(matches!(outputs[..], [Output::Unpublished, Output::PublishRequested { .. }]));
}

/// OvenMediaEngine PR #1141.
#[test]
fn publish_to_an_app_that_does_not_exist_is_refused_with_a_reason() {
    let mut session = Session::after_handshake();
    session.handle(&Publisher::new().connect("nowhere").publish("key").take()).unwrap();
    let (_, outputs) = drain(&mut session);
    assert!(matches!(&outputs[..], [Output::PublishRequested { app, .. }] if app == "nowhere"));
    session.refuse_publish("there is no application of this name; use live");
    let (sent, outputs) = drain(&mut session);
    assert_eq!(answers(&sent), ["onStatus NetStream.Publish.BadName"]);
    assert_eq!(outputs, [Output::Close]);
    session.handle(&media(|publisher| publisher.video(0, &AVC_KEY))).unwrap();
    assert_eq!(drain(&mut session), (vec![], vec![]), "nothing is done after that");
}

/// winshining/nginx-http-flv-module #170.
#[test]
fn a_stream_name_over_256_bytes_is_refused() {
    for (app, key) in [("live", "k".repeat(257)), ("live", String::new()), ("live", "k".repeat(60_000))] {
        let mut session = Session::after_handshake();
        session.handle(&Publisher::new().connect(app).publish(&key).take()).unwrap();
        let (sent, outputs) = drain(&mut session);
        assert_eq!(answers(&sent).last().unwrap(), "onStatus NetStream.Publish.BadName");
        assert_eq!(outputs, [Output::Close]);
    }
    let mut session = Session::after_handshake();
    session.handle(&Publisher::new().connect(&"a".repeat(257)).take()).unwrap();
    assert_eq!(drain(&mut session).1, [Output::Close]);
}

#[test]
fn play_is_refused_politely() {
    let mut session = Session::after_handshake();
    session.handle(&Publisher::new().connect("live").bare_command("play", 0).take()).unwrap();
    let (sent, outputs) = drain(&mut session);
    assert_eq!(answers(&sent).last().unwrap(), "onStatus NetStream.Play.Failed");
    assert_eq!(outputs, [Output::Close]);
}

#[test]
fn calls_that_nobody_knows_are_answered_and_do_no_harm() {
    let mut session = requested();
    drain(&mut session);
    let calls = media(|publisher| {
        let publisher = publisher.bare_command("_checkbw", 8).bare_command("getStreamLength", 9);
        publisher.bare_command("somethingNew", 10).bare_command("notify", 0).bare_command("onStatus", 0)
    });
    session.handle(&calls).unwrap();
    assert_eq!(answers(&drain(&mut session).0), ["_result", "_result", "_error NetConnection.Call.Failed"]);
}

#[test]
fn publish_before_connect_is_an_error() {
    let refused = Session::after_handshake().handle(&Publisher::new().publish("key").take());
    assert_eq!(refused, Err(RtmpError::OutOfOrder));
}

#[test]
fn a_second_publish_ends_the_connection() {
    let mut session = publishing();
    let outputs = events(&mut session, |publisher| publisher.publish("other"));
    assert_eq!(outputs, [Output::Unpublished, Output::Close]);
}

#[test]
fn early_media_is_kept_until_accepted_and_no_longer() {
    let mut session = requested();
    assert_eq!(events(&mut session, |publisher| publisher.video(0, &AVC_CONFIG).video(5, &AVC_KEY)).len(), 1);
    session.accept_publish().unwrap();
    assert_eq!(drain(&mut session).1.len(), 2);
}

#[test]
fn much_early_media_ends_the_connection() {
    let mut session = requested();
    let many = media(|publisher| (0..65).fold(publisher, |publisher, at| publisher.audio(at, &AAC_RAW)));
    assert_eq!(session.handle(&many), Err(RtmpError::EarlyMedia));
    let mut session = requested();
    let large = vec![0x17; COMMAND_BYTES_MAX];
    let much = media(|publisher| (0..5).fold(publisher, |publisher, at| publisher.video(at, &large)));
    assert_eq!(session.handle(&much), Err(RtmpError::EarlyMedia));
    assert!(session.buffered_bytes() <= crate::testing::RTMP_HELD_BYTES_MAX + COMMAND_BYTES_MAX);
}

#[test]
fn media_of_nobody_is_counted_and_dropped() {
    let mut session = Session::after_handshake();
    session.handle(&Publisher::new().connect("live").video(0, &AVC_KEY).take()).unwrap();
    assert_eq!((drain(&mut session).1, session.malformed()), (vec![], 1));
}

#[test]
fn refused_media_sizes_before_acceptance_are_those_of_commands() {
    let mut session = requested();
    let refused = session.handle(&media(|publisher| publisher.video(0, &vec![0; COMMAND_BYTES_MAX + 1])));
    assert!(matches!(refused, Err(RtmpError::Chunk(ChunkError::MessageTooLong { .. }))));
}

#[test]
fn amf_nested_70_000_deep_ends_the_connection_or_is_ignored_metadata() {
    let nested = [3, 0, 1, b'a'].repeat(16_000);
    let refused = publishing().handle(&media(|publisher| publisher.raw(20, &nested)));
    assert_eq!(refused, Err(RtmpError::Command(Amf0Error::TooDeep)));
    assert_eq!(events(&mut publishing(), |publisher| publisher.raw(18, &nested)), []);
}

#[test]
fn pings_are_answered_and_windows_acknowledged() {
    let mut session = publishing();
    session.handle(&media(|publisher| publisher.raw(4, &[0, 6, 1, 2, 3, 4]))).unwrap();
    let (sent, _) = drain(&mut session);
    assert_eq!(sent[sent.len() - 6..], [0, 7, 1, 2, 3, 4]);
    session.handle(&media(|publisher| publisher.raw(5, &8192u32.to_be_bytes()))).unwrap();
    session.handle(&media(|publisher| publisher.audio(0, &[0; 8192]))).unwrap();
    assert_eq!(answers(&drain(&mut session).0), ["kind 3"]);
    // An absurd window is not followed.
    session.handle(&media(|publisher| publisher.raw(5, &[0; 4]))).unwrap();
    assert!(drain(&mut session).0.is_empty());
}

#[test]
fn a_peer_that_asks_and_does_not_read_is_cut_off() {
    let mut session = publishing();
    let pings =
        media(|publisher| (0..1000).fold(publisher, |publisher, _| publisher.raw(4, &[0, 6, 0, 0, 0, 0])));
    let refused = (0..100).find_map(|_| session.handle(&pings).err());
    assert_eq!(refused, Some(RtmpError::SendBacklog));
}

#[test]
fn timestamps_go_on_over_32_bits() {
    let mut session = publishing();
    let start = u32::MAX - 9_999;
    let outputs = events(&mut session, |publisher| {
        let publisher = publisher.video(start, &AVC_CONFIG).audio(start, &AAC_CONFIG);
        (0..500u32).fold(publisher, |publisher, at| {
            let time = start.wrapping_add(40 * at);
            publisher.video(time, &AVC_KEY).audio(time.wrapping_add(20), &AAC_RAW)
        })
    });
    let times: Vec<_> = outputs
        .iter()
        .filter_map(|output| match output {
            Output::Event(SourceEvent::Video(unit) | SourceEvent::Audio(unit)) => Some(unit.dts.millis()),
            _ => None,
        })
        .collect();
    let expected: Vec<_> = (0..1000).map(|at| i64::from(start) + 20 * at).collect();
    assert_eq!(times, expected);
}

#[test]
fn aggregates_are_taken_apart_and_their_times_renormalised() {
    let tag = |kind: u8, time: u8, body: &[u8]| {
        let header = [kind, 0, 0, body.len() as u8, 0, 0, time, 0, 0, 0, 0];
        [&header[..], body, &[0, 0, 0, 0]].concat()
    };
    let body =
        [tag(9, 100, &AVC_CONFIG), tag(9, 100, &AVC_KEY), tag(18, 101, &[1]), tag(9, 140, &AVC_KEY)].concat();
    let outputs = events(&mut publishing(), |publisher| publisher.raw(22, &body));
    let Output::Event(SourceEvent::Video(last)) = &outputs[2] else { panic!("{outputs:?}") };
    assert_eq!(last.dts.millis(), 40);
    let mut session = publishing();
    assert_eq!(events(&mut session, |publisher| publisher.raw(22, &body[..30])).len(), 1);
    assert_eq!(session.malformed(), 1);
}

#[test]
fn other_protocols_get_a_hint() {
    let say = |bytes: &[u8]| Session::new().handle(bytes).unwrap_err().to_string();
    insta::assert_snapshot!(say(b"GET / HTTP/1.1"), @"this is not RTMP, it begins with byte 71 (HTTP: this port is for rtmp:// addresses)");
    insta::assert_snapshot!(say(&[0x16, 3, 1]), @"this is not RTMP, it begins with byte 22 (TLS: use rtmp:// with this port, not rtmps://)");
}

#[test]
fn what_cannot_be_taken_is_said_once() {
    let outputs = events(&mut publishing(), |publisher| publisher.audio(0, &[0xB2, 1]).audio(20, &[0xB2, 1]));
    let [Output::Unsupported(unsupported)] = &outputs[..] else { panic!("{outputs:?}") };
    insta::assert_snapshot!(unsupported, @"the source's audio is Speex, which is not taken; set the encoder to AAC");
}

#[test]
fn the_handshake_may_come_byte_by_byte() {
    let mut session = Session::new();
    let bytes = Publisher::new().handshake().connect("live").publish("key").take();
    let mut outputs = Vec::new();
    for byte in bytes.chunks(1) {
        session.handle(byte).unwrap();
        outputs.extend(drain(&mut session).1);
    }
    assert_eq!(outputs.len(), 1);
}
