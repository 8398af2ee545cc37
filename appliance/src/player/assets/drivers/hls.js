// LL-HLS and HLS-TS by hls.js.

import { withAlternative } from '../airplay.js';
import { loadScript } from '../load.js';
import { seekable } from '../past.js';

// Bounds, in seconds.
const BACK_BUFFER_S = 10;
const FORWARD_BUFFER_S = 20;
// The estimate before anything is measured: on the premises the top rung fits.
const START_ESTIMATE_BPS = 50e6;
// Default is 1, which never catches up. 1.1 wins back 1 s in 10 s; 1.5 was seen to run dry.
const CATCH_UP_RATE_MAX = 1.1;
// LL-HLS: hls.js starts where a segment starts, up to 2 s behind its target, and stops catching up when it is further
// behind than about 3 s. Its own setting for that cannot be had without giving up PART-HOLD-BACK as the target. So:
// jump when this far behind, or when the jump leaves enough in the buffer to be safe at once.
const BEHIND_MAX_S = 3;
const JUMP_MIN_S = 0.5;
const SPARE_MIN_S = 1;

function settings(tier, { id, channel }) {
  const both = {
    maxBufferLength: FORWARD_BUFFER_S,
    maxMaxBufferLength: FORWARD_BUFFER_S,
    capLevelToPlayerSize: true,
    // Not abrSwitchInterval: a switch that it refuses leaves hls.js 1.7.4 waiting for a level that nobody loads.
    abrEwmaDefaultEstimate: START_ESTIMATE_BPS,
    abrEwmaDefaultEstimateMax: START_ESTIMATE_BPS,
    testBandwidth: false,
    enableInterstitialPlayback: false,
    emeEnabled: false,
    cmcd: { sessionId: id, contentId: channel, useHeaders: true, includeKeys: ['sid', 'sf'] },
  };
  if (tier === 'ts') {
    // There are no parts: low latency mode only lets it catch up with its three target durations.
    return {
      ...both,
      backBufferLength: BACK_BUFFER_S,
      lowLatencyMode: true,
      maxLiveSyncPlaybackRate: 1.05,
      liveSyncDurationCount: 3,
      liveMaxLatencyDurationCount: 12,
    };
  }
  return {
    ...both,
    // The browser takes old media away when it needs the room. When hls.js 1.7.4 does, it forgets the segment whose parts
    // it is loading, finds at its end that it has to load nothing, and stands still for three seconds.
    backBufferLength: Infinity,
    lowLatencyMode: true,
    maxLiveSyncPlaybackRate: CATCH_UP_RATE_MAX,
    liveSyncOnStallIncrease: 0.25, // seconds of target added by a stall: default 1 loses the tier's promise at once
  };
}

export async function open(video, url, hooks, tier) {
  await loadScript('./vendor/hls.min.js');
  const Hls = window.Hls;
  const hls = new Hls(settings(tier, hooks));
  let recoveries = 0;
  let following = true;
  hls.on(Hls.Events.ERROR, (event, data) => {
    if (!data.fatal) return;
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR && recoveries < 2) {
      recoveries += 1;
      hls.recoverMediaError();
      return;
    }
    const kind = data.type === Hls.ErrorTypes.NETWORK_ERROR ? 'network' : 'media';
    hooks.failed({ kind, reason: 'hls.js ' + data.details });
  });
  hls.on(Hls.Events.MANIFEST_PARSED, hooks.ready);
  if (tier !== 'ts') hls.on(Hls.Events.LEVEL_UPDATED, () => { if (following) jumpWhenFarBehind(hls, video); });
  const airplay = withAlternative(video, hooks.channel, hooks.token);
  hls.attachMedia(video); // first: the size of the picture caps the level that it starts with
  airplay.attached();
  hls.loadSource(url);
  return {
    close() {
      hls.destroy();
      airplay.release();
    },
    // hls.js catches up only when it is near the edge already.
    follow(live) { following = live; },
    range() { return seekable(video); },
    qualities() { return hls.levels.map(named).reverse(); },
    // -1 is automatic.
    chooseQuality(id) { hls.nextLevel = hls.levels.findIndex((level) => named(level).id === id); },
    audios() { return hls.audioTracks.map((track, at) => ({ id: String(at), name: track.name })); },
    chooseAudio(id) { hls.audioTrack = Number(id); },
    goLive() { if (hls.liveSyncPosition) video.currentTime = hls.liveSyncPosition; },
    read() { return read(hls, hooks.houseNow); },
  };
}

function named(level) {
  return { id: level.height + 'p', name: level.height + 'p' };
}

function jumpWhenFarBehind(hls, video) {
  const { buffered } = video;
  if (video.paused || video.seeking || video.readyState < 3 || !buffered.length) return;
  const behind = hls.latency - hls.targetLatency;
  const spare = buffered.end(buffered.length - 1) - video.currentTime - behind;
  if (behind > BEHIND_MAX_S || (behind > JUMP_MIN_S && spare > SPARE_MIN_S)) video.currentTime += behind;
}

function read(hls, houseNow) {
  const level = hls.levels && hls.levels[hls.currentLevel];
  const date = hls.playingDate;
  return {
    // Against the capture times in the playlist: hls.latency counts from the playlist's edge only.
    latencyMs: date ? Math.round(houseNow() - date.getTime()) : null,
    targetMs: hls.targetLatency ? Math.round(hls.targetLatency * 1000) : null,
    width: level ? level.width : 0,
    height: level ? level.height : 0,
    bitrateBps: level ? level.bitrate : 0,
  };
}
