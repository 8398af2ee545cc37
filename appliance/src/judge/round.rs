//! One round: what is asked for, in which order.
//!
//! All playlists are fetched, and the segments of two renditions, another pair each round: so a channel costs its judge
//! about as much as one viewer in five. Requests that are held come last.

use super::fetch::Connection;
use anyhow::{Context, ensure};
use media::judge::read::m3u8::Playlist;
use media::judge::read::manifest::Element;
use media::judge::{Evidence, Fetched, Look, Probe, Purpose, RenditionEvidence, SegmentEvidence};
use media::time::Ticks;

/// Complete segments that a channel must list before it is judged: until then it is starting.
const SEGMENTS_MIN: usize = 3;
/// Nanoseconds of parts that may be asked for ahead: the Advance Part Limit (draft-pantos-hls-rfc8216bis 6.2.5.2).
const ADVANCE_NANOS: i64 = 3_000_000_000;
/// Consecutive segments fetched of a rendition.
const SEGMENTS_FETCHED: usize = 2;

/// A round over a channel.
pub(super) struct Visit<'a> {
    /// Counted from 0: chooses the renditions whose media is fetched.
    pub round: u64,
    /// For how long the channel has been judged.
    pub watched: Ticks,
    /// The round before.
    pub before: Option<&'a Look>,
}

impl Visit<'_> {
    /// Fetches it all.
    pub(super) async fn pay(&self, http: &mut Connection) -> anyhow::Result<Evidence> {
        let multivariant = http.get("master.m3u8").await?;
        let listed = listed(&multivariant);
        ensure!(
            !listed.is_empty(),
            "the multivariant playlist answers {} and lists nothing",
            multivariant.status
        );
        let mut evidence = Evidence { watched: self.watched, ..Evidence::default() };
        for url in &listed {
            evidence
                .renditions
                .push(RenditionEvidence { playlist: http.get(url).await?, ..Default::default() });
        }
        let starting =
            |rendition: &RenditionEvidence| Playlist::read(&rendition.playlist.body).complete().count();
        ensure!(evidence.renditions.iter().all(|each| starting(each) >= SEGMENTS_MIN), "it is starting");
        let chosen = [self.pick(listed.len()), (self.pick(listed.len()) + 1) % listed.len()];
        for (index, rendition) in evidence.renditions.iter_mut().enumerate() {
            // Video and sound in one round, whichever pair it is: neighbours in the list.
            fetch_media(http, rendition, chosen.contains(&index), true).await?;
        }
        evidence.multivariant = Some(multivariant);
        evidence.manifest = Some(http.get("manifest.mpd").await?);
        self.visit_ts(http, &mut evidence).await?;
        evidence.probes = self.probes(http, &evidence).await?;
        Ok(evidence)
    }

    fn pick(&self, count: usize) -> usize {
        usize::try_from(self.round).unwrap_or(0) % count.max(1)
    }

    async fn visit_ts(&self, http: &mut Connection, evidence: &mut Evidence) -> anyhow::Result<()> {
        let multivariant = http.get("ts/master.m3u8").await?;
        let listed = listed(&multivariant);
        for (index, url) in listed.iter().enumerate() {
            let mut rendition = RenditionEvidence { playlist: http.get(url).await?, ..Default::default() };
            fetch_media(http, &mut rendition, index == self.pick(listed.len()), false).await?;
            evidence.ts.push(rendition);
        }
        evidence.ts_multivariant = Some(multivariant);
        Ok(())
    }

    async fn probes(&self, http: &mut Connection, evidence: &Evidence) -> anyhow::Result<Vec<Probe>> {
        let rendition = &evidence.renditions[self.pick(evidence.renditions.len())];
        let url = rendition.playlist.url.clone();
        let folder = url.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let mut probes = Probes { http, url, folder, made: Vec::new() };
        probes.playlist(Purpose::Delta, "_HLS_skip=YES").await?;
        let playlist = probes.latest().await?;
        let (msn, part) = playlist.edge().context("a playlist without parts")?;
        let first = playlist.complete().next().context("no segment")?.msn;
        probes.playlist(Purpose::PartWithoutMsn, "_HLS_part=0").await?;
        probes.playlist(Purpose::MsnTooFar, &format!("_HLS_msn={}", msn + 4)).await?;
        let target = playlist.part_target().map_or(1, |target| target.0.max(1));
        let limit = u64::try_from(ADVANCE_NANOS / target).unwrap_or(3) + 3;
        let per_segment = per_segment(&playlist);
        let far = part as u64 + 1 + limit;
        let (far_msn, far_part) = (msn + far / per_segment, far % per_segment);
        probes.playlist(Purpose::PartTooFar, &format!("_HLS_msn={far_msn}&_HLS_part={far_part}")).await?;
        probes.playlist(Purpose::OldMsn, &format!("_HLS_msn={}", first.saturating_sub(1))).await?;
        probes.media(Purpose::UnknownPart, &format!("{}.0.m4s", msn + 9)).await?;
        if let Some(removed) = self.removed(&probes.url, first) {
            probes.media(Purpose::RemovedSegment, &removed).await?;
        }
        probes.of_manifest(evidence).await?;
        probes.held().await?;
        Ok(probes.made)
    }

    /// A segment that the round before listed, and that has left the playlist since.
    fn removed(&self, url: &str, first: u64) -> Option<String> {
        let then = self.before?.rendition(url)?.playlist().complete().next()?;
        then.uri.clone().filter(|_| then.msn < first)
    }
}

