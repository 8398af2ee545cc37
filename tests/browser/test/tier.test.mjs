import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  afterFailure, CLIMB_AFTER_MS, CLIMB_AFTER_MS_MAX, climbed, detect, FAILURES_MAX, FAILURES_WINDOW_MS, initialState, manifestUrl, mayClimb, MSE_TYPE, ordered, pinned, plans, RETRY_MS, settled, tokenIn,
} from '../../../appliance/src/player/assets/tier.js';

const source = { isTypeSupported: (type) => type === MSE_TYPE };
const names = (list) => list.map(({ tier, engine }) => `${tier} ${engine}`);
const SCRIPTED = ['lldash dash.js', 'llhls hls.js', 'ts hls.js'];
const NATIVE = ['llhls native', 'ts native'];

test('devices get the best tier that they can play', () => {
  const table = [
    ['desktop browser', { MediaSource: source }, '', SCRIPTED],
    ['Chromium from 142, whose own HLS player ignores parts', { MediaSource: source }, 'maybe', SCRIPTED],
    ['iPhone, iOS 17.1 and later', { ManagedMediaSource: source }, 'maybe', SCRIPTED],
    ['iPhone, iOS 14 to 17.0', { BigInt }, 'maybe', NATIVE],
    ['iPhone before iOS 14, which ignores parts', {}, 'maybe', NATIVE.slice(1)],
    ['MSE without H.264', { BigInt, MediaSource: { isTypeSupported: () => false } }, 'maybe', NATIVE],
    ['neither', {}, '', []],
  ];
  for (const [device, win, answer, expected] of table) {
    const features = detect(win, { canPlayType: () => answer });
    assert.deepEqual(names(plans(features, null)), expected, device);
  }
});

test('the operator says which tiers there are, and in which order', () => {
  const features = { mse: true, nativeHls: true, lowLatency: true };
  const table = [
    ['', '', SCRIPTED],
    ['ts,llhls', '', [SCRIPTED[2], SCRIPTED[1]]],
    ['ts,rtsp', '', [SCRIPTED[2]]],
    ['llhls,ts', '?tier=ts', [SCRIPTED[2]]],
    ['llhls,ts', '?tier=lldash', SCRIPTED],
  ];
  for (const [order, search, expected] of table) {
    assert.deepEqual(names(plans(features, pinned(search), ordered(order))), expected, `${order} ${search}`);
  }
  const old = { mse: false, nativeHls: true, lowLatency: false };
  assert.deepEqual(names(plans(old, null, ordered('lldash,ts'))), ['ts native']);
  assert.deepEqual(names(plans(old, null, ordered('lldash'))), [], 'what is not offered is not played');
});

test('the address pins a tier, and those below it remain to fall to', () => {
  const features = { mse: true, nativeHls: true, lowLatency: true };
  const table = [
    ['?tier=lldash', SCRIPTED],
    ['?tier=llhls', SCRIPTED.slice(1)],
    ['?a=b&tier=ts', SCRIPTED.slice(2)],
    ['?tier=native', NATIVE],
    ['?tier=ts&engine=native', NATIVE.slice(1)],
    ['?tier=rtsp', SCRIPTED],
    ['', SCRIPTED],
  ];
  for (const [search, expected] of table) assert.deepEqual(names(plans(features, pinned(search))), expected, search);
});

test('manifests are where the contract says', () => {
  assert.equal(manifestUrl('demo', 'lldash'), '/live/demo/manifest.mpd');
  assert.equal(manifestUrl('demo', 'llhls'), '/live/demo/master.m3u8');
  assert.equal(manifestUrl('demo', 'ts'), '/live/demo/ts/master.m3u8');
  assert.equal(manifestUrl('demo', 'ts', '1-o-ab'), '/live/demo/~1-o-ab/ts/master.m3u8');
  assert.equal(tokenIn('?tier=ts&token=1-o-ab'), '1-o-ab');
  assert.equal(tokenIn('?tokens=1'), '');
  assert.equal(manifestUrl('a/b', 'ts'), '/live/a%2Fb/ts/master.m3u8');
});

const start = () => initialState(plans({ mse: true, nativeHls: false }, null));
const network = { kind: 'network', reason: 'gone' };
const media = { kind: 'media', reason: 'cannot decode' };

test('a media error leads one tier down, from the last one to the first', () => {
  let state = start();
  const seen = [];
  for (let n = 0; n < 3; n += 1) {
    const next = afterFailure(state, media, n);
    assert.equal(next.action, 'switch');
    state = next.state;
    seen.push(state.plans[state.index].tier);
  }
  assert.deepEqual(seen, ['llhls', 'ts', 'lldash']);
});

test('the network is nobody\'s tier: the same one is opened again, at growing intervals', () => {
  let state = start();
  for (let n = 0; n < 8; n += 1) {
    const next = afterFailure(state, network, n * FAILURES_WINDOW_MS);
    assert.equal(next.action, 'retry');
    assert.equal(next.waitMs, RETRY_MS[Math.min(n, RETRY_MS.length - 1)]);
    state = next.state;
  }
  assert.equal(state.index, 0);
  assert.equal(afterFailure(settled(state), network, 9 * FAILURES_WINDOW_MS).waitMs, RETRY_MS[0]);
});

test('a tier that keeps failing within the window is left', () => {
  let state = start();
  const actions = [];
  for (let n = 0; n < FAILURES_MAX; n += 1) {
    const next = afterFailure(state, network, n * 1000);
    actions.push(next.action);
    state = next.state;
  }
  assert.deepEqual(actions, ['retry', 'retry', 'retry', 'switch']);
  assert.equal(state.plans[state.index].tier, 'llhls');
});

test('with one plan there is nothing to fall to', () => {
  const state = initialState(plans({ mse: true, nativeHls: false }, { tier: 'ts' }));
  assert.equal(afterFailure(state, media, 0).action, 'retry');
});

test('a tier that is shut off is left at once, and tried again when the next one has been steady', () => {
  const all = SCRIPTED.map((name) => ({ tier: name.split(' ')[0], engine: name.split(' ')[1] }));
  const shut = { kind: 'tier', reason: 'it is not served' };
  const fallen = afterFailure(initialState(all), shut, 0);
  assert.deepEqual([fallen.action, fallen.waitMs, fallen.state.index], ['switch', 0, 1]);
  assert.equal(mayClimb(initialState(all), Infinity), false, 'there is nothing above the best');
  assert.equal(mayClimb(fallen.state, CLIMB_AFTER_MS - 1), false);
  assert.equal(mayClimb(fallen.state, CLIMB_AFTER_MS), true);
  const again = afterFailure(climbed(fallen.state), shut, 0).state;
  assert.equal(mayClimb(again, CLIMB_AFTER_MS), false, 'a climb that failed makes the next one wait');
  assert.equal(mayClimb(again, 2 * CLIMB_AFTER_MS), true);
  const often = { ...again, falls: 40 };
  assert.equal(mayClimb(often, CLIMB_AFTER_MS_MAX), true);
  const own = afterFailure(initialState(all), { kind: 'media', reason: 'codec' }, 0).state;
  assert.equal(mayClimb(own, 2 * CLIMB_AFTER_MS), false, 'what the tier itself does wrong comes again');
});
