//! Text as a QR code, for the camera of a phone: drawn here, so that no secret in it goes anywhere.

use leptos::prelude::*;
use qrcode::{Color, EcLevel, QrCode};

/// Empty modules around it (ISO/IEC 18004, 9.1).
const QUIET: usize = 4;

/// How many modules it is wide, and the dark ones as a path; nothing for a text that no code can hold.
fn drawn(text: impl AsRef<[u8]>) -> Option<(usize, String)> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let width = code.width();
    let dark = code.to_colors().into_iter().enumerate().filter(|(_, color)| *color == Color::Dark);
    let module = |(at, _)| format!("M{} {}h1v1h-1z", at % width + QUIET, at / width + QUIET);
    Some((width + 2 * QUIET, dark.map(module).collect()))
}

/// The code; `what` says to those who do not see it what it is.
#[component]
pub(crate) fn Qr(text: String, #[prop(into)] what: String) -> impl IntoView {
    drawn(text).map(|(width, path)| {
        view! {
            <svg class="qr" role="img" aria-label=what viewBox=format!("0 0 {width} {width}") shape-rendering="crispEdges">
                <rect width=width height=width></rect>
                <path d=path></path>
            </svg>
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_corners_are_where_readers_look_for_them() {
        let (width, path) = drawn("rtmp://192.0.2.7:1935/live/00112233445566778899aabbccddeeff").unwrap();
        // Version 4 at level M holds 62 bytes, with 33 modules.
        assert_eq!(width, 33 + 2 * QUIET);
        let is_dark = |x: usize, y: usize| path.contains(&format!("M{} {}h", x + QUIET, y + QUIET));
        let has_ring = |left: usize, top: usize| {
            let ring = (0..7).all(|at| {
                is_dark(left + at, top)
                    && is_dark(left + at, top + 6)
                    && is_dark(left, top + at)
                    && is_dark(left + 6, top + at)
            });
            ring && is_dark(left + 3, top + 3) && !is_dark(left + 1, top + 1)
        };
        assert!(has_ring(0, 0) && has_ring(26, 0) && has_ring(0, 26));
        assert!(!has_ring(26, 26), "the fourth corner has none");
        assert_eq!(drawn("x".repeat(4000)), None);
    }
}
