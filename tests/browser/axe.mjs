// Looks at each page with axe-core, dark and light, wide and on a phone.
//
//   node axe.mjs --base http://127.0.0.1:8080 --pages /admin/,/watch/demo
//
// Prints each finding of impact serious or critical as JSON; there is to be none.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { flags, withChromium } from './chromium.mjs';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const SCREENS = { wide: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const WAIT_MS = 20000;

const options = flags({ base: 'http://127.0.0.1:8080', pages: '/admin/' });
const axe = await readFile(AXE, 'utf8');
const findings = [];
let looked = 0;
for (const [screen, viewport] of Object.entries(SCREENS)) {
  for (const colorScheme of ['dark', 'light']) {
    // The pages' own policy allows no script but theirs.
    await withChromium({ viewport, colorScheme, bypassCSP: true }, async (context) => {
      for (const path of options.pages.split(',')) findings.push(...await look(context, path, `${screen} ${colorScheme}`));
    });
  }
}
console.log(JSON.stringify({ looked, findings }, null, 2));
process.exitCode = findings.length ? 1 : 0;

async function look(context, path, where) {
  const page = await context.newPage();
  await page.goto(options.base + path);
  await page.locator('h1').first().waitFor({ state: 'attached', timeout: WAIT_MS });
  // Everything that folds is part of the page.
  await page.evaluate(() => document.querySelectorAll('details').forEach((section) => { section.open = true; }));
  await page.waitForTimeout(1500);
  await page.evaluate(axe);
  const result = await page.evaluate((tags) => axe.run(document, { runOnly: tags, iframes: false }), TAGS);
  await page.close();
  looked += 1;
  const grave = result.violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  return grave.map(({ id, help, nodes }) => ({ path, where, id, help, nodes: nodes.slice(0, 4).map((node) => `${node.target} ${node.html.slice(0, 160)} ${node.failureSummary}`) }));
}
