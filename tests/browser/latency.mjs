// Measures true latency per tier: the burned-in clock on the screen against the box's clock at that moment.
//
//   node latency.mjs --base http://127.0.0.1:8080 --channel demo --seconds 30 --tiers lldash,llhls,ts,ts-native,ts-vlc
//
// The channel must show the test pattern. Prints a table on standard error and JSON on standard output.

import { blocksOfCanvas } from './canvas.mjs';
import { decode } from './binary-clock.mjs';
import { flags, withChromium } from './chromium.mjs';
import { readVlc } from './vlc.mjs';

const PAGES = {
  lldash: 'tier=lldash',
  llhls: 'tier=llhls',
  ts: 'tier=ts',
  'ts-native': 'tier=ts&engine=native',
};
const START_LIMIT_MS = 30000;
// Players settle at their target first: catching up at 5 % takes 20 s for a second.
const SETTLE_MS = 15000;
// Readings a second: enough for percentiles, too few to disturb the decoder.
const READ_EVERY_MS = 200;

const options = flags({
  base: 'http://127.0.0.1:8080', channel: 'demo', seconds: '30', tiers: 'lldash,llhls,ts,ts-native,ts-vlc',
});

const results = [];
for (const tier of options.tiers.split(',')) {
  const readings = tier === 'ts-vlc' ? await vlc() : await browser(tier);
  results.push({ tier, ...summary(readings) });
  console.error(row(results.at(-1)));
}
console.log(JSON.stringify({ base: options.base, channel: options.channel, seconds: Number(options.seconds), results }, null, 2));
process.exitCode = results.every(({ readings }) => readings > 0) ? 0 : 1;

function browser(tier) {
  if (!PAGES[tier]) throw new Error(`unknown tier ${tier}; known: ${Object.keys(PAGES).join(', ')}, ts-vlc`);
  return withChromium({}, async (context) => {
    const page = await context.newPage();
    await page.goto(`${options.base}/watch/${options.channel}?${PAGES[tier]}`);
    const started = await page
      .waitForFunction(() => window.forebay?.stats().state === 'live', null, { timeout: START_LIMIT_MS })
      .then(() => true, () => false);
    if (!started) return [];
    await page.waitForTimeout(SETTLE_MS);
    await page.evaluate(blocksOfCanvas, READ_EVERY_MS);
    await page.waitForTimeout(Number(options.seconds) * 1000);
    const read = await page.evaluate(() => ({ readings: window.forebayClock, told: window.forebay.stats().latencyMs }));
    return read.readings.map(({ blocks, atMs, toldMs }) => ({ stamp: decode(blocks), atMs, toldMs }));
  });
}

function vlc() {
  return readVlc(`${options.base}/live/${options.channel}/ts/master.m3u8`, {
    timeUrl: `${options.base}/time`, settleMs: SETTLE_MS, seconds: Number(options.seconds),
  });
}

function summary(readings) {
  const good = readings.filter(({ stamp }) => stamp);
  const sorted = (values) => values.sort((a, b) => a - b);
  const latencies = sorted(good.map(({ stamp, atMs }) => Math.round(atMs - stamp.utcMs)));
  const told = sorted(good.map(({ toldMs }) => toldMs).filter((value) => value !== null && value !== undefined));
  const at = (values, share) => (values.length ? values[Math.min(values.length - 1, Math.floor(values.length * share))] : null);
  return {
    p50Ms: at(latencies, 0.5),
    p95Ms: at(latencies, 0.95),
    minMs: at(latencies, 0),
    maxMs: at(latencies, 1),
    playerSaysP50Ms: at(told, 0.5),
    readings: good.length,
    unreadable: readings.length - good.length,
  };
}

function row({ tier, p50Ms, p95Ms, maxMs, playerSaysP50Ms, readings, unreadable }) {
  const cell = (value, width) => String(value ?? '–').padStart(width);
  return `${tier.padEnd(10)} p50 ${cell(p50Ms, 6)} ms  p95 ${cell(p95Ms, 6)} ms  max ${cell(maxMs, 6)} ms`
    + `  player says ${cell(playerSaysP50Ms, 6)} ms  ${cell(readings, 4)} readings, ${unreadable} unreadable`;
}
