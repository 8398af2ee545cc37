//! Makes a source's pictures such as the canvas takes: progressive, and of standard dynamic range.

use crate::canvas::fit::letterbox;
use crate::ff::{Colours, Error, Filter, Frame, Primaries, Transfer};
use crate::limits::FILTER_THREADS_MAX;
use media::link::Canvas;
use std::thread::available_parallelism;

/// Luminance that becomes reference white in cd/m2: the HDR reference white of ITU-R BT.2408.
const WHITE_NITS: u32 = 203;
/// Highlights are mastered up to this luminance as a rule, and for HLG by definition (ITU-R BT.2100), in whites.
const PEAK: &str = "4.926";
/// Canvases of more pictures a second than this show each field of an interlaced source as a picture.
const FRAMES_ONLY_MAX: u32 = 30;

/// What is done to pictures, and in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Steps {
    chain: String,
    /// For people; empty when nothing is done.
    pub(crate) label: String,
}

/// What decides of [`Steps`].
#[derive(Clone, Copy, PartialEq, Eq)]
struct Kind {
    size: (u32, u32),
    aspect: (u32, u32),
    colours: Colours,
    is_interlaced: bool,
}

impl Kind {
    fn of(frame: &Frame) -> Self {
        Self {
            size: (frame.width(), frame.height()),
            aspect: frame.sample_aspect(),
            colours: frame.colours(),
            is_interlaced: frame.is_interlaced(),
        }
    }

    fn steps(&self, canvas: Canvas) -> Steps {
        let (mut chain, mut label) = (Vec::new(), String::new());
        if self.is_interlaced {
            let shows_fields = canvas.rate.frames_per_nominal_second() > FRAMES_ONLY_MAX;
            let mode = if shows_fields { "send_field" } else { "send_frame" };
            // Motion-adaptive, with the field order that each picture says; progressive pictures between pass as they are.
            chain.push(format!("bwdif=mode={mode}:parity=auto:deint=interlaced"));
            label.push_str(", interlaced: deinterlaced");
        }
        let transfer = match self.colours.transfer {
            Transfer::Standard => None,
            Transfer::Pq => Some(("smpte2084", "PQ")),
            Transfer::Hlg => Some(("arib-std-b67", "HLG")),
        };
        if let Some((transfer, name)) = transfer {
            chain.push(self.tone_mapping(transfer, canvas));
            label.push_str(", HDR (");
            label.push_str(name);
            label.push_str("): tone-mapped to SDR");
        }
        Steps { chain: chain.join(","), label }
    }

    /// From linear light, each channel by itself: straight up to half of white, bent above it so that the peak fits.
    /// Smaller first where the canvas is: it costs by the pixel.
    fn tone_mapping(&self, transfer: &str, canvas: Canvas) -> String {
        let rect = letterbox(self.size, self.aspect, (canvas.width, canvas.height));
        let (width, height) = (self.size.0.min(rect.width as u32), self.size.1.min(rect.height as u32));
        let primaries = match self.colours.primaries {
            Primaries::Unknown => "pin=2020:p=2020:",
            Primaries::P3 | Primaries::Other => "",
        };
        let range = if self.colours.is_full_range { "full" } else { "limited" };
        format!(
            "zscale=w={width}:h={height}:tin={transfer}:min=2020_ncl:{primaries}rin={range}:t=linear:m=gbr:npl={WHITE_NITS},\
             format=gbrpf32le,zscale=p=709,tonemap=mobius:param=0.5:peak={PEAK}:desat=0,\
             zscale=t=709:m=709:r=limited,format=yuv420p"
        )
    }
}

/// See the module. Made anew by itself when the pictures change.
pub(crate) struct Prepare {
    canvas: Canvas,
    kind: Option<Kind>,
    pub(crate) steps: Steps,
    filter: Option<Filter>,
}

impl Prepare {
    pub(crate) fn new(canvas: Canvas) -> Self {
        Self { canvas, kind: None, steps: Steps::default(), filter: None }
    }

