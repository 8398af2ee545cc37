//! Whatever comes in on a port or in a request: it is answered or dropped, and a channel on air beside it is not
//! disturbed.

use anyhow::{Context, ensure};
use e2e::daemon::{Channel, Daemon, command, run_to_end, small_ladder};
use e2e::playlist::{Media, Multivariant};
use e2e::publish::{Publisher, Transport};
use e2e::watcher::Watcher;
use e2e::{alone, clock, http, procfs};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::time::Duration;
use wire::{ChannelState, Ports};

/// Within this, whatever was done must be over and the channel as before.
const OVER_LIMIT: Duration = Duration::from_secs(30);

/// Does its worst while a test pattern is on air, then checks that nothing was disturbed.
fn beside_a_channel(worst: impl FnOnce(&Daemon, &Channel) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let _alone = alone();
    let mut daemon = Daemon::start()?;
    let channel = daemon.add_channel("On air", "test-pattern", &small_ladder())?;
    daemon.wait_begun(&channel, ChannelState::Live)?;
    let worker = daemon.worker(&channel.slug)?;
    let watcher = Watcher::start(daemon.live(&channel, "").trim_end_matches('/').to_owned());
    let done = worst(&daemon, &channel).and_then(|()| two_more_segments(&daemon, &channel));
    let report = watcher.stop();
    done?;
    ensure!(daemon.runs(), "the daemon is gone: {}", daemon.log());
    report.clean().context("the channel was disturbed")?;
    ensure!(daemon.worker(&channel.slug)? == worker, "the worker was replaced");
    ensure!(daemon.channel(&channel.slug)?.restarts == 0, "a stage was restarted");
    ensure!(!daemon.log().contains("panicked"), "a panic: {}", daemon.log());
    Ok(())
}

/// Time for late damage to show.
fn two_more_segments(daemon: &Daemon, channel: &Channel) -> anyhow::Result<()> {
    let playlist = Multivariant::fetch(&daemon.live(channel, "master.m3u8"))?.video[0].clone();
    let newest = || Media::fetch(&playlist)?.complete().next_back().map(|(msn, _)| msn).context("no segment");
    let before = newest()?;
    clock::until("two more segments", OVER_LIMIT, || {
        ensure!(newest()? >= before + 2, "not yet");
        Ok(())
    })
}

/// Bytes that look like nothing, the same in each run.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_u32;
    let mut step = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_be_bytes()[0]
    };
    (0..count).map(|_| step()).collect()
}

fn tcp(port: u16) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(OVER_LIMIT))?;
    stream.set_write_timeout(Some(OVER_LIMIT))?;
    Ok(stream)
}

#[test]
fn garbage_on_each_port() -> anyhow::Result<()> {
    beside_a_channel(|daemon, _| {
        for port in [daemon.ports.http, daemon.ports.rtmp] {
            for size in [1, 100, 1537, 100_000] {
                let mut stream = tcp(port)?;
                // The other end may hang up in the middle of it: that is as good an answer as any.
                let _refused = stream.write_all(&noise(size));
                let _refused = stream.shutdown(std::net::Shutdown::Write);
                let _said = stream.read_to_end(&mut Vec::new());
            }
        }
        // An RTMP handshake that is right up to a point, then a message of 16 MB that never comes.
        let mut rtmp = tcp(daemon.ports.rtmp)?;
        rtmp.write_all(
            &[&[3][..], &[0; 1536], &noise(1536), &[3, 0, 0, 0, 255, 255, 255, 20, 0, 0, 0, 0]].concat(),
        )?;
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        for size in [0, 1, 16, 64, 1500] {
            socket.send_to(&noise(size), ("127.0.0.1", daemon.ports.srt))?;
            socket.send_to(&[&[0x80][..], &noise(size)].concat(), ("127.0.0.1", daemon.ports.srt))?;
        }
        Ok(())
    })
}

