//! What the operator is told of a channel: pure.

use crate::board::ChannelReport;
use crate::dvr;
use crate::ingest::failover::Fault;
use crate::vitals::{SourceVitals, State, WorkerVitals};
use media::link::{Passing, SOURCES_MAX};
use media::time::Ticks;
use wire::{ChannelState, DvrStatus, Light, Source, SourceStatus, Stage};

/// Media older than this is late: two parts.
const LATE: Ticks = Ticks::from_millis(1000);

/// The channel in the operator's words.
#[must_use]
pub fn report(
    vitals: &State,
    sources: &[Option<Source>; SOURCES_MAX],
    dvr: Option<dvr::archive::Status>,
    now: Ticks,
) -> ChannelReport {
    let is_pattern = sources[0] == Some(Source::TestPattern);
    let stages = vec![
        source_stage(vitals, is_pattern, now),
        encode_stage(&vitals.worker),
        package_stage(vitals, now),
        serve_stage(vitals, dvr, now),
    ];
    ChannelReport {
        state: state(vitals, is_pattern),
        sources: if is_pattern { Vec::new() } else { sources_now(vitals, sources, now) },
        stages,
        detail: vitals.last_error.clone(),
        encoding: vitals.worker.encoding.clone(),
        dvr: dvr.map(|dvr| DvrStatus { listed_secs: whole_secs(dvr.time_shift()), short_of_disk: dvr.short }),
        restarts: vitals.restarts,
        started_at: vitals.started,
    }
}

fn state(vitals: &State, is_pattern: bool) -> ChannelState {
    let on_source = vitals.worker.status.as_ref().is_some_and(|status| status.on_source);
    match (vitals.worker.parked, vitals.packaged) {
        (true, _) => ChannelState::Parked,
        (false, None) => ChannelState::Starting,
        (false, Some(_)) if is_pattern || on_source => ChannelState::Live,
        (false, Some(_)) => ChannelState::Waiting,
    }
}

fn stage(name: &str, light: Light, detail: impl Into<String>) -> Stage {
    Stage { name: name.into(), light, detail: detail.into() }
}

/// The one on air; with its number when that is a back-up.
fn source_stage(vitals: &State, is_pattern: bool, now: Ticks) -> Stage {
    if is_pattern {
        return stage("source", Light::Good, "test pattern");
    }
    let (light, detail) = source_now(vitals, vitals.on_air, now);
    match (vitals.on_air, light) {
        (0, _) => stage("source", light, detail),
        // Well, but not as it should be.
        (number, Light::Good) => stage("source", Light::Degraded, format!("back-up {number}: {detail}")),
        (number, light) => stage("source", light, format!("back-up {number}: {detail}")),
    }
}

fn sources_now(vitals: &State, sources: &[Option<Source>; SOURCES_MAX], now: Ticks) -> Vec<SourceStatus> {
    let status = |(number, source): (usize, &Option<Source>)| {
        let (light, detail) = source_now(vitals, number, now);
        let on_air = number == vitals.on_air;
        Some(SourceStatus { number: u8::try_from(number).ok()?, source: (*source)?, on_air, light, detail })
    };
    sources.iter().enumerate().filter_map(status).collect()
}

