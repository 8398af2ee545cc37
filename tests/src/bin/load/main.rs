//! A load of viewers, from a process of its own, beside nginx with files of the same sizes from memory in the same run.
//!
//! 1. `held`: so many playlist requests over HTTP/1.1 that wait for the same segment.
//! 2. `viewers`: LL-HLS viewers, each with video and sound: a blocked playlist request, then the part it tells of.
//! 3. `nginx`: the same requests at the same pace, answered from files.
//! 4. `crowd`: many LL-HLS and LL-DASH viewers at once.
//!
//! `FOREBAY_LOAD_HELD` (default 10000), `FOREBAY_LOAD_VIEWERS` (100), `FOREBAY_LOAD_CROWD_HLS` (2000),
//! `FOREBAY_LOAD_CROWD_DASH` (500), `FOREBAY_LOAD_SECONDS` (30) a step; 0 leaves a step out.

mod held;

use anyhow::{Context, bail, ensure};
use e2e::daemon::{Channel, Daemon};
use e2e::playlist::{Media, Multivariant};
use e2e::procfs::{Usage, usage};
use e2e::setting;
use flate2::read::GzDecoder;
use held::Held;
use rustix::process::{Resource, getrlimit, setrlimit};
use serde_json::json;
use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{sleep, timeout};
use wire::ChannelState;

/// Of video; the acceptance figures are for 1.5 Mbit/s.
const BITRATE_BPS: u32 = 1_500_000;
/// A part that is listed later than a part's length after its end is late: players with PART-HOLD-BACK run dry of it.
const LATE_MS: f64 = 500.0;
/// An answer that takes longer is lost.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
const NGINX_WORKERS: usize = 2;

fn main() -> anyhow::Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit)?;
    let daemon = Daemon::start()?;
    let ladder = json!([{ "width": 1280, "height": 720, "bitrate_bps": BITRATE_BPS }]);
    let channel = daemon.add_channel("load", "test-pattern", &ladder)?;
    daemon.wait_on_air(&channel, ChannelState::Live)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let bench = Bench { daemon, channel, seconds: setting("FOREBAY_LOAD_SECONDS", 30) };
    LocalSet::new().block_on(&runtime, bench.run())
}

struct Bench {
    daemon: Daemon,
    channel: Channel,
    seconds: u64,
}

/// The media playlists of the channel: path below the host, for video and sound.
#[derive(Clone)]
struct Renditions {
    port: u16,
    paths: Vec<String>,
}

impl Bench {
    async fn run(&self) -> anyhow::Result<()> {
        let held = setting("FOREBAY_LOAD_HELD", 10_000) as usize;
        if held > 0 {
            self.held(held).await?;
        }
        let viewers = setting("FOREBAY_LOAD_VIEWERS", 100) as usize;
        if viewers > 0 {
            let ours = self.viewers("LL-HLS viewers", viewers, 0).await?;
            let theirs = self.nginx(viewers, &ours).await?;
            println!("ratio: {:.2} times nginx's CPU for each GB", ours.cpu_per_gb() / theirs.cpu_per_gb());
        }
        let crowd = ["FOREBAY_LOAD_CROWD_HLS", "FOREBAY_LOAD_CROWD_DASH"];
        let [hls, dash] = [setting(crowd[0], 2_000) as usize, setting(crowd[1], 500) as usize];
        if hls + dash > 0 {
            self.viewers("crowd", hls, dash).await?;
        }
        Ok(())
    }

    fn renditions(&self) -> anyhow::Result<Renditions> {
        let playlists = Multivariant::fetch(&self.daemon.live(&self.channel, "master.m3u8"))?;
        let base = self.daemon.base();
        let path = |url: &String| url.strip_prefix(&base).map(ToOwned::to_owned).context("of this box");
        let paths = playlists.all().map(path).collect::<anyhow::Result<_>>()?;
        Ok(Renditions { port: self.daemon.ports.http, paths })
    }

