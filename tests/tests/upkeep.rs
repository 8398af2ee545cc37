//! What keeps a box over its life, from outside: its state in a file and out of it on another box, a support bundle without
//! secrets, starting over, and what it says to the machine about an update.

use anyhow::{Context, ensure};
use e2e::clock::until;
use e2e::daemon::{Daemon, small_ladder};
use e2e::events::Follower;
use e2e::playlist::{Media, Multivariant};
use e2e::publish::{Publisher, Transport};
use e2e::{alone, browser, http};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;
use wire::{BackupContents, ChannelState, UpdateStatus, UploadedFile};

const PASSWORD: &str = "tall green kettle 17";
const PASSPHRASE: &str = "four plain words here";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const SOON: Duration = Duration::from_secs(30);

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn done(output: &Output) -> anyhow::Result<()> {
    ensure!(output.status.success(), "{}", said(output));
    Ok(())
}

fn add_user(daemon: &Daemon, name: &str, role: &str) -> anyhow::Result<()> {
    done(&daemon.cli_with(&["user", "add", name, "--role", role], &format!("{PASSWORD}\n"))?)
}

/// Status and cookie.
fn sign_in(daemon: &Daemon, name: &str) -> anyhow::Result<(u16, String)> {
    let body = json!({ "name": name, "password": PASSWORD }).to_string();
    let answer =
        http::post(&format!("{}/api/v1/session", daemon.base()), "application/json", body.as_bytes())?;
    let cookie = answer.header("set-cookie").and_then(|it| it.split(';').next()).unwrap_or_default();
    Ok((answer.status, cookie.to_owned()))
}

/// A box with all that a backup has.
fn furnished() -> anyhow::Result<(Daemon, e2e::daemon::Channel)> {
    let daemon = Daemon::start()?;
    let hall = daemon.add_channel("Hall", "rtmp", &small_ladder())?;
    daemon.add_channel("Attic", "test-pattern", &small_ladder())?;
    let hook = "https://hooks.example.org/T0/B1/forebay";
    let add = ["notify", "add", "night-shift", "--webhook", hook, "--own-secret"];
    done(&daemon.cli_with(&add, &format!("{SECRET}\n"))?)?;
    for (name, role) in [("Ada", "administrator"), ("Olga", "operator")] {
        add_user(&daemon, name, role)?;
    }
    Ok((daemon, hall))
}

fn backup(daemon: &Daemon, name: &str) -> anyhow::Result<PathBuf> {
    let path = daemon.folder().join(name);
    let file = path.display().to_string();
    done(&daemon.cli_with(&["backup", &file], &format!("{PASSPHRASE}\n"))?)?;
    Ok(path)
}

fn restore(daemon: &Daemon, file: &Path, more: &[&str], passphrase: &str) -> anyhow::Result<Output> {
    let file = file.display().to_string();
    daemon.cli_with(&[&["restore", &file], more].concat(), &format!("{passphrase}\n"))
}

fn channels(daemon: &Daemon) -> anyhow::Result<Vec<String>> {
    let listed = daemon.cli(&["channel", "list", "--json"])?;
    let list: wire::ChannelList = serde_json::from_slice(&listed.stdout).with_context(|| said(&listed))?;
    Ok(list.channels.into_iter().map(|channel| channel.slug).collect())
}

fn authority(daemon: &Daemon) -> anyhow::Result<String> {
    let shown = daemon.cli(&["tls", "show", "--json"])?;
    let status: wire::TlsStatus = serde_json::from_slice(&shown.stdout).with_context(|| said(&shown))?;
    Ok(status.authority_sha256)
}

/// A certificate of the operator's own, with its key, below an authority that no box knows.
fn own_certificate(folder: &Path) -> anyhow::Result<(PathBuf, PathBuf)> {
    let (chain, key) = (folder.join("own.pem"), folder.join("own.key"));
    let mut openssl = Command::new("openssl");
    openssl.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "90",
    ]);
    openssl.args(["-subj", "/CN=stream.example.org", "-addext", "subjectAltName=DNS:stream.example.org"]);
    openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    done(&openssl.arg("-out").arg(&chain).arg("-keyout").arg(&key).output()?)?;
    Ok((chain, key))
}

