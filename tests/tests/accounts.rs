//! Who may manage the box, in a real browser and by a real client: the claim, signing in, what each role may, and that no
//! secret of it is written anywhere.

use anyhow::{Context, ensure};
use e2e::clock::until;
use e2e::daemon::Daemon;
use e2e::{alone, browser, http};
use serde_json::json;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use wire::{Role, User};

/// A picture comes each second.
const SOON: Duration = Duration::from_secs(10);
const PASSWORD: &str = "tall green kettle 17";
const OTHER: &str = "another red teapot 23";

/// `forebay user …`, with a password on its standard input.
fn user(daemon: &Daemon, args: &[&str], password: &str) -> anyhow::Result<Output> {
    let mut command = Command::new(e2e::daemon::binary());
    command.arg("user").args(args).arg("--data-dir").arg(daemon.folder());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    child.stdin.take().context("a pipe")?.write_all(format!("{password}\n").as_bytes())?;
    Ok(child.wait_with_output()?)
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Everything that the box has written down, but for the database, which holds hashes.
fn written(daemon: &Daemon) -> String {
    let mut all = daemon.log();
    if let Ok(history) = daemon.cli(&["history", "--json"]) {
        all.push_str(&said(&history));
    }
    all
}

#[test]
fn a_box_is_claimed_and_signed_in_to_in_the_browser() -> anyhow::Result<()> {
    let _alone = alone();
    let daemon = Daemon::start()?;
    let code = daemon.cli(&["claim", "--json"])?;
    let code: wire::ClaimCode = serde_json::from_slice(&code.stdout).with_context(|| said(&code))?;
    // HTTP/2 there, as browsers use it.
    let base = format!("https://127.0.0.1:{}", daemon.ports.https);
    let args =
        ["--base", &base, "--code", &code.code, "--name", "Ada", "--password", PASSWORD, "--wrong", OTHER];
    let mut story = browser::Story::start("sign-in.mjs", &args)?;
    story.until("signed in")?;
    // A new password ends what goes on with the old one.
    let changed = user(&daemon, &["password", "ada"], OTHER)?;
    ensure!(changed.status.success(), "{}", said(&changed));
    let report = story.end()?;
    let steps = [
        "a short password is refused",
        "claimed",
        "a wrong password is refused",
        "signed in",
        "signed out from outside",
    ];
    ensure!(report["steps"] == json!(steps), "{report}");
    let cookie =
        json!({ "called": "__Host-forebay", "httpOnly": true, "secure": true, "sameSite": "Strict" });
    ensure!(report["cookie"] == cookie && report["isNew"] == json!(true), "{report}");
    ensure!(report["pageErrors"] == json!([]), "{report}");

    let again = daemon.cli(&["claim"])?;
    ensure!(!again.status.success() && said(&again).contains("has been claimed"), "{}", said(&again));
    let written = written(&daemon);
    for secret in [PASSWORD, OTHER, &code.code] {
        ensure!(!written.contains(secret), "a secret is written down: {written}");
    }
    Ok(())
}

#[test]
fn a_second_step_is_set_up_and_a_removal_undone_without_a_mouse() -> anyhow::Result<()> {
    let _alone = alone();
    let daemon = Daemon::start()?;
    let code = daemon.cli(&["claim", "--json"])?;
    let code: wire::ClaimCode = serde_json::from_slice(&code.stdout).with_context(|| said(&code))?;
    let base = format!("https://127.0.0.1:{}", daemon.ports.https);
    let report =
        browser::script("second-step.mjs", &["--base", &base, "--code", &code.code, "--password", PASSWORD])?;
    let steps =
        ["set up", "signed in by a code", "signed in by a recovery code", "a QR code", "undone", "taken off"];
    ensure!(report["steps"] == json!(steps), "{report:#}");
    ensure!(report["findings"] == json!([]) && report["pageErrors"] == json!([]), "{report:#}");
    let off = daemon.cli(&["user", "totp", "remove", "Ada"])?;
    ensure!(!off.status.success() && said(&off).contains("has no second step"), "{}", said(&off));
    let audit = daemon.cli(&["audit", "--export"])?;
    let written = format!("{}{}", written(&daemon), said(&audit));
    ensure!(written.contains("/users/Ada/totp/confirm"), "{written}");
    let secrets = report["secrets"].as_array().context("no secrets")?;
    ensure!(secrets.len() == 11, "{secrets:?}");
    for secret in secrets.iter().filter_map(|secret| secret.as_str()) {
        ensure!(!written.contains(secret), "a secret is written down: {written}");
    }
    Ok(())
}

/// A client of the API: its cookie.
struct Client {
    base: String,
    cookie: String,
}

impl Client {
    fn sign_in(daemon: &Daemon, name: &str, password: &str) -> anyhow::Result<Self> {
        let body = json!({ "name": name, "password": password }).to_string();
        let url = format!("{}/api/v1/session", daemon.base());
        let answer = http::post(&url, "application/json", body.as_bytes())?;
        ensure!(answer.status == 201, "{}: {}", answer.status, answer.text());
        let cookie = answer.header("set-cookie").context("no cookie")?;
        let cookie = cookie.split(';').next().context("no pair")?.to_owned();
        Ok(Self { base: daemon.base(), cookie })
    }

    /// Status of a call.
    fn status(&self, method: &str, path: &str) -> anyhow::Result<u16> {
        let url = format!("{}/api/v1{path}", self.base);
        let call = if method == "GET" { http::get_with } else { http::post_with };
        Ok(call(&url, "cookie", &self.cookie)?.status)
    }
}

/// Limited to a channel that goes then, Vic sees none; a token of Olga's sees what Olga sees.
fn grants_and_tokens_hold(daemon: &Daemon, vic: &Client) -> anyhow::Result<()> {
    let attic = daemon.cli(&["channel", "add", "--name", "Attic", "--source", "rtmp", "--stopped"])?;
    ensure!(attic.status.success(), "{}", said(&attic));
    for args in [["grant", "Vic", "attic"], ["grant", "Olga", "hall"]] {
        let granted = user(daemon, &args, "")?;
        ensure!(granted.status.success(), "{}", said(&granted));
    }
    let made = daemon.cli(&["token", "add", "wall", "--user", "Olga", "--scope", "read", "--json"])?;
    let made: wire::MadeApiToken = serde_json::from_slice(&made.stdout).with_context(|| said(&made))?;
    let by_token = |path: &str| -> anyhow::Result<u16> {
        let url = format!("{}/api/v1{path}", daemon.base());
        Ok(http::get_with(&url, "authorization", &format!("Bearer {}", made.secret))?.status)
    };
    let paths = ["/channels/hall", "/channels/attic", "/channels/hall/key", "/users"];
    let seen = paths.map(|path| by_token(path).unwrap_or(0));
    ensure!(seen == [200, 404, 403, 403], "{seen:?}");
    ensure!(vic.status("GET", "/channels/attic")? == 200 && vic.status("GET", "/channels/hall")? == 404);
    ensure!(daemon.cli(&["channel", "remove", "attic"])?.status.success(), "it stays");
    let list = http::get_with(&format!("{}/api/v1/channels", daemon.base()), "cookie", &vic.cookie)?;
    ensure!(list.json::<wire::ChannelList>()?.channels.is_empty(), "{}", list.text());
    let listed = daemon.cli(&["token", "list"])?;
    ensure!(said(&listed).contains("wall") && !said(&listed).contains(&made.secret), "{}", said(&listed));
    ensure!(!written(daemon).contains(&made.secret), "a token is written down");
    Ok(())
}

#[test]
fn roles_hold_and_channels_stay_on_air_for_viewers_who_do_not_sign_in() -> anyhow::Result<()> {
    let _alone = alone();
    let mut daemon = Daemon::start()?;
    let channel = daemon.add_channel("Hall", "test-pattern", &e2e::daemon::small_ladder())?;
    daemon.wait_begun(&channel, wire::ChannelState::Live)?;
    // What its viewers see, as the admin page shows it.
    let picture = until("a picture", SOON, || daemon.channel("hall")?.picture.context("none yet"))?;
    let jpeg = http::get(&format!("{}{picture}", daemon.base()))?;
    ensure!(jpeg.header("content-type") == Some("image/jpeg") && jpeg.body.starts_with(&[0xff, 0xd8]));
    // On the console, without a claim: the first must be an administrator.
    let first = user(&daemon, &["add", "Olga", "--role", "operator"], PASSWORD)?;
    ensure!(
        !first.status.success() && said(&first).contains("first user is an administrator"),
        "{}",
        said(&first)
    );
    for (name, role) in [("Ada", "administrator"), ("Olga", "operator"), ("Vic", "viewer")] {
        let added = user(&daemon, &["add", name, "--role", role], PASSWORD)?;
        ensure!(added.status.success(), "{name}: {}", said(&added));
    }
    let listed = daemon.cli(&["user", "list", "--json"])?;
    let users: Vec<User> = serde_json::from_slice(&listed.stdout)?;
    ensure!(
        users.len() == 3 && users[0] == User { name: "Ada".into(), role: Role::Administrator },
        "{users:?}"
    );

    let url = format!("{}/api/v1/channels", daemon.base());
    ensure!(http::get(&url)?.status == 401, "nobody has to sign in");
    // Viewers of channels are no users.
    http::fetch(&daemon.live(&channel, "master.m3u8"))?;
    let [ada, olga, vic] = ["Ada", "Olga", "Vic"].map(|name| Client::sign_in(&daemon, name, PASSWORD));
    let (ada, olga, vic) = (ada?, olga?, vic?);
    for (method, path, allowed) in [
        ("GET", "/channels", [200, 200, 200]),
        ("GET", "/channels/hall/key", [200, 200, 403]),
        ("POST", "/channels/hall/start", [200, 200, 403]),
        ("GET", "/users", [200, 403, 403]),
    ] {
        let found = [ada.status(method, path)?, olga.status(method, path)?, vic.status(method, path)?];
        ensure!(found == allowed, "{method} {path}: {found:?}, not {allowed:?}");
    }

    grants_and_tokens_hold(&daemon, &vic)?;

    // What each of them did, and what they were refused, is written down; nothing of it is secret.
    let export = daemon.cli(&["audit", "--export"])?;
    ensure!(export.status.success(), "{}", said(&export));
    let export = String::from_utf8(export.stdout)?;
    let deeds = export.lines().map(serde_json::from_str).collect::<Result<Vec<wire::AuditEntry>, _>>()?;
    let starts = deeds.iter().filter(|deed| deed.call == "POST /channels/hall/start");
    let starts: Vec<_> = starts.map(|deed| (deed.who.as_str(), deed.status)).collect();
    ensure!(starts == [("Ada", 200), ("Olga", 200)], "{starts:?}");
    ensure!(deeds.iter().any(|deed| deed.who == "(console)" && deed.call == "POST /users"), "{export}");
    ensure!(!export.contains(PASSWORD), "a password is in the audit log: {export}");

    // A session outlives the daemon, and ends with its user.
    daemon.kill()?;
    daemon.start_again()?;
    ensure!(olga.status("GET", "/channels")? == 200, "the session is gone");
    let removed = daemon.cli(&["user", "remove", "Olga"])?;
    ensure!(removed.status.success(), "{}", said(&removed));
    ensure!(olga.status("GET", "/channels")? == 401, "who was removed is still let in");
    let last = daemon.cli(&["user", "remove", "ada"])?;
    ensure!(
        !last.status.success() && said(&last).contains("the last administrator stays"),
        "{}",
        said(&last)
    );
    Ok(())
}