/// Media playlists of a multivariant playlist, in its order.
fn listed(multivariant: &Fetched) -> Vec<String> {
    let playlist = Playlist::read(&multivariant.body);
    let base = |uri: &str| media::judge::read::address::resolve(&multivariant.url, uri);
    let variants = playlist.variants().map(|(_, uri)| base(uri.text.trim()));
    let media = playlist.tags("EXT-X-MEDIA").filter_map(|tag| tag.attribute("URI").map(base));
    let mut all = Vec::new();
    for url in variants.chain(media) {
        if !all.contains(&url) {
            all.push(url);
        }
    }
    all
}

/// The header, and, when chosen, the newest complete segments, the parts of the newest among them.
async fn fetch_media(
    http: &mut Connection,
    rendition: &mut RenditionEvidence,
    chosen: bool,
    cmaf: bool,
) -> anyhow::Result<()> {
    let playlist = Playlist::read(&rendition.playlist.body);
    let base = rendition.playlist.url.clone();
    let resolve = |uri: &str| media::judge::read::address::resolve(&base, uri);
    if let Some(uri) = playlist.tag("EXT-X-MAP").and_then(|tag| tag.attribute("URI")) {
        rendition.header = Some(http.get(&resolve(uri)).await?);
    }
    let complete: Vec<_> = playlist.complete().filter(|segment| !segment.gap).collect();
    let newest = complete.len().saturating_sub(SEGMENTS_FETCHED);
    for (place, segment) in complete[newest..].iter().enumerate().filter(|_| chosen) {
        let uri = segment.uri.as_deref().unwrap_or_default();
        let mut fetched =
            SegmentEvidence { msn: segment.msn, whole: http.get(&resolve(uri)).await?, parts: Vec::new() };
        if cmaf && place + 1 == SEGMENTS_FETCHED {
            for part in &segment.parts {
                fetched.parts.push(http.get(&resolve(&part.uri)).await?);
            }
        }
        rendition.segments.push(fetched);
    }
    Ok(())
}

/// Requests beside the plain ones, about one rendition.
struct Probes<'a> {
    http: &'a mut Connection,
    url: String,
    folder: String,
    made: Vec<Probe>,
}

