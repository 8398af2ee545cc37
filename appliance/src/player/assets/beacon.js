// Tells the box now and then how this player fares: what it plays, how late it is, whether it ran dry. Nothing about the
// viewer; the session's name is made up when the page is opened and forgotten with it.

import { TIERS } from './tier.js';

const EVERY_MS = 4000;
// The first one comes sooner: who has just come is not to be taken for a stranger.
const FIRST_MS = 1500;

export function newSession() {
  const bytes = new Uint8Array(12);
  crypto.getRandomValues(bytes);
  return Array.from(bytes, (byte) => ('0' + byte.toString(16)).slice(-2)).join('');
}

// What is told; nothing while there is nothing to tell. Pure.
export function told(stats, features, session) {
  const tier = TIERS.indexOf(stats.tier);
  if (tier < 0 || stats.state === 'waiting' || stats.state === 'refused') return null;
  const whole = (number) => Math.max(0, Math.round(number || 0));
  return {
    session,
    device: features.managed && stats.engine !== 'native' ? 'managed-media-source'
      : stats.engine === 'native' ? 'native-hls' : 'media-source',
    tier,
    engine: stats.engine,
    state: stats.state,
    latency_ms: stats.latencyMs === null ? null : whole(stats.latencyMs),
    target_ms: stats.targetMs === null ? null : whole(stats.targetMs),
    buffer_ms: whole(stats.bufferMs),
    bitrate_bps: whole(stats.bitrateBps),
    stalls: whole(stats.stalls),
    stalled_ms: whole(stats.stalledMs),
    rate_percent: whole(stats.rate * 100),
    switches: whole(stats.switches),
    last_stall_ago_ms: typeof stats.lastStallAgoMs === 'number' ? whole(stats.lastStallAgoMs) : null,
  };
}

export function report(session) {
  const tell = () => {
    const body = told(session.stats(), session.features, session.id);
    if (!body) return;
    const url = '/beacon/' + encodeURIComponent(session.channel);
    // Whatever becomes of it: the next one says it anew.
    fetch(url, { method: 'POST', body: JSON.stringify(body), keepalive: true }).catch(() => {});
  };
  setTimeout(tell, FIRST_MS);
  setInterval(tell, EVERY_MS);
}