fn source_now(state: &State, number: usize, now: Ticks) -> (Light, String) {
    let Some(vitals) = &state.sources[number] else { return (Light::Off, "waiting for a publisher".into()) };
    let from = format!("{} from {}", vitals.protocol.label(), vitals.peer);
    if let Some(unsupported) = &vitals.unsupported {
        return (Light::Bad, format!("{from}: {unsupported}"));
    }
    let tracks = match (vitals.video, vitals.audio) {
        (None, None) => return (Light::Degraded, format!("{from}: nothing received yet")),
        (Some(video), None) => format!("{video}, no sound"),
        (None, Some(audio)) => format!("{audio}, no picture"),
        (Some(video), Some(audio)) => format!("{video} and {audio}"),
    };
    let silent = vitals.newest.is_none_or(|newest| now - newest > LATE);
    // One that has no picture to bring is told so above.
    let told = |fault: &Fault| *fault == Fault::Loss && vitals.video.is_none();
    let failed = state.failed[number].filter(|fault| !silent && !told(fault));
    let light = match vitals {
        _ if silent || failed.is_some() => Light::Bad,
        SourceVitals { video: Some(_), audio: Some(_), .. } => Light::Good,
        _ => Light::Degraded,
    };
    let fault = match failed {
        _ if silent => ", but nothing arrives now".into(),
        Some(fault) => format!(", but it {}", fault.words()),
        None => String::new(),
    };
    (light, format!("{from}: {tracks}{fault}"))
}

fn encode_stage(worker: &WorkerVitals) -> Stage {
    let Some(status) = &worker.status else {
        return match (worker.parked, worker.last_exit.as_str()) {
            (true, why) => stage("encode", Light::Bad, format!("the worker keeps failing: {why}")),
            (false, "") => stage("encode", Light::Degraded, "the worker is starting"),
            (false, why) => stage("encode", Light::Degraded, format!("the worker is being replaced: {why}")),
        };
    };
    if status.behind_ms > LATE.millis() {
        let why = format!("{} ms behind: the machine is too slow for this ladder", status.behind_ms);
        return stage("encode", Light::Bad, why);
    }
    let source = match (status.video.as_str(), status.audio.as_str()) {
        ("", "") => String::new(),
        (only, "") | ("", only) => format!("{only}, "),
        (video, audio) => format!("{video}, {audio}, "),
    };
    let device = worker.encoding.as_ref().and_then(|encoding| encoding.device.as_ref());
    let source = device.map_or_else(|| source.clone(), |device| format!("{source}on {device}, "));
    let passing = match &status.passing {
        Passing::NotAsked => String::new(),
        Passing::Yes => "passed through, ".into(),
        Passing::No(why) if status.on_source => {
            return stage(
                "encode",
                Light::Degraded,
                format!("{source}encoded and not passed through: {why}"),
            );
        }
        Passing::No(_) => String::new(),
    };
    match status.last_error.as_str() {
        "" => stage("encode", Light::Good, format!("{source}{passing}{} ms behind", status.behind_ms)),
        error => stage("encode", Light::Degraded, format!("{source}{error}")),
    }
}

fn package_stage(vitals: &State, now: Ticks) -> Stage {
    match vitals.packaged {
        None => stage("package", Light::Off, "waiting for the encoder"),
        Some(newest) if now - newest > LATE => {
            stage("package", Light::Bad, format!("newest picture is {} ms old", (now - newest).millis()))
        }
        Some(_) => stage("package", Light::Good, "on the grid"),
    }
}

fn whole_secs(length: Ticks) -> u64 {
    u64::try_from(length.scaled(1)).unwrap_or(0)
}

