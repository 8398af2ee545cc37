//! The test pattern: colour bars, the channel's name, the time for people and for machines, something that moves,
//! and once a second a flash with a beep. Drawn straight into the canvas; the still parts are painted once.

mod beep;
pub mod binary_clock;

pub(crate) use beep::{beep, tone};

use crate::paint::{Colour, Rect, Surface, Yuv420, fitting_dot, text_size};
use binary_clock::Stamp;
use media::link::Canvas;
use media::time::Ticks;

/// How long the flash and the beep last, from each full UTC second.
pub(crate) const FLASH: Ticks = Ticks::from_millis(100);
/// Time in which the moving box crosses the picture.
const CROSSING: Ticks = Ticks::from_secs(4);

/// 75 % colour bars, BT.709: grey, yellow, cyan, green, magenta, red, blue.
const BARS: [Colour; 7] = [
    Colour { y: 180, cb: 128, cr: 128 },
    Colour { y: 168, cb: 44, cr: 136 },
    Colour { y: 145, cb: 147, cr: 44 },
    Colour { y: 133, cb: 63, cr: 52 },
    Colour { y: 63, cb: 193, cr: 204 },
    Colour { y: 51, cb: 109, cr: 212 },
    Colour { y: 28, cb: 212, cr: 120 },
];
const GROUND: Colour = Colour::grey(40);

/// The pattern of one canvas.
pub(crate) struct Pattern {
    background: Yuv420,
    frame: Ticks,
}

impl Pattern {
    pub(crate) fn new(channel: &str, canvas: Canvas) -> Self {
        let mut background = Yuv420::new(canvas.width as usize, canvas.height as usize, GROUND);
        let mut surface = background.surface();
        let size = surface.size();
        for (index, colour) in BARS.into_iter().enumerate() {
            let (left, right) = (index * 1000 / BARS.len(), (index + 1) * 1000 / BARS.len());
            surface.fill(Rect::permille(size, (left, 0, right - left, 400)), colour);
        }
        let name = Rect::permille(size, (50, 430, 700, 70));
        let dot = fitting_dot(channel, (name.width, name.height));
        surface.text(channel, (name.x, name.y), dot, Colour::WHITE);
        binary_clock::draw_field(&mut surface);
        Self { background, frame: canvas.rate.frame_duration() }
    }

    /// Paints the whole picture of the slot that begins at `at`.
    pub(crate) fn paint(&self, surface: &mut Surface<'_>, at: Ticks) {
        surface.copy_from(&self.background);
        let size = surface.size();
        let clock = Rect::permille(size, (50, 530, 700, 70));
        let text = format!("{} {}", time_of_day(at), at.0 / self.frame.0);
        let dot = fitting_dot(&text, (clock.width, clock.height));
        surface.text(&text, (clock.x, clock.y), dot, Colour::WHITE);
        if flashes(at) {
            surface.fill(Rect::permille(size, (800, 430, 150, 180)), Colour::WHITE);
        }
        let travelled = at.0.rem_euclid(CROSSING.0) * 920 / CROSSING.0;
        surface.fill(Rect::permille(size, (travelled as usize, 635, 80, 40)), BARS[1]);
        binary_clock::draw(surface, Stamp::of_slot(at, self.frame));
    }
}

/// Whether the picture of the slot that begins at `at` is one of the flash.
fn flashes(at: Ticks) -> bool {
    at.0.rem_euclid(Ticks::from_secs(1).0) < FLASH.0
}

/// `HH:MM:SS.mmm`, UTC.
pub(crate) fn time_of_day(at: Ticks) -> String {
    let millis = at.millis().rem_euclid(86_400_000);
    let (seconds, millis) = (millis / 1000, millis % 1000);
    format!("{:02}:{:02}:{:02}.{millis:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// The picture while the source is absent: dark, with the channel's name, what the operator wants said and the time.
pub(crate) struct Slate {
    background: Yuv420,
}

impl Slate {
    pub(crate) fn new(channel: &str, text: &str, canvas: Canvas) -> Self {
        let mut background = Yuv420::new(canvas.width as usize, canvas.height as usize, Colour::grey(28));
        let mut surface = background.surface();
        centred(&mut surface, channel, (320, 110), Colour::WHITE);
        centred(&mut surface, text, (480, 70), Colour::grey(150));
        Self { background }
    }

    /// Paints the whole picture of the slot that begins at `at`.
    pub(crate) fn paint(&self, surface: &mut Surface<'_>, at: Ticks) {
        surface.copy_from(&self.background);
        // Whole seconds: nobody needs more, and a picture that stands still costs almost nothing.
        centred(surface, &format!("{} UTC", &time_of_day(at)[..8]), (620, 60), Colour::grey(150));
    }
}

/// Text in the middle of the picture's middle four fifths, between these thousandths of its height.
fn centred(surface: &mut Surface<'_>, text: &str, (top, height): (usize, usize), colour: Colour) {
    let room = Rect::permille(surface.size(), (100, top, 800, height));
    let dot = fitting_dot(text, (room.width, room.height));
    let (width, _) = text_size(text, dot);
    surface.text(text, (room.x + room.width.saturating_sub(width) / 2, room.y), dot, colour);
}

#[cfg(test)]
mod tests {
    use super::*;
    use media::time::FrameRate;

    const CANVAS: Canvas = Canvas { width: 640, height: 360, rate: FrameRate::FPS_30 };

    fn painted(at: Ticks) -> Yuv420 {
        let mut picture = Yuv420::new(640, 360, Colour::BLACK);
        Pattern::new("Main hall", CANVAS).paint(&mut picture.surface(), at);
        picture
    }

    #[test]
    fn the_clock_tells_the_slot() {
        let at = FrameRate::FPS_30.frame_duration() * 53_400_000_007;
        let stamp = binary_clock::decode(painted(at).luma(), 640, 640, 360).unwrap();
        assert_eq!(stamp, Stamp { utc_millis: 1_780_000_000_233, slot: 53_400_000_007_u64 as u32 });
        assert_eq!(time_of_day(at), "20:26:40.233");
    }

    #[test]
    fn it_flashes_for_the_first_tenth_of_each_second() {
        let second = Ticks::from_secs(1_780_000_000);
        let white = |at| painted(at).luma()[170 * 640 + 560] == 235;
        assert!(white(second) && white(second + Ticks::from_millis(66)));
        assert!(!white(second + Ticks::from_millis(100)) && !white(second + Ticks(-12_000)));
    }

    #[test]
    fn the_slate_shows_no_clock_for_machines() {
        let mut picture = Yuv420::new(640, 360, Colour::BLACK);
        Slate::new("Main hall", "Back soon", CANVAS)
            .paint(&mut picture.surface(), Ticks::from_secs(1_780_000_000));
        assert!(picture.luma().contains(&235), "the name is drawn");
        assert_eq!(binary_clock::decode(picture.luma(), 640, 640, 360), None);
    }
}
