//! A protected channel: who has a token sees everything, who has none, or another's, or an old one, sees nothing.

use anyhow::{Context, ensure};
use e2e::daemon::{Channel, Daemon, small_ladder};
use e2e::playlist::{Media, Mpd, Multivariant};
use e2e::{alone, browser, clock, http};
use std::time::Duration;
use wire::{ChannelState, Token};

/// A token that is to end during the test lives this long.
const SHORT_LIFE_SECS: &str = "4";
/// By then it has.
const END_LIMIT: Duration = Duration::from_secs(20);
/// Rules reach the door through the list of channels, at once.
const RULES_LIMIT: Duration = Duration::from_secs(10);
const VIEWING_SECS: &str = "8";

fn command(daemon: &Daemon, args: &[&str]) -> anyhow::Result<String> {
    let output = daemon.cli(args)?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{args:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    Ok(said)
}

fn token(daemon: &Daemon, args: &[&str]) -> anyhow::Result<Token> {
    Ok(serde_json::from_str(&command(daemon, &[&["channel", "token", "--json"], args].concat())?)?)
}

fn status_becomes(url: &str, status: u16) -> anyhow::Result<()> {
    clock::until("the rules are known", RULES_LIMIT, || {
        let answer = http::get(url)?;
        ensure!(answer.status == status, "{url}: {}", answer.status);
        Ok(())
    })
}

/// A playlist, a segment, a part and a header of the channel, below its folder; and its other entries.
struct Files(Vec<String>);

impl Files {
    fn of(folder: &str) -> anyhow::Result<Self> {
        let entries =
            ["master.m3u8", "manifest.mpd", "ts/master.m3u8"].map(|file| format!("{folder}/{file}"));
        let multivariant = Multivariant::fetch(&entries[0])?;
        Mpd::fetch(&entries[1])?;
        let ts = Media::fetch(&Multivariant::fetch(&entries[2])?.video[0])?;
        let playlist = multivariant.video[0].clone();
        let media = clock::until("a segment with parts", RULES_LIMIT, || {
            let media = Media::fetch(&playlist)?;
            ensure!(media.complete().next().is_some(), "no segment yet");
            ensure!(media.segments.iter().any(|segment| !segment.parts.is_empty()), "no part yet");
            Ok(media)
        })?;
        let (_, segment) = media.complete().next_back().context("a segment")?;
        let part = media.segments.iter().flat_map(|segment| &segment.parts).next_back().context("a part")?;
        let (_, ts_segment) = ts.complete().next_back().context("a TS segment")?;
        let mut files = entries.to_vec();
        files.extend([playlist, segment.to_owned(), part.clone(), ts.url.clone(), ts_segment.to_owned()]);
        files.push(media.init_url.clone().context("a header")?);
        Ok(Self(files))
    }

    fn all_answer(&self, status: u16, change: impl Fn(&str) -> String) -> anyhow::Result<()> {
        for url in self.0.iter().map(|url| change(url)) {
            let answer = http::get(&url)?;
            ensure!(answer.status == status, "{url}: {} {}", answer.status, answer.text());
            ensure!(!answer.cache_control.contains("public"), "{url}: {}", answer.cache_control);
        }
        Ok(())
    }
}

fn on_air(daemon: &Daemon, name: &str) -> anyhow::Result<Channel> {
    let channel = daemon.add_channel(name, "test-pattern", &small_ladder())?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    Ok(channel)
}

#[test]
fn a_protected_channel_is_for_those_who_have_a_token() -> anyhow::Result<()> {
    let _alone = alone();
    let daemon = Daemon::start()?;
    let (hall, yard) = (on_air(&daemon, "Hall")?, on_air(&daemon, "Yard")?);
    let folder = daemon.live(&hall, "").trim_end_matches('/').to_owned();
    for slug in [&hall.slug, &yard.slug] {
        command(&daemon, &["channel", "protect", slug])?;
    }
    status_becomes(&format!("{folder}/master.m3u8"), 403)?;

    let good = token(&daemon, &[&hall.slug])?;
    let with = |token: &str| format!("{folder}/~{token}");
    let files = Files::of(&with(&good.token))?;
    files.all_answer(200, str::to_owned)?;
    files.all_answer(403, |url| url.replace(&with(&good.token), &folder))?;
    let other = token(&daemon, &[&yard.slug])?.token;
    files.all_answer(403, |url| url.replace(&good.token, &other))?;
    let elsewhere = token(&daemon, &[&hall.slug, "--address", "192.0.2.7"])?.token;
    files.all_answer(403, |url| url.replace(&good.token, &elsewhere))?;
    let here = token(&daemon, &[&hall.slug, "--address", "127.0.0.1"])?.token;
    files.all_answer(200, |url| url.replace(&good.token, &here))?;

    // The other way to hand it over: what the playlist lists carries it on.
    let asked = Multivariant::fetch(&format!("{folder}/master.m3u8?token={}", good.token))?;
    ensure!(asked.video[0].starts_with(&with(&good.token)), "{asked:?}");
    http::fetch(&asked.video[0])?;
    let asked = Multivariant::fetch(&format!("{folder}/ts/master.m3u8?token={}", good.token))?;
    http::fetch(&asked.video[0])?;

    let short = token(&daemon, &[&hall.slug, "--seconds", SHORT_LIFE_SECS])?.token;
    files.all_answer(200, |url| url.replace(&good.token, &short))?;
    clock::until("the token ends", END_LIMIT, || {
        ensure!(http::get(&format!("{}/master.m3u8", with(&short)))?.status == 403, "still good");
        Ok(())
    })?;
    files.all_answer(403, |url| url.replace(&good.token, &short))?;

    command(&daemon, &["channel", "protect", &hall.slug, "--renew"])?;
    status_becomes(&format!("{}/master.m3u8", with(&good.token)), 403)?;
    let renewed = token(&daemon, &[&hall.slug])?.token;
    files.all_answer(200, |url| url.replace(&good.token, &renewed))?;
    command(&daemon, &["channel", "open", &hall.slug])?;
    status_becomes(&format!("{folder}/master.m3u8"), 200)?;
    for secret in [&good.token, &other, &renewed] {
        ensure!(!daemon.log().contains(secret.as_str()), "a token is in the log");
    }
    Ok(())
}

#[test]
fn the_watch_page_carries_its_token_on_every_tier() -> anyhow::Result<()> {
    let _alone = alone();
    let daemon = Daemon::start()?;
    let channel = on_air(&daemon, "Hall")?;
    command(&daemon, &["channel", "protect", &channel.slug])?;
    status_becomes(&daemon.live(&channel, "master.m3u8"), 403)?;
    let token = token(&daemon, &[&channel.slug])?.token;
    for tier in ["lldash", "llhls", "ts"] {
        let base = daemon.base();
        let args = ["--base", &base, "--channel", &channel.slug, "--tier", tier, "--seconds", VIEWING_SECS];
        let report = browser::script("watch-stalls.mjs", &[&args[..], &["--token", &token]].concat())?;
        ensure!(report["ok"] == true, "{tier}: {}", serde_json::to_string_pretty(&report)?);
    }
    Ok(())
}

#[test]
fn only_listed_sites_may_load_a_channel() -> anyhow::Result<()> {
    let _alone = alone();
    let daemon = Daemon::start()?;
    let channel = on_air(&daemon, "Hall")?;
    let url = daemon.live(&channel, "master.m3u8");
    let allowed = |origin: &str| -> anyhow::Result<Option<String>> {
        let (_, headers) = http::headers(&url, "origin", origin)?;
        Ok(headers
            .into_iter()
            .find(|(name, _)| name == "access-control-allow-origin")
            .map(|(_, value)| value))
    };
    ensure!(allowed("https://any.example")?.as_deref() == Some("*"), "open at first");
    let api = format!("{}/api/v1/channels/{}/playback", daemon.base(), channel.slug);
    let refused = http::put(
        &api,
        "application/json",
        br#"{"protected": false, "allowed_origins": ["https://a.example/"]}"#,
    )?;
    let problem: wire::Problem = refused.json()?;
    ensure!(refused.status == 422 && problem.field.as_deref() == Some("/allowed_origins/0"), "{problem:?}");
    let set = http::put(
        &api,
        "application/json",
        br#"{"protected": false, "allowed_origins": ["https://a.example"]}"#,
    )?;
    ensure!(set.status == 200, "{}", set.text());
    clock::until("the rules are known", RULES_LIMIT, || {
        ensure!(allowed("https://b.example")?.is_none(), "another site may load it");
        Ok(())
    })?;
    ensure!(allowed("https://a.example")?.as_deref() == Some("https://a.example"), "the listed site may");
    Ok(())
}
