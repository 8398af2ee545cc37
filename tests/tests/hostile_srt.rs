//! SRT datagrams that broke other servers. After each, nobody has come in, a channel beside it was not disturbed, and
//! a regular publisher is taken. libsrt is a process of its own here: should one of these end it, it is replaced.

use anyhow::{Context, ensure};
use e2e::daemon::{Channel, Daemon, small_ladder};
use e2e::lossy::LossyRelay;
use e2e::publish::{Publisher, Transport};
use e2e::srt_by_hand::{
    CONFIG_FLAG, Conclusion, DATAGRAM_BYTES_MAX, HSREQ_FLAG, KMREQ_FLAG, Peer, control, forged, hsreq, kmreq,
    sid, words,
};
use e2e::watcher::Watcher;
use e2e::{alone, clock};
use std::time::Duration;
use wire::{ChannelState, Light};

/// From the worst until a regular publisher is on air: the listener may have to be replaced in between.
const TAKEN_LIMIT: Duration = Duration::from_secs(60);

/// Does its worst to the SRT port, knowing the key or not.
fn survived(worst: impl FnOnce(&Daemon, &Channel) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let _alone = alone();
    let mut daemon = Daemon::start()?;
    let beside = daemon.add_channel("Beside", "test-pattern", &small_ladder())?;
    let channel = daemon.add_channel("Contribution", "srt", &small_ladder())?;
    daemon.wait_begun(&beside, ChannelState::Live)?;
    daemon.wait_begun(&channel, ChannelState::Waiting)?;
    let watcher = Watcher::start(daemon.live(&beside, "").trim_end_matches('/').to_owned());
    let done = worst(&daemon, &channel);
    let taken = done.and_then(|()| is_taken(&daemon, &channel));
    let report = watcher.stop();
    taken?;
    ensure!(daemon.runs() && !daemon.log().contains("panicked"), "the daemon: {}", daemon.log());
    report.clean().context("the channel beside it was disturbed")?;
    Ok(())
}

/// A regular publisher comes in; should the listener be away, it tries again as encoders do.
fn is_taken(daemon: &Daemon, channel: &Channel) -> anyhow::Result<()> {
    let mut publisher = Publisher::start(daemon, channel, Transport::Srt)?;
    clock::until("a regular publisher is on air", TAKEN_LIMIT, || {
        if !publisher.runs() {
            publisher = Publisher::start(daemon, channel, Transport::Srt)?;
        }
        let state = daemon.channel(&channel.slug)?.state;
        ensure!(state == ChannelState::Live, "the channel is {state:?}");
        Ok(())
    })
}

fn nobody_came_in(daemon: &Daemon, channel: &Channel) -> anyhow::Result<()> {
    let source = daemon.channel(&channel.slug)?.stages.swap_remove(0);
    ensure!(source.light == Light::Off, "somebody was taken for a publisher: {source:?}");
    Ok(())
}

/// datarhei/gosrt PR #60.
#[test]
fn a_conclusion_without_extension() -> anyhow::Result<()> {
    survived(|daemon, channel| {
        let mut peer = Peer::of(daemon.ports.srt)?;
        for version in [4, 5, 6, u32::MAX] {
            for flags in [0, HSREQ_FLAG, CONFIG_FLAG, 7, u16::MAX] {
                for extension in [vec![], vec![0], words(&[0x0001_0003]), words(&[0x0005_FFFF, 1])] {
                    peer.conclude(&Conclusion { version, flags, mtu: 1500, blocks: vec![extension] });
                    peer.settle()?;
                }
            }
        }
        nobody_came_in(daemon, channel)
    })
}

