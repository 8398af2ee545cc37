// Counts what a viewer would complain of: stalls and their length, dropped frames, and a picture that stands still.

// No progress for this long while it should play: the player is stuck and is opened anew.
export const STUCK_MS = 6000;
// The first picture may take longer: a TS player wants three segments.
export const STUCK_AT_START_MS = 15000;

// Stalls within this time belong together.
const RECENT_MS = 30000;

export class Meter {
  constructor(video) {
    this.video = video;
    this.stalls = 0;
    this.stalledMs = 0;
    this.since = null; // start of the stall that lasts
    this.lastAt = null; // and of the one before it
    this.recent = []; // when stalls began
    this.restart();
    video.addEventListener('waiting', () => this.onWaiting());
    ['playing', 'seeked', 'timeupdate'].forEach((name) => video.addEventListener(name, () => this.onProgress()));
  }

  // A plan was opened: what happens until its first picture is start-up, not a stall.
  restart() {
    this.started = false;
    this.recent = [];
    this.steadySince = performance.now();
    this.position = -1;
    this.movedAt = performance.now();
    this.endStall();
  }

  endStall() {
    if (this.since !== null) {
      this.stalledMs += performance.now() - this.since;
      this.steadySince = performance.now();
    }
    this.since = null;
  }

  onWaiting() {
    if (!this.started || this.video.seeking || this.since !== null) return;
    this.stalls += 1;
    this.since = performance.now();
    this.lastAt = this.since;
    this.recent = this.recent.filter((at) => this.since - at < RECENT_MS).concat(this.since);
  }

  onProgress() {
    const position = this.video.currentTime;
    if (this.video.paused || position === this.position) return;
    if (this.position >= 0) this.started = true;
    this.position = position;
    this.movedAt = performance.now();
    if (this.video.readyState >= 3) this.endStall();
  }

  // How long the stall lasts that there is; 0 while it plays, and before the first picture.
  dryMs() {
    return this.since === null || this.video.paused ? 0 : performance.now() - this.since;
  }

  // How long it has played without a stall.
  steadyMs() {
    return this.started && this.since === null ? performance.now() - this.steadySince : 0;
  }

  stuck() {
    if (this.video.paused || document.hidden) this.movedAt = performance.now();
    return performance.now() - this.movedAt > (this.started ? STUCK_MS : STUCK_AT_START_MS);
  }

  read() {
    const quality = this.video.getVideoPlaybackQuality ? this.video.getVideoPlaybackQuality() : {};
    return {
      stalls: this.stalls,
      lastStallAgoMs: this.lastAt === null ? null : Math.round(performance.now() - this.lastAt),
      stalledMs: Math.round(this.stalledMs + (this.since === null ? 0 : performance.now() - this.since)),
      droppedFrames: quality.droppedVideoFrames || 0,
      totalFrames: quality.totalVideoFrames || 0,
      bufferMs: Math.round(ahead(this.video) * 1000),
    };
  }
}

// Seconds of media buffered from the playhead on.
function ahead(video) {
  const { buffered, currentTime } = video;
  for (let n = 0; n < buffered.length; n += 1) {
    if (buffered.start(n) <= currentTime + 0.1 && currentTime < buffered.end(n)) return buffered.end(n) - currentTime;
  }
  return 0;
}
