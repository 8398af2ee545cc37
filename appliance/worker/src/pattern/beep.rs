//! The sound of the test pattern: 1 kHz for the first tenth of each UTC second, silence between. And the slate's tone.

use super::FLASH;
use media::time::AUDIO_SAMPLE_RATE;

const TONE_HZ: u32 = 1000;
/// One period of the tone is a whole number of samples, so every beep starts and ends at zero: no click.
const PERIOD_SAMPLES: i64 = (AUDIO_SAMPLE_RATE / TONE_HZ) as i64;
/// -12 dBFS.
const AMPLITUDE: f32 = 0.25;
/// -18 dBFS, EBU R 68's alignment level.
const TONE_AMPLITUDE: f32 = 0.126;

/// Sample number `at` of a tone that never ends.
pub(crate) fn tone(at: i64) -> f32 {
    TONE_AMPLITUDE * wave(at)
}

fn wave(at: i64) -> f32 {
    let phase = at.rem_euclid(PERIOD_SAMPLES) as f32 / PERIOD_SAMPLES as f32;
    (phase * std::f32::consts::TAU).sin()
}

/// Sample number `at` since the epoch, at 48 kHz; the same in both channels.
pub(crate) fn beep(at: i64) -> f32 {
    let rate = i64::from(AUDIO_SAMPLE_RATE);
    if at.rem_euclid(rate) >= FLASH.scaled(AUDIO_SAMPLE_RATE) {
        return 0.0;
    }
    AMPLITUDE * wave(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sounds_for_a_tenth_of_a_second_from_each_full_second() {
        let second = 1_780_000_000 * 48_000;
        let loud = |range: std::ops::Range<i64>| range.filter(|at| beep(second + at).abs() > 0.01).count();
        assert!(loud(0..4800) > 4500);
        assert_eq!(loud(4800..48_000), 0);
        assert!(beep(second).abs() < 1e-6 && (beep(second + 12) - AMPLITUDE).abs() < 1e-6);
    }
}