fn tls(daemon: &Daemon) -> anyhow::Result<wire::TlsStatus> {
    let shown = daemon.cli(&["tls", "show", "--json"])?;
    serde_json::from_slice(&shown.stdout).with_context(|| said(&shown))
}

/// What a client is shown.
fn served(daemon: &Daemon) -> anyhow::Result<String> {
    let place = format!("127.0.0.1:{}", daemon.ports.https);
    let mut openssl = Command::new("openssl");
    openssl.args(["s_client", "-connect", &place, "-servername", "stream.example.org"]);
    Ok(said(&openssl.stdin(std::process::Stdio::null()).output()?))
}

#[test]
fn a_certificate_of_ones_own_is_there_after_a_restore_on_another_box() -> anyhow::Result<()> {
    let _alone = alone();
    let west = Daemon::start()?;
    let (chain, key) = own_certificate(west.folder())?;
    let [chain, key] = [chain, key].map(|path| path.display().to_string());
    done(&west.cli(&["tls", "install", "--cert", &chain, "--key", &key])?)?;
    let before = tls(&west)?;
    ensure!(before.uploaded && before.subject.contains("stream.example.org"), "{before:?}");
    let file = backup(&west, "west.age")?;
    let mut east = Daemon::start()?;
    ensure!(!tls(&east)?.uploaded && !served(&east)?.contains("stream.example.org"));
    let told = restore(&east, &file, &["--dry-run", "--json"], PASSPHRASE)?;
    let told: BackupContents = serde_json::from_slice(&told.stdout).with_context(|| said(&told))?;
    ensure!(told.own_certificate, "{told:?}");
    east.starts_anew(|east| done(&restore(east, &file, &["--yes"], PASSPHRASE)?))?;
    let after = tls(&east)?;
    ensure!(after == before, "{after:?} instead of {before:?}");
    until("the certificate is served", SOON, || {
        let shown = served(&east)?;
        ensure!(
            shown.contains("CN=stream.example.org") || shown.contains("CN = stream.example.org"),
            "{shown}"
        );
        Ok(())
    })
}

#[test]
fn a_backup_of_one_box_becomes_another() -> anyhow::Result<()> {
    let _alone = alone();
    let (west, hall) = furnished()?;
    let file = backup(&west, "west.age")?;
    let sealed = std::fs::read(&file)?;
    let plain = [
        hall.stream_key.as_str(),
        PASSPHRASE,
        "argon2",
        "PRIVATE KEY",
        "SQLite format",
        "night-shift",
        "Olga",
    ];
    for plain in plain {
        let found = sealed.windows(plain.len()).any(|window| window == plain.as_bytes());
        ensure!(!found, "`{plain}` stands in the file");
    }
    let again = west.cli_with(&["backup", &file.display().to_string()], &format!("{PASSPHRASE}\n"))?;
    ensure!(!again.status.success() && std::fs::read(&file)? == sealed, "a file that is there is kept");

    let mut east = Daemon::start()?;
    let own = authority(&east)?;
    refuses_what_is_wrong(&east, &sealed)?;
    let told = restore(&east, &file, &["--dry-run", "--json"], PASSPHRASE)?;
    let told: BackupContents = serde_json::from_slice(&told.stdout).with_context(|| said(&told))?;
    ensure!(told.channels == ["attic", "hall"] && told.users == ["Ada", "Olga"], "{told:?}");
    ensure!(channels(&east)?.is_empty(), "told, not done");
    let unsure = restore(&east, &file, &[], PASSPHRASE)?;
    ensure!(!unsure.status.success() && said(&unsure).contains("--yes"), "{}", said(&unsure));

    east.starts_anew(|east| done(&restore(east, &file, &["--yes"], PASSPHRASE)?))?;
    ensure!(channels(&east)? == ["attic", "hall"], "{:?}", channels(&east)?);
    ensure!(authority(&east)? == authority(&west)? && authority(&east)? != own, "another authority");
    ensure!(sign_in(&east, "Olga")?.0 == 201, "she cannot sign in");
    let shown = east.cli(&["channel", "show", "hall", "--key"])?;
    ensure!(said(&shown).contains(&hall.stream_key), "{}", said(&shown));
    let _publisher = Publisher::start(&east, &hall, Transport::Rtmp)?;
    until("the old key publishes", SOON, || {
        let list = east.cli(&["channel", "show", "hall", "--json"])?;
        let seen: wire::Channel = serde_json::from_slice(&list.stdout)?;
        ensure!(seen.state == ChannelState::Live, "{:?} {}", seen.state, seen.detail);
        Ok(())
    })?;
    let audit = east.cli(&["audit", "--export"])?;
    done(&audit)?;
    let audit = said(&audit);
    ensure!(audit.contains("POST /users") && audit.contains("POST /restore"), "{audit}");
    let history = said(&east.cli(&["history", "--json"])?);
    ensure!(history.contains("\"restored\"") && history.contains("\"channel-started\""), "{history}");

    // And back.
    east.starts_anew(|east| done(&east.cli(&["restore", "--undo", "--yes"])?))?;
    ensure!(channels(&east)?.is_empty() && authority(&east)? == own, "not as it was");
    Ok(())
}

