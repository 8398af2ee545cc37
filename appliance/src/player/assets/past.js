// The bar to seek back with, where the channel has a past to seek to. Positions are seconds behind the live edge.

// Every channel keeps some seconds; a bar for less than this would only be in the way.
const LENGTH_MIN_S = 45;
// The oldest media leaves while it is being loaded.
const MARGIN_S = 10;

// What the video element itself says.
export function seekable(video) {
  const ranges = video.seekable;
  return ranges.length ? { start: ranges.start(0), end: ranges.end(ranges.length - 1) } : null;
}

// How far back one can go and where the playhead is; nothing where there is no past.
export function past(range, position) {
  const length = range ? Math.floor(range.end - range.start - MARGIN_S) : 0;
  if (!(length >= LENGTH_MIN_S)) return null;
  return { length, behind: Math.min(length, Math.max(0, range.end - position)) };
}

// `1:02:03`, `2:03`, and `live` for what players keep behind the edge anyway.
export function label(behind, shifted) {
  if (!shifted) return 'live';
  const seconds = Math.round(behind);
  const two = (number) => String(number).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return '\u2212' + (hours ? hours + ':' + two(minutes) : String(minutes)) + ':' + two(seconds % 60);
}

export function wirePast(doc, session) {
  const seek = doc.getElementById('seek');
  let dragged = false;
  seek.addEventListener('input', () => {
    dragged = true;
    show(doc, -Number(seek.value), Number(seek.value) < 0);
  });
  seek.addEventListener('change', () => {
    dragged = false;
    session.seekBehind(-Number(seek.value));
  });
  return (stats) => {
    const now = stats.past;
    doc.getElementById('past').hidden = now === null;
    if (now === null || dragged) return;
    seek.min = String(-now.length);
    seek.value = String(stats.shifted ? -Math.round(now.behind) : 0);
    show(doc, now.behind, stats.shifted);
  };
}

function show(doc, behind, shifted) {
  const text = label(behind, shifted);
  const output = doc.getElementById('behind');
  if (output.textContent === text) return;
  output.textContent = text;
  doc.getElementById('seek').setAttribute('aria-valuetext', text);
}
