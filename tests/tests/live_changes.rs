//! Deleting, renaming, importing and restoring channels while they are live does what it says and nothing else; and who follows
//! what happens meanwhile misses nothing.

use anyhow::{Context, ensure};
use e2e::clock::until;
use e2e::daemon::{Channel, Daemon, small_ladder};
use e2e::events::{Follower, number};
use e2e::playlist::{Media, Multivariant};
use e2e::publish::{Publisher, Transport};
use e2e::watcher::Watcher;
use e2e::{alone, http};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use wire::{ChannelState, Configuration, Removed};

/// A channel that is started anew is on air again within two segments.
const SOON: Duration = Duration::from_secs(40);

fn configuration(daemon: &Daemon) -> anyhow::Result<Configuration> {
    Ok(serde_json::from_slice(&daemon.cli(&["config", "export", "--json", "--with-keys"])?.stdout)?)
}

fn import(daemon: &Daemon, wanted: &Configuration) -> anyhow::Result<String> {
    let file = daemon.folder().join("import.json");
    std::fs::write(&file, serde_json::to_vec(wanted)?)?;
    let done = daemon.cli(&["config", "import", &file.display().to_string(), "--yes"])?;
    ensure!(done.status.success(), "{done:?}");
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// The newest complete segment of the first rendition.
fn newest(daemon: &Daemon, channel: &Channel) -> anyhow::Result<u64> {
    let playlist = Multivariant::fetch(&daemon.live(channel, "master.m3u8"))?.video[0].clone();
    Ok(Media::fetch(&playlist)?.complete().next_back().context("no segment")?.0)
}

/// Live again by the same key, with numbers that go on.
fn goes_on(daemon: &Daemon, channel: &Channel, before: u64) -> anyhow::Result<Publisher> {
    let mut publisher = Publisher::start(daemon, channel, Transport::Rtmp)?;
    until("the channel is live again", SOON, || {
        if !publisher.runs() {
            publisher = Publisher::start(daemon, channel, Transport::Rtmp)?;
        }
        let seen = daemon.channel(&channel.slug)?;
        ensure!(seen.state == ChannelState::Live, "{seen:?}");
        let playlist = Multivariant::fetch(&daemon.live(channel, "master.m3u8"))?.video[0].clone();
        let first = Media::fetch(&playlist)?.complete().next().context("no segment")?.0;
        ensure!(first > before, "segment {first} after {before}");
        Ok(())
    })?;
    Ok(publisher)
}

fn removed_and_restored(
    daemon: &Daemon,
    hall: &Channel,
    publisher: &mut Publisher,
) -> anyhow::Result<Publisher> {
    let (before, all) = (newest(daemon, hall)?, configuration(daemon)?);
    let gone = http::delete(&format!("{}/api/v1/channels/{}", daemon.base(), hall.slug))?;
    let id = gone.header("forebay-undo").context("nothing to undo it by")?.to_owned();
    ensure!(gone.status == 204, "{}", gone.status);
    until("publisher and viewers are cut off", SOON, || {
        ensure!(!publisher.runs(), "the publisher is connected");
        let status = http::get(&daemon.live(hall, "master.m3u8"))?.status;
        ensure!(status == 404, "the playlist answers {status}");
        ensure!(daemon.worker(&hall.slug).is_err(), "its worker runs");
        Ok(())
    })?;
    let mut refused = Publisher::start(daemon, hall, Transport::Rtmp)?;
    until("its key opens nothing", SOON, || {
        ensure!(!refused.runs(), "it publishes");
        Ok(())
    })?;
    let listed = daemon.cli(&["undo", "--json"])?;
    let listed: Vec<Removed> = serde_json::from_slice(&listed.stdout)?;
    ensure!(listed.len() == 1 && listed[0].id.to_string() == id, "{listed:?}");
    let back = daemon.cli(&["undo", &id])?;
    ensure!(
        back.status.success() && String::from_utf8_lossy(&back.stdout).contains("is there again"),
        "{back:?}"
    );
    ensure!(configuration(daemon)? == all, "it has come back as another");
    goes_on(daemon, hall, before)
}

/// A channel of a test pattern and one that is published to, both live.
fn two_live() -> anyhow::Result<(Daemon, [Channel; 2], Publisher)> {
    let daemon = Daemon::start()?;
    let attic = daemon.add_channel("Attic", "test-pattern", &small_ladder())?;
    let hall = daemon.add_channel("Hall", "rtmp", &small_ladder())?;
    let publisher = Publisher::start(&daemon, &hall, Transport::Rtmp)?;
    for channel in [&attic, &hall] {
        daemon.wait_on_air(channel, ChannelState::Live)?;
    }
    Ok((daemon, [attic, hall], publisher))
}

#[test]
fn what_is_done_to_a_live_channel_is_that_and_nothing_else() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, [attic, hall], mut publisher) = two_live()?;
    let worker = daemon.worker(&attic.slug)?;
    let watcher = Watcher::start(daemon.live(&attic, "").trim_end_matches('/').to_owned());

    let _publisher = removed_and_restored(&daemon, &hall, &mut publisher)?;

    // An import that changes nothing touches nothing.
    let of_hall = daemon.worker(&hall.slug)?;
    let told = import(&daemon, &configuration(&daemon)?)?;
    ensure!(told.contains("no difference"), "{told}");
    ensure!(daemon.worker(&hall.slug)? == of_hall, "the hall was started anew for nothing");

    watcher.stop().clean()?;
    let seen = daemon.channel(&attic.slug)?;
    ensure!(
        daemon.worker(&attic.slug)? == worker && seen.restarts == 0,
        "the other channel was touched: {seen:?}"
    );
    Ok(())
}