/// By the command line, so by the API; nothing is changed by any of it.
fn refuses_what_is_wrong(east: &Daemon, sealed: &[u8]) -> anyhow::Result<()> {
    let path = east.folder().join("wrong.age");
    let mut changed = sealed.to_vec();
    changed[sealed.len() - 100] ^= 1;
    for (bytes, passphrase, why) in [
        (sealed, "four other words here", "the passphrase is wrong"),
        (&sealed[..sealed.len() - 1], PASSPHRASE, "not whole"),
        (&sealed[..100], PASSPHRASE, "not whole"),
        (&changed, PASSPHRASE, "not whole"),
        (b"PK\x03\x04 a picture, perhaps", PASSPHRASE, "not a backup of a Forebay"),
    ] {
        std::fs::write(&path, bytes)?;
        let refused = restore(east, &path, &["--yes"], passphrase)?;
        ensure!(
            refused.status.code() == Some(4) && said(&refused).contains(why),
            "{why}: {}",
            said(&refused)
        );
    }
    ensure!(channels(east)?.is_empty() && !east.folder().join("restore/staged").exists());
    Ok(())
}

/// What number a segment has, less what its time says: the same for ever, by the grid.
fn grid(daemon: &Daemon, channel: &e2e::daemon::Channel) -> anyhow::Result<(u64, u64)> {
    let playlists = Multivariant::fetch(&daemon.live(channel, "master.m3u8"))?;
    let url = playlists.all().next().context("no playlist")?.clone();
    let text = http::fetch(&url)?.text();
    Media::fetch(&url)?;
    let after = |tag: &str| text.lines().find_map(|line| line.strip_prefix(tag)).map(str::to_owned);
    let number: u64 = after("#EXT-X-MEDIA-SEQUENCE:").context("no number")?.parse()?;
    let time = after("#EXT-X-PROGRAM-DATE-TIME:").context("no time")?;
    let seconds = time.split('T').nth(1).context("no time of day")?;
    let parts: Vec<&str> = seconds.trim_end_matches('Z').split([':', '.']).collect();
    let [hours, minutes, seconds] = [0, 1, 2].map(|at| parts[at].parse::<u64>().unwrap_or(0));
    // Of the day: 43,200 segments of two seconds.
    Ok((number, (43_200 + number % 43_200 - (hours * 3600 + minutes * 60 + seconds) / 2) % 43_200))
}

