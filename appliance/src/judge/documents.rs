//! What a channel's viewers are told just now: its playlists and its manifest, for whoever looks for a fault from afar.

use super::fetch::Connection;
use super::{Bench, folder};
use crate::limits::DOCUMENTS_MAX;
use std::collections::VecDeque;

/// Name and text of each, in the order in which a player comes by them. What is not answered is told in its place.
pub async fn documents(bench: &Bench, slug: &str) -> Vec<(String, String)> {
    let mut connection = Connection::new(bench.port, folder(bench, slug), bench.house);
    let mut wanted: VecDeque<String> =
        ["master.m3u8", "ts/master.m3u8", "manifest.mpd"].map(str::to_owned).into();
    let mut seen = Vec::new();
    while let Some(name) = wanted.pop_front() {
        if seen.len() >= DOCUMENTS_MAX || seen.iter().any(|(known, _)| *known == name) {
            continue;
        }
        let text = match connection.get(&name).await {
            Ok(fetched) if fetched.status == 200 => String::from_utf8_lossy(&fetched.body).into_owned(),
            Ok(fetched) => format!("status {}\n", fetched.status),
            Err(error) => format!("{error:#}\n"),
        };
        wanted.extend(references(&name, &text));
        seen.push((name, text));
    }
    seen
}

/// The playlists that a playlist leads to. Pure.
fn references(name: &str, text: &str) -> Vec<String> {
    if !name.ends_with("master.m3u8") {
        return Vec::new();
    }
    let within = name.strip_suffix("master.m3u8").unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let attributes = text.split("URI=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let all =
        lines.chain(attributes).filter(|uri| uri.split('?').next().is_some_and(|it| it.ends_with(".m3u8")));
    all.map(|uri| format!("{within}{uri}")).collect()
}

#[cfg(test)]
mod tests {
    use super::references;

    #[test]
    fn a_multivariant_playlist_leads_to_the_others() {
        let text = "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,URI=\"audio/media.m3u8\"\n#EXT-X-STREAM-INF:BANDWIDTH=1\n720p/media.m3u8\n";
        assert_eq!(references("ts/master.m3u8", text), ["ts/720p/media.m3u8", "ts/audio/media.m3u8"]);
        assert!(references("720p/media.m3u8", "7.m4s\n").is_empty());
    }
}