impl Probes<'_> {
    fn add(&mut self, purpose: Purpose, playlist: String, answer: Fetched) {
        self.made.push(Probe { purpose, playlist, answer });
    }

    async fn playlist(&mut self, purpose: Purpose, query: &str) -> anyhow::Result<()> {
        let answer = self.http.get(&format!("{}?{query}", self.url)).await?;
        self.add(purpose, self.url.clone(), answer);
        Ok(())
    }

    async fn media(&mut self, purpose: Purpose, name: &str) -> anyhow::Result<()> {
        let answer = self.http.get(&format!("{}/{name}", self.folder)).await?;
        self.add(purpose, self.url.clone(), answer);
        Ok(())
    }

    async fn latest(&mut self) -> anyhow::Result<Playlist> {
        Ok(Playlist::read(&self.http.get(&self.url).await?.body))
    }

    /// By the addresses that the manifest makes, and the clock that it names.
    async fn of_manifest(&mut self, evidence: &Evidence) -> anyhow::Result<()> {
        let (msn, _) = self.latest().await?.edge().context("a playlist without parts")?;
        let root = evidence.manifest.as_ref().and_then(|answer| Element::read(&answer.body).ok());
        let root = root.context("no manifest")?;
        let id = self.folder.clone();
        let template = |number: u64| -> Option<String> {
            let representations = root.all("Representation");
            let found = representations.into_iter().find(|each| each.attribute("id") == Some(id.as_str()))?;
            let media = found.child("SegmentTemplate")?.attribute("media")?;
            Some(media.replace("$RepresentationID$", &id).replace("$Number$", &number.to_string()))
        };
        let address = |number| template(number).context("the manifest has no such representation");
        let fetched = evidence.renditions.iter().find(|each| each.playlist.url == self.url);
        let fetched = fetched.and_then(|rendition| rendition.segments.last()).map(|segment| segment.msn);
        let wanted = [
            (Purpose::EarlySegment, Some(msn + 3)),
            (Purpose::GoneSegment, msn.checked_sub(1_000)),
            (Purpose::ManifestSegment, fetched),
            (Purpose::AnnouncedSegment, Some(msn)),
        ];
        for (purpose, number) in wanted {
            let Some(number) = number else { continue };
            let answer = self.http.get(&address(number)?).await?;
            self.add(purpose, String::new(), answer);
        }
        if let Some(clock) = root.child("UTCTiming").and_then(|clock| clock.attribute("value")) {
            let answer = self.http.get(clock).await?;
            self.add(Purpose::Clock, String::new(), answer);
        }
        Ok(())
    }

    /// What is held by the box: each for a part or a segment.
    async fn held(&mut self) -> anyhow::Result<()> {
        let (msn, part) = self.latest().await?.edge().context("a playlist without parts")?;
        let next = part + 1;
        self.playlist(Purpose::NextPart(msn, next), &format!("_HLS_msn={msn}&_HLS_part={next}")).await?;
        let now = self.latest().await?;
        let hint = now.tag("EXT-X-PRELOAD-HINT").and_then(|tag| tag.attribute("URI")).map(str::to_owned);
        self.media(Purpose::HintedPart, &hint.context("no EXT-X-PRELOAD-HINT")?).await?;
        let (msn, _) = self.latest().await?.edge().context("a playlist without parts")?;
        let beyond = per_segment(&now);
        self.playlist(Purpose::RollOver(msn), &format!("_HLS_msn={msn}&_HLS_part={beyond}")).await?;
        let (msn, _) = self.latest().await?.edge().context("a playlist without parts")?;
        self.playlist(Purpose::NextSegment(msn), &format!("_HLS_msn={msn}")).await
    }
}

/// Parts of a whole segment: also the first index that is past its last part.
fn per_segment(playlist: &Playlist) -> u64 {
    playlist.complete().map(|segment| segment.parts.len() as u64).max().unwrap_or(1).max(1)
}
