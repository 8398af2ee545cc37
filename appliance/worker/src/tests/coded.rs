//! Streams that ffmpeg codes: what our own encoder has no need to make.

use media::time::Ticks;
use media::unit::{AccessUnit, UnitKind};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// What `source`, in the language of libavfilter, is when ffmpeg codes it with these arguments for libx264: access units
/// in decoding order, of pictures that are `frame` apart.
pub(crate) fn h264(source: &str, coding: &[&str], frame: Ticks) -> Vec<AccessUnit> {
    static STREAMS: AtomicUsize = AtomicUsize::new(0);
    let name = format!("forebay-coded-{}-{}.h264", std::process::id(), STREAMS.fetch_add(1, Relaxed));
    let path = std::env::temp_dir().join(name);
    let coding = [&["-c:v", "libx264", "-threads", "1"], coding].concat();
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-f", "lavfi", "-i", source])
        .args(&coding)
        .args(["-f", "h264"])
        .arg(&path)
        .args(&coding)
        .args(["-f", "framecrc", "-"])
        .output()
        .expect("ffmpeg is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut stream = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    let units = rows.enumerate().map(|(index, row)| {
        let columns: Vec<_> = row.split(',').map(str::trim).collect();
        let stamp = |column: usize| frame * columns[column].parse().unwrap();
        let size: usize = columns[4].parse().unwrap();
        let data = stream.drain(..size).collect::<Vec<u8>>().into();
        let kind = if index == 0 { UnitKind::Key } else { UnitKind::Delta };
        AccessUnit { dts: stamp(1), pts: stamp(2), duration: frame, kind, data }
    });
    let units = units.collect();
    assert!(stream.is_empty(), "every byte belongs to an access unit");
    units
}
