//! The Varnish configuration in `appliance/docs/edge`, with the real Varnish: one request at the box for many viewers.

use anyhow::{Context, ensure};
use e2e::clock::until;
use e2e::daemon::{Channel, Daemon, small_ladder, workspace};
use e2e::playlist::{Media, Multivariant};
use e2e::{alone, http};
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;
use wire::ChannelState;

const VIEWERS: usize = 30;

/// varnishd with the shipped configuration, in front of a daemon.
struct Edge {
    varnish: Child,
    folder: TempDir,
    base: String,
}

impl Edge {
    fn start(daemon: &Daemon) -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let shipped = std::fs::read_to_string(workspace().join("appliance/docs/edge/forebay.vcl"))?;
        let ours = shipped.replace("\"8080\"", &format!("\"{}\"", daemon.ports.http));
        ensure!(ours != shipped, "the configuration has no port to replace");
        let vcl = folder.path().join("forebay.vcl");
        std::fs::write(&vcl, ours)?;
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let mut command = Command::new("varnishd");
        command
            .args(["-F", "-a", &format!("127.0.0.1:{port}"), "-s", "malloc,64m", "-j", "none", "-f"])
            .arg(vcl);
        command.arg("-n").arg(folder.path().join("work")).stdin(Stdio::null()).stdout(Stdio::null());
        let varnish = command.stderr(Stdio::null()).spawn().context("running varnishd: make setup-test")?;
        let edge = Self { varnish, folder, base: format!("http://127.0.0.1:{port}") };
        until("varnish answers", Duration::from_secs(20), || {
            let time = http::fetch(&format!("{}/time", edge.base))?;
            ensure!(!time.body.is_empty(), "nothing");
            Ok(())
        })?;
        Ok(edge)
    }

    /// The same address, at the edge.
    fn at(&self, daemon: &Daemon, url: &str) -> String {
        url.replace(&daemon.base(), &self.base)
    }

    /// Requests to the box so far, by address: from varnish's own log of its fetches.
    fn fetches(&self) -> anyhow::Result<BTreeMap<String, usize>> {
        let mut command = Command::new("varnishlog");
        command
            .arg("-n")
            .arg(self.folder.path().join("work"))
            .args(["-d", "-b", "-i", "BereqURL", "-g", "raw"]);
        let output = command.output().context("running varnishlog")?;
        ensure!(output.status.success(), "varnishlog: {}", String::from_utf8_lossy(&output.stderr));
        let mut fetches = BTreeMap::new();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            if let Some(url) = line.split_whitespace().find(|word| word.starts_with('/')) {
                *fetches.entry(url.to_owned()).or_default() += 1;
            }
        }
        Ok(fetches)
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        let _gone = e2e::procfs::signal(self.varnish.id(), rustix::process::Signal::TERM);
        let _ended = self.varnish.wait();
    }
}

fn on_air() -> anyhow::Result<(Daemon, Channel)> {
    let daemon = Daemon::start()?;
    let channel = daemon.add_channel("Pattern", "test-pattern", &small_ladder())?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    Ok((daemon, channel))
}

/// All at once, each with a CMCD of its own; the answers.
fn crowd(url: &str) -> anyhow::Result<Vec<http::Answer>> {
    let ready = Arc::new(Barrier::new(VIEWERS));
    let each = |viewer: usize| {
        let (ready, join) = (ready.clone(), if url.contains('?') { '&' } else { '?' });
        // Half of them put theirs before, half behind; and one half writes the directives in the other order.
        let cmcd = format!("CMCD=bl%3D{viewer}00%2Csid%3D%22viewer-{viewer}%22");
        let url = match (viewer % 2, url.split_once('?')) {
            (0, Some((path, query))) => format!("{path}?{cmcd}&{query}"),
            _ => format!("{url}{join}{cmcd}"),
        };
        thread::spawn(move || {
            ready.wait();
            http::get(&url)
        })
    };
    let viewers: Vec<_> = (0..VIEWERS).map(each).collect();
    viewers.into_iter().map(|viewer| viewer.join().expect("it does not panic")).collect()
}

