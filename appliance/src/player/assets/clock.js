// The box's clock as this device can know it: asked at /time, corrected by half of the way there and back.

const REFRESH_MS = 300000;
// An answer that took longer says too little about the time; the best one of the round is kept.
const TRIES = 3;

let offsetMs = 0;

export function houseNow() {
  return Date.now() + offsetMs;
}

export async function follow() {
  await measure();
  setInterval(measure, REFRESH_MS);
}

async function measure() {
  let bestMs = Infinity;
  for (let n = 0; n < TRIES; n += 1) {
    try {
      const from = performance.now();
      const text = await (await fetch('/time', { cache: 'no-store' })).text();
      const tookMs = performance.now() - from;
      const server = Date.parse(text.trim());
      if (Number.isFinite(server) && tookMs < bestMs) {
        bestMs = tookMs;
        offsetMs = server + tookMs / 2 - Date.now();
      }
    } catch (error) {
      return; // the box is away: keep the last offset
    }
  }
}