    /// Hands the picture, or what comes of it, to `take`. What cannot be filtered is handed on as it came, with the
    /// reason in the end.
    pub(crate) fn prepare(&mut self, frame: Frame, mut take: impl FnMut(Frame)) -> Result<(), Error> {
        let made = self.follow(&frame);
        let Some(filter) = &mut self.filter else {
            take(frame);
            return made;
        };
        let unfiltered = frame.share();
        let mut filtered = filter.send(frame);
        while filtered.is_ok() {
            match filter.receive() {
                Ok(Some(frame)) => take(frame),
                Ok(None) => break,
                Err(error) => filtered = Err(error),
            }
        }
        if filtered.is_err() {
            // Until the pictures change.
            (self.filter, self.steps) = (None, Steps::default());
            take(unfiltered);
        }
        filtered
    }

    /// Sees to it that the filter is the one for pictures like this. Once interlaced, a source stays so until something
    /// else changes: some mix both.
    fn follow(&mut self, frame: &Frame) -> Result<(), Error> {
        let mut kind = Kind::of(frame);
        kind.is_interlaced |= self.kind.is_some_and(|before| {
            before.is_interlaced && Kind { is_interlaced: kind.is_interlaced, ..before } == kind
        });
        if self.kind == Some(kind) {
            return Ok(());
        }
        self.kind = Some(kind);
        self.steps = kind.steps(self.canvas);
        self.filter = None;
        if !self.steps.chain.is_empty() {
            let threads = available_parallelism().map_or(1, usize::from).min(FILTER_THREADS_MAX);
            let made = Filter::for_pictures_like(frame, &self.steps.chain, threads);
            self.filter = Some(made.inspect_err(|_| self.steps = Steps::default())?);
        }
        Ok(())
    }

    /// The source has gone: nothing of it is to come.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.canvas);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ff::Decoder;
    use crate::tests::coded;
    use media::time::{FrameRate, Ticks};
    use media::unit::{AccessUnit, SourceCodec, SourceFraming, SourceTrack};

    /// 25 pictures a second.
    const FRAME: Ticks = Ticks(14_400);

    fn canvas(rate: u32) -> Canvas {
        Canvas { width: 320, height: 180, rate: FrameRate::new(rate, 1).unwrap() }
    }

    fn decoded(units: &[AccessUnit]) -> Vec<Frame> {
        let track =
            SourceTrack { codec: SourceCodec::H264, framing: SourceFraming::ByteStream, config: vec![] };
        let mut decoder = Decoder::open(&track).unwrap();
        let mut frames = Vec::new();
        for unit in units {
            decoder.send(&unit.data, unit.pts, unit.kind).unwrap();
            frames.extend(std::iter::from_fn(|| decoder.receive().unwrap()));
        }
        frames
    }

    fn prepared(prepare: &mut Prepare, frames: &[Frame]) -> Vec<Frame> {
        let mut out = Vec::new();
        for frame in frames {
            prepare.prepare(frame.share(), |frame| out.push(frame)).unwrap();
        }
        out
    }

    /// How much a line differs from the next, to how much it differs from the one after: large where two fields of a
    /// moving picture were woven.
    fn combing(frame: &Frame) -> f64 {
        let (luma, stride) = frame.luma().unwrap().plane();
        let line = |y: usize| &luma[y * stride..][..frame.width() as usize];
        let differ =
            |a: &[u8], b: &[u8]| -> u64 { a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum() };
        let lines = 4..frame.height() as usize - 4;
        let near: u64 = lines.clone().map(|y| differ(line(y), line(y + 1))).sum();
        let far: u64 = lines.map(|y| differ(line(y), line(y + 2))).sum();
        near as f64 / far.max(1) as f64
    }

    /// A bar that moves from field to field, 25 pictures of two fields each second.
    fn interlaced() -> Vec<Frame> {
        let bar = "color=black:size=320x180:rate=50[b];color=white:size=40x180:rate=50[w];\
                   [b][w]overlay=x='mod(n*6,280)',format=yuv420p,tinterlace=interleave_top";
        let coding =
            ["-frames:v", "12", "-bf", "0", "-qp", "10", "-flags", "+ildct+ilme", "-x264opts", "tff=1"];
        decoded(&coded::h264(bar, &coding, FRAME))
    }

