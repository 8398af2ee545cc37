//! Two viewers over HTTP, on threads of their own: one follows the best rendition by blocking reload, one polls the TS
//! tier. No more of HTTP/1.1 than that takes.

use super::flood;
use super::report::{Seen, Sight};
use crate::clock::monotonic;
use crate::limits::{ANSWER_BYTES_MAX, ANSWER_WITHIN};
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// A viewer of the TS tier asks so often.
const TS_LOOK: Duration = Duration::from_millis(500);
/// A viewer whose request failed waits so long.
const RETRY: Duration = Duration::from_millis(100);

/// At work.
pub(super) struct Viewers {
    low_latency: String,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    sights: Mutex<Vec<Sight>>,
}

impl Shared {
    fn note(&self, seen: Seen) {
        let sight = Sight { at: monotonic(), seen };
        self.sights.lock().unwrap_or_else(PoisonError::into_inner).push(sight);
    }
}

impl Viewers {
    /// Of the channel whose files are in the folder of this address, which ends with `/`.
    pub(super) fn start(folder: &str) -> io::Result<Self> {
        let low_latency = first_playlist(&format!("{folder}master.m3u8"))?;
        let ts = first_playlist(&format!("{folder}ts/master.m3u8"))?;
        let shared = Arc::new(Shared::default());
        let follow = |url: String, watch: fn(&str, &Shared)| {
            let shared = shared.clone();
            std::thread::spawn(move || watch(&url, &shared))
        };
        let threads = vec![follow(low_latency.clone(), reload), follow(ts, poll)];
        Ok(Self { low_latency, shared, threads })
    }

    /// Many more, for so long.
    pub(super) fn flood(&self, length: Duration) {
        flood::flood(&self.low_latency, length);
    }