#[test]
fn a_port_scan() -> anyhow::Result<()> {
    beside_a_channel(|daemon, _| {
        let before = procfs::usage(daemon.pid())?.descriptors;
        for _ in 0..200 {
            drop(tcp(daemon.ports.http)?);
            drop(tcp(daemon.ports.rtmp)?);
        }
        clock::until("all connections are let go", OVER_LIMIT, || {
            let now = procfs::usage(daemon.pid())?.descriptors;
            ensure!(now <= before + 10, "{now} descriptors, {before} before");
            Ok(())
        })
    })
}

#[test]
fn half_open_and_slow_clients() -> anyhow::Result<()> {
    beside_a_channel(|daemon, channel| {
        // Silent publishers and viewers must be hung up on; each read ends with EOF or an answer within the limit.
        let mut silent = [tcp(daemon.ports.rtmp)?, tcp(daemon.ports.http)?];
        let mut slow = tcp(daemon.ports.http)?;
        slow.write_all(b"GET /live/")?;
        // A viewer who asks for everything and reads nothing.
        let mut deaf = tcp(daemon.ports.http)?;
        let playlist = Multivariant::fetch(&daemon.live(channel, "master.m3u8"))?.video[0].clone();
        let segment = Media::fetch(&playlist)?.complete().next_back().context("no segment")?.1.to_owned();
        let path = segment.trim_start_matches(&daemon.base()).to_owned();
        for _ in 0..200 {
            if deaf.write_all(format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").as_bytes()).is_err() {
                break; // hung up on
            }
        }
        for stream in silent.iter_mut().chain([&mut slow]) {
            let ended = stream.read_to_end(&mut Vec::new());
            let hung_up = match ended {
                Ok(_) => true,
                Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
            };
            ensure!(hung_up, "a silent connection is still held after {OVER_LIMIT:?}");
        }
        Ok(())
    })
}

#[test]
fn wrong_playlist_requests() -> anyhow::Result<()> {
    beside_a_channel(|daemon, channel| {
        let playlist = Multivariant::fetch(&daemon.live(channel, "master.m3u8"))?.video[0].clone();
        let newest = Media::fetch(&playlist)?.newest_part().context("no part")?.0;
        // draft-pantos-hls-rfc8216bis 6.2.5.2.
        let table = [
            (format!("_HLS_msn={}", newest + 100), 400),
            ("_HLS_part=1".into(), 400),
            ("_HLS_msn=x".into(), 400),
            ("_HLS_msn=-1".into(), 400),
            ("_HLS_msn=99999999999999999999999".into(), 400),
            ("_HLS_msn=1".into(), 200), // long gone: the whole playlist, at once
            (format!("_HLS_msn={}", newest + 1), 200),
        ];
        for (query, expected) in table {
            let status = http::get(&format!("{playlist}?{query}"))?.status;
            ensure!(status == expected, "?{query}: status {status}, not {expected}");
        }
        let absent = [
            "/live/nobody/master.m3u8",
            "/live/%2e%2e/master.m3u8",
            "/watch/nobody",
            "/player/../../etc/passwd",
        ];
        for path in absent {
            ensure!(http::get(&format!("{}{path}", daemon.base()))?.status == 404, "{path} is not 404");
        }
        for name in ["999999999999.m4s", "1.m4s", "x.m4s", "init-0.mp4"] {
            let url = http::join(&playlist, name);
            let answer = http::get(&url)?;
            let gone = name == "1.m4s" && answer.status == 410; // it was on the grid, in 1970
            ensure!(answer.status == 404 || gone, "{url}: status {}", answer.status);
        }
        Ok(())
    })
}

