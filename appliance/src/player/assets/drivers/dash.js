// LL-DASH by dash.js: one MediaPlayer on the video element, tuned for the lowest latency that stays stable.

import { loadScript } from '../load.js';
import { withAlternative } from '../airplay.js';
import { begin, highestUseful, step } from '../ladder.js';

// Error codes of dash.js that the network or the box explains; all others are this tier's own.
const NETWORK_CODES = [11, 12, 15, 16, 17, 25, 26, 27, 28, 29];

// The catch-up rates: 5 % is not heard as pitch (players keep the pitch) and wins back 1 s in 20 s.
const RATE_SPAN = 0.05;
const TICK_MS = 250;
// It starts up to a segment behind its target. A jump of at least this is made once there is enough in the buffer for
// it; less is left to the catch-up rate.
const JUMP_MIN_MS = 250;
const SPARE_MIN = 0.7; // share of the target that must remain in the buffer

function settings({ id, channel }) {
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
      // By headers, so that addresses stay the same for all: whoever counts viewers knows this one.
      cmcd: { enabled: true, sid: id, cid: channel, mode: 'headers', enabledKeys: ['sid', 'sf'], includeInRequests: ['mpd', 'segment'] },
      retryAttempts: { MediaSegment: 8, InitializationSegment: 8, MPD: 8 },
      abr: {
        autoSwitchBitrate: { video: false }, // ladder.js chooses
        initialBitrate: { video: 1000000 }, // kbit/s: begin at the top
        rules: { abandonRequestsRule: { active: false } }, // it believes in the throughput, too
      },
    },
  };
}

// dash.js takes a period for buffered when its last segment was asked for and the one before has come. Near the live edge
// the last one still grows: the next period's append window and header would drop the rest of it.
function WholePeriods() {
  const { parent } = this;
  const completed = parent.segmentRequestingCompleted;
  return { segmentRequestingCompleted: (last) => completed(last + 1) };
}

export async function open(video, url, hooks) {
  await loadScript('./vendor/dash.all.min.js');
  const player = window.dashjs.MediaPlayer().create();
  player.extend('BufferController', WholePeriods, true);
  player.updateSettings(settings(hooks));
  player.on('error', (event) => {
    const error = event.error || {};
    const kind = NETWORK_CODES.indexOf(error.code) >= 0 ? 'network' : 'media';
    hooks.failed({ kind, reason: 'dash.js ' + error.code + ': ' + (error.message || 'unknown error') });
  });
  const airplay = withAlternative(video, hooks.channel, hooks.token);
  player.initialize(video, url, true);
  const pilot = new Pilot(player, video);
  const timer = setInterval(() => pilot.tick(), TICK_MS);
  return {
    close() {
      clearInterval(timer);
      player.destroy();
      airplay.release();
    },
    // Catching up would seek back to the edge.
    follow(live) {
      pilot.following = live;
      player.updateSettings({ streaming: { liveCatchup: { enabled: live } } });
      if (!live) video.playbackRate = 1;
    },
    range() {
      const window = player.isReady() ? player.getDvrWindow() : null;
      return window && window.size > 0 ? { start: window.start, end: window.end } : null;
    },
    goLive() { player.seekToOriginalLive(); },
    qualities() { return pilot.rungs().map(named).reverse(); },
    chooseQuality(id) { pilot.pin(id); },
    read() { return read(player); },
  };
}

// Sees to the rung and to a start near the live edge.
class Pilot {
  constructor(player, video) {
    this.player = player;
    this.video = video;
    this.ladder = null;
    this.following = true;
    this.pinned = '';
  }

  // Lowest first.
  rungs() {
    if (!this.player.isReady()) return [];
    return this.player.getRepresentationsByType('video').slice().sort((a, b) => a.bandwidth - b.bandwidth);
  }

  // A rung by its name; '' leaves the choice to ladder.js.
  pin(id) {
    this.pinned = id;
    this.ladder = null;
  }

  tick() {
    const { player, video } = this;
    if (!player.isReady() || video.paused || video.seeking || !video.currentTime) return;
    const bufferMs = player.getBufferLength('video') * 1000;
    const targetMs = player.getTargetLiveDelay() * 1000;
    this.chooseRung(bufferMs, targetMs);
    if (this.following) this.jump(bufferMs, targetMs);
  }

  chooseRung(bufferMs, targetMs) {
    const rungs = this.rungs();
    const current = this.player.getCurrentRepresentationForType('video');
    if (!current || rungs.length < 2) return;
    const pinned = rungs.find((rung) => named(rung).id === this.pinned);
    if (pinned) {
      if (pinned.id !== current.id) this.player.setRepresentationForTypeById('video', pinned.id);
      return;
    }
    const nowMs = performance.now();
    if (!this.ladder) this.ladder = begin(rungs.findIndex((rung) => rung.id === current.id), nowMs);
    const scale = window.devicePixelRatio || 1;
    const highest = highestUseful(rungs, this.video.clientWidth * scale, this.video.clientHeight * scale);
    const before = this.ladder.index;
    this.ladder = step(this.ladder, { nowMs, bufferMs, targetMs, highest });
    if (this.ladder.index !== before) this.player.setRepresentationForTypeById('video', rungs[this.ladder.index].id);
  }

  jump(bufferMs, targetMs) {
    const behindMs = this.player.getCurrentLiveLatency() * 1000 - targetMs;
    if (behindMs < JUMP_MIN_MS || bufferMs - behindMs < targetMs * SPARE_MIN) return;
    this.video.currentTime += behindMs / 1000;
  }
}

// As the menu shows it; the same in each tier.
function named(rung) {
  return { id: rung.height + 'p', name: rung.height + 'p' };
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
