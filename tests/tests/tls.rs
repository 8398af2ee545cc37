//! HTTPS as curl and openssl see it: HTTP/2 and HTTP/1.1 below the box's own authority, the profile for iPhones, an
//! upload that is checked, a change of certificate that breaks no connection.

use anyhow::{Context, ensure};
use e2e::clock::until;
use e2e::daemon::{Channel, Daemon, small_ladder};
use e2e::playlist::{Media, Multivariant};
use e2e::{alone, http};
use serde_json::json;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use wire::{ChannelState, Problem, TlsStatus};

fn on_air() -> anyhow::Result<(Daemon, Channel)> {
    let daemon = Daemon::start()?;
    let channel = daemon.add_channel("Pattern", "test-pattern", &small_ladder())?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    Ok((daemon, channel))
}

fn https(daemon: &Daemon) -> String {
    format!("https://localhost:{}", daemon.ports.https)
}

/// The authority as the box hands it out.
fn authority(daemon: &Daemon, folder: &TempDir) -> anyhow::Result<PathBuf> {
    let path = folder.path().join("authority.pem");
    std::fs::write(&path, http::fetch(&format!("{}/tls/ca.pem", daemon.base()))?.body)?;
    Ok(path)
}

/// curl, trusting this authority and nothing else; prints "VERSION STATUS" behind the body.
fn curl(authority: &Path, version: &str, url: &str) -> Command {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--max-time", "20", version, "--cacert"]).arg(authority);
    curl.args(["--write-out", "\n%{http_version} %{http_code}", url]).stdin(Stdio::null());
    curl
}

/// Body, HTTP version, status.
fn read(output: &std::process::Output) -> anyhow::Result<(String, String, u16)> {
    ensure!(output.status.success(), "curl: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    let (body, last) = text.rsplit_once('\n').context("curl's last line")?;
    let (version, status) = last.split_once(' ').context("version and status")?;
    Ok((body.to_owned(), version.to_owned(), status.parse()?))
}

fn get(authority: &Path, version: &str, url: &str) -> anyhow::Result<(String, String, u16)> {
    read(&curl(authority, version, url).output().context("running curl")?)
}

fn openssl(args: &[&str]) -> anyhow::Result<String> {
    let output =
        Command::new("openssl").args(args).stdin(Stdio::null()).output().context("running openssl")?;
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "openssl {args:?}: {text}");
    Ok(text)
}

#[test]
fn curl_speaks_http_2_and_http_1_1_below_the_boxs_authority() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, channel) = on_air()?;
    let folder = TempDir::new()?;
    let authority = authority(&daemon, &folder)?;
    let master = format!("{}/live/{}/master.m3u8", https(&daemon), channel.slug);
    for (flag, expected) in [("--http2", "2"), ("--http1.1", "1.1")] {
        let (body, version, status) = get(&authority, flag, &master)?;
        ensure!((version.as_str(), status) == (expected, 200), "{flag}: HTTP/{version} {status}");
        ensure!(body.starts_with("#EXTM3U"), "{body}");
    }
    let by_address = master.replace("localhost", "127.0.0.1");
    ensure!(get(&authority, "--http2", &by_address)?.2 == 200, "the certificate is not for 127.0.0.1");
    let nobody = Command::new("curl").args(["--silent", "--max-time", "20", &master]).output()?;
    ensure!(!nobody.status.success(), "curl trusts a box that it was not told to trust");
    Ok(())
}

#[test]
fn openssl_agrees_with_the_chain_and_its_limits() -> anyhow::Result<()> {
    let _alone = alone();
    let daemon = Daemon::start()?;
    let folder = TempDir::new()?;
    let authority = authority(&daemon, &folder)?;
    let place = format!("127.0.0.1:{}", daemon.ports.https);
    let ca = authority.to_str().context("UTF-8")?;
    let said = openssl(&[
        "s_client",
        "-connect",
        &place,
        "-servername",
        "localhost",
        "-CAfile",
        ca,
        "-verify_return_error",
    ])?;
    ensure!(said.contains("Verify return code: 0 (ok)"), "{said}");
    let shown = openssl(&["x509", "-in", ca, "-noout", "-text"])?;
    for expected in ["CA:TRUE", "Name Constraints", "DNS:local", "IP:10.0.0.0/255.0.0.0", "Certificate Sign"]
    {
        ensure!(shown.contains(expected), "no {expected} in {shown}");
    }
    Ok(())
}

