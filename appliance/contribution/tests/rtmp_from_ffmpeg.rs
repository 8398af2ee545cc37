//! The RTMP session against FFmpeg as a publisher, over a real socket.

use contribution::Medium;
use contribution::rtmp::{Metadata, Output, Session};
use media::unit::{AccessUnit, SourceCodec, SourceEvent, SourceFraming, SourceTrack, UnitKind};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// How the server answers.
#[derive(Clone, Copy)]
enum Door {
    Open,
    Closed,
}

/// What FFmpeg did.
struct Published {
    outputs: Vec<Output>,
    succeeded: bool,
    log: String,
}

/// Publishes two seconds to a session.
fn publish(door: Door) -> Published {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let publisher = thread::spawn(move || run_ffmpeg(address));
    let (stream, _) = listener.accept().expect("somebody connects");
    let outputs = serve(stream, door);
    let (succeeded, log) = publisher.join().expect("ffmpeg was run");
    Published { outputs, succeeded, log }
}

fn run_ffmpeg(address: SocketAddr) -> (bool, String) {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin"])
        .args(["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30"])
        .args(["-f", "lavfi", "-i", "sine=sample_rate=48000", "-t", "2"])
        .args(["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "30", "-c:a", "aac", "-ac", "2"])
        .args(["-f", "flv", &format!("rtmp://{address}/live/{KEY}")])
        .stdout(Stdio::null())
        .output()
        .expect("ffmpeg is installed");
    // Should it have ended before it connected, nobody is left to wait for.
    drop(TcpStream::connect(address));
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn serve(mut stream: TcpStream, door: Door) -> Vec<Output> {
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout above zero");
    let (mut session, mut outputs, mut buffer) = (Session::new(), Vec::new(), vec![0; 65_536]);
    loop {
        // ffmpeg leaves the answer to its last command unread, and the kernel then ends the connection by a reset.
        let read = match stream.read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
            read => read.expect("ffmpeg goes on"),
        };
        session.handle(&buffer[..read]).expect("ffmpeg speaks RTMP");
        while let Some(output) = session.poll() {
            match &output {
                Output::Send(bytes) => stream.write_all(bytes).expect("ffmpeg reads"),
                Output::PublishRequested { .. } => answer(&mut session, door),
                Output::Close => return outputs,
                _ => {}
            }
            if !matches!(output, Output::Send(_)) {
                outputs.push(output);
            }
        }
        if read == 0 {
            return outputs;
        }
    }
}

fn answer(session: &mut Session, door: Door) {
    match door {
        Door::Open => session.accept_publish().expect("nothing came early"),
        Door::Closed => session.refuse_publish("no channel has this key"),
    }
}

fn units<'a>(outputs: &'a [Output], medium: Medium) -> Vec<&'a AccessUnit> {
    let unit = |output: &'a Output| match output {
        Output::Event(SourceEvent::Video(unit)) if medium == Medium::Video => Some(unit),
        Output::Event(SourceEvent::Audio(unit)) if medium == Medium::Audio => Some(unit),
        _ => None,
    };
    outputs.iter().filter_map(unit).collect()
}

fn tracks(outputs: &[Output]) -> Vec<&SourceTrack> {
    let track = |output| match output {
        &Output::Event(SourceEvent::VideoTrack(ref track) | SourceEvent::AudioTrack(ref track)) => {
            Some(track)
        }
        _ => None,
    };
    outputs.iter().filter_map(track).collect()
}

/// Whether lengths of four bytes and NAL units fill the access unit exactly.
fn is_length_prefixed(mut data: &[u8]) -> bool {
    while let Some((length, rest)) = data.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let Some((_, after)) = rest.split_at_checked(length) else { return false };
        data = after;
    }
    data.is_empty()
}

#[test]
fn ffmpeg_publishes_and_every_frame_arrives() {
    let published = publish(Door::Open);
    assert!(published.succeeded, "{}", published.log);
    let outputs = &published.outputs;
    assert!(matches!(&outputs[0], Output::PublishRequested { app, stream_key }
        if app == "live" && stream_key.expose() == KEY));
    assert!(matches!(&outputs[1], Output::Metadata(Metadata { width: Some(320), height: Some(180), .. })));
    assert_eq!(outputs.last(), Some(&Output::Unpublished));

    let [video, audio] = tracks(outputs)[..] else { panic!("two tracks") };
    assert_eq!((video.codec, video.framing), (SourceCodec::H264, SourceFraming::LengthPrefixed));
    assert_eq!(video.config[0], 1, "configurationVersion");
    assert_eq!((audio.codec, &audio.config[..2]), (SourceCodec::Aac, &[0x11, 0x90][..]));

    let pictures = units(outputs, Medium::Video);
    assert_eq!(pictures.len(), 60);
    assert!(pictures.is_sorted_by(|one, next| one.dts < next.dts));
    assert!(pictures.iter().all(|unit| unit.pts >= unit.dts && is_length_prefixed(&unit.data)));
    assert!(pictures.iter().any(|unit| unit.pts > unit.dts), "there are B-frames");
    assert_eq!(pictures.iter().filter(|unit| unit.kind == UnitKind::Key).count(), 2);

    let sounds = units(outputs, Medium::Audio);
    assert!((93..=96).contains(&sounds.len()), "{} audio frames", sounds.len());
    assert!(sounds.is_sorted_by(|one, next| one.dts < next.dts));
}

#[test]
fn a_refused_key_ends_ffmpeg_with_the_reason() {
    let published = publish(Door::Closed);
    assert!(!published.succeeded);
    assert!(published.log.contains("no channel has this key"), "{}", published.log);
    assert!(matches!(published.outputs[..], [Output::PublishRequested { .. }]));
}
