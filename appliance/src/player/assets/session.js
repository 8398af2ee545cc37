// One viewing: opens the plan that tier.js chose, notices when it fails or is stuck, and opens the next.
// A page left open for days must come back by itself after anything that ends.

import { afterFailure, climbed, initialState, manifestUrl, mayClimb, plans, settled, TIER_NAMES } from './tier.js';
import { newSession } from './beacon.js';
import { Meter } from './meter.js';
import { houseNow } from './clock.js';
import { past } from './past.js';

const DRIVERS = {
  'dash.js': () => import('./drivers/dash.js'),
  'hls.js': () => import('./drivers/hls.js'),
  native: () => import('./drivers/native.js'),
};

// While the box or the channel is away, its manifest is asked for this often.
const AWAY_POLL_MS = 1000;
const WATCH_MS = 500;
// Playing for this long makes the next failure a first one.
const SETTLED_MS = 20000;
// A viewer who goes further back than this wants to stay there; less is a jump to the edge.
const SHIFTED_MIN_S = 8;
// A stall of this length makes it ask whether this tier is served at all, and the next one;
const ASK_AFTER_MS = 300;
// one of this length leads a tier down if the next one is served all the while, whatever is the matter with this: after
// the box was away, the player of this tier has as long to come back by itself;
const DRY_MAX_MS = 4000;
// and so do this many stalls within half a minute.
const STALLS_MAX = 4;
// An answer that has not come by then is none.
const ANSWER_MAX_MS = 1500;
// Failures kept for the tests and the curious.
const FAILURES_KEPT = 20;

export class Session {
  constructor(video, channel, features, pin, token, order) {
    this.video = video;
    this.channel = channel;
    this.token = token;
    this.features = features;
    this.meter = new Meter(video);
    this.failures = [];
    this.id = newSession();
    this.generation = 0;
    this.switches = 0;
    this.quality = '';
    this.asking = false;
    this.absentAt = 0; // when the tier below was last asked for in vain
    this.shifted = false; // in the past, because the viewer wants to
    this.waiting = false;
    this.refused = false;
    this.onNote = () => {};
    this.order = order;
    this.choices = initialState(plans(features, pin, order));
    setInterval(() => this.watch(), WATCH_MS);
  }

  plan() {
    return this.choices.plans[this.choices.index] || null;
  }

  // Opens the current plan. Whatever an earlier opening still has under way is of no account from here on.
  async open() {
    this.generation += 1;
    const generation = this.generation;
    const plan = this.plan();
    if (!plan) return;
    this.close();
    const url = manifestUrl(this.channel, plan.tier, this.token);
    await this.served(url, generation);
    if (generation !== this.generation) return;
    this.meter.restart();
    this.shifted = false;
    this.openedAt = performance.now();
    try {
      const module = await DRIVERS[plan.engine]().catch((error) => {
        throw Object.assign(error, { kind: 'network' });
      });
      const driver = await module.open(this.video, url, this.hooks(generation), plan.tier);
      if (generation !== this.generation) {
        driver.close();
      } else {
        this.driver = driver;
        if (this.quality && driver.chooseQuality) driver.chooseQuality(this.quality);
      }
    } catch (error) {
      this.failed(generation, { kind: error.kind || 'media', reason: error.message });
    }
  }

  hooks(generation) {
    return {
      failed: (failure) => this.failed(generation, failure),
      ready: () => this.resume(),
      houseNow,
      id: this.id,
      channel: this.channel,
      token: this.token,
    };
  }

  // Resolves when the manifest is there: an absent box or channel is a state, not a failure of a tier. One that is absent
  // while the next tier's is there, twice, is the tier's own.
  async served(url, generation) {
    let alone = 0;
    while (generation === this.generation) {
      const answer = await fetch(url, { cache: 'no-store' }).catch(() => null);
      this.waiting = !(answer && answer.ok);
      this.refused = Boolean(answer && answer.status === 403);
      if (!this.waiting) return;
      const below = this.choices.plans[this.choices.index + 1];
      const other = below && !this.refused && await answers(manifestUrl(this.channel, below.tier, this.token));
      alone = other ? alone + 1 : 0;
      if (alone === 2) {
        this.failed(generation, { kind: 'tier', reason: 'it is not served' });
        return;
      }
      await new Promise((resolve) => { setTimeout(resolve, other ? ASK_AFTER_MS : AWAY_POLL_MS); });
    }
  }

