// Measures true latency per tier: the burned-in clock on the screen against the box's clock at that moment.
//
//   node latency.mjs --base http://127.0.0.1:8080 --channel demo --seconds 30 --tiers lldash,llhls,ts,ts-native,ts-vlc
//
// The channel must show the test pattern. Prints a table on standard error and JSON on standard output. Where the time
// goes: how old the newest part is when the box lists it, what the player keeps in its buffer, what lies between.

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
// Parts whose way from their end to the playlist is measured.
const LISTED_PARTS = 40;
// Readings a second: enough for percentiles, too few to disturb the decoder.
const READ_EVERY_MS = 200;

const options = flags({
  base: 'http://127.0.0.1:8080', channel: 'demo', seconds: '30', tiers: 'lldash,llhls,ts,ts-native,ts-vlc',
});

const listed = await listedAges();
console.error(`parts are listed ${listed.p50Ms} ms after their end (p50; p99 ${listed.p99Ms} ms, ${listed.parts} parts)`);
const results = [];
for (const tier of options.tiers.split(',')) {
  const readings = tier === 'ts-vlc' ? await vlc() : await browser(tier);
  results.push({ tier, ...summary(readings.readings ?? readings), stalls: readings.stalls, bufferMs: readings.bufferMs });
  console.error(row(results.at(-1)));
}
console.log(JSON.stringify({ base: options.base, channel: options.channel, seconds: Number(options.seconds), listed, results }, null, 2));
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
    const before = await page.evaluate(() => window.forebay.stats().stalls);
    await page.waitForTimeout(Number(options.seconds) * 1000);
    const read = await page.evaluate(() => ({ readings: window.forebayClock, stats: window.forebay.stats() }));
    const readings = read.readings.map(({ blocks, atMs, toldMs }) => ({ stamp: decode(blocks), atMs, toldMs }));
    return { readings, stalls: read.stats.stalls - before, bufferMs: Math.round(read.stats.bufferMs) };
  });
}

// Ages of parts of the best rendition at the moment in which a blocking request tells of them.
async function listedAges() {
  const channel = `${options.base}/live/${options.channel}/`;
  const master = await (await fetch(`${channel}master.m3u8`)).text();
  const url = channel + master.split('\n').find((line) => line && !line.startsWith('#'));
  let edge = newestPart(await (await fetch(url)).text());
  const ages = [];
  while (ages.length < LISTED_PARTS) {
    const answer = await fetch(`${url}?_HLS_msn=${edge.msn}&_HLS_part=${edge.parts}`);
    const text = await answer.text();
    const atMs = Date.now();
    edge = newestPart(text);
    ages.push(atMs - edge.endMs);
  }
  ages.sort((a, b) => a - b);
  return { p50Ms: Math.round(ages[Math.floor(ages.length / 2)]), p99Ms: Math.round(ages.at(-1)), parts: ages.length };
}

function newestPart(text) {
  const edge = { msn: 0, parts: 0, endMs: 0 };
  let msn = 0;
  for (const line of text.split('\n')) {
    if (line.startsWith('#EXT-X-MEDIA-SEQUENCE:')) msn = Number(line.split(':')[1]);
    else if (line.startsWith('#EXT-X-PROGRAM-DATE-TIME:')) Object.assign(edge, { msn, parts: 0, endMs: Date.parse(line.slice(25)) });
    else if (line.startsWith('#EXT-X-PART:')) {
      edge.parts += 1;
      edge.endMs += Number(/DURATION=([0-9.]+)/.exec(line)[1]) * 1000;
    } else if (line && !line.startsWith('#')) msn += 1;
  }
  return edge;
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

function row({ tier, p50Ms, p95Ms, minMs, maxMs, playerSaysP50Ms, bufferMs, stalls, readings, unreadable }) {
  const cell = (value, width) => String(value ?? '–').padStart(width);
  return `${tier.padEnd(10)} p50 ${cell(p50Ms, 5)} ms  min ${cell(minMs, 5)}  p95 ${cell(p95Ms, 5)}  max ${cell(maxMs, 5)}`
    + `  player says ${cell(playerSaysP50Ms, 5)}, buffers ${cell(bufferMs, 5)}  stalls ${cell(stalls, 2)}  ${cell(readings, 4)} readings, ${unreadable} unreadable`;
}
