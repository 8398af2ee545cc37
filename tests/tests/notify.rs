//! Alarms are sent on, to receivers that others wrote: signed, in the standards' forms, again when they do not arrive, and
//! without a secret anywhere.

use anyhow::{Context, ensure};
use e2e::clock::until;
use e2e::daemon::{Daemon, small_ladder, workspace};
use e2e::{alone, http};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wire::ChannelState;

/// A first notice is sent at once; one that failed twice comes within some seconds.
const SOON: Duration = Duration::from_secs(20);
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
const PASSWORD: &str = "mail pass word 5";

struct Receivers {
    child: Child,
    told: Arc<Mutex<Vec<Value>>>,
    ports: Value,
    ca: Value,
    _folder: tempfile::TempDir,
}

impl Receivers {
    fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let script = workspace().join("tests/receivers/receivers.py");
        let mut command = Command::new("python3");
        command.arg(script).arg(folder.path()).arg(SECRET).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("a pipe")?).lines();
        let first: Value = serde_json::from_str(&lines.next().context("the receivers say nothing")??)?;
        let told: Arc<Mutex<Vec<Value>>> = Arc::default();
        let heard = told.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let (Ok(value), Ok(mut heard)) = (serde_json::from_str(&line), heard.lock()) {
                    heard.push(value);
                }
            }
        });
        Ok(Self { child, told, ports: first["ports"].clone(), ca: first["ca"].clone(), _folder: folder })
    }

    fn told(&self, by: &str) -> Vec<Value> {
        let told = self.told.lock().expect("nobody panics with it");
        told.iter().filter(|each| each["by"] == by).cloned().collect()
    }

    fn wait(&self, by: &str, is_it: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        until(&format!("{by} is told"), SOON, || {
            let told = self.told(by);
            told.iter().find(|each| is_it(each)).cloned().with_context(|| format!("{told:?}"))
        })
    }
}

