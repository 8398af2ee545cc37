// LL-DASH by dash.js: one MediaPlayer on the video element, tuned for the lowest latency that stays stable.

import { loadScript } from '../load.js';

// Error codes of dash.js that the network or the box explains; all others are this tier's own.
const NETWORK_CODES = [11, 12, 15, 16, 17, 25, 26, 27, 28, 29];

// The catch-up rates: 5 % is not heard as pitch (players keep the pitch) and wins back 1 s in 20 s.
const RATE_SPAN = 0.05;

function settings() {
  return {
    debug: { logLevel: 1 }, // errors
    streaming: {
      applyServiceDescription: true, // target latency comes from the MPD
      applyProducerReferenceTime: true,
      utcSynchronization: {
        // The box's own clock, should the MPD name none: dash.js would ask a host on the internet.
        defaultTimingSource: {
          scheme: 'urn:mpeg:dash:utc:http-xsdate:2014',
          value: new URL('/time', location.href).href,
        },
        useManifestDateHeaderTimeSource: false, // whole seconds: too coarse
      },
      buffer: {
        bufferToKeep: 10, // seconds behind the playhead; nobody seeks back here
        bufferPruningInterval: 5,
        fastSwitchEnabled: false, // never re-fetch what is buffered: there is too little of it
      },
      gaps: { enableStallFix: true },
      liveCatchup: {
        enabled: true,
        // Step mode plays at exactly 1 most of the time; the default mode changes the rate at every event.
        mode: 'liveCatchupModeStep',
        playbackRate: { min: -RATE_SPAN, max: RATE_SPAN },
        step: { start: { min: 0.1, max: 0.1 }, stop: { min: 0.02, max: 0.02 } },
        maxDrift: 3, // seconds over the target at which it seeks instead
      },
      // A failed segment is asked for again for about 4 s, longer than the daemon takes to restart.
      retryAttempts: { MediaSegment: 8, InitializationSegment: 8, MPD: 8 },
      abr: {
        initialBitrate: { video: 50000 }, // kbit/s: on the premises the top rung fits; measured from then on
        limitBitrateByPortal: true,
        usePixelRatioInLimitBitrateByPortal: true,
        rules: {
          // BOLA reads the buffer, which is short here by intent, and would sink to the lowest rung.
          bolaRule: { active: false },
        },
      },
    },
  };
}

export async function open(video, url, hooks) {
  await loadScript('./vendor/dash.all.min.js');
  const player = window.dashjs.MediaPlayer().create();
  player.updateSettings(settings());
  player.on('error', (event) => {
    const error = event.error || {};
    const kind = NETWORK_CODES.indexOf(error.code) >= 0 ? 'network' : 'media';
    hooks.failed({ kind, reason: 'dash.js ' + error.code + ': ' + (error.message || 'unknown error') });
  });
  player.initialize(video, url, true);
  return {
    close() { player.destroy(); },
    goLive() { player.seekToOriginalLive(); },
    read() { return read(player); },
  };
}

function read(player) {
  if (!player.isReady()) return {};
  const video = player.getCurrentRepresentationForType('video');
  return {
    latencyMs: toMs(player.getCurrentLiveLatency()),
    targetMs: toMs(player.getTargetLiveDelay()),
    width: video ? video.width : 0,
    height: video ? video.height : 0,
    bitrateBps: video ? video.bandwidth : 0,
  };
}

function toMs(seconds) {
  return Number.isFinite(seconds) && seconds > 0 ? Math.round(seconds * 1000) : null;
}