#[test]
fn a_live_box_is_restored_and_its_channels_go_on_by_the_grid() -> anyhow::Result<()> {
    let _alone = alone();
    let mut daemon = Daemon::start()?;
    let demo = daemon.add_channel("Demo", "test-pattern", &small_ladder())?;
    daemon.wait_begun(&demo, ChannelState::Live)?;
    let file = backup(&daemon, "live.age")?;
    daemon.add_channel("Later", "rtmp", &small_ladder())?;
    let (number, offset) = grid(&daemon, &demo)?;
    let process = daemon.pid();
    daemon.starts_anew(|daemon| done(&restore(daemon, &file, &["--yes"], PASSPHRASE)?))?;
    ensure!(daemon.pid() == process && daemon.runs(), "another process");
    daemon.wait_begun(&demo, ChannelState::Live)?;
    ensure!(channels(&daemon)? == ["demo"], "what was added after the backup is there");
    let (later, same) = grid(&daemon, &demo)?;
    ensure!(later >= number && same == offset, "{number} {offset}, then {later} {same}");
    Ok(())
}

#[test]
fn a_backup_is_made_and_restored_in_the_browser() -> anyhow::Result<()> {
    let _alone = alone();
    let mut daemon = Daemon::start()?;
    daemon.add_channel("Hall", "rtmp", &small_ladder())?;
    let file = daemon.folder().join("browser.age");
    let report = daemon.starts_anew(|daemon| {
        let (base, file) = (daemon.base(), file.display().to_string());
        browser::script("upkeep.mjs", &["--base", &base, "--file", &file])
    })?;
    let seen = report["seen"].as_str().unwrap_or_default();
    ensure!(seen.contains("hall") && report["pageErrors"] == json!([]), "{report:#}");
    ensure!(report["name"].as_str().is_some_and(|name| name.starts_with("forebay-2")), "{report:#}");
    ensure!(
        report["update"].as_str().is_some_and(|told| told.contains("updated by its package")),
        "{report:#}"
    );
    ensure!(channels(&daemon)? == ["hall"]);
    Ok(())
}

#[test]
fn over_the_network_it_takes_an_administrator_and_the_password_again() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, _) = furnished()?;
    let [(_, ada), (_, olga)] = [sign_in(&daemon, "Ada")?, sign_in(&daemon, "Olga")?];
    let ask = |cookie: &str, body: serde_json::Value| -> anyhow::Result<http::Answer> {
        let url = format!("{}/api/v1/backup", daemon.base());
        http::send(
            "POST",
            &url,
            &[("cookie", cookie), ("content-type", "application/json")],
            body.to_string().as_bytes(),
        )
    };
    let right = json!({ "passphrase": PASSPHRASE, "password": PASSWORD });
    ensure!(ask(&olga, right.clone())?.status == 403, "an operator takes the keys away");
    ensure!(ask(&ada, json!({ "passphrase": PASSPHRASE }))?.status == 422, "without the password");
    ensure!(ask(&ada, json!({ "passphrase": "short", "password": PASSWORD }))?.status == 422, "short");
    ensure!(ask(&ada, json!({ "passphrase": PASSPHRASE, "password": "tall red kettle 18" }))?.status == 403);
    let made = ask(&ada, right)?;
    ensure!(made.status == 200 && made.body.starts_with(b"age-encryption.org/v1"), "{}", made.status);
    let tries: Vec<u16> = (0..5)
        .map(|_| {
            ask(&ada, json!({ "passphrase": PASSPHRASE, "password": "x" })).map_or(0, |answer| answer.status)
        })
        .collect();
    ensure!(tries.contains(&429), "it may be guessed: {tries:?}");
    Ok(())
}

