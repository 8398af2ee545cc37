//! The health of the machine, from outside: the real daemon looks at a machine of files (`--host-root`), whose figures cross
//! their limits and come back.

use anyhow::{Context, ensure};
use e2e::clock::until;
use e2e::daemon::Daemon;
use e2e::{alone, http};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use wire::{Alarm, BoxHealth, HealthHistory};

/// The daemon looks each ten seconds; the rest is for a busy machine.
const SEEN_WITHIN: Duration = Duration::from_secs(40);
/// A minute is told once it is over.
const MINUTE_WITHIN: Duration = Duration::from_secs(110);
/// What the test makes happen, by the alarm that it is to raise.
const ALARMS: [&str; 3] = ["link-lost", "memory-short", "too-hot"];

/// A machine of eight cores and 16 GB.
struct Machine(TempDir);

impl Machine {
    fn new() -> anyhow::Result<Self> {
        let machine = Self(TempDir::new()?);
        machine.cores(0)?;
        machine.set("proc/loadavg", "0.50 0.40 0.30 1/200 4321")?;
        machine.set("sys/class/hwmon/hwmon0/name", "coretemp")?;
        machine.set("sys/class/hwmon/hwmon0/temp1_label", "Package id 0")?;
        machine.set("sys/class/hwmon/hwmon0/temp1_crit", "100000")?;
        machine.set("sys/class/net/eth0/flags", "0x1003")?;
        machine.set("sys/class/net/eth0/speed", "1000")?;
        machine.set("sys/class/net/eth0/device/vendor", "0x8086")?;
        machine.set("run/systemd/timesync/synchronized", "")?;
        machine.be_well()?;
        Ok(machine)
    }

    /// Whole or not at all: the daemon reads whenever it likes.
    fn set(&self, place: &str, text: &str) -> anyhow::Result<()> {
        let path = self.0.path().join(place);
        let folder = path.parent().context("a file in a folder")?;
        std::fs::create_dir_all(folder)?;
        let part = self.0.path().join("part");
        std::fs::write(&part, text)?;
        Ok(std::fs::rename(part, path)?)
    }

    /// All eight have been busy for a quarter of the time since before.
    fn cores(&self, seconds: u64) -> anyhow::Result<()> {
        let (busy, idle) = (1000 + seconds * 25, 9000 + seconds * 75);
        let core = |name: &str, of: u64| format!("{name} {} 0 0 {} 0 0 0 0 0 0\n", busy * of, idle * of);
        let each: String = (0..8).map(|number| core(&format!("cpu{number}"), 1)).collect();
        self.set("proc/stat", &(core("cpu ", 8) + &each))
    }

    fn figures(&self, available_kb: u32, millidegrees: u32, carrier: u8) -> anyhow::Result<()> {
        self.set("proc/meminfo", &format!("MemTotal: 16000000 kB\nMemAvailable: {available_kb} kB\n"))?;
        self.set("sys/class/hwmon/hwmon0/temp1_input", &millidegrees.to_string())?;
        self.set("sys/class/net/eth0/carrier", &carrier.to_string())
    }

    fn be_well(&self) -> anyhow::Result<()> {
        self.figures(12_000_000, 61_000, 1)
    }

    fn be_ill(&self) -> anyhow::Result<()> {
        self.figures(400_000, 97_000, 0)
    }
}

fn get<T: serde::de::DeserializeOwned>(daemon: &Daemon, path: &str) -> anyhow::Result<T> {
    http::fetch(&format!("{}/api/v1{path}", daemon.base()))?.json()
}

/// Those of this test.
fn alarms(daemon: &Daemon) -> anyhow::Result<Vec<Alarm>> {
    let mut all: Vec<Alarm> = get(daemon, "/alarms")?;
    all.retain(|alarm| ALARMS.contains(&alarm.id.as_str()));
    all.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(all)
}

