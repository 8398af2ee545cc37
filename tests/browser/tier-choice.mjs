// Devices of several kinds, made of one Chromium: which tier the watch page chooses, and what it does when that one is shut
// off while it plays.
//
//   node tier-choice.mjs --base http://127.0.0.1:8080 --channel demo --ordered ts-first
//
// Prints JSON: for each kind of device the tier that played first, and for each tier that was shut off the one that
// played next and after how long; at last, that the better one is taken again.

import { flags, withChromium } from './chromium.mjs';

const START_MS = 30000;
const NEXT_MS = 15000;
const CLIMB_MS = 90000;

// Each takes away, before any script of the page runs, what such a device does not have.
const DEVICES = {
  'mse': () => {},
  'managed media source only': () => {
    const Inner = window.MediaSource;
    window.ManagedMediaSource = class extends Inner {
      constructor() {
        super();
        // As browsers that have it do: it opens only where remote playback is off or has an alternative.
        this.addEventListener('sourceopen', (event) => {
          const video = document.getElementById('video');
          if (!video.disableRemotePlayback && video.querySelectorAll('source').length < 2) event.stopImmediatePropagation();
          else setTimeout(() => this.dispatchEvent(new Event('startstreaming')));
        });
      }
      get streaming() { return true; }
      static isTypeSupported(type) { return Inner.isTypeSupported(type); }
    };
    delete window.MediaSource;
    delete window.WebKitMediaSource;
  },
  'native hls only': () => {
    delete window.MediaSource;
    delete window.WebKitMediaSource;
  },
  'native hls without parts': () => {
    delete window.MediaSource;
    delete window.WebKitMediaSource;
    delete window.BigInt;
  },
};

// Requests of each tier; DASH and LL-HLS share their segments, so CMCD tells whose they are.
const OF_TIER = {
  lldash: (url, headers) => url.endsWith('.mpd') || (url.endsWith('.m4s') && /sf=d/.test(headers['cmcd-session'] || '')),
  llhls: (url, headers) => (/\.m3u8/.test(url) && !/\/ts\//.test(url)) || (/\.(m4s|mp4)$/.test(url.split('?')[0]) && /sf=h/.test(headers['cmcd-session'] || '')),
};

// `ordered` is a channel whose operator has set HLS-TS first, then LL-HLS.
const options = flags({ base: 'http://127.0.0.1:8080', channel: 'demo', ordered: 'ordered' });
const report = { chosen: {}, airplay: {}, ordered: {}, shut: {}, climbed: null };
for (const [device, shim] of Object.entries(DEVICES)) {
  report.chosen[device] = await withChromium({}, async (context) => {
    await context.addInitScript(shim);
    const page = await open(context);
    await playing(page, START_MS);
    return page.evaluate(() => ({ tier: window.forebay.tier, engine: window.forebay.engine }));
  }).catch((error) => ({ error: String(error.message).split('\n')[0] }));
}
for (const tier of ['lldash', 'llhls']) {
  report.airplay[tier] = await withChromium({}, async (context) => {
    await context.addInitScript(DEVICES['managed media source only']);
    const page = await open(context, `${options.channel}?tier=${tier}`);
    await playing(page, START_MS, tier);
    return page.evaluate(() => {
      const video = document.getElementById('video');
      return { disabled: video.disableRemotePlayback, types: Array.from(video.querySelectorAll('source'), ({ type }) => type) };
    });
  }).catch((error) => ({ error: String(error.message).split('\n')[0] }));
}
await withChromium({}, async (context) => {
  const page = await open(context, options.ordered);
  await playing(page, START_MS);
  report.ordered.menu = await page.evaluate(() => Array.from(document.getElementById('tier').options, ({ value }) => value));
  report.ordered.first = await page.evaluate(() => window.forebay.tier);
  await page.route('**/ts/**', (route) => route.abort());
  report.ordered.falls = await playing(page, NEXT_MS, 'llhls').then(() => 'llhls', () => page.evaluate(() => window.forebay.tier));
});
await withChromium({}, async (context) => {
  const page = await open(context);
  await playing(page, START_MS);
  await page.waitForTimeout(3000);
  const shut = new Set();
  await page.route('**/live/**', (route) => {
    const request = route.request();
    const blocked = [...shut].some((tier) => OF_TIER[tier](request.url(), request.headers()));
    return blocked ? route.abort() : route.continue();
  });
  for (const [tier, next] of [['lldash', 'llhls'], ['llhls', 'ts']]) {
    shut.add(tier);
    const from = Date.now();
    const found = await playing(page, NEXT_MS, next).then(() => true, () => false);
    report.shut[tier] = { next: await page.evaluate(() => window.forebay.tier), plays: found, ms: Date.now() - from };
    await page.waitForTimeout(4000);
  }
  shut.clear();
  const from = Date.now();
  const climbed = await playing(page, CLIMB_MS, 'llhls').then(() => true, () => false);
  report.climbed = { plays: climbed, ms: Date.now() - from, failures: await page.evaluate(() => window.forebay.stats().failures) };
});
console.log(JSON.stringify(report, null, 2));

async function open(context, address = options.channel) {
  const page = await context.newPage();
  await page.goto(`${options.base}/watch/${address}`);
  return page;
}

// Resolves when pictures move, on that tier if one is named.
function playing(page, timeout, tier = '') {
  return page.waitForFunction((wanted) => {
    const { state, tier: now, position } = window.forebay.stats();
    const before = window.forebayBefore;
    window.forebayBefore = { now, position };
    const moves = before && before.now === now && position > before.position;
    return state === 'live' && moves && (!wanted || now === wanted);
  }, tier, { timeout, polling: 100 });
}