#[test]
fn a_support_bundle_tells_what_is_wrong_and_no_secret() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, hall) = furnished()?;
    let token = daemon.cli(&["token", "add", "wall", "--user", "Olga", "--scope", "read", "--json"])?;
    let token: wire::MadeApiToken = serde_json::from_slice(&token.stdout).with_context(|| said(&token))?;
    let (_, cookie) = sign_in(&daemon, "Ada")?;
    let _publisher = Publisher::start(&daemon, &hall, Transport::Rtmp)?;
    until("a viewer is served", SOON, || http::fetch(&daemon.live(&hall, "master.m3u8")).map(drop))?;
    until("the publisher is known", SOON, || {
        let history = said(&daemon.cli(&["history"])?);
        ensure!(history.contains("source-attached"), "{history}");
        Ok(())
    })?;
    let path = daemon.folder().join("support.tar.gz");
    done(&daemon.cli(&["support-bundle", &path.display().to_string()])?)?;
    let text = unpacked(&path, &["-xzOf"])?;
    let names = unpacked(&path, &["-tzf"])?;
    for name in [
        "about.json",
        "configuration.json",
        "database.json",
        "alarms.json",
        "history.json",
        "devices.json",
        "channels.json",
        "log.txt",
        "channels/hall/master.m3u8",
        "channels/hall/manifest.mpd",
        "channels/hall/ts/master.m3u8",
    ] {
        ensure!(names.contains(&format!("forebay-support/{name}\n")), "no {name} in {names}");
    }
    for told in
        ["#EXT-X-STREAM-INF", "<MPD", "\"settings\": \"ok\"", "source-attached", "listening", "[address 1]"]
    {
        ensure!(text.contains(told), "`{told}` is not told");
    }
    // Hashes as they are in the database.
    let database = std::fs::read(daemon.folder().join("forebay.db-wal"))?;
    let database = String::from_utf8_lossy(&database).into_owned();
    let hash = database.split("$argon2id").nth(1).context("no hash")?.get(..60).unwrap_or("?").to_owned();
    let cookie = cookie.split('=').nth(1).context("no cookie")?.to_owned();
    for secret in [
        hall.stream_key.as_str(),
        PASSWORD,
        PASSPHRASE,
        SECRET,
        &token.secret,
        &cookie,
        &hash,
        "127.0.0.1",
        "T0/B1",
    ] {
        ensure!(!text.contains(secret), "a secret is told: {secret}");
    }
    Ok(())
}

