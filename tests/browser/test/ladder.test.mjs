import assert from 'node:assert/strict';
import { test } from 'node:test';
import { begin, highestUseful, START_WAIT_MS, step, UP_WAIT_MAX_MS, UP_WAIT_MS } from '../../../appliance/src/player/assets/ladder.js';

const TARGET_MS = 1000;
const EVERY_MS = 250;

// Plays for a while with the buffer that `bufferOf(index)` gives; returns the state and the changes.
function play(state, fromMs, forMs, bufferOf, highest = 2) {
  const changes = [];
  for (let nowMs = fromMs; nowMs < fromMs + forMs; nowMs += EVERY_MS) {
    const before = state.index;
    state = step(state, { nowMs, bufferMs: bufferOf(state.index), targetMs: TARGET_MS, highest });
    if (state.index !== before) changes.push([nowMs, state.index]);
  }
  return { state, changes };
}

test('on a network that carries it, the top rung is kept', () => {
  const { changes } = play(begin(2, 0), 0, 3600000, () => 900);
  assert.deepEqual(changes, []);
});

test('start-up has time to fill the buffer', () => {
  const filling = (state) => play(state, 0, START_WAIT_MS, () => 0);
  assert.deepEqual(filling(begin(2, 0)).changes, []);
});

test('a starving buffer leads down, one rung a segment', () => {
  const { state, changes } = play(begin(2, 0), 10000, 10000, () => 100);
  assert.deepEqual(changes, [[10000, 1], [12500, 0]]);
  assert.equal(state.index, 0);
});

test('climbs that fail are tried ever less often', () => {
  // The network carries the middle rung, not the top one.
  const { state, changes } = play(begin(2, 0), 0, 3600000, (index) => (index === 2 ? 100 : 900));
  const climbs = changes.filter(([, index]) => index === 2).map(([atMs]) => atMs);
  assert.ok(climbs.length < 20, `${climbs.length} climbs in an hour`);
  assert.equal(state.upWaitMs, UP_WAIT_MAX_MS);
  assert.ok(climbs[1] - climbs[0] >= UP_WAIT_MS * 2);
});

test('a small picture gets a small rung, at once', () => {
  const rungs = [{ width: 640, height: 360 }, { width: 854, height: 480 }, { width: 1280, height: 720 }];
  const table = [[320, 180, 0], [640, 360, 0], [700, 394, 1], [1280, 628, 2], [3840, 2160, 2], [390, 219, 0]];
  for (const [width, height, expected] of table) assert.equal(highestUseful(rungs, width, height), expected, `${width}x${height}`);
  assert.deepEqual(play(begin(2, 0), 0, 1000, () => 900, 0).changes, [[0, 0]]);
});
