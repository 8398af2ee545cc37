// HLS by the device's own player: LL-HLS on iOS 14 to 17.0, tvOS and Safari; HLS-TS on anything older.

import { seekable } from '../past.js';

export async function open(video, url, hooks) {
  const onError = () => {
    const error = video.error || {};
    const kind = error.code === 2 ? 'network' : 'media'; // MEDIA_ERR_NETWORK
    hooks.failed({ kind, reason: 'player error ' + error.code + (error.message ? ': ' + error.message : '') });
  };
  video.addEventListener('error', onError);
  video.src = url;
  hooks.ready();
  return {
    close() {
      video.removeEventListener('error', onError);
      video.removeAttribute('src');
      video.load();
    },
    follow() {}, // it leaves the playhead where the viewer puts it
    range() { return seekable(video); },
    goLive() {
      const range = seekable(video);
      if (range) video.currentTime = range.end;
    },
    read() { return { latencyMs: latency(video, hooks.houseNow), width: video.videoWidth, height: video.videoHeight }; },
  };
}

// Only Safari tells the date of media time zero (from EXT-X-PROGRAM-DATE-TIME).
function latency(video, houseNow) {
  const start = video.getStartDate ? video.getStartDate().getTime() : NaN;
  return Number.isFinite(start) ? Math.round(houseNow() - start - video.currentTime * 1000) : null;
}
