// AirPlay beside ManagedMediaSource: a receiver cannot be sent media that a script has fetched, so the element must have
// the same channel as plain HLS to hand over.
//
// `sourceopen` of a ManagedMediaSource fires only where the element either forbids remote playback or has such an
// alternative: two `<source>` children, the script's media first. dash.js 5.2 sets `video.src`, which would take their
// place, and both players forbid remote playback; so for as long as one is attached these two are taken over here.

import { manifestUrl } from './tier.js';

const HLS_TYPE = 'application/vnd.apple.mpegurl';
const NOTHING = { attached() {}, release() {} };

// To be called before a player attaches. `attached` is for one that adds its own `<source>`, when it has done so.
export function withAlternative(video, channel, token) {
  if (!window.ManagedMediaSource) return NOTHING;
  const clear = () => Array.from(video.querySelectorAll('source')).forEach((source) => source.remove());
  const add = (type, src) => {
    const source = document.createElement('source');
    source.type = type;
    source.src = src;
    video.appendChild(source);
  };
  const attached = () => add(HLS_TYPE, manifestUrl(channel, 'llhls', token));
  const attach = (src) => {
    clear();
    video.removeAttribute('src');
    add('video/mp4', src);
    attached();
    video.load();
  };
  const own = { configurable: true };
  Object.defineProperty(video, 'src', { ...own, get: () => video.currentSrc, set: attach });
  Object.defineProperty(video, 'disableRemotePlayback', { ...own, get: () => false, set() {} });
  const release = () => {
    delete video.src;
    delete video.disableRemotePlayback;
    clear();
    video.load();
  };
  return { attached, release };
}
