// Reads the binary clock that the test pattern burns into the picture. Its specification is the module
// documentation of appliance/worker/src/pattern/binary_clock.rs.

export const COLUMNS = 32;
export const ROWS = 3;
// Where the grid lies, in thousandths of the picture.
export const GRID = { left: 100, top: 720, width: 800, height: 150 };

const BITS = COLUMNS * ROWS;

// `blocks`: the brightness of each block, left to right, top to bottom. `threshold`: 126 for luma, 128 for RGB.
// Null when the CRC does not match: then it is no reading.
export function decode(blocks, threshold = 128) {
  if (blocks.length !== BITS) return null;
  const bytes = new Uint8Array(BITS / 8);
  blocks.forEach((level, bit) => {
    if (level > threshold) bytes[bit >> 3] |= 0x80 >> (bit & 7);
  });
  const view = new DataView(bytes.buffer);
  if (crc16(bytes.subarray(0, 10)) !== view.getUint16(10)) return null;
  return { utcMs: view.getUint16(0) * 2 ** 32 + view.getUint32(2), slot: view.getUint32(6) };
}

// The mean luma of the middle half of each block of a planar picture.
export function blocksOfPlane(luma, width, height) {
  const blocks = [];
  for (let row = 0; row < ROWS; row += 1) {
    for (let column = 0; column < COLUMNS; column += 1) {
      blocks.push(middleMean(luma, width, height, row, column));
    }
  }
  return blocks;
}

function middleMean(luma, width, height, row, column) {
  const blockWidth = GRID.width / COLUMNS;
  const blockHeight = GRID.height / ROWS;
  const x = (share) => Math.round(((GRID.left + (column + share) * blockWidth) * width) / 1000);
  const y = (share) => Math.round(((GRID.top + (row + share) * blockHeight) * height) / 1000);
  let sum = 0;
  let count = 0;
  for (let line = y(0.25); line < y(0.75); line += 1) {
    for (let at = x(0.25); at < x(0.75); at += 1) {
      sum += luma[line * width + at];
      count += 1;
    }
  }
  return sum / count;
}

// CRC-16/CCITT-FALSE.
export function crc16(bytes) {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc;
}
