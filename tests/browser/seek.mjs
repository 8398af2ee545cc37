// Opens the watch page of a channel with DVR, drags the bar back, and reads from the picture where that led; then goes
// live again. The channel must show the test pattern.
//
//   node seek.mjs --base http://127.0.0.1:8080 --channel demo --tier lldash --back 50
//
// Prints JSON: how far behind the pictures were (by the clock that is burned into them), and what went wrong.

import { blocksOfCanvas } from './canvas.mjs';
import { decode } from './binary-clock.mjs';
import { flags, withChromium } from './chromium.mjs';
import { observe } from './observe.mjs';

const WAIT_MS = 30000;
const READ_EVERY_MS = 200;
// Seconds of media to watch in either place.
const WATCHED_S = 6;

const options = flags({ base: 'http://127.0.0.1:8080', channel: 'demo', tier: 'llhls', back: '50', screenshot: '' });

const report = await withChromium({}, (context) => seek(context, options));
console.log(JSON.stringify(report, null, 2));
process.exitCode = report.why ? 1 : 0;

async function seek(context, { base, channel, tier, back, screenshot }) {
  const page = await context.newPage();
  const seen = observe(page, base);
  await page.goto(`${base}/watch/${channel}?tier=${tier}`);
  const state = (wanted) => page
    .waitForFunction((name) => window.forebay?.stats().state === name, wanted, { timeout: WAIT_MS })
    .then(() => true, () => false);
  const stats = () => page.evaluate(() => window.forebay.stats());
  if (!await state('live')) return { why: 'no picture', stats: await stats(), ...seen };
  await page.evaluate(blocksOfCanvas, READ_EVERY_MS);
  const bar = page.locator('#seek');
  const there = await bar.waitFor({ state: 'visible', timeout: WAIT_MS }).then(() => true, () => false);
  if (!there) return { why: 'no bar', stats: await stats(), ...seen };
  const past = (await stats()).past;
  await bar.fill(`-${back}`);
  if (!await state('shifted')) return { why: 'it does not play in the past', stats: await stats(), ...seen };
  const behindMs = await behind(page);
  const shifted = await stats();
  if (screenshot) await page.screenshot({ path: screenshot });
  await page.locator('#live').click();
  if (!await state('live')) return { why: 'it does not come back', stats: await stats(), ...seen };
  return { past, behindMs, liveAgainMs: await behind(page), failures: shifted.failures, ...seen };
}

// Plays for some seconds; the ages of the pictures that were shown, oldest and newest reading.
async function behind(page) {
  const from = await page.evaluate(() => { window.forebayClock.length = 0; return window.forebay.stats().position; });
  const far = ([start, length]) => window.forebay.stats().position > start + length;
  const moved = await page.waitForFunction(far, [from, WATCHED_S], { timeout: WAIT_MS }).then(() => true, () => false);
  if (!moved) return [];
  const readings = await page.evaluate(() => window.forebayClock);
  return readings
    .map(({ blocks, atMs }) => ({ stamp: decode(blocks), atMs }))
    .filter(({ stamp }) => stamp)
    .map(({ stamp, atMs }) => Math.round(atMs - stamp.utcMs));
}
