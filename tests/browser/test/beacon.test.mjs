import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newSession, told } from '../../../appliance/src/player/assets/beacon.js';

const stats = {
  tier: 'llhls', engine: 'hls.js', state: 'live', latencyMs: 1499.6, targetMs: null, bufferMs: 900, bitrateBps: 2500000,
  stalls: 1, stalledMs: 300, rate: 1.05, switches: 2, lastStallAgoMs: 1200.4,
};

test('a beacon says how the player fares and nothing about the viewer', () => {
  assert.deepEqual(told(stats, { managed: false }, 'abcdefgh'), {
    session: 'abcdefgh', device: 'media-source', tier: 1, engine: 'hls.js', state: 'live', latency_ms: 1500, target_ms: null,
    buffer_ms: 900, bitrate_bps: 2500000, stalls: 1, stalled_ms: 300, rate_percent: 105, switches: 2, last_stall_ago_ms: 1200,
  });
  assert.equal(told({ ...stats, lastStallAgoMs: null }, {}, 'a').last_stall_ago_ms, null);
  assert.equal(told(stats, { managed: true }, 'a').device, 'managed-media-source');
  assert.equal(told({ ...stats, engine: 'native' }, { managed: false }, 'a').device, 'native-hls');
});

test('there is nothing to tell without a picture to come', () => {
  assert.equal(told({ ...stats, state: 'waiting' }, {}, 'a'), null);
  assert.equal(told({ ...stats, tier: null }, {}, 'a'), null);
});

test('each page has a session of its own', () => {
  assert.match(newSession(), /^[0-9a-f]{24}$/);
  assert.notEqual(newSession(), newSession());
});