    /// What they saw.
    pub(super) fn stop(self) -> Vec<Sight> {
        self.shared.stop.store(true, Relaxed);
        for thread in self.threads {
            if thread.join().is_err() {
                self.shared.note(Seen::Failed("a viewer broke".into()));
            }
        }
        std::mem::take(&mut *self.shared.sights.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Follows a playlist part by part.
fn reload(url: &str, shared: &Shared) {
    let mut last: Option<Edge> = None;
    while !shared.stop.load(Relaxed) {
        let query = last.map_or_else(String::new, |edge| {
            format!("?_HLS_msn={}&_HLS_part={}", edge.complete + 1, edge.parts)
        });
        match get(&format!("{url}{query}")) {
            Ok(text) => look(&text, &mut last, shared),
            Err(error) => {
                shared.note(Seen::Failed(error.to_string()));
                std::thread::sleep(RETRY);
            }
        }
    }
}

/// Looks at a playlist now and then.
fn poll(url: &str, shared: &Shared) {
    let mut last: Option<Edge> = None;
    while !shared.stop.load(Relaxed) {
        match get(url) {
            Ok(text) => match (last, Edge::of(&text)) {
                (Some(last), Some(now)) if now.complete < last.complete => {
                    shared.note(Seen::Misnumbered(format!("TS: {} after {}", now.complete, last.complete)));
                }
                (_, now) => last = now.or(last),
            },
            Err(error) => shared.note(Seen::Failed(error.to_string())),
        }
        std::thread::sleep(TS_LOOK);
    }
}

/// How far a playlist is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Edge {
    first: u64,
    /// Number of the newest complete segment.
    complete: u64,
    /// Parts of the one after it.
    parts: u64,
}

impl Edge {
    /// None without a complete segment.
    fn of(text: &str) -> Option<Self> {
        let first = text.lines().find_map(|line| line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:"))?;
        let first: u64 = first.parse().ok()?;
        let (mut segments, mut parts) = (0_u64, 0);
        for line in text.lines() {
            if line.starts_with("#EXTINF:") {
                (segments, parts) = (segments + 1, 0);
            } else if line.starts_with("#EXT-X-PART:") {
                parts += 1;
            }
        }
        let complete = (first + segments).checked_sub(1).filter(|_| segments > 0)?;
        Some(Self { first, complete, parts })
    }
}

fn look(text: &str, last: &mut Option<Edge>, shared: &Shared) {
    for line in ["#EXT-X-DISCONTINUITY\n", "#EXT-X-GAP\n"] {
        if text.contains(line) {
            shared.note(Seen::Broken(line.trim().into()));
        }
    }
    let Some(now) = Edge::of(text) else {
        return shared.note(Seen::Failed("a playlist without a segment".into()));
    };
    if let Some(before) = last {
        let place = |edge: &Edge| (edge.complete, edge.parts);
        if place(&now) < place(before) || now.first < before.first || now.first > before.complete + 1 {
            shared.note(Seen::Misnumbered(format!("{now:?} after {before:?}")));
        }
        if place(&now) == place(before) {
            return;
        }
    }
    *last = Some(now);
    shared.note(Seen::Part(now.complete + 1, now.parts));
}

/// Address of the first playlist that a multivariant playlist names.
fn first_playlist(url: &str) -> io::Result<String> {
    let text = get(url)?;
    let named = text.lines().find(|line| !line.is_empty() && !line.starts_with('#'));
    let named = named.ok_or_else(|| io::Error::other(format!("{url} names no playlist")))?;
    let (folder, _) = url.rsplit_once('/').unwrap_or((url, ""));
    Ok(format!("{folder}/{named}"))
}

/// Splits an address into `host:port` and path.
pub(super) fn split(url: &str) -> Option<(String, &str)> {
    let rest = url.strip_prefix("http://")?;
    let (host, path) = rest.split_at(rest.find('/')?);
    let port = if host.rsplit(']').next().is_some_and(|rest| rest.contains(':')) { "" } else { ":80" };
    Some((format!("{host}{port}"), path))
}

/// The body, if the status is 200.
pub(super) fn get(url: &str) -> io::Result<String> {
    let odd = |what: String| io::Error::other(format!("GET {}: {what}", without_token(url)));
    let (host, path) = split(url).ok_or_else(|| odd("no address of ours".into()))?;
    let address = host.to_socket_addrs()?.next().ok_or_else(|| odd("no such host".into()))?;
    let mut stream =
        TcpStream::connect_timeout(&address, ANSWER_WITHIN).map_err(|error| odd(error.to_string()))?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    let read = stream.take(ANSWER_BYTES_MAX as u64).read_to_string(&mut answer);
    read.map_err(|error| odd(error.to_string()))?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| odd("no whole answer".into()))?;
    match head.split(' ').nth(1) {
        Some("200") => Ok(body.to_owned()),
        status => Err(odd(format!("status {}", status.unwrap_or("?")))),
    }
}

/// Tokens are secrets.
fn without_token(url: &str) -> String {
    let parts = url.split('/').map(|part| if part.starts_with('~') { "~…" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAYLIST: &str = "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-PART:DURATION=0.5,URI=\"a\"\n#EXTINF:2.0,\n7.m4s\n\
                            #EXTINF:2.0,\n8.m4s\n#EXT-X-PART:DURATION=0.5,URI=\"b\"\n";

    #[test]
    fn a_playlist_is_followed() {
        assert_eq!(Edge::of(PLAYLIST), Some(Edge { first: 7, complete: 8, parts: 1 }));
        let (shared, mut last) = (Shared::default(), None);
        look(PLAYLIST, &mut last, &shared);
        look(&PLAYLIST.replace(":7\n", ":5\n"), &mut last, &shared);
        look(&format!("{PLAYLIST}#EXT-X-GAP\n"), &mut last, &shared);
        let seen: Vec<_> = shared.sights.lock().unwrap().iter().map(|sight| sight.seen.clone()).collect();
        assert_eq!(seen[0], Seen::Part(9, 1));
        assert!(matches!(&seen[1], Seen::Misnumbered(_)), "{seen:?}");
        assert!(seen.contains(&Seen::Broken("#EXT-X-GAP".into())), "{seen:?}");
    }

    #[test]
    fn addresses_are_taken_apart_and_tokens_hidden() {
        assert_eq!(split("http://box:8080/live/a/"), Some(("box:8080".into(), "/live/a/")));
        assert_eq!(split("http://box/live/a/"), Some(("box:80".into(), "/live/a/")));
        assert_eq!(split("http://[::1]:81/a"), Some(("[::1]:81".into(), "/a")));
        assert_eq!(without_token("http://box/live/a/~secret/x"), "http://box/live/a/~…/x");
    }
}
