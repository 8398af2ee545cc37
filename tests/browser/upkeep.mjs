// A backup is made in the browser, looked into, and restored; nobody has claimed the box, so nobody is asked for a password.
//
//   node upkeep.mjs --base http://127.0.0.1:8080 --file /tmp/backup.age
//
// Prints what was seen as JSON. The box starts anew at the end.

import { flags, withChromium } from './chromium.mjs';

const PASSPHRASE = 'four plain words here';
const WAIT_MS = 60000;

const options = flags({ base: 'http://127.0.0.1:8080', file: '/tmp/backup.age' });
console.log(JSON.stringify(await withChromium({ acceptDownloads: true }, upkeep)));

async function upkeep(context) {
  const page = await context.newPage();
  const pageErrors = [];
  page.on('pageerror', (error) => pageErrors.push(String(error)));
  await page.goto(`${options.base}/admin/settings`);
  const section = page.locator('#backup');
  await section.getByText('Make a backup').click();
  const make = section.locator('form').nth(0);
  await make.locator('[name=passphrase]').fill(PASSPHRASE);
  await make.locator('[name=again]').fill(PASSPHRASE);
  const coming = page.waitForEvent('download', { timeout: WAIT_MS });
  await make.locator('[type=submit]').click();
  const download = await coming;
  await download.saveAs(options.file);
  await section.getByText('Restore a backup').click();
  const bring = section.locator('form').nth(1);
  await bring.locator('[name=backup]').setInputFiles(options.file);
  await bring.locator('[name=passphrase]').fill('four other words here');
  await bring.locator('[type=submit]').click();
  await bring.getByText('the passphrase is wrong').waitFor({ timeout: WAIT_MS });
  await bring.locator('[name=passphrase]').fill(PASSPHRASE);
  await bring.locator('[type=submit]').click();
  const contents = section.locator('dl.pairs');
  await contents.waitFor({ timeout: WAIT_MS });
  const seen = await contents.innerText();
  const update = await page.locator('#update').innerText();
  await section.getByRole('button', { name: 'Restore it' }).click();
  await section.getByText('The box starts anew; then').waitFor({ timeout: WAIT_MS });
  return { name: download.suggestedFilename(), seen, update, pageErrors };
}