fn unpacked(path: &Path, how: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("tar").args(how).arg(path).output()?;
    done(&output)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn a_box_forgets_everything_and_can_be_claimed_again() -> anyhow::Result<()> {
    let _alone = alone();
    let (mut daemon, _) = furnished()?;
    let tape = daemon.folder().join("recordings/tape.mp4");
    std::fs::create_dir_all(tape.parent().context("a folder")?)?;
    std::fs::write(&tape, "tape")?;
    let before = authority(&daemon)?;
    let unsure = daemon.cli(&["factory-reset"])?;
    ensure!(unsure.status.code() == Some(2) && said(&unsure).contains("--yes"), "{}", said(&unsure));
    let machine = daemon.cli(&["factory-reset", "--whole-machine", "--yes"])?;
    ensure!(
        !machine.status.success() && said(&machine).contains("not installed from the image"),
        "{}",
        said(&machine)
    );
    daemon.starts_anew(|daemon| done(&daemon.cli(&["factory-reset", "--yes"])?))?;
    ensure!(channels(&daemon)?.is_empty() && authority(&daemon)? != before && tape.is_file());
    done(&daemon.cli(&["claim"])?)?;
    ensure!(daemon.log().matches("claim it on https://").count() == 2, "no new code is shown");
    daemon.starts_anew(|daemon| done(&daemon.cli(&["factory-reset", "--recordings", "--yes"])?))?;
    ensure!(!tape.exists(), "recordings stay");
    Ok(())
}

/// The machine's side of an update: what it says, and what it was asked.
struct Machine {
    folder: tempfile::TempDir,
    spool: PathBuf,
}

impl Machine {
    fn says(&self, state: &str, more: &serde_json::Value) -> anyhow::Result<()> {
        let mut told = json!({ "state": state, "running": "0.1.0", "slot": "A", "kept": true, "slot_bytes": 1000,
            "offered": null, "progress_percent": null, "code": null, "reason": null, "at_unix_s": 1_795_830_000, "last": null });
        for (name, value) in more.as_object().into_iter().flatten() {
            told[name] = value.clone();
        }
        let part = self.folder.path().join("update.json.new");
        std::fs::write(&part, told.to_string())?;
        Ok(std::fs::rename(part, self.folder.path().join("update.json"))?)
    }

    fn takes(&self) -> anyhow::Result<String> {
        let request = self.spool.join("request");
        let word = std::fs::read_to_string(&request)?;
        std::fs::remove_file(request)?;
        Ok(word.trim().to_owned())
    }
}

#[test]
fn an_update_goes_from_the_browser_to_the_machine() -> anyhow::Result<()> {
    let _alone = alone();
    let folder = tempfile::tempdir()?;
    let daemon = Daemon::start_in(&[("FOREBAY_BOX_DIR", folder.path())])?;
    let machine = Machine { folder, spool: daemon.folder().join("box") };
    let api = format!("{}/api/v1/update", daemon.base());
    let status = || -> anyhow::Result<UpdateStatus> { http::fetch(&api)?.json() };
    let upload = |bytes: &[u8]| http::put(&format!("{api}/bundle"), "application/octet-stream", bytes);
    let ask = |step: &str| http::post(&format!("{api}/{step}"), "application/json", b"");
    ensure!(!status()?.possible && upload(b"bundle")?.status == 409, "a package updates itself from here");

    machine.says("idle", &json!({}))?;
    ensure!(status()?.possible && status()?.running == "0.1.0");
    ensure!(upload(&[0; 1001])?.status == 413 && ask("apply")?.status == 409);
    let uploaded: UploadedFile = upload(b"bundle")?.json()?;
    // As `printf bundle | sha256sum` has it.
    let digest = "1e6ed65d77d6364eeaed5a745ba5c4985ae2b700dd85d7cf7f027bdf294a33fc";
    ensure!(uploaded.bytes == 6 && uploaded.sha256 == digest, "{uploaded:?}");
    ensure!(std::fs::read(machine.spool.join("bundle.raucb"))? == b"bundle" && status()?.waiting);
    ensure!(ask("cancel")?.status == 409, "it has not taken the last one");
    ensure!(machine.takes()? == "check");

    machine.says("refused", &json!({ "code": "older", "reason": "it is older than what runs" }))?;
    ensure!(status()?.reason.as_deref() == Some("it is older than what runs"));
    ensure!(ask("apply")?.status == 409 && upload(b"newer")?.status == 200 && machine.takes()? == "check");
    machine.says("accepted", &json!({ "offered": "0.2.0" }))?;
    ensure!(ask("apply")?.status == 202 && machine.takes()? == "apply");
    let mut feed = Follower::start(daemon.ports.http, None)?;
    let told: UpdateStatus = serde_json::from_str(&feed.next_named("update")?)?;
    ensure!(told.state == "accepted" && told.possible, "{told:?}");
    machine.says("writing", &json!({ "offered": "0.2.0", "progress_percent": 40 }))?;
    let told: UpdateStatus = serde_json::from_str(&feed.next_named("update")?)?;
    ensure!(told.progress_percent == Some(40), "whoever follows is told otherwise: {told:?}");
    ensure!(status()?.progress_percent == Some(40) && upload(b"x")?.status == 409);
    machine.says("written", &json!({ "offered": "0.2.0" }))?;
    ensure!(ask("restart")?.status == 202 && machine.takes()? == "restart");
    ensure!(ask("nonsense")?.status == 404);
    let machine_too = daemon.cli(&["factory-reset", "--whole-machine", "--yes"])?;
    done(&machine_too)?;
    ensure!(machine.takes()? == "factory-reset");
    Ok(())
}
