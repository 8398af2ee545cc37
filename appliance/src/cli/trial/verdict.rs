//! Whether what an encoder made is what a live channel needs: pure.

use super::run::Made;
use crate::limits::{TRIAL_LENGTH, TRIAL_RATE_PERCENT_MAX};
use media::grid::Grid;
use media::link::{Plan, Rung};
use media::unit::{AccessUnit, CodecConfig, UnitKind};

const OTHER_DRIVER: &str =
    "install another version of the driver, and keep channels off this device until then";

/// In a line: speed, rates, key pictures, decoding. `decode` says how many pictures come out.
///
/// # Errors
/// What is wrong, and what to do.
pub(super) fn judge(
    plan: &Plan,
    made: &Made,
    decode: impl Fn(&CodecConfig, &[AccessUnit]) -> Result<usize, String>,
) -> Result<String, String> {
    let mut rates = Vec::new();
    for (rung, (config, units)) in plan.rungs.iter().zip(made.configs.iter().zip(&made.units)) {
        let name = format!("{}x{}", rung.width, rung.height);
        let wrong = |what: String| format!("{name}: {what}; {OTHER_DRIVER}");
        placed(plan, units).map_err(wrong)?;
        rates.push(rate(rung, units).map_err(wrong)?);
        let config = config.as_ref().ok_or_else(|| wrong("it told no parameter sets".into()))?;
        let decoded =
            decode(config, units).map_err(|error| wrong(format!("it cannot be decoded: {error}")))?;
        if decoded != units.len() {
            return Err(wrong(format!("{decoded} of its {} pictures can be decoded", units.len())));
        }
    }
    let tenths = speed_tenths(made);
    let speed = format!("{}.{} times as fast as live", tenths / 10, tenths % 10);
    if tenths < 10 {
        return Err(format!(
            "{speed}: the default ladder is too much; give its channels fewer or smaller rungs"
        ));
    }
    let pictures: usize = made.units.iter().map(Vec::len).sum();
    Ok(format!(
        "{speed}; {}; IDR pictures on the grid; all {pictures} pictures can be decoded",
        rates.join(", ")
    ))
}

fn speed_tenths(made: &Made) -> u128 {
    let length_ms = u128::try_from(TRIAL_LENGTH.millis()).unwrap_or(0);
    length_ms * 10 / made.took.as_millis().max(1)
}

/// One picture after the other, key pictures where they are due and nowhere else.
fn placed(plan: &Plan, units: &[AccessUnit]) -> Result<(), String> {
    let (frame, interval) =
        (plan.canvas.rate.frame_duration(), Grid::for_rate(plan.canvas.rate).idr_interval());
    for (index, unit) in units.iter().enumerate() {
        if index > 0 && unit.dts - units[index - 1].dts != frame {
            return Err(format!("a picture is missing before number {index}"));
        }
        let is_due = index == 0 || unit.dts.0 % interval.0 == 0;
        match (is_due, unit.kind == UnitKind::Key) {
            (true, false) => {
                return Err(format!("picture {index} is no IDR picture, where one was asked for"));
            }
            (false, true) => return Err(format!("picture {index} is an IDR picture that nobody asked for")),
            _ => (),
        }
    }
    Ok(())
}

/// Such as `1280x720 2.4 of 2.5 Mbit/s`.
fn rate(rung: &Rung, units: &[AccessUnit]) -> Result<String, String> {
    let bytes: usize = units.iter().map(|unit| unit.data.len()).sum();
    let seconds = u64::try_from(TRIAL_LENGTH.millis() / 1000).unwrap_or(1).max(1);
    let (bps, wanted) = (bytes as u64 * 8 / seconds, u64::from(rung.bitrate_bps));
    let megabits = |bps: u64| format!("{}.{}", bps / 1_000_000, bps / 100_000 % 10);
    let told = format!("{} of {} Mbit/s", megabits(bps), megabits(wanted));
    if bps * 100 > wanted * TRIAL_RATE_PERCENT_MAX {
        return Err(format!("{told}: it does not keep to the rate"));
    }
    Ok(format!("{}x{} {told}", rung.width, rung.height))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use media::grid::Latency;
    use media::link::{Canvas, PlanSource, Slate};
    use media::time::{FrameRate, Ticks};
    use std::time::Duration;

    fn plan() -> Plan {
        Plan {
            channel: "check".into(),
            source: PlanSource::TestPattern,
            canvas: Canvas { width: 640, height: 360, rate: FrameRate::FPS_30 },
            rungs: vec![Rung { width: 640, height: 360, bitrate_bps: 1_000_000 }],
            slate: Slate::default(),
            latency: Latency::Standard,
            audio_bitrate_bps: 128_000,
            house_offset_nanos: 0,
            resume_video: None,
            resume_audio: None,
            pass_through: None,
            source_follows: false,
            device: None,
        }
    }

    fn made(bytes: usize, took: Duration) -> Made {
        let frame = FrameRate::FPS_30.frame_duration();
        let unit = |index: i64| {
            let kind = if index % 30 == 0 { UnitKind::Key } else { UnitKind::Delta };
            let dts = Ticks::from_secs(1_780_000_000) + frame * index;
            AccessUnit { dts, pts: dts, duration: frame, kind, data: Bytes::from(vec![0; bytes]) }
        };
        let config = CodecConfig::Avc { sps: vec![], pps: vec![] };
        Made { configs: vec![Some(config)], units: vec![(0..240).map(unit).collect()], took }
    }

    fn judged(made: &Made) -> Result<String, String> {
        judge(&plan(), made, |_, units| Ok(units.len()))
    }

    #[test]
    fn what_is_good_is_told_in_figures() {
        let told = judged(&made(4000, Duration::from_millis(1600))).unwrap();
        let expected = "5.0 times as fast as live; 640x360 0.9 of 1.0 Mbit/s; IDR pictures on the grid; all 240 pictures \
                        can be decoded";
        assert_eq!(told, expected);
    }

    #[test]
    fn each_fault_is_told() {
        let good = || made(4000, Duration::from_secs(2));
        let wrong = |made: &Made| judged(made).unwrap_err();
        assert!(wrong(&made(4000, Duration::from_secs(9))).contains("fewer or smaller rungs"));
        assert!(wrong(&made(5000, Duration::from_secs(2))).contains("1.2 of 1.0 Mbit/s: it does not keep"));
        let mut one = good();
        one.units[0].remove(7);
        assert!(wrong(&one).contains("missing before number 7"));
        let mut one = good();
        one.units[0][30].kind = UnitKind::Delta;
        assert!(wrong(&one).contains("picture 30 is no IDR picture"));
        let mut one = good();
        one.units[0][31].kind = UnitKind::Key;
        assert!(wrong(&one).contains("picture 31 is an IDR picture that nobody"));
        let few = judge(&plan(), &good(), |_, units| Ok(units.len() - 1)).unwrap_err();
        assert!(few.contains("239 of its 240 pictures") && few.contains("another version of the driver"));
    }
}
