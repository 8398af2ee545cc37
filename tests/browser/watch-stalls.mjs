// Opens the watch page, plays it for a while and reports as JSON what a viewer would have noticed.
//
//   node watch-stalls.mjs --base http://127.0.0.1:8080 --channel demo --tier lldash --seconds 60
//
// With `--until eof` it plays until its standard input ends, and says `playing` on a line of its own once it does.
//
// Exit 0: it played without a stall, a freeze or an error. Exit 1: it did not; the JSON says what happened.

import { flags, withChromium } from './chromium.mjs';
import { observe } from './observe.mjs';
import { FREEZE_MS, installProbe, resetProbe } from './probe.mjs';

const START_LIMIT_MS = 30000;
// After the first frame, players settle at their target; it counts from here.
const SETTLE_MS = 4000;

// Every gap of FREEZE_MS is reported. One of this length fails: shorter ones are also made by a browser that decodes and
// paints in software while the machine has other work, and what the player did is judged by its own stalls.
const FREEZE_FAILS_MS = 1000;

const options = flags({ base: 'http://127.0.0.1:8080', channel: 'demo', tier: '', engine: '', seconds: '60', page: 'watch', token: '', until: '' });

const report = await withChromium({}, (context) => play(context, options));
console.log(JSON.stringify(report, null, 2));
process.exitCode = report.ok ? 0 : 1;

async function play(context, { base, channel, tier, engine, seconds, page: kind, token, until }) {
  const page = await context.newPage();
  const seen = observe(page, base);
  const query = new URLSearchParams({ ...(tier && { tier }), ...(engine && { engine }), ...(token && { token }) });
  await page.goto(`${base}/${kind}/${channel}?${query}`);
  await page.evaluate(installProbe, FREEZE_MS);
  const started = await page
    .waitForFunction(() => window.forebayProbe.frames > 0 && window.forebay.stats().state === 'live', null, { timeout: START_LIMIT_MS })
    .then(() => true, () => false);
  if (!started) return { ok: false, why: 'no picture', stats: await stats(page), ...seen };
  const firstFrameMs = Math.round(await page.evaluate(() => window.forebayProbe.firstFrameMs));
  await page.waitForTimeout(SETTLE_MS);
  await page.evaluate(resetProbe);
  const before = await stats(page);
  if (until === 'eof') console.log('playing');
  const samples = await sample(page, until === 'eof' ? endOfInput() : untilFull(Number(seconds)));
  return verdict({ firstFrameMs, before, after: await stats(page), samples, seconds: samples.length, seen,
    probe: await page.evaluate(() => window.forebayProbe) });
}

function stats(page) {
  return page.evaluate(() => ({ ...window.forebay.stats(), atMs: performance.now() }));
}

// One sample a second; `isOver` is asked before each.
async function sample(page, isOver) {
  const samples = [];
  while (!isOver(samples)) {
    await page.waitForTimeout(1000);
    samples.push(await stats(page));
  }
  return samples;
}

function untilFull(count) {
  return (samples) => samples.length >= count;
}

function endOfInput() {
  let ended = false;
  process.stdin.on('end', () => { ended = true; }).on('error', () => { ended = true; }).resume();
  return () => ended;
}

// The longest time in which `currentTime` did not change, as far as one sample a second shows.
function longestStandstill(all) {
  let moved = all[0];
  let longest = 0;
  for (const each of all) {
    if (each.position !== moved.position) moved = each;
    else longest = Math.max(longest, each.atMs - moved.atMs);
  }
  return Math.round(longest);
}

// Media seconds played: each opening of a tier counts its positions from another beginning.
function played(all) {
  const goesOn = (before, after) => before.opening === after.opening && before.state !== 'connecting';
  const steps = all.slice(1).map((each, at) => (goesOn(all[at], each) ? each.position - all[at].position : 0));
  return steps.reduce((sum, step) => sum + step, 0);
}

function verdict({ firstFrameMs, before, after, samples, seconds, seen, probe }) {
  const progress = played([before, ...samples, after]);
  const elapsed = (after.atMs - before.atMs) / 1000;
  const stalls = after.stalls - before.stalls;
  const problems = [
    [progress < elapsed * 0.9, 'it did not keep up with the clock'],
    [stalls > 0, 'it stalled'],
    [probe.freezes.some(({ gapMs }) => gapMs >= FREEZE_FAILS_MS), 'the picture froze'],
    [after.failures.length > 0, 'a tier failed'],
    [seen.consoleErrors.length + seen.pageErrors.length > 0, 'errors on the console'],
    [seen.badStatus.length + seen.failedRequests.length > 0, 'requests failed'],
    [seen.otherHosts.length > 0, 'requests to other hosts'],
  ].filter(([is]) => is).map(([, what]) => what);
  return {
    ok: problems.length === 0,
    problems,
    tier: after.tier,
    engine: after.engine,
    lastState: after.state,
    seconds,
    firstFrameMs,
    progressSeconds: round(progress),
    elapsedSeconds: round(elapsed),
    stalls,
    stalledMs: after.stalledMs - before.stalledMs,
    freezes: probe.freezes,
    longestStandstillMs: longestStandstill([before, ...samples, after]),
    longestGapMs: Math.round(probe.longestGapMs),
    events: probe.events,
    droppedFrames: after.droppedFrames - before.droppedFrames,
    totalFrames: after.totalFrames - before.totalFrames,
    failures: after.failures,
    latencyMs: spread(samples.map((each) => each.latencyMs)),
    bufferMs: spread(samples.map((each) => each.bufferMs)),
    rates: spread(samples.map((each) => each.rate)),
    renditions: [...new Set(samples.map((each) => `${each.width}x${each.height}`))],
    ...seen,
  };
}

function spread(values) {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  if (known.length === 0) return null;
  const at = (share) => known[Math.min(known.length - 1, Math.floor(known.length * share))];
  return { min: known[0], p50: at(0.5), p95: at(0.95), max: known[known.length - 1] };
}

function round(value) {
  return Math.round(value * 1000) / 1000;
}