    /// Requests that wait for the segment after the next.
    async fn held(&self, count: usize) -> anyhow::Result<()> {
        let renditions = self.renditions()?;
        let before = usage(self.daemon.pid())?;
        let mut waiting =
            (0..count).map(|_| Held::connect(renditions.port)).collect::<anyhow::Result<Vec<_>>>()?;
        let connected = usage(self.daemon.pid())?;
        let url = format!("{}{}", self.daemon.base(), renditions.paths[0]);
        let msn = Media::fetch(&url)?.complete().next_back().context("no segment")?.0 + 2;
        let path = format!("{}?_HLS_msn={msn}", renditions.paths[0]);
        waiting.iter_mut().try_for_each(|held| held.ask(&path))?;
        // "$Number$" is the grid's: segments of 2 s since the epoch.
        let due_ms = (msn + 1) as f64 * 2000.0;
        let before_due = due_ms - 500.0 - unix_ms();
        ensure!(before_due > 0.0, "to ask took longer than there was time; ask fewer");
        sleep(Duration::from_secs_f64(before_due / 1000.0)).await;
        let while_held = usage(self.daemon.pid())?;
        sleep(Duration::from_secs_f64((due_ms + 1000.0 - unix_ms()).max(0.0) / 1000.0)).await;
        let released = usage(self.daemon.pid())?;
        let answers = waiting.iter_mut().map(Held::answer).collect::<anyhow::Result<Vec<_>>>()?;
        let (mut after, mut right) = (Vec::new(), 0);
        for answer in answers {
            let mut text = String::new();
            GzDecoder::new(&answer.body[..]).read_to_string(&mut text)?;
            right += usize::from(answer.status == 200 && text.contains(&format!("{msn}.m4s")));
            after.push(answer.at_ms - Edge::read(&text).end_of(msn).context("the segment has no date")?);
        }
        let first = after.iter().copied().fold(f64::INFINITY, f64::min);
        let each = |usage: &Usage| {
            (usage.resident_bytes.saturating_sub(before.resident_bytes)) as f64 / count as f64 / 1024.0
        };
        println!(
            "held: {right} of {count} answered right; released {} after the segment's end, first at {first:.0} ms; {:.0} us of \
             CPU for each; {:.1} KiB for each connection, {:.1} KiB with its request held; RSS {} MB",
            percentiles(&mut after),
            released.cpu.saturating_sub(while_held.cpu).as_secs_f64() * 1e6 / count as f64,
            each(&connected),
            each(&while_held),
            while_held.resident_bytes / 1_000_000
        );
        ensure!(right == count, "{} answers were wrong", count - right);
        Ok(())
    }

    /// Viewers of both kinds for a while.
    async fn viewers(&self, name: &str, hls: usize, dash: usize) -> anyhow::Result<Load> {
        let renditions = self.renditions()?;
        let seen = Rc::new(RefCell::new(Seen::default()));
        let until = unix_ms() + (self.seconds as f64 + 4.0) * 1000.0;
        let mut viewers = JoinSet::new();
        for count in 0..hls + dash {
            for path in renditions.paths.clone() {
                let (port, seen) = (renditions.port, seen.clone());
                if count < hls {
                    viewers.spawn_local(hls_viewer(port, path, until, seen));
                } else {
                    viewers.spawn_local(dash_viewer(port, path, until, seen));
                }
            }
            if count % 50 == 49 {
                sleep(Duration::from_millis(20)).await;
            }
        }
        // Counted from when all of them watch.
        sleep(Duration::from_secs(4)).await;
        let _starting = seen.take();
        let (cpu, at) = (usage(self.daemon.pid())?.cpu, unix_ms());
        sleep(Duration::from_secs(self.seconds)).await;
        let (after, elapsed) = (usage(self.daemon.pid())?, (unix_ms() - at) / 1000.0);
        let seen_then = seen.take();
        while let Some(ended) = viewers.join_next().await {
            ended??;
        }
        let load = Load {
            seen: seen_then,
            elapsed,
            cpu: after.cpu.saturating_sub(cpu),
            resident: after.resident_bytes,
        };
        println!("{name}: {hls} LL-HLS and {dash} LL-DASH, {}", load.line());
        Ok(load)
    }

