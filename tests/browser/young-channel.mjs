// Opens channels within seconds of their creation, on each tier, and lists every answer of 400 to 499 that a player got.
//
//   node young-channel.mjs --base http://127.0.0.1:8080 --tiers lldash,llhls,ts --ages 0,800,1600,2400
//
// The box must not be claimed: channels are made by its API. Prints JSON: for each viewing whether pictures moved, and
// the refusals with how old the channel was.

import { flags, withChromium } from './chromium.mjs';

const START_MS = 30000;
// Long enough for a player to fetch what it believes to be there.
const WATCH_MS = 4000;

const options = flags({ base: 'http://127.0.0.1:8080', tiers: 'lldash,llhls,ts', ages: '0,800,1600,2400' });
const viewings = [];
await withChromium({}, async (context) => {
  for (const tier of options.tiers.split(',')) {
    for (const age of options.ages.split(',').map(Number)) viewings.push(await view(context, tier, age));
  }
});
console.log(JSON.stringify({ viewings }, null, 2));

async function view(context, tier, age) {
  const page = await context.newPage();
  const refused = [];
  const slug = `young-${tier}-${age}`;
  const made = Date.now();
  page.on('response', (answer) => {
    const status = answer.status();
    if (status >= 400 && status < 500) refused.push(`${status} ${new URL(answer.url()).pathname} at ${Date.now() - made} ms`);
  });
  await call('POST', 'channels', {
    name: slug, source: 'test-pattern', ladder: [{ width: 640, height: 360, bitrate_bps: 800000 }],
  });
  await onAir(slug);
  await page.waitForTimeout(age);
  await page.goto(`${options.base}/watch/${slug}?tier=${tier}`);
  const plays = await page
    .waitForFunction(() => window.forebay.stats().state === 'live', null, { timeout: START_MS, polling: 100 })
    .then(() => true, () => false);
  const playsAfter = Date.now() - made;
  await page.waitForTimeout(WATCH_MS);
  const stats = await page.evaluate(() => window.forebay.stats());
  await page.close();
  await call('DELETE', `channels/${slug}`);
  return { tier, age, plays, playsAfter, ended: stats.tier, stalls: stats.stalls, latencyMs: stats.latencyMs, refused };
}

// Until the channel has published anything at all: its manifest is answered.
async function onAir(slug) {
  for (;;) {
    const answer = await fetch(`${options.base}/live/${slug}/master.m3u8`);
    await answer.text();
    if (answer.ok) return;
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
}

async function call(method, path, body) {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${options.base}/api/v1/${path}`, { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
}