/// One fetch for all of them, who got the same.
fn one_fetch(edge: &Edge, daemon: &Daemon, url: &str) -> anyhow::Result<()> {
    let answers = crowd(&edge.at(daemon, url))?;
    let first = &answers[0];
    for answer in &answers {
        ensure!(answer.status == 200, "{url}: {}: {}", answer.status, answer.text());
        ensure!(answer.body == first.body, "{url}: not all got the same bytes");
    }
    ensure!(!first.body.is_empty(), "{url}: nothing");
    let path = url.strip_prefix(&daemon.base()).context("of this box")?;
    // The log is written after the answer is sent.
    until("varnish has logged it", Duration::from_secs(10), || {
        let fetches = edge.fetches()?;
        let count = fetches.get(path).copied().unwrap_or(0);
        ensure!(count == 1, "{path} was fetched {count} times for {VIEWERS} viewers: {fetches:#?}");
        ensure!(!fetches.keys().any(|url| url.contains("CMCD")), "CMCD reaches the box: {fetches:#?}");
        Ok(())
    })
}

#[test]
fn many_viewers_of_a_playlist_a_part_and_a_segment_in_flight_are_one_fetch_each() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, channel) = on_air()?;
    let edge = Edge::start(&daemon)?;
    let playlist = Multivariant::fetch(&daemon.live(&channel, "master.m3u8"))?.video[0].clone();
    let folder = playlist.trim_end_matches("media.m3u8");
    let edge_of = || Media::fetch(&playlist)?.newest_part().context("no part");
    let (msn, _) = edge_of()?;
    one_fetch(&edge, &daemon, &format!("{playlist}?_HLS_msn={}&_HLS_part=1", msn + 1))?;
    // The part that is hinted at: held until it is whole.
    let media = Media::fetch(&playlist)?;
    let hint =
        media.text.lines().find_map(|line| line.strip_prefix("#EXT-X-PRELOAD-HINT:")).context("no hint")?;
    let name = e2e::playlist::attribute(hint, "URI").context("URI")?;
    one_fetch(&edge, &daemon, &format!("{folder}{name}"))?;
    let (msn, _) = edge_of()?;
    one_fetch(&edge, &daemon, &format!("{folder}{msn}.m4s"))
}

#[test]
fn the_edge_keeps_a_protected_channel_for_those_with_a_token() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, channel) = on_air()?;
    let edge = Edge::start(&daemon)?;
    let playlist = Multivariant::fetch(&daemon.live(&channel, "master.m3u8"))?.video[0].clone();
    let segment = Media::fetch(&playlist)?.complete().next_back().context("no segment")?.1.to_owned();
    ensure!(daemon.cli(&["channel", "protect", &channel.slug])?.status.success(), "it cannot be protected");
    let tokens = format!("{}/api/v1/channels/{}/tokens", daemon.base(), channel.slug);
    let token = http::post(&tokens, "application/json", b"{}")?.json::<wire::Token>()?.token;
    let own = format!("/live/{}/", channel.slug);
    let with_token = |url: &str| edge.at(&daemon, url).replace(&own, &format!("{own}~{token}/"));
    for url in [&playlist, &segment] {
        for _ in 0..2 {
            ensure!(http::get(&with_token(url))?.status == 200, "{url}: refused with a token");
            ensure!(http::get(&edge.at(&daemon, url))?.status == 403, "{url}: shown without a token");
            let forged = with_token(url).replace(&token, "forged");
            ensure!(http::get(&forged)?.status == 403, "{url}: shown for a forged token");
            let query = format!("{}?token={token}", edge.at(&daemon, url));
            ensure!(http::get(&query)?.status == 200, "{url}: refused with a token in the query");
        }
    }
    Ok(())
}

#[test]
fn the_admin_side_does_not_pass_the_edge() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, channel) = on_air()?;
    let edge = Edge::start(&daemon)?;
    for path in ["/api/v1/channels", "/metrics", "/admin/", "/healthz", "/"] {
        let answer = http::get(&format!("{}{path}", edge.base))?;
        ensure!(answer.status == 404, "{path} answers {} through the edge", answer.status);
    }
    let watch = http::get(&format!("{}/watch/{}", edge.base, channel.slug))?;
    ensure!(watch.status == 200, "the watch page answers {}", watch.status);
    // Errors are kept as long as the box says, and no longer.
    let early = edge.at(&daemon, &daemon.live(&channel, "360p/9999999999.m4s"));
    ensure!(
        http::get(&early)?.status == 404 && http::get(&early)?.header("age") != Some("1"),
        "a 404 was kept"
    );
    Ok(())
}
