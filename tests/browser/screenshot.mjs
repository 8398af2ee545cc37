// Takes a picture of each page, dark and light, wide and on a phone; checks that nothing is wider than the screen.
//
//   node screenshot.mjs --base http://127.0.0.1:8080 --out /tmp/shots --pages /watch/demo,/embed/demo,/admin/
//
// `--keep` names a page that stays open meanwhile. With `--open yes` everything that folds is unfolded, and the whole page is taken.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { flags, withChromium } from './chromium.mjs';
import { observe } from './observe.mjs';

const SCREENS = { wide: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };
// Pages that play want their first picture; others are done sooner.
const SETTLE_MS = 4000;

const options = flags({ base: 'http://127.0.0.1:8080', out: 'shots', pages: '/watch/demo,/embed/demo', open: '', keep: '' });
await mkdir(options.out, { recursive: true });
const report = [];
for (const [screen, viewport] of Object.entries(SCREENS)) {
  for (const colorScheme of ['dark', 'light']) {
    await withChromium({ viewport, colorScheme }, async (context) => {
      if (options.keep) await (await context.newPage()).goto(options.base + options.keep);
      for (const path of options.pages.split(',')) report.push(await shoot(context, path, `${screen}-${colorScheme}`));
    });
  }
}
console.log(JSON.stringify(report, null, 2));
process.exitCode = report.every(({ ok }) => ok) ? 0 : 1;

async function shoot(context, path, suffix) {
  const page = await context.newPage();
  const seen = observe(page, options.base);
  await page.goto(options.base + path);
  await page.waitForTimeout(SETTLE_MS);
  if (options.open) {
    await page.evaluate(() => document.querySelectorAll('details').forEach((section) => { section.open = true; }));
    await page.waitForTimeout(SETTLE_MS);
  }
  const file = join(options.out, `${path.replace(/\W+/g, '-').replace(/^-|-$/g, '')}-${suffix}${options.open ? '-open' : ''}.png`);
  await page.screenshot({ path: file, fullPage: Boolean(options.open) });
  const overflowPx = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  await page.close();
  const ok = overflowPx <= 0 && Object.values(seen).every((list) => list.length === 0);
  return { ok, path, file, overflowPx, ...seen };
}