  failed(generation, failure) {
    if (generation !== this.generation) return;
    const from = this.plan();
    const next = afterFailure(this.choices, failure, performance.now());
    this.choices = next.state;
    this.failures = this.failures.concat({ ...failure, tier: from.tier, action: next.action }).slice(-FAILURES_KEPT);
    const to = this.plan();
    if (next.action === 'switch') {
      this.switches += 1;
      this.onNote(TIER_NAMES[from.tier] + ' failed (' + failure.reason + '); now ' + TIER_NAMES[to.tier] + '.');
    }
    this.generation += 1;
    setTimeout(() => this.open(), next.waitMs);
  }

  close() {
    const driver = this.driver;
    this.driver = null;
    if (driver) driver.close();
  }

  // A pinned tier starts a new ladder from there; '' is automatic.
  choose(tier) {
    this.choices = initialState(plans(this.features, tier ? { tier, engine: null } : null, this.order));
    this.onNote('');
    this.open();
  }

  // A rung by its name, or '' for automatic; it holds for the tiers that follow, as far as they have it.
  chooseQuality(id) {
    this.quality = id;
    if (this.driver && this.driver.chooseQuality) this.driver.chooseQuality(id);
  }

  chooseAudio(id) {
    if (this.driver && this.driver.chooseAudio) this.driver.chooseAudio(id);
  }

  goLive() {
    this.shifted = false;
    if (this.driver) {
      this.driver.follow(true);
      this.driver.goLive();
    }
    this.resume();
  }

  // Goes to so many seconds behind the live edge, and stays there.
  seekBehind(seconds) {
    const range = this.driver && this.driver.range();
    if (!range) return;
    if (seconds < SHIFTED_MIN_S) {
      this.goLive();
      return;
    }
    this.shifted = true;
    this.driver.follow(false);
    this.video.currentTime = Math.max(range.start, range.end - seconds);
    this.resume();
  }

  // A refused play() is no failure: the Play button is there for it.
  resume() {
    const started = this.video.play();
    if (started && started.catch) started.catch(() => {});
  }

  watch() {
    if (!this.driver) return;
    if (this.meter.stuck()) this.failed(this.generation, { kind: 'network', reason: 'the picture stood still' });
    else if (this.meter.started && performance.now() - this.openedAt > SETTLED_MS) {
      this.choices = settled(this.choices, this.meter.steadyMs());
    }
    this.lookAtTier();
  }

  // Down when this tier is shut off or runs dry while the next one is served; up again when it has been steady.
  async lookAtTier() {
    const { plans: all, index } = this.choices;
    const dryMs = this.meter.dryMs();
    const often = this.meter.recent.length >= STALLS_MAX;
    const climb = !this.shifted && !this.video.paused && mayClimb(this.choices, this.meter.steadyMs());
    const below = all[index + 1];
    if (this.asking || !(climb || (below && dryMs > ASK_AFTER_MS))) return;
    const generation = this.generation;
    const url = (plan) => manifestUrl(this.channel, plan.tier, this.token);
    this.asking = true;
    const [own, other] = await Promise.all([answers(url(all[index])), answers(url(climb ? all[index - 1] : below))]);
    this.asking = false;
    if (generation !== this.generation) return;
    const nowMs = performance.now();
    if (!other) this.absentAt = nowMs;
    else if (climb) this.climb();
    else if (!own || Math.min(dryMs, nowMs - this.absentAt) > DRY_MAX_MS || often) {
      this.failed(generation, { kind: 'tier', reason: own ? 'it ran dry' : 'it is not served' });
    }
  }

  climb() {
    this.choices = climbed(this.choices);
    this.switches += 1;
    this.onNote('');
    this.open();
  }

  state() {
    if (!this.plan()) return 'failed';
    if (this.refused) return 'refused';
    if (this.waiting) return 'waiting';
    if (this.driver && this.video.paused) return 'paused';
    if (!this.driver || !this.meter.started) return 'connecting';
    if (this.meter.since !== null) return 'stalled';
    return this.shifted ? 'shifted' : 'live';
  }

  stats() {
    const plan = this.plan() || { tier: null, engine: null };
    const driven = this.driver ? this.driver.read() : {};
    return {
      ...plan,
      state: this.state(),
      latencyMs: null,
      targetMs: null,
      width: 0,
      height: 0,
      bitrateBps: 0,
      ...driven,
      ...this.meter.read(),
      opening: this.generation,
      position: this.video.currentTime,
      shifted: this.shifted,
      past: this.driver ? past(this.driver.range(), this.video.currentTime) : null,
      rate: this.video.playbackRate,
      failures: this.failures,
      switches: this.switches,
    };
  }
}

// Whether a manifest is served just now.
function answers(url) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), ANSWER_MAX_MS);
  const asked = fetch(url, { cache: 'no-store', signal: abort.signal }).then((answer) => answer.ok, () => false);
  return asked.then((ok) => {
    clearTimeout(timer);
    return ok;
  });
}