    /// The same requests at the same pace, answered by nginx from files of the same sizes in memory.
    async fn nginx(&self, viewers: usize, like: &Load) -> anyhow::Result<Load> {
        let nginx = Nginx::start(&like.seen.sizes)?;
        let seen = Rc::new(RefCell::new(Seen::default()));
        let mut all = JoinSet::new();
        let until = unix_ms() + (self.seconds as f64 + 2.0) * 1000.0;
        let loops = viewers * 2;
        for place in 0..loops {
            let (port, seen) = (nginx.port, seen.clone());
            let files = if place % 2 == 0 { ["playlist-0", "media-0"] } else { ["playlist-1", "media-1"] };
            all.spawn_local(async move {
                sleep(Duration::from_millis(place as u64 * 500 / loops as u64)).await;
                let mut http = Http::connect(port).await?;
                while unix_ms() < until {
                    for file in files {
                        let answer = http.get(&format!("/{file}")).await?;
                        ensure!(answer.status == 200, "nginx answers {}", answer.status);
                        seen.borrow_mut().took(answer.bytes);
                    }
                    sleep(Duration::from_millis(500)).await;
                }
                Ok::<_, anyhow::Error>(())
            });
        }
        sleep(Duration::from_secs(2)).await;
        let _starting = seen.take();
        let (cpu, at) = (nginx.cpu()?, unix_ms());
        sleep(Duration::from_secs(self.seconds.saturating_sub(1))).await;
        let (after, elapsed) = (nginx.cpu()?, (unix_ms() - at) / 1000.0);
        let seen_then = seen.take();
        while let Some(ended) = all.join_next().await {
            ended??;
        }
        let load =
            Load { seen: seen_then, elapsed, cpu: after.saturating_sub(cpu), resident: nginx.resident()? };
        println!("nginx: {viewers} viewers of static files, {}", load.line());
        Ok(load)
    }
}

/// What viewers have seen.
#[derive(Default)]
struct Seen {
    bytes: u64,
    requests: u64,
    listed_ms: Vec<f64>,
    late: u64,
    /// Bytes of the last playlist and part of video and of sound.
    sizes: [[usize; 2]; 2],
}

impl Seen {
    fn took(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        self.requests += 1;
    }
}

struct Load {
    seen: Seen,
    elapsed: f64,
    cpu: Duration,
    resident: u64,
}

impl Load {
    fn cpu_per_gb(&self) -> f64 {
        self.cpu.as_secs_f64() / (self.seen.bytes as f64 / 1e9)
    }

    fn line(&self) -> String {
        let Seen { bytes, requests, listed_ms, late, .. } = &self.seen;
        let mut line = format!(
            "{:.0} requests/s, {:.1} MB/s, {:.2} cores, {:.2} CPU s a GB, {:.0} MB a CPU second, RSS {} MB",
            *requests as f64 / self.elapsed,
            *bytes as f64 / 1e6 / self.elapsed,
            self.cpu.as_secs_f64() / self.elapsed,
            self.cpu_per_gb(),
            *bytes as f64 / 1e6 / self.cpu.as_secs_f64(),
            self.resident / 1_000_000
        );
        if !listed_ms.is_empty() {
            let _infallible = write!(
                line,
                "; parts listed {} after their end, {late} late",
                percentiles(&mut listed_ms.clone())
            );
        }
        line
    }
}

fn percentiles(values: &mut [f64]) -> String {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share) as usize];
    format!("p50 {:.0} / p99 {:.0} / max {:.0} ms", at(0.5), at(0.99), at(1.0))
}

#[expect(clippy::disallowed_methods, reason = "parts are dated by UTC, and so are their arrivals")]
fn unix_ms() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64() * 1000.0)
}

/// The end of a playlist, and where its segments end.
#[derive(Default)]
struct Edge {
    msn: u64,
    parts: u64,
    end_ms: f64,
    newest: String,
    /// Number and end of each complete segment.
    ends: Vec<(u64, f64)>,
}

impl Edge {
    fn read(text: &str) -> Self {
        let mut edge = Self::default();
        let (mut msn, mut start) = (0, 0.0);
        for line in text.lines() {
            if let Some(first) = line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:") {
                msn = first.parse().unwrap_or(0);
            } else if let Some(date) = line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:") {
                start = date_ms(date);
                (edge.msn, edge.parts, edge.end_ms) = (msn, 0, start);
            } else if let Some(list) = line.strip_prefix("#EXT-X-PART:") {
                edge.parts += 1;
                edge.end_ms += attribute(list, "DURATION=").parse().unwrap_or(0.0) * 1000.0;
                attribute(list, "URI=").trim_matches('"').clone_into(&mut edge.newest);
            } else if let Some(duration) = line.strip_prefix("#EXTINF:") {
                let seconds: f64 = duration.trim_end_matches(',').parse().unwrap_or(0.0);
                edge.ends.push((msn, start + seconds * 1000.0));
            } else if !line.is_empty() && !line.starts_with('#') {
                msn += 1;
            }
        }
        edge
    }

    fn end_of(&self, msn: u64) -> Option<f64> {
        self.ends.iter().find(|(each, _)| *each == msn).map(|(_, end)| *end)
    }
}