fn serve_stage(vitals: &State, dvr: Option<dvr::archive::Status>, now: Ticks) -> Stage {
    match vitals.packaged {
        None => stage("serve", Light::Off, "nothing to serve yet"),
        Some(newest) if now - newest > LATE => stage("serve", Light::Degraded, "serving what is there"),
        Some(_) => match dvr.filter(|dvr| dvr.short) {
            Some(dvr) => {
                let (listed, window) = (whole_secs(dvr.time_shift()), whole_secs(dvr.window));
                let why = format!("on air; the disk has room for {listed} of {window} s to seek back");
                stage("serve", Light::Degraded, why)
            }
            None => stage("serve", Light::Good, "on air"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::Protocol;
    use media::link::WorkerStatus;

    fn running(on_source: bool) -> State {
        let status = WorkerStatus { on_source, ..WorkerStatus::default() };
        let worker = WorkerVitals { pid: Some(1), status: Some(status), ..WorkerVitals::default() };
        State { worker, packaged: Some(Ticks::from_secs(10)), ..State::default() }
    }

    fn only(source: Source) -> [Option<Source>; SOURCES_MAX] {
        std::array::from_fn(|number| (number == 0).then_some(source))
    }

    #[test]
    fn the_state_is_what_viewers_see() {
        let state = |vitals: &State, source| report(vitals, &only(source), None, Ticks::from_secs(10)).state;
        assert_eq!(state(&State::default(), Source::Rtmp), ChannelState::Starting);
        assert_eq!(state(&running(false), Source::Rtmp), ChannelState::Waiting);
        assert_eq!(state(&running(true), Source::Rtmp), ChannelState::Live);
        assert_eq!(state(&running(false), Source::TestPattern), ChannelState::Live);
        let mut parked = running(true);
        parked.worker.parked = true;
        assert_eq!(state(&parked, Source::Srt), ChannelState::Parked);
    }

    #[test]
    fn a_backup_that_is_on_air_is_told_with_what_is_wrong_with_the_main_source() {
        let now = Ticks::from_secs(10);
        let mut vitals = running(true);
        let source = SourceVitals {
            video: Some("H.264"),
            audio: Some("AAC"),
            newest: Some(now),
            ..SourceVitals::new(Protocol::Srt, "192.0.2.7:9".into(), now)
        };
        (vitals.sources[0], vitals.sources[1]) = (Some(source.clone()), Some(source));
        (vitals.on_air, vitals.failed[0]) = (1, Some(Fault::Black));
        let mut sources = only(Source::Srt);
        sources[1] = Some(Source::Srt);
        let told = report(&vitals, &sources, None, now);
        assert_eq!(told.stages[0].light, Light::Degraded);
        assert_eq!(told.stages[0].detail, "back-up 1: SRT from 192.0.2.7:9: H.264 and AAC");
        let sound = SourceVitals { video: None, ..vitals.sources[1].clone().unwrap() };
        (vitals.sources[1], vitals.failed[1]) = (Some(sound), Some(Fault::Loss));
        let only_sound = report(&vitals, &sources, None, now).sources.remove(1);
        assert_eq!(
            (only_sound.light, only_sound.detail.ends_with("AAC, no picture")),
            (Light::Degraded, true)
        );
        let lights: Vec<_> = told.sources.iter().map(|source| (source.on_air, source.light)).collect();
        assert_eq!(lights, [(false, Light::Bad), (true, Light::Good)]);
        assert_eq!(told.sources[0].detail, "SRT from 192.0.2.7:9: H.264 and AAC, but it is black");
    }

    #[test]
    fn stale_media_is_shown_as_such() {
        let stages = report(&running(true), &only(Source::TestPattern), None, Ticks::from_secs(13)).stages;
        let lights: Vec<_> = stages.iter().map(|stage| (stage.name.as_str(), stage.light)).collect();
        let expected = [
            ("source", Light::Good),
            ("encode", Light::Good),
            ("package", Light::Bad),
            ("serve", Light::Degraded),
        ];
        assert_eq!(lights, expected);
        assert_eq!(stages[2].detail, "newest picture is 3000 ms old");
    }

    #[test]
    fn a_past_that_is_short_of_disk_is_told_on_the_serve_stage() {
        let (window, listed) = (Ticks::from_secs(7200), Ticks::from_secs(725));
        let short = dvr::archive::Status { window, listed, short: true, ..dvr::archive::Status::default() };
        let serve = |dvr| {
            report(&running(true), &only(Source::TestPattern), Some(dvr), Ticks::from_secs(10))
                .stages
                .remove(3)
        };
        let told = serve(short);
        assert_eq!(
            (told.light, told.detail.as_str()),
            (Light::Degraded, "on air; the disk has room for 720 of 7200 s to seek back")
        );
        assert_eq!(serve(dvr::archive::Status { short: false, ..short }).light, Light::Good);
    }
}