fn remembered(daemon: &Daemon) -> anyhow::Result<Vec<f64>> {
    let told: HealthHistory = get(daemon, "/devices/history?metric=memory&span=hour")?;
    ensure!(told.step_ms == 60_000 && told.series[0].mean.len() == 60, "{told:?}");
    Ok(told.series[0].mean.iter().flatten().copied().collect())
}

#[test]
fn figures_that_cross_their_limits_raise_alarms_and_are_remembered() -> anyhow::Result<()> {
    let _alone = alone();
    let machine = Machine::new()?;
    let root: &Path = machine.0.path();
    let mut daemon = Daemon::start_in(&[("FOREBAY_HOST_ROOT", root)])?;
    let health: BoxHealth = until("the machine is looked at", SEEN_WITHIN, || {
        let health: BoxHealth = get(&daemon, "/devices/health")?;
        ensure!(health.at_ms > 0, "not yet");
        Ok(health)
    })?;
    ensure!(health.processor.cores.len() == 8 && health.memory.total == 16_384_000_000, "{health:?}");
    ensure!(health.filesystems.iter().any(|disk| disk.name == "data" && disk.size > 0), "{health:?}");
    let link = &health.links[0];
    ensure!(link.name == "eth0" && link.carrier && link.speed_mbps == Some(1000), "{link:?}");
    ensure!(health.clock.state == wire::ClockState::Synchronised, "{:?}", health.clock);
    // 6.4 of 8 cores at 0.651 each.
    let room = health.room.iter().find(|room| room.template == "720p30").context("a forecast")?;
    ensure!((room.cpu_millicores, room.in_software, room.on_devices) == (651, 9, 0), "{room:?}");

    machine.cores(10)?;
    until("the processor is busy", SEEN_WITHIN, || {
        let health: BoxHealth = get(&daemon, "/devices/health")?;
        ensure!(health.processor.busy_percent == Some(25.0), "{:?}", health.processor);
        Ok(())
    })?;
    machine.be_ill()?;
    let raised = until("alarms are raised", SEEN_WITHIN, || {
        let alarms = alarms(&daemon)?;
        ensure!(alarms.len() == ALARMS.len(), "{alarms:?}");
        Ok(alarms)
    })?;
    for (alarm, about) in raised.iter().zip(["eth0", "memory", "coretemp.package-id-0"]) {
        ensure!(alarm.link == "/admin/devices" && !alarm.remedy.is_empty(), "{alarm:?}");
        ensure!(alarm.cause.contains(about), "{alarm:?}");
    }
    let listed = String::from_utf8(daemon.cli(&["devices"])?.stdout)?;
    for expected in ["8 cores", "no cable", "97 °C", "no GPU found", "720p30"] {
        ensure!(listed.contains(expected), "{expected}: {listed}");
    }

    machine.be_well()?;
    until("alarms are over", SEEN_WITHIN, || {
        let alarms = alarms(&daemon)?;
        ensure!(alarms.is_empty(), "{alarms:?}");
        Ok(())
    })?;
    let recent: HealthHistory =
        get(&daemon, "/devices/history?metric=memory,temperature.coretemp.package-id-0&span=recent")?;
    let hottest = recent.series[1].most.iter().flatten().copied().reduce(f64::max);
    ensure!(hottest == Some(97.0) && recent.step_ms == 10_000, "{recent:?}");
    until("a minute is remembered", MINUTE_WITHIN, || {
        let minutes = remembered(&daemon)?;
        ensure!(minutes.iter().any(|percent| (25.0..=97.5).contains(percent)), "{minutes:?}");
        Ok(())
    })?;
    // Over a restart too.
    let before = remembered(&daemon)?;
    daemon.kill()?;
    daemon.start_again()?;
    let after = remembered(&daemon)?;
    ensure!(after.starts_with(&before[..1]), "{before:?} {after:?}");
    let unknown = http::fetch(&format!("{}/api/v1/devices/history?metric=nonsense", daemon.base()));
    ensure!(unknown.is_err_and(|error| error.to_string().contains("404")), "a metric that is none");
    Ok(())
}