fn attribute<'a>(list: &'a str, name: &str) -> &'a str {
    let value = list.split_once(name).map_or("", |(_, value)| value);
    value.split(',').next().unwrap_or("")
}

/// `2026-11-22T14:39:00.512Z`, days by Howard Hinnant's `days_from_civil`.
fn date_ms(text: &str) -> f64 {
    let number = |range: std::ops::Range<usize>| {
        text.get(range).and_then(|digits| digits.parse().ok()).unwrap_or(0_i64)
    };
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let seconds = days * 86_400 + number(11..13) * 3600 + number(14..16) * 60 + number(17..19);
    seconds as f64 * 1000.0 + number(20..23) as f64
}

/// Follows one rendition: a blocked playlist request, then the part that it tells of.
async fn hls_viewer(port: u16, path: String, until: f64, seen: Rc<RefCell<Seen>>) -> anyhow::Result<()> {
    let mut http = Http::connect(port).await?;
    let sound = usize::from(path.contains("/audio/"));
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let mut edge = Edge::read(&String::from_utf8(http.get(&path).await?.body)?);
    while unix_ms() < until {
        let answer = http.get(&format!("{path}?_HLS_msn={}&_HLS_part={}", edge.msn, edge.parts)).await?;
        let at = unix_ms();
        ensure!(answer.status == 200, "{path}: {}", answer.status);
        let playlist = answer.bytes;
        edge = Edge::read(&String::from_utf8(answer.body)?);
        let part = http.get(&format!("{folder}/{}", edge.newest)).await?;
        ensure!(part.status == 200, "{}: {}", edge.newest, part.status);
        let mut seen = seen.borrow_mut();
        seen.took(playlist);
        seen.took(part.bytes);
        seen.sizes[sound] = [playlist, part.bytes];
        let after = at - edge.end_ms;
        seen.listed_ms.push(after);
        seen.late += u64::from(after > LATE_MS);
    }
    Ok(())
}

/// Follows one rendition segment by segment, each while it is made.
async fn dash_viewer(port: u16, path: String, until: f64, seen: Rc<RefCell<Seen>>) -> anyhow::Result<()> {
    let mut http = Http::connect(port).await?;
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    // "$Number$" is the grid's: segments of 2 s since the epoch.
    let mut number = (unix_ms() / 2000.0) as u64 + 1;
    while unix_ms() < until {
        let due = number as f64 * 2000.0 + 150.0 - unix_ms();
        sleep(Duration::from_secs_f64(due.max(0.0) / 1000.0)).await;
        let segment = http.get(&format!("{folder}/{number}.m4s")).await?;
        ensure!(segment.status == 200, "{number}.m4s: {}", segment.status);
        let mut seen = seen.borrow_mut();
        seen.took(segment.bytes);
        let after = unix_ms() - (number + 1) as f64 * 2000.0;
        seen.late += u64::from(after > LATE_MS);
        number += 1;
    }
    Ok(())
}

/// One connection over HTTP/1.1.
struct Http {
    stream: TcpStream,
    read: Vec<u8>,
}

struct Answer {
    status: u16,
    /// Of the body alone.
    bytes: usize,
    /// Empty for media: nobody looks at it.
    body: Vec<u8>,
}