#[test]
fn the_profile_is_well_formed_and_holds_the_authority() -> anyhow::Result<()> {
    let _alone = alone();
    let daemon = Daemon::start()?;
    let answer = http::fetch(&format!("{}/tls/forebay.mobileconfig", daemon.base()))?;
    ensure!(answer.content_type == "application/x-apple-aspen-config", "{}", answer.content_type);
    let folder = TempDir::new()?;
    let (profile, der) = (folder.path().join("p"), folder.path().join("d"));
    std::fs::write(&profile, &answer.body)?;
    std::fs::write(&der, http::fetch(&format!("{}/tls/ca.crt", daemon.base()))?.body)?;
    // Python's reader of property lists is one that Apple's format was not written for by us.
    let script = "import plistlib,sys; p=plistlib.load(open(sys.argv[1],'rb')); r,=p['PayloadContent']; \
                  assert p['PayloadType']=='Configuration' and r['PayloadType']=='com.apple.security.root', p; \
                  assert r['PayloadContent']==open(sys.argv[2],'rb').read(), 'another certificate'; \
                  assert p['PayloadUUID']!=r['PayloadUUID']";
    let done = Command::new("python3").args(["-c", script]).arg(&profile).arg(&der).output()?;
    ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let page = http::fetch(&format!("{}/trust", daemon.base()))?.text();
    ensure!(page.contains("/tls/forebay.mobileconfig") && !page.contains("{{"), "{page}");
    Ok(())
}

/// A certificate for localhost that signed itself, and its key; by openssl.
fn self_signed(folder: &TempDir, name: &str) -> anyhow::Result<(PathBuf, PathBuf)> {
    let (cert, key) = (folder.path().join(format!("{name}.crt")), folder.path().join(format!("{name}.key")));
    let (out, keyout) = (cert.to_str().context("UTF-8")?, key.to_str().context("UTF-8")?);
    let subject = format!("/CN={name}");
    let args =
        ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9"];
    let names = [
        "-subj",
        &subject,
        "-addext",
        "subjectAltName=DNS:localhost",
        "-addext",
        "basicConstraints=CA:FALSE",
    ];
    openssl(&[&args[..], &names, &["-out", out, "-keyout", keyout]].concat())?;
    Ok((cert, key))
}

fn install(daemon: &Daemon, cert: &Path, key: &Path) -> anyhow::Result<http::Answer> {
    let (chain, key) = (std::fs::read_to_string(cert)?, std::fs::read_to_string(key)?);
    let body = json!({ "chain_pem": chain, "key_pem": key }).to_string();
    http::put(&format!("{}/api/v1/tls", daemon.base()), "application/json", body.as_bytes())
}

#[test]
fn a_wrong_chain_is_refused_with_its_reason() -> anyhow::Result<()> {
    let _alone = alone();
    let daemon = Daemon::start()?;
    let folder = TempDir::new()?;
    let (one, other) = (self_signed(&folder, "one")?, self_signed(&folder, "other")?);
    let before: TlsStatus = http::fetch(&format!("{}/api/v1/tls", daemon.base()))?.json()?;
    let answer = install(&daemon, &one.0, &other.1)?;
    let problem: Problem = answer.json()?;
    ensure!(answer.status == 422 && problem.field.as_deref() == Some("/key_pem"), "{problem:?}");
    ensure!(problem.detail.contains("does not belong"), "{problem:?}");
    let both = folder.path().join("both.crt");
    std::fs::write(&both, [std::fs::read(&one.0)?, std::fs::read(&other.0)?].concat())?;
    let problem: Problem = install(&daemon, &both, &one.1)?.json()?;
    ensure!(
        problem.field.as_deref() == Some("/chain_pem") && problem.detail.contains("was signed by"),
        "{problem:?}"
    );
    let after: TlsStatus = http::fetch(&format!("{}/api/v1/tls", daemon.base()))?.json()?;
    ensure!(before == after && !after.uploaded, "a refused upload changed what is served: {after:?}");
    let key = std::fs::read_to_string(&other.1)?;
    let secret = key.lines().nth(1).context("a key has lines")?;
    ensure!(!daemon.log().contains(secret), "the log shows a private key");
    let (cert, key) = (one.0.to_str().context("UTF-8")?, one.1.to_str().context("UTF-8")?);
    let done = daemon.cli(&["tls", "install", "--cert", cert, "--key", key])?;
    ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    ensure!(String::from_utf8_lossy(&done.stdout).contains("uploaded"), "{done:?}");
    Ok(())
}

/// A request on a connection whose handshake is done, held for the segment after the next one.
struct Held {
    curl: Child,
    said: BufReader<ChildStderr>,
    msn: u64,
}