impl Drop for Receivers {
    fn drop(&mut self) {
        // They end with their input, too.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn add(daemon: &Daemon, body: &Value) -> anyhow::Result<Value> {
    let url = format!("{}/api/v1/notifications", daemon.base());
    let answer = http::post(&url, "application/json", body.to_string().as_bytes())?;
    ensure!(answer.status == 201, "{body}: {}", answer.text());
    answer.json()
}

fn test(daemon: &Daemon, name: &str) -> anyhow::Result<(bool, String)> {
    let url = format!("{}/api/v1/notifications/{name}/test", daemon.base());
    let answer = http::post(&url, "application/json", b"")?;
    ensure!(answer.status == 200, "{}", answer.text());
    let result: wire::TestResult = answer.json()?;
    Ok((result.delivered, result.said))
}

fn add_all(daemon: &Daemon, receivers: &Receivers) -> anyhow::Result<()> {
    let (ports, ca) = (&receivers.ports, &receivers.ca);
    let webhook = |scheme: &str, path: &str| format!("{scheme}://127.0.0.1:{}{path}", ports[scheme]);
    let syslog =
        |name: &str| json!({"kind": "syslog", "host": "127.0.0.1", "port": ports[name], "transport": name});
    let with_ca = |mut via: Value| {
        via["ca_pem"] = ca.clone();
        via
    };
    let hook = |url: String| json!({"kind": "webhook", "url": url});
    let mail = json!({"kind": "email", "host": "localhost", "port": ports["smtp"], "security": "starttls",
        "from": "box@example.org", "to": ["ada@example.org", "eve@example.org"], "user": "box"});
    for (name, via, secret) in [
        ("hook", hook(webhook("http", "/plain")), Some(SECRET)),
        ("hook-tls", with_ca(hook(webhook("https", "/tls"))), Some(SECRET)),
        ("moved", hook(webhook("http", "/moved")), Some(SECRET)),
        ("log-tcp", syslog("tcp"), None),
        ("log-tls", with_ca(syslog("tls")), None),
        ("log-stranger", syslog("tls"), None),
        ("log-udp", syslog("udp"), None),
        ("mail", with_ca(mail), Some(PASSWORD)),
        ("silent", hook(format!("http://127.0.0.1:{}/", ports["silent"])), Some(SECRET)),
    ] {
        // What is to fail is tested by hand alone.
        let least = if ["moved", "log-stranger", "silent"].contains(&name) { "critical" } else { "minor" };
        add(daemon, &json!({"name": name, "via": via, "secret": secret, "least": least}))?;
    }
    Ok(())
}

#[test]
fn alarms_reach_every_kind_of_receiver_in_its_form() -> anyhow::Result<()> {
    let _alone = alone();
    let (daemon, receivers) = (Daemon::start()?, Receivers::start()?);
    add_all(&daemon, &receivers)?;

    // What the other side says is told.
    for (name, arrives, says) in [
        ("hook", true, "200 OK thanks"),
        ("hook-tls", true, "200 OK thanks"),
        ("moved", false, "307"),
        ("log-tcp", true, "syslog does not answer"),
        ("log-tls", true, "over TLS"),
        ("log-stranger", false, "certificate"),
        ("log-udp", true, "over UDP"),
        ("mail", true, "250 taken as 42"),
        ("silent", false, "no answer within 8 s"),
    ] {
        let (delivered, said) = test(&daemon, name)?;
        ensure!(delivered == arrives && said.contains(says), "{name}: {delivered} {said}");
    }
    ensure!(
        receivers.told("http").iter().all(|told| told["path"] != "/elsewhere"),
        "redirects are not followed"
    );
    let cli = daemon.cli(&["notify", "test", "hook"])?;
    ensure!(cli.status.success() && String::from_utf8_lossy(&cli.stdout).contains("thanks"), "{cli:?}");

    // A drill is an alarm that comes and goes.
    let channel = daemon.add_channel("Hall", "test-pattern", &small_ladder())?;
    daemon.wait_begun(&channel, ChannelState::Live)?;
    let url = format!("{}/api/v1/channels/{}/drill", daemon.base(), channel.slug);
    let drill = http::post(&url, "application/json", br#"{"fault": "full-disk", "secs": 2}"#)?;
    ensure!(drill.status == 202, "{}", drill.text());
    for event in ["raised", "cleared"] {
        for path in ["/plain", "/tls"] {
            let hook =
                receivers.wait("http", |told| told["path"] == path && told["body"]["event"] == event)?;
            ensure!(hook["signed"] == true && hook["body"]["alarm"] == "drill-running", "{hook}");
        }
        for by in ["tcp", "tls", "udp"] {
            let line = receivers.wait(by, |told| told["msgid"] == event)?;
            ensure!(line["strict"] == true && line["app"] == "forebay", "{line}");
            ensure!(
                line["params"].as_str().is_some_and(|params| params.contains("alarm=\"drill-running\"")),
                "{line}"
            );
        }
        let mail = receivers.wait("smtp", |told| {
            told["text"].as_str().is_some_and(|text| text.contains(&format!("drill-running {event}")))
        })?;
        ensure!(mail["encrypted"] == true && mail["authenticated"] == true, "{mail}");
        ensure!(mail["to"].as_array().is_some_and(|to| to.len() == 2), "{mail}");
    }
    for by in ["http", "tcp", "tls", "udp", "smtp"] {
        for told in receivers.told(by) {
            ensure!(told["signed"] != false && told["strict"] != false, "{told}");
        }
    }
    no_secret_anywhere(&daemon)
}

/// Searched for in all that the box tells and writes down, but for the database that has to hold them.
fn no_secret_anywhere(daemon: &Daemon) -> anyhow::Result<()> {
    let mut all = daemon.log();
    for path in
        ["notifications", "notifications/mail", "audit", "history", "alarms", "channels", "configuration"]
    {
        let answer = http::get(&format!("{}/api/v1/{path}", daemon.base()))?;
        ensure!(answer.status == 200, "{path}: {}", answer.text());
        all.push_str(&answer.text());
    }
    all.push_str(&http::fetch(&format!("{}/metrics", daemon.base()))?.text());
    for command in [["notify", "list"], ["audit", "--export"], ["config", "export"]] {
        let output = daemon.cli(&command)?;
        ensure!(output.status.success(), "{command:?}: {output:?}");
        all.push_str(&String::from_utf8_lossy(&output.stdout));
    }
    ensure!(all.contains("POST /notifications"), "what is searched is there");
    for secret in [SECRET, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", PASSWORD] {
        ensure!(!all.contains(secret), "a secret is told: {secret}");
    }
    Ok(())
}

#[test]
fn a_destination_that_fails_is_an_alarm_for_the_others_and_gets_it_all_when_it_is_back() -> anyhow::Result<()>
{
    let _alone = alone();
    let (daemon, receivers) = (Daemon::start()?, Receivers::start()?);
    // A port that was free a moment ago refuses.
    let refused = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let hook = |port: &Value, path: &str| json!({"kind": "webhook", "url": format!("http://127.0.0.1:{port}{path}")});
    add(&daemon, &json!({"name": "well", "via": hook(&receivers.ports["http"], "/well"), "secret": SECRET}))?;
    add(&daemon, &json!({"name": "ill", "via": hook(&json!(refused), "/ill"), "secret": SECRET}))?;
    let channel = daemon.add_channel("Hall", "test-pattern", &small_ladder())?;
    daemon.wait_begun(&channel, ChannelState::Live)?;
    let url = format!("{}/api/v1/channels/{}/drill", daemon.base(), channel.slug);
    http::post(&url, "application/json", br#"{"fault": "full-disk", "secs": 1}"#)?;

    let told = receivers.wait("http", |told| {
        told["body"]["alarm"] == "notify-failing" && told["body"]["event"] == "raised"
    })?;
    ensure!(
        told["path"] == "/well"
            && told["body"]["cause"].as_str().is_some_and(|cause| cause.contains("`ill`")),
        "{told}"
    );
    let ill: wire::Destination =
        http::fetch(&format!("{}/api/v1/notifications/ill", daemon.base()))?.json()?;
    ensure!(ill.status.failing && ill.status.waiting >= 2, "the drill's two turns wait: {ill:?}");

    // It comes back elsewhere: what waited arrives, and the alarm ends.
    let body = json!({"name": "ill", "via": hook(&receivers.ports["http"], "/ill"), "secret": SECRET});
    let url = format!("{}/api/v1/notifications/ill", daemon.base());
    let answer = http::put(&url, "application/json", body.to_string().as_bytes())?;
    ensure!(answer.status == 200, "{}", answer.text());
    for event in ["raised", "cleared"] {
        receivers.wait("http", |told| {
            told["path"] == "/ill"
                && told["body"]["event"] == event
                && told["body"]["alarm"] == "drill-running"
        })?;
    }
    receivers.wait("http", |told| {
        told["path"] == "/well"
            && told["body"]["alarm"] == "notify-failing"
            && told["body"]["event"] == "cleared"
    })?;
    let about_itself = |told: &Value| told["path"] == "/ill" && told["body"]["alarm"] == "notify-failing";
    ensure!(!receivers.told("http").iter().any(about_itself), "it was told of itself");
    Ok(())
}