/// The name by the API, by the command line, and by an import.
fn renamed_three_ways(daemon: &Daemon, hall: &Channel) -> anyhow::Result<()> {
    let url = format!("{}/api/v1/channels/{}", daemon.base(), hall.slug);
    let tag = http::get(&url)?.header("etag").context("no tag")?.to_owned();
    let edit = |tag: &str, name: &str| {
        let headers = [("content-type", "application/json"), ("if-match", tag)];
        http::send("PATCH", &url, &headers, serde_json::json!({ "name": name }).to_string().as_bytes())
    };
    let renamed = edit(&tag, "Great Hall")?;
    ensure!(renamed.status == 200, "{}", renamed.text());
    let late = edit(&tag, "Small Hall")?;
    ensure!(late.status == 412 && late.text().contains("Great Hall"), "{}", late.text());
    let taken = daemon.cli(&["channel", "rename", &hall.slug, "ATTIC"])?;
    let told = String::from_utf8_lossy(&taken.stderr).into_owned();
    ensure!(!taken.status.success() && told.contains("there is already a channel named"), "{taken:?}");
    let done = daemon.cli(&["channel", "rename", &hall.slug, "Aula"])?;
    ensure!(done.status.success() && daemon.channel(&hall.slug)?.name == "Aula", "{done:?}");
    let mut wanted = configuration(daemon)?;
    let channel = wanted.channels.iter_mut().find(|channel| channel.slug == hall.slug).context("no hall")?;
    channel.name = "Hall of Fame".into();
    let told = import(daemon, &wanted)?;
    ensure!(told.contains("Hall of Fame") && !told.contains("started anew"), "{told}");
    Ok(())
}

#[test]
fn a_live_channel_is_renamed_and_nobody_who_watches_or_publishes_notices() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, [attic, hall], mut publisher) = two_live()?;
    let workers = [daemon.worker(&attic.slug)?, daemon.worker(&hall.slug)?];
    let address = |channel: &Channel| daemon.live(channel, "").trim_end_matches('/').to_owned();
    let watcher = Watcher::start(address(&hall)).beside(address(&attic));
    let mut feed = Follower::start(daemon.ports.http, None)?;
    let before = newest(&daemon, &hall)?;

    renamed_three_ways(&daemon, &hall)?;
    until("whoever follows is told", SOON, || {
        ensure!(feed.next_named("channels")?.contains("Hall of Fame"), "the old name");
        Ok(())
    })?;
    until("the history tells each name", SOON, || {
        let history = daemon.cli(&["history", "--json"])?;
        let history = String::from_utf8_lossy(&history.stdout).into_owned();
        for (old, new) in [("Hall", "Great Hall"), ("Great Hall", "Aula"), ("Aula", "Hall of Fame")] {
            let told = format!("`{old}` is `{new}` from now on");
            ensure!(history.contains("channel-renamed") && history.contains(&told), "{told}: {history}");
        }
        Ok(())
    })?;
    let audit = daemon.cli(&["audit", "--export"])?;
    let audit = String::from_utf8_lossy(&audit.stdout).into_owned();
    ensure!(audit.contains("PATCH /channels/hall") && audit.contains("Great Hall"), "{audit}");
    // A whole window later at least, which began after the last name.
    until("numbers go on", SOON, || {
        let now = newest(&daemon, &hall)?;
        ensure!(now > before + 4, "segment {now} after {before}");
        Ok(())
    })?;
    watcher.stop().clean()?;
    ensure!(publisher.runs(), "the publisher was cut off");
    ensure!(workers == [daemon.worker(&attic.slug)?, daemon.worker(&hall.slug)?], "another worker");
    for channel in [&attic, &hall] {
        let seen = daemon.channel(&channel.slug)?;
        ensure!(seen.restarts == 0 && seen.state == ChannelState::Live, "{seen:?}");
    }
    Ok(())
}

#[test]
fn who_comes_back_misses_no_event_while_they_flow() -> anyhow::Result<()> {
    let _alone = alone();
    let daemon = Daemon::start()?;
    let hall = daemon.add(&serde_json::json!({ "name": "Hall", "source": "rtmp", "start": false }))?;
    let port = daemon.ports.http;
    let mut last = Follower::start(port, None)?.next_id()?;
    let mut steady = Follower::start(port, Some(&last))?;
    let (begin, followed) = (number(&last)?, AtomicBool::new(false));
    std::thread::scope(|scope| {
        let changes = scope.spawn(|| {
            // More than enough for those who follow, should they be slow.
            for turn in (0..2000).take_while(|_| !followed.load(Ordering::Relaxed)) {
                let url = format!("{}/api/v1/channels/{}/slate", daemon.base(), hall.slug);
                let slate = format!(r#"{{"text":"{turn}","after_ms":500,"back_after_ms":0,"tone":false}}"#);
                let changed = http::put(&url, "application/json", slate.as_bytes())?;
                ensure!(changed.status == 200, "{}", changed.text());
            }
            anyhow::Ok(())
        });
        let told = (|| {
            // Each event on another connection, those that came while there was none too.
            for turn in 1..=8 {
                last = Follower::start(port, Some(&last))?.next_id()?;
                ensure!(number(&last)? == begin + turn, "{last} is not the event after {}", begin + turn - 1);
                ensure!(steady.next_id()? == last, "who stayed was told otherwise");
            }
            Ok(())
        })();
        followed.store(true, Ordering::Relaxed);
        changes.join().expect("who changes things does not panic")?;
        told
    })
}