impl Held {
    fn start(authority: &Path, version: &str, daemon: &Daemon, playlist: &str) -> anyhow::Result<Self> {
        let msn = Media::fetch(playlist)?.complete().next_back().context("no segment")?.0 + 2;
        let path = playlist.strip_prefix(&daemon.base()).context("of this box")?;
        let mut curl = curl(authority, version, &format!("{}{path}?_HLS_msn={msn}", https(daemon)));
        let mut curl = curl.arg("--verbose").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let mut said = BufReader::new(curl.stderr.take().context("a pipe")?);
        let mut line = String::new();
        while !line.contains("SSL certificate verify ok") {
            line.clear();
            ensure!(said.read_line(&mut line)? > 0, "curl ended before its handshake");
        }
        Ok(Self { curl, said, msn })
    }

    fn answered(mut self) -> anyhow::Result<()> {
        let mut said = String::new();
        self.said.read_to_string(&mut said)?;
        let (body, version, status) = read(&self.curl.wait_with_output()?).with_context(|| said)?;
        ensure!(
            status == 200 && body.contains(&format!("{}.m4s", self.msn)),
            "HTTP/{version} {status}: {body}"
        );
        Ok(())
    }
}

#[test]
fn a_change_of_certificate_breaks_no_connection() -> anyhow::Result<()> {
    let _alone = alone();
    let (mut daemon, channel) = on_air()?;
    let folder = TempDir::new()?;
    let authority = authority(&daemon, &folder)?;
    let playlist = Multivariant::fetch(&daemon.live(&channel, "master.m3u8"))?.video[0].clone();
    let held = |version| Held::start(&authority, version, &daemon, &playlist);
    let waiting = [held("--http2")?, held("--http1.1")?];
    let (cert, key) = self_signed(&folder, "uploaded")?;
    ensure!(install(&daemon, &cert, &key)?.status == 200, "a right chain is refused");
    waiting.into_iter().try_for_each(Held::answered)?;
    let master = format!("{}/live/{}/master.m3u8", https(&daemon), channel.slug);
    ensure!(get(&cert, "--http2", &master)?.2 == 200, "new connections do not get the new certificate");
    daemon.stop()?;
    daemon.start_again()?;
    let kept: TlsStatus = http::fetch(&format!("{}/api/v1/tls", daemon.base()))?.json()?;
    ensure!(kept.uploaded && kept.subject == "CN=uploaded", "a restart forgot the upload: {kept:?}");
    let done = daemon.cli(&["tls", "reset"])?;
    ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let time = format!("{}/time", https(&daemon));
    ensure!(
        get(&authority, "--http2", &time)?.2 == 200,
        "after the reset the old authority is not known any more"
    );
    Ok(())
}

#[test]
fn tokens_are_checked_on_playlist_segment_and_part_over_tls_too() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, channel) = on_air()?;
    let folder = TempDir::new()?;
    let authority = authority(&daemon, &folder)?;
    let playlist = Multivariant::fetch(&daemon.live(&channel, "master.m3u8"))?.video[0].clone();
    let media = Media::fetch(&playlist)?;
    let segment = media.complete().next_back().context("no segment")?.1.to_owned();
    let part = media.segments.iter().rev().find_map(|each| each.parts.last()).context("no part")?.clone();
    ensure!(daemon.cli(&["channel", "protect", &channel.slug])?.status.success(), "it cannot be protected");
    let good = token(&daemon, &channel, 60)?;
    for url in [&playlist, &segment, &part] {
        let secure = url.replace(&daemon.base(), &https(&daemon));
        ensure!(get(&authority, "--http2", &secure)?.2 == 403, "{secure} is shown without a token");
        ensure!(
            get(&authority, "--http2", &format!("{secure}?token=foreign"))?.2 == 403,
            "{secure}: a foreign token"
        );
        ensure!(
            get(&authority, "--http2", &format!("{secure}?token={good}"))?.2 == 200,
            "{secure}: a good token"
        );
    }
    let short = token(&daemon, &channel, 1)?;
    for url in [&playlist, &segment, &part] {
        let secure = format!("{}?token={short}", url.replace(&daemon.base(), &https(&daemon)));
        until("the token ends", Duration::from_secs(10), || {
            let (body, _, status) = get(&authority, "--http2", &secure)?;
            ensure!(status == 403 && body.contains("expired"), "{secure}: {status} {body}");
            Ok(())
        })?;
    }
    Ok(())
}

fn token(daemon: &Daemon, channel: &Channel, secs: u32) -> anyhow::Result<String> {
    let url = format!("{}/api/v1/channels/{}/tokens", daemon.base(), channel.slug);
    let body = json!({ "expires_in_secs": secs }).to_string();
    Ok(http::post(&url, "application/json", body.as_bytes())?.json::<wire::Token>()?.token)
}
