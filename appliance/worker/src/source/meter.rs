//! What a source's decoded signal is like: black, frozen, silent. Pure.
//!
//! A picture is judged by the means of [`COLUMNS`] x [`ROWS`] blocks of its luma: what a codec does to a picture that
//! stands still vanishes in a mean, a clock in a corner does not.

use crate::ff::Luma;
use media::link::Signal;
use media::time::Ticks;

const COLUMNS: usize = 64;
const ROWS: usize = 36;
const BLOCKS: usize = COLUMNS * ROWS;
/// Rows of pixels that are looked at in each block; more say no more.
const LINES_PER_BLOCK: usize = 4;
/// A block this dark is black: 10 % of the way from the black of television (16) to white (235), as FFmpeg's
/// blackdetect has it.
const BLACK_MAX: u8 = 38;
/// So many blocks in a thousand may be brighter: a logo.
const BRIGHT_PER_MILLE: usize = 20;
/// A block whose mean moves by no more than this has not changed.
const STILL_MAX: u8 = 2;
/// Sound whose peak is below this is not heard: -60 dBFS.
const SILENT_MAX: f32 = 0.001;
/// Sound may be this late before it counts as missing: what muxers hold back, and decoders.
const SOUND_LATE_MAX: Ticks = Ticks::from_millis(400);
/// Stamps are in disorder for this long after one that was.
const DISORDER_HOLD: Ticks = Ticks::from_secs(1);

/// See the module.
#[derive(Debug)]
pub(crate) struct Meter {
    /// When the source's first picture or sound came.
    began: Option<Ticks>,
    newest: Option<Ticks>,
    black: Option<Ticks>,
    /// The picture that others are compared with, and when it came.
    still: Option<(Ticks, [u8; BLOCKS])>,
    frozen: Option<Ticks>,
    heard: Option<Ticks>,
    disorder: Option<Disorder>,
}

#[derive(Clone, Copy, Debug)]
struct Disorder {
    since: Ticks,
    latest: Ticks,
}

impl Default for Meter {
    fn default() -> Self {
        let (began, newest, black, still) = Default::default();
        Self { began, newest, black, still, frozen: None, heard: None, disorder: None }
    }
}

impl Meter {
    /// A picture was decoded; none for one whose luma cannot be read.
    pub(crate) fn picture(&mut self, luma: Option<&Luma<'_>>, now: Ticks) {
        self.began.get_or_insert(now);
        self.newest = Some(now);
        let Some(blocks) = luma.map(blocks) else {
            return (self.black, self.still, self.frozen) = (None, None, None);
        };
        let bright = blocks.iter().filter(|block| **block > BLACK_MAX).count();
        self.black = (bright * 1000 <= BLOCKS * BRIGHT_PER_MILLE).then(|| self.black.unwrap_or(now));
        match &self.still {
            Some((since, still)) if is_same(still, &blocks) => self.frozen = Some(*since),
            _ => (self.still, self.frozen) = (Some((now, blocks)), None),
        }
    }

    /// Sound was decoded.
    pub(crate) fn sound(&mut self, channels: [&[f32]; 2], now: Ticks) {
        self.began.get_or_insert(now);
        if channels.iter().any(|samples| samples.iter().any(|sample| sample.abs() > SILENT_MAX)) {
            self.heard = Some(now);
        }
    }

    /// A stamp was not where it should be.
    pub(crate) fn disorder(&mut self, now: Ticks) {
        let since = self.disorder.filter(|disorder| now - disorder.latest <= DISORDER_HOLD);
        self.disorder = Some(Disorder { since: since.map_or(now, |disorder| disorder.since), latest: now });
    }

    /// What it is like now.
    pub(crate) fn signal(&self, now: Ticks) -> Signal {
        let unheard_since = self.heard.or(self.began);
        Signal {
            newest: self.newest,
            black: self.black,
            frozen: self.frozen,
            silent: unheard_since.filter(|since| now - *since > SOUND_LATE_MAX),
            disorder: self
                .disorder
                .filter(|disorder| now - disorder.latest <= DISORDER_HOLD)
                .map(|disorder| disorder.since),
        }
    }
}

fn is_same(before: &[u8; BLOCKS], now: &[u8; BLOCKS]) -> bool {
    before.iter().zip(now).all(|(before, now)| before.abs_diff(*now) <= STILL_MAX)
}