    #[test]
    fn an_interlaced_source_becomes_pictures() {
        let frames = interlaced();
        assert!(frames.len() >= 11 && frames.iter().all(Frame::is_interlaced));
        assert!(frames.iter().all(|frame| combing(frame) > 5.0), "{}", combing(&frames[5]));
        let mut prepare = Prepare::new(canvas(25));
        let pictures = prepared(&mut prepare, &frames);
        assert_eq!(prepare.steps.label, ", interlaced: deinterlaced");
        assert!(pictures.len() >= frames.len() - 1);
        assert!(pictures[1..].iter().all(|picture| combing(picture) < 1.0 && !picture.is_interlaced()));
        let stamps = |frames: &[Frame]| frames.iter().map(|frame| frame.pts().unwrap()).collect::<Vec<_>>();
        assert_eq!(stamps(&pictures), stamps(&frames)[..pictures.len()]);
    }

    #[test]
    fn a_fast_canvas_shows_each_field() {
        let frames = interlaced();
        let pictures = prepared(&mut Prepare::new(canvas(50)), &frames);
        assert!(pictures.len() >= 2 * (frames.len() - 1));
        let apart = pictures.windows(2).map(|pair| pair[1].pts().unwrap() - pair[0].pts().unwrap());
        assert_eq!(apart.collect::<Vec<_>>(), vec![FRAME.0 / 2; pictures.len() - 1]);
    }

    /// Luma of what a flat grey of this code value becomes.
    fn tone_mapped(code: u32, coding: &[&str]) -> (u8, String) {
        let grey =
            format!("color=black:size=320x180:rate=25,format=yuv420p10le,geq=lum={code}:cb=512:cr=512");
        let coding = [&["-frames:v", "3", "-bf", "0", "-qp", "1"], coding].concat();
        let frames = decoded(&coded::h264(&grey, &coding, FRAME));
        let mut prepare = Prepare::new(canvas(25));
        let pictures = prepared(&mut prepare, &frames);
        let last = pictures.last().unwrap();
        assert!(last.is_yuv420p());
        let (luma, stride) = last.luma().unwrap().plane();
        (luma[90 * stride + 160], prepare.steps.label)
    }

    /// 10-bit limited-range code of a signal from 0 to 1.
    fn code(signal: f64) -> u32 {
        (64.0 + 876.0 * signal).round() as u32
    }

    #[test]
    fn hdr_is_tone_mapped_to_where_bt_2408_has_it() {
        // Of ST 2084: 203 cd/m2 is 58 % of the signal, 1000 are 75 %. Of HLG: 75 % and 100 %.
        let pq = ["-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"];
        let hlg = ["-color_primaries", "bt2020", "-color_trc", "arib-std-b67", "-colorspace", "bt2020nc"];
        for (transfer, name, white, peak) in [(pq, "PQ", 0.5807, 0.7518), (hlg, "HLG", 0.75, 1.0)] {
            let levels = [0.0, white, peak].map(|signal| tone_mapped(code(signal), &transfer));
            assert_eq!(levels[1].1, format!(", HDR ({name}): tone-mapped to SDR"));
            // Black, nine tenths of the signal, and all of it.
            let found = [&levels[0], &levels[1], &levels[2]].map(|(luma, _)| *luma);
            assert!(found[0].abs_diff(16) <= 1, "{name}: {found:?}");
            assert!((200..=218).contains(&found[1]), "{name}: {found:?}");
            assert!(found[2].abs_diff(235) <= 3, "{name}: {found:?}");
        }
        // Who does not say which primaries is taken at the usual ones.
        let (luma, _) = tone_mapped(code(0.5807), &["-color_trc", "smpte2084"]);
        assert!((200..=218).contains(&luma), "{luma}");
    }

    #[test]
    fn an_ordinary_source_is_left_as_it_is() {
        let frames =
            decoded(&coded::h264("testsrc2=size=320x180:rate=25", &["-frames:v", "5", "-bf", "0"], FRAME));
        let mut prepare = Prepare::new(canvas(50));
        assert_eq!(prepared(&mut prepare, &frames).len(), frames.len());
        assert_eq!((prepare.steps, prepare.filter.is_none()), (Steps::default(), true));
    }
}