#[test]
fn wrong_bodies() -> anyhow::Result<()> {
    beside_a_channel(|daemon, _| {
        let url = format!("{}/api/v1/channels", daemon.base());
        let long = format!(r#"{{"name":"{}","source":"rtmp"}}"#, "x".repeat(1 << 20));
        let table = [
            ("", 400),
            ("{", 400),
            ("[]", 400),
            (r#"{"name":"A"}"#, 400),
            (r#"{"name":"A","source":"tape"}"#, 400),
            (r#"{"name":"A","source":"rtmp","colour":"red"}"#, 400),
            (r#"{"name":"","source":"rtmp"}"#, 400),
            (r#"{"name":"A","source":"rtmp","ladder":[]}"#, 400),
            (r#"{"name":"A","source":"rtmp","ladder":[{"width":-1,"height":0,"bitrate_bps":1}]}"#, 400),
            (r#"{"name":"On air","source":"rtmp"}"#, 409),
            (long.as_str(), 413),
        ];
        for (body, expected) in table {
            let answer = http::post(&url, "application/json", body.as_bytes())?;
            let shown: String = body.chars().take(80).collect();
            // 422 is as good a word for a body that is JSON but makes no sense.
            let right = answer.status == expected || (expected == 400 && answer.status == 422);
            ensure!(right, "{shown}: status {}, not {expected}", answer.status);
            ensure!(
                answer.content_type.starts_with("application/problem+json"),
                "{shown}: {}",
                answer.content_type
            );
            let problem = answer.json::<wire::Problem>()?;
            ensure!(problem.status == answer.status && !problem.detail.is_empty(), "{shown}: {problem:?}");
        }
        let channels = http::fetch(&url)?.json::<wire::ChannelList>()?;
        ensure!(channels.channels.len() == 1, "a refused channel was made: {channels:?}");
        ensure!(http::delete(&format!("{url}/nobody"))?.status == 404, "deleting what is not there");
        Ok(())
    })
}

#[test]
fn a_wrong_key_is_refused() -> anyhow::Result<()> {
    beside_a_channel(|daemon, _| {
        let wanted = daemon.add_channel("Wanted", "rtmp", &small_ladder())?;
        for transport in [Transport::Rtmp, Transport::Srt] {
            let mut publisher =
                Publisher::to(&transport.url(daemon, "0123456789abcdef0123456789abcdef"), transport)?;
            clock::until("the publisher is refused", OVER_LIMIT, || {
                ensure!(!publisher.runs(), "{transport:?}: it is still connected");
                Ok(())
            })?;
        }
        // The key of an RTMP channel opens no SRT door.
        let mut publisher = Publisher::to(&Transport::Srt.url(daemon, &wanted.stream_key), Transport::Srt)?;
        clock::until("the publisher is refused", OVER_LIMIT, || {
            ensure!(!publisher.runs(), "it is still connected");
            Ok(())
        })?;
        clock::until("the slate is on air", OVER_LIMIT, || {
            let seen = daemon.channel(&wanted.slug)?;
            ensure!(seen.state == ChannelState::Waiting, "{seen:?}");
            Ok(())
        })?;
        ensure!(!daemon.log().contains(&wanted.stream_key), "the key is in the log");
        let removed = http::delete(&format!("{}/api/v1/channels/{}", daemon.base(), wanted.slug))?;
        ensure!(removed.status == 204, "status {}", removed.status);
        Ok(())
    })
}

#[test]
fn a_port_in_use_is_named() -> anyhow::Result<()> {
    let _alone = alone();
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let port = taken.local_addr()?.port();
    let table = [
        ("--http-port", Ports { http: port, ..Ports::default() }),
        ("--rtmp-port", Ports { rtmp: port, ..Ports::default() }),
    ];
    for (flag, ports) in table {
        let folder = tempfile::tempdir()?;
        let (status, said) = run_to_end(command(folder.path(), ports), OVER_LIMIT)?;
        ensure!(!status.success(), "it started on a port that is in use");
        ensure!(
            said.contains(&port.to_string()) && said.contains(flag),
            "it does not say which port and flag: {said}"
        );
    }
    Ok(())
}

#[test]
fn a_data_folder_that_cannot_be_written_is_named() -> anyhow::Result<()> {
    let _alone = alone();
    let file = tempfile::NamedTempFile::new()?;
    // Not even root can make a folder below a file.
    let folder = file.path().join("data");
    let (status, said) = run_to_end(command(&folder, Ports::default()), OVER_LIMIT)?;
    ensure!(!status.success(), "it started without a data folder");
    ensure!(said.contains(&folder.display().to_string()), "it does not name the folder: {said}");
    Ok(())
}
