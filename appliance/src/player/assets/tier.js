// Which tier this device plays, and what comes after a failure. Pure: no DOM, no network, no clock.
// Syntax is kept to what iOS 12 parses, since the page must reach the TS tier there.

// Best first: LL-DASH (chunks), LL-HLS (parts), HLS with MPEG-TS segments (plays everywhere, seconds later).
export const TIERS = ['lldash', 'llhls', 'ts'];

export const TIER_NAMES = { lldash: 'LL-DASH', llhls: 'LL-HLS', ts: 'HLS-TS' };

// What every rung of the ladder needs: H.264 High and AAC-LC.
export const MSE_TYPE = 'video/mp4; codecs="avc1.64001f,mp4a.40.2"';
const HLS_TYPE = 'application/vnd.apple.mpegurl';

// What the device can do, by asking it, never by its name.
export function detect(win, video) {
  const source = win.ManagedMediaSource || win.MediaSource;
  const mse = Boolean(source && source.isTypeSupported && source.isTypeSupported(MSE_TYPE));
  const nativeHls = Boolean(video.canPlayType && video.canPlayType(HLS_TYPE));
  // LL-HLS came with iOS 14 and Safari 14, and so did BigInt; players before them ignore parts.
  const lowLatency = typeof win.BigInt === 'function';
  return { mse, managed: mse && Boolean(win.ManagedMediaSource), nativeHls, lowLatency };
}

// MSE is asked before native HLS: Chromium from 142 answers "maybe" to HLS with a player that ignores parts.
// `pin` is what the address says: a tier, `native` (the device's own HLS player), or nothing. `order` is what the operator
// has set for the channel: tiers, the first choice first; none for all of them, best first.
export function plans(features, pin, order) {
  const offered = order && order.length ? order : TIERS;
  const scripted = { lldash: 'dash.js', llhls: 'hls.js', ts: 'hls.js' };
  const native = features.lowLatency ? { llhls: 'native', ts: 'native' } : { ts: 'native' };
  const engines = pin && (pin.engine === 'native' || pin.tier === 'native') ? native
    : features.mse ? scripted
    : features.nativeHls ? native : {};
  const from = pin ? offered.indexOf(pin.tier) : 0;
  const wanted = pin && from < 0 && TIERS.indexOf(pin.tier) >= 0 ? [pin.tier].concat(offered) : offered.slice(Math.max(0, from));
  return wanted.filter((tier) => engines[tier]).map((tier) => ({ tier, engine: engines[tier] }));
}

// `?tier=lldash|llhls|ts|native`, and `&engine=native` to have a tier played by the device itself.
export function pinned(search) {
  const read = (name) => (new RegExp('[?&]' + name + '=([a-z]+)').exec(search) || [])[1];
  const tier = read('tier');
  if (tier !== 'native' && TIERS.indexOf(tier) < 0) return null;
  return { tier, engine: read('engine') === 'native' ? 'native' : null };
}

// `lldash,ts`, as the page has it of the channel; what is no tier is left out.
export function ordered(text) {
  return (text || '').split(',').filter((tier) => TIERS.indexOf(tier) >= 0);
}

// A playback token goes into the path, so that every relative address below it carries it on.
export function manifestUrl(channel, tier, token) {
  const file = { lldash: 'manifest.mpd', llhls: 'master.m3u8', ts: 'ts/master.m3u8' }[tier];
  return '/live/' + encodeURIComponent(channel) + '/' + (token ? '~' + token + '/' : '') + file;
}

// `?token=`, as the operator hands it out; nothing for a channel that is open to all.
export function tokenIn(search) {
  return (/[?&]token=([0-9a-z-]+)/.exec(search) || [])[1] || '';
}

// A tier that failed this often within the window is left, even if each failure looked like the network's.
export const FAILURES_MAX = 4;
export const FAILURES_WINDOW_MS = 60000;
// Pause before the same tier is opened again: at once first (the daemon restarts within 3 s), then slower.
export const RETRY_MS = [250, 500, 1000, 2000, 4000];

export function initialState(planList) {
  return { plans: planList, index: 0, failures: [], attempt: 0, falls: 0 };
}

// A better tier is tried again when the picture has been steady for this long; twice as long after each fall, since a
// climb interrupts the picture for a moment.
export const CLIMB_AFTER_MS = 30000;
export const CLIMB_AFTER_MS_MAX = 600000;
// Playing the best tier for this long makes the next fall a first one.
export const FORGIVEN_MS = 300000;
// A failure of the tier's own weighs as much as so many falls: it is likely to come again.
const MEDIA_WEIGHS = 3;

// What to do after `failure` = { kind: 'network' | 'media' | 'tier', reason }. The network is nobody's tier: the same one
// is tried again. Media errors, errors that go on though the box answers, and a tier that is shut off or stalls while
// another is served (`tier`) lead one tier down; from the last one back to the first.
export function afterFailure(state, failure, nowMs) {
  const failures = state.failures.filter((at) => nowMs - at < FAILURES_WINDOW_MS).concat(nowMs);
  const leave = failure.kind !== 'network' || failures.length >= FAILURES_MAX;
  const waitMs = RETRY_MS[Math.min(state.attempt, RETRY_MS.length - 1)];
  const attempt = state.attempt + 1;
  if (!leave || state.plans.length === 1) return { action: 'retry', waitMs, state: { ...state, failures, attempt } };
  const index = (state.index + 1) % state.plans.length;
  const falls = index > state.index ? state.falls + (failure.kind === 'media' ? MEDIA_WEIGHS : 1) : state.falls;
  return { action: 'switch', waitMs: failure.kind === 'tier' ? 0 : waitMs, state: { ...state, index, failures: [], attempt, falls } };
}

// Called once a plan has played for a while: the next failure is a first one again.
export function settled(state, steadyMs) {
  const falls = state.index === 0 && steadyMs >= FORGIVEN_MS ? 0 : state.falls;
  return { ...state, attempt: 0, falls };
}

// Whether the picture has been steady for long enough to try the better tier.
export function mayClimb(state, steadyMs) {
  const wanted = Math.min(CLIMB_AFTER_MS * Math.pow(2, Math.max(0, state.falls - 1)), CLIMB_AFTER_MS_MAX);
  return state.index > 0 && steadyMs >= wanted;
}

export function climbed(state) {
  return { ...state, index: state.index - 1, failures: [], attempt: 0 };
}
