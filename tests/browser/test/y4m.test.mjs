import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pictures } from '../y4m.mjs';

test('pictures come out whole, however the bytes arrive', () => {
  const header = Buffer.from('YUV4MPEG2 W4 H2 F30:1 Ip A1:1\n');
  const frame = (level) => Buffer.concat([Buffer.from('FRAME\n'), Buffer.alloc(8, level), Buffer.alloc(4, 128)]);
  const stream = Buffer.concat([header, frame(10), frame(200)]);
  for (const step of [1, 7, stream.length]) {
    const seen = [];
    const pictures = new Pictures((luma, width, height) => seen.push([luma[0], luma.length, width, height]));
    for (let at = 0; at < stream.length; at += step) pictures.feed(stream.subarray(at, at + step));
    assert.deepEqual(seen, [[10, 8, 4, 2], [200, 8, 4, 2]]);
  }
});

test('another format is refused', () => {
  assert.throws(() => new Pictures(() => {}).feed(Buffer.from('<html>\n')), /not a YUV4MPEG2/);
});