impl Http {
    async fn connect(port: u16) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.context("connecting")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: Vec::new() })
    }

    async fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        timeout(ANSWER_WITHIN, self.exchange(path)).await.with_context(|| format!("no answer to {path}"))?
    }

    async fn exchange(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await?;
        let (status, length) = loop {
            let mut fields = [httparse::EMPTY_HEADER; 24];
            let mut response = httparse::Response::new(&mut fields);
            if let httparse::Status::Complete(head) = response.parse(&self.read)? {
                let find =
                    |name: &str| response.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name));
                let length = match find("content-length") {
                    Some(field) => Some(std::str::from_utf8(field.value)?.parse::<usize>()?),
                    None => None,
                };
                let status = response.code.context("status")?;
                self.read.drain(..head);
                break (status, length);
            }
            self.more().await?;
        };
        let media = path.ends_with(".m4s");
        match length {
            Some(length) if media => {
                self.skip(length).await?;
                Ok(Answer { status, bytes: length, body: Vec::new() })
            }
            Some(length) => {
                while self.read.len() < length {
                    self.more().await?;
                }
                Ok(Answer { status, bytes: length, body: self.read.drain(..length).collect() })
            }
            None => Ok(Answer { status, bytes: self.chunks().await?, body: Vec::new() }),
        }
    }

    async fn more(&mut self) -> anyhow::Result<()> {
        ensure!(self.stream.read_buf(&mut self.read).await? > 0, "the connection was closed");
        Ok(())
    }

    /// Reads past so many bytes without keeping them.
    async fn skip(&mut self, mut length: usize) -> anyhow::Result<()> {
        loop {
            let now = length.min(self.read.len());
            self.read.drain(..now);
            length -= now;
            if length == 0 {
                return Ok(());
            }
            self.read.reserve(64 << 10);
            self.more().await?;
        }
    }

    async fn chunks(&mut self) -> anyhow::Result<usize> {
        let mut bytes = 0;
        loop {
            match httparse::parse_chunk_size(&self.read) {
                Ok(httparse::Status::Complete((start, length))) => {
                    let length = usize::try_from(length)?;
                    self.skip(start + length + 2).await?;
                    if length == 0 {
                        return Ok(bytes);
                    }
                    bytes += length;
                }
                Ok(httparse::Status::Partial) => self.more().await?,
                Err(_) => bail!("a chunk without a size"),
            }
        }
    }
}

/// nginx with some files in memory.
struct Nginx {
    master: Child,
    port: u16,
    _folder: TempDir,
}

impl Nginx {
    fn start(sizes: &[[usize; 2]; 2]) -> anyhow::Result<Self> {
        let memory = Path::new("/dev/shm");
        let folder = tempfile::Builder::new().prefix("forebay-nginx-").tempdir_in(memory)?;
        for (kind, [playlist, media]) in sizes.iter().enumerate() {
            for (name, size) in [("playlist", playlist), ("media", media)] {
                std::fs::write(folder.path().join(format!("{name}-{kind}")), vec![b'x'; *size])?;
            }
        }
        let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let root = folder.path().display();
        let mut config = tempfile::Builder::new().tempfile_in(folder.path())?;
        write!(
            config,
            "worker_processes {NGINX_WORKERS}; daemon off; pid {root}/pid; error_log {root}/errors; user root;\n\
             events {{ worker_connections 8192; }}\n\
             http {{ access_log off; sendfile on; tcp_nodelay on; keepalive_requests 100000000; client_body_temp_path {root}/b; \
             proxy_temp_path {root}/p; fastcgi_temp_path {root}/f; uwsgi_temp_path {root}/u; scgi_temp_path {root}/s; \
             server {{ listen 127.0.0.1:{port}; root {root}; }} }}\n"
        )?;
        let path = config.into_temp_path().keep()?;
        let mut command = Command::new("nginx");
        command.arg("-c").arg(&path).args(["-e", "stderr"]).stdin(Stdio::null());
        let master = command.spawn().context("running nginx: .ci/setup bench installs it")?;
        let nginx = Self { master, port, _folder: folder };
        e2e::clock::until("nginx listens", Duration::from_secs(10), || {
            std::net::TcpStream::connect(("127.0.0.1", port)).map(drop).context("not yet")
        })?;
        Ok(nginx)
    }

    fn workers(&self) -> Vec<u32> {
        e2e::procfs::children(self.master.id(), &[])
    }

    fn cpu(&self) -> anyhow::Result<Duration> {
        self.workers().into_iter().map(|pid| Ok(usage(pid)?.cpu)).sum()
    }

    fn resident(&self) -> anyhow::Result<u64> {
        self.workers().into_iter().map(|pid| Ok(usage(pid)?.resident_bytes)).sum()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // SIGTERM to the master ends its workers.
        let _gone = e2e::procfs::signal(self.master.id(), rustix::process::Signal::TERM);
        let _ended = self.master.wait();
    }
}
