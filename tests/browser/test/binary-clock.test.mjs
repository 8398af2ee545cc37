import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blocksOfPlane, crc16, decode, GRID } from '../binary-clock.mjs';

// 2026-11-22T15:00:00.123Z in slot 7, drawn as the specification says.
const UTC_MS = Date.UTC(2026, 10, 22, 15, 0, 0, 123);

function bits() {
  const bytes = Buffer.alloc(12);
  bytes.writeUIntBE(UTC_MS, 0, 6);
  bytes.writeUInt32BE(7, 6);
  bytes.writeUInt16BE(crc16(bytes.subarray(0, 10)), 10);
  return [...bytes].flatMap((byte) => [...byte.toString(2).padStart(8, '0')].map(Number));
}

function picture(width, height) {
  const at = (thousandths, size) => Math.floor((thousandths * size + 500) / 1000);
  const luma = new Uint8Array(width * height).fill(16);
  bits().forEach((bit, index) => {
    if (!bit) return;
    const column = index % 32;
    const row = Math.floor(index / 32);
    for (let y = at(GRID.top + row * 50, height); y < at(GRID.top + row * 50 + 50, height); y += 1) {
      luma.fill(235, y * width + at(GRID.left + column * 25, width), y * width + at(GRID.left + column * 25 + 25, width));
    }
  });
  return luma;
}

test('the checksum is CRC-16/CCITT-FALSE', () => {
  assert.equal(crc16(Buffer.from('123456789')), 0x29b1);
});

test('the clock is read from pictures of every size', () => {
  for (const [width, height] of [[1920, 1080], [1280, 720], [640, 360], [426, 240]]) {
    const blocks = blocksOfPlane(picture(width, height), width, height);
    assert.deepEqual(decode(blocks, 126), { utcMs: UTC_MS, slot: 7 }, `${width}x${height}`);
  }
});

test('a reading with one wrong block is no reading', () => {
  const blocks = bits().map((bit) => (bit ? 235 : 16));
  assert.deepEqual(decode(blocks), { utcMs: UTC_MS, slot: 7 });
  blocks[40] = blocks[40] === 16 ? 235 : 16;
  assert.equal(decode(blocks), null);
});