/// ossrs/srs #4727, CVE-2026-55868 and -55869: before any key is known to be good.
#[test]
fn oversize_key_material() -> anyhow::Result<()> {
    survived(|daemon, channel| {
        let mut peer = Peer::of(daemon.ports.srt)?;
        let flags = HSREQ_FLAG | KMREQ_FLAG | CONFIG_FLAG;
        for streamid in [vec![], sid("wrong")] {
            let most = DATAGRAM_BYTES_MAX - 16 - 48 - 4 - hsreq().len() - streamid.len();
            for len in [0, 4, 16, 72, 104, 108, 128, 256, 1024, most] {
                let blocks = vec![hsreq(), streamid.clone(), kmreq(len)];
                peer.conclude(&Conclusion { version: 5, flags, mtu: 1500, blocks });
                peer.settle()?;
            }
        }
        nobody_came_in(daemon, channel)
    })
}

/// Haivision/srt PR #3359.
#[test]
fn a_tiny_mtu_without_a_key() -> anyhow::Result<()> {
    survived(|daemon, channel| {
        let mut peer = Peer::of(daemon.ports.srt)?;
        for mtu in [0, 1, 28, 43, 44, 45, 60, 92, 100, 128, u32::MAX] {
            peer.conclude(&Conclusion { mtu, ..Conclusion::good("wrong") });
            peer.settle()?;
        }
        nobody_came_in(daemon, channel)
    })
}

/// The same from one who knows the key. libsrt 1.5.1 may end of it: the listener is replaced.
#[test]
fn a_tiny_mtu_with_a_good_key() -> anyhow::Result<()> {
    survived(|daemon, channel| {
        let peer = Peer::of(daemon.ports.srt)?;
        peer.conclude(&Conclusion { mtu: 60, ..Conclusion::good(&channel.stream_key) });
        Ok(())
    })
}

/// Haivision/srt PR #3324 and #3359: loss reports with a range mark in the last word, reversed drop requests,
/// acknowledgements of what was never sent.
#[test]
fn reports_for_nobody() -> anyhow::Result<()> {
    survived(|daemon, channel| {
        let mut peer = Peer::of(daemon.ports.srt)?;
        peer.send_all([0, 1, 0x3FFF_FFFF, u32::MAX].into_iter().flat_map(forged))?;
        nobody_came_in(daemon, channel)
    })
}

#[test]
fn garbage_of_any_length() -> anyhow::Result<()> {
    survived(|daemon, channel| {
        let mut peer = Peer::of(daemon.ports.srt)?;
        let mut state = 0x5EED_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        };
        let noise: Vec<Vec<u8>> = (0..=1500).map(|len| (0..len).map(|_| next()).collect()).collect();
        // The same behind a header that libsrt looks at, of every kind, to the listener itself.
        let framed: Vec<_> =
            noise.iter().zip(0_u16..).map(|(noise, kind)| control(kind % 10, 0, 0, noise)).collect();
        peer.send_all(noise)?;
        peer.send_all(framed)?;
        nobody_came_in(daemon, channel)
    })
}

/// How long a publisher is to get through a lossy network.
const LOSSY_SEGMENTS: i64 = 5;

/// OvenMediaEngine #1287: one datagram in ten is lost, both ways.
#[test]
fn a_network_that_loses_one_in_ten() -> anyhow::Result<()> {
    survived(|daemon, channel| {
        let relay = LossyRelay::start(daemon.ports.srt)?;
        let url = format!("srt://127.0.0.1:{}?streamid={}", relay.port, channel.stream_key);
        let mut publisher = Publisher::to(&url, Transport::Srt)?;
        let on_air = |daemon: &Daemon| -> anyhow::Result<()> {
            let state = daemon.channel(&channel.slug)?.state;
            ensure!(state == ChannelState::Live, "the channel is {state:?}");
            Ok(())
        };
        clock::until("it is on air", TAKEN_LIMIT, || on_air(daemon))?;
        let until = daemon.channel(&channel.slug)?.uptime_secs.unwrap_or(0) as i64 + 2 * LOSSY_SEGMENTS;
        clock::until("it has been for some segments", TAKEN_LIMIT, || {
            let uptime = daemon.channel(&channel.slug)?.uptime_secs.unwrap_or(0) as i64;
            ensure!(uptime >= until, "not yet");
            Ok(())
        })?;
        ensure!(publisher.runs(), "the publisher was dropped");
        on_air(daemon)
    })
}
