//! A ladder as it is entered: what is wrong with it, and about what it costs. Pure.
//!
//! The box checks again, and its word is the one that holds; this saves the operator the way there.

use wire::Rung;

/// Rungs of one ladder.
const RUNGS_MAX: usize = 6;

/// The canvas's rate.
const PICTURES_PER_SECOND: u32 = 30;

/// A rung as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RungText {
    pub(crate) width: String,
    pub(crate) height: String,
    pub(crate) kbps: String,
}

/// What is wrong; rungs are counted from 1, as they are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// None, or too many.
    Count,
    /// Not a whole number.
    Number(usize),
    /// Encoders take even sizes alone.
    Odd(usize),
    /// A higher bit rate than the one before.
    Order(usize),
}

/// The ladder, or the first thing that is wrong with it.
pub(crate) fn checked(rungs: &[RungText]) -> Result<Vec<Rung>, Fault> {
    if rungs.is_empty() || rungs.len() > RUNGS_MAX {
        return Err(Fault::Count);
    }
    let mut ladder: Vec<Rung> = Vec::new();
    for (place, rung) in (1..).zip(rungs) {
        let number = |text: &str| text.trim().parse::<u32>().map_err(|_| Fault::Number(place));
        let (width, height, kbps) = (number(&rung.width)?, number(&rung.height)?, number(&rung.kbps)?);
        if width % 2 == 1 || height % 2 == 1 {
            return Err(Fault::Odd(place));
        }
        let bitrate_bps = kbps.checked_mul(1000).ok_or(Fault::Number(place))?;
        if ladder.last().is_some_and(|before| before.bitrate_bps < bitrate_bps) {
            return Err(Fault::Order(place));
        }
        ladder.push(Rung { width, height, bitrate_bps });
    }
    Ok(ladder)
}

/// About how many cores it takes.
pub(crate) fn cores(ladder: &[Rung]) -> f64 {
    f64::from(wire::Cost::of(ladder, PICTURES_PER_SECOND).in_software()) / 1000.0
}

fn ladder(rungs: &[(u32, u32, u32)]) -> Vec<Rung> {
    rungs.iter().map(|&(width, height, kbps)| Rung { width, height, bitrate_bps: kbps * 1000 }).collect()
}

/// A name, and the rungs.
pub(crate) type Preset = (&'static str, fn() -> Vec<Rung>);

/// Ladders that fit most sources.
pub(crate) const PRESETS: [Preset; 4] = [
    ("1080p", || ladder(&[(1920, 1080, 5000), (1280, 720, 2500), (854, 480, 1200), (640, 360, 700)])),
    ("720p", || ladder(&[(1280, 720, 2500), (854, 480, 1200), (640, 360, 700)])),
    ("480p", || ladder(&[(854, 480, 1200), (640, 360, 700)])),
    ("360p", || ladder(&[(640, 360, 700)])),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn text(rungs: &[(&str, &str, &str)]) -> Vec<RungText> {
        let own = |text: &str| text.to_owned();
        rungs.iter().map(|(w, h, k)| RungText { width: own(w), height: own(h), kbps: own(k) }).collect()
    }

    #[test]
    fn what_is_wrong_is_said_with_its_rung() {
        let table = [
            (text(&[]), Err(Fault::Count)),
            (text(&[("1280", "720", "fast")]), Err(Fault::Number(1))),
            (text(&[("1280", "720", "2500"), ("853", "480", "1200")]), Err(Fault::Odd(2))),
            (text(&[("854", "480", "1200"), ("1280", "720", "2500")]), Err(Fault::Order(2))),
            (text(&[(" 1280", "720", "2500 ")]), Ok(ladder(&[(1280, 720, 2500)]))),
        ];
        for (entered, expected) in table {
            assert_eq!(checked(&entered), expected);
        }
    }

    #[test]
    fn presets_are_ladders_and_larger_ones_cost_more() {
        let costs: Vec<f64> = PRESETS
            .iter()
            .map(|(name, rungs)| {
                let rungs = rungs();
                assert!(rungs.windows(2).all(|two| two[0].bitrate_bps > two[1].bitrate_bps), "{name}");
                cores(&rungs)
            })
            .collect();
        assert!(costs.windows(2).all(|two| two[0] > two[1]), "{costs:?}");
        assert!((0.6..0.7).contains(&costs[1]), "{costs:?}");
    }
}
