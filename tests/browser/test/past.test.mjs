import assert from 'node:assert/strict';
import test from 'node:test';
import { label, past, seekable } from '../../../appliance/src/player/assets/past.js';

test('the live window alone is no past', () => {
  assert.equal(past(null, 100), null);
  assert.equal(past({ start: 100, end: 124 }, 122), null);
  assert.equal(past({ start: NaN, end: NaN }, 122), null);
});

test('a past begins where media is safe from leaving while it is loaded', () => {
  assert.deepEqual(past({ start: 1000, end: 1120 }, 1060), { length: 110, behind: 60 });
  assert.deepEqual(past({ start: 1000, end: 1120 }, 1121), { length: 110, behind: 0 });
  assert.deepEqual(past({ start: 1000, end: 1120 }, 0), { length: 110, behind: 110 });
});

test('positions are told as people read clocks', () => {
  assert.equal(label(2, false), 'live');
  assert.equal(label(9, true), '\u22120:09');
  assert.equal(label(125.6, true), '\u22122:06');
  assert.equal(label(3723, true), '\u22121:02:03');
});

test('a video element says from where to where', () => {
  const ranges = [[10, 20], [30, 45]];
  const video = { seekable: { length: 2, start: (n) => ranges[n][0], end: (n) => ranges[n][1] } };
  assert.deepEqual(seekable(video), { start: 10, end: 45 });
  assert.equal(seekable({ seekable: { length: 0 } }), null);
});