/// The mean of each block, from the top left, row by row.
fn blocks(luma: &Luma<'_>) -> [u8; BLOCKS] {
    let (width, height) = luma.size();
    let mut means = [0; BLOCKS];
    for (row, means) in means.chunks_exact_mut(COLUMNS).enumerate() {
        let (top, bottom) = (row * height / ROWS, ((row + 1) * height / ROWS).min(height));
        let step = (bottom - top).div_ceil(LINES_PER_BLOCK).max(1);
        for (column, mean) in means.iter_mut().enumerate() {
            let (left, right) = (column * width / COLUMNS, (column + 1) * width / COLUMNS);
            let (mut sum, mut count) = (0, 0);
            for line in (top..bottom).step_by(step) {
                sum += luma.sum(line, left..right);
                count += (right - left) as u64;
            }
            *mean = u8::try_from(sum / count.max(1)).unwrap_or(u8::MAX);
        }
    }
    means
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (usize, usize) = (320, 180);

    fn ms(ms: i64) -> Ticks {
        Ticks::from_millis(ms)
    }

    fn show(meter: &mut Meter, pixels: &[u8], at: i64) {
        meter.picture(Some(&Luma::of_bytes(pixels, SIZE.0, SIZE)), ms(at));
    }

    fn grey(level: u8) -> Vec<u8> {
        vec![level; SIZE.0 * SIZE.1]
    }

    #[test]
    fn black_is_black_with_a_logo_and_not_with_a_face() {
        let mut meter = Meter::default();
        let logo = |width: usize| {
            let mut picture = grey(18);
            (0..20).for_each(|row| picture[row * SIZE.0..][..width].fill(200));
            picture
        };
        show(&mut meter, &grey(120), 0);
        show(&mut meter, &logo(30), 40);
        show(&mut meter, &logo(30), 80);
        assert_eq!(meter.signal(ms(80)).black, Some(ms(40)));
        show(&mut meter, &logo(160), 120);
        assert_eq!(meter.signal(ms(120)).black, None);
    }

    #[test]
    fn a_picture_that_trembles_stands_still_and_a_clock_in_it_moves() {
        let mut meter = Meter::default();
        let mut picture = grey(100);
        show(&mut meter, &picture, 0);
        assert_eq!(meter.signal(ms(0)).frozen, None);
        for (frame, level) in (1..20).zip([99, 101, 100].into_iter().cycle()) {
            show(&mut meter, &grey(level), frame * 40);
        }
        assert_eq!(meter.signal(ms(800)).frozen, Some(ms(0)));
        // Ten by ten pixels of 57,600.
        (0..10).for_each(|row| picture[row * SIZE.0..][..10].fill(220));
        show(&mut meter, &picture, 840);
        assert_eq!(meter.signal(ms(840)).frozen, None);
        show(&mut meter, &picture, 880);
        assert_eq!(meter.signal(ms(880)).frozen, Some(ms(840)));
    }

    #[test]
    fn slow_movement_is_no_standstill() {
        let mut meter = Meter::default();
        for frame in 0..100 {
            show(&mut meter, &grey(50 + frame), i64::from(frame) * 40);
        }
        let frozen = meter.signal(ms(3960)).frozen;
        assert!(frozen.is_none_or(|since| since >= ms(3800)), "{frozen:?}");
    }

    #[test]
    fn silence_counts_from_the_last_that_was_heard_and_no_sound_is_silence() {
        let mut meter = Meter::default();
        assert_eq!(meter.signal(ms(10_000)).silent, None, "it has not even begun");
        show(&mut meter, &grey(100), 1000);
        assert_eq!(meter.signal(ms(5000)).silent, Some(ms(1000)));
        meter.sound([&[0.0, 0.2], &[0.0; 2]], ms(5100));
        meter.sound([&[0.0005; 2], &[0.0; 2]], ms(5120));
        assert_eq!(meter.signal(ms(5200)).silent, None);
        assert_eq!(meter.signal(ms(6000)).silent, Some(ms(5100)));
    }

    #[test]
    fn disorder_is_what_comes_again_and_again() {
        let mut meter = Meter::default();
        (0..5).for_each(|number| meter.disorder(ms(number * 900)));
        assert_eq!(meter.signal(ms(4000)).disorder, Some(ms(0)));
        assert_eq!(meter.signal(ms(4700)).disorder, None);
        meter.disorder(ms(9000));
        assert_eq!(meter.signal(ms(9000)).disorder, Some(ms(9000)));
    }

    #[test]
    fn pictures_of_any_size_are_measured() {
        for size in [(1, 1), (2, 2), (63, 35), (65, 37), (1920, 1080)] {
            let pixels = vec![200; size.0 * size.1];
            let means = blocks(&Luma::of_bytes(&pixels, size.0, size));
            assert!(means.iter().all(|mean| [0, 200].contains(mean)), "{size:?}");
            assert_eq!(means[BLOCKS - 1], 200, "{size:?}");
        }
    }
}
