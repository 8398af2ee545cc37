// Sets up the second step of signing in, signs in by it, shows a key as a QR code, and undoes a removal; without a mouse, and with
// axe-core looking at each.
//
//   node second-step.mjs --base https://127.0.0.1:8443 --code K7QD-2MXP --password '…'
//
// Prints JSON: the steps that were seen, what must be written down nowhere, what axe finds serious, and what went wrong.

import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { flags, withChromium } from './chromium.mjs';
import * as keyboard from './keyboard.mjs';

const WAIT_MS = 30000;
const STEP_MS = 30000;
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

const options = flags({ base: 'https://127.0.0.1:8443', code: '', password: '' });
const axe = await readFile(AXE, 'utf8');
// The pages' own policy allows no script but theirs.
console.log(JSON.stringify(await withChromium({ bypassCSP: true }, (context) => story(context, options))));

async function story(context, { base, code, password }) {
  const page = await context.newPage();
  const [steps, secrets, findings, pageErrors] = [[], [], [], []];
  page.on('pageerror', (error) => pageErrors.push(error.message));
  page.setDefaultTimeout(WAIT_MS);
  const button = (name) => page.getByRole('button', { name, exact: true });
  const press = (locator, key) => keyboard.press(page, locator, key);
  const type = (locator, text) => keyboard.type(page, locator, text);
  async function look(where) {
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => axe.run(document, { iframes: false }));
    const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    findings.push(...grave.map(({ id, nodes }) => `${where}: ${id}: ${nodes.map((node) => node.html.slice(0, 120))}`));
  }
  async function enter(secondStep) {
    await type(page.locator('.gate input[name=name]'), 'ada');
    await type(page.locator('.gate input[name=password]'), password);
    await press(button('Sign in'));
    await page.locator('.gate input[name=code]').waitFor();
    await look('the code');
    await type(page.locator('.gate input[name=code]'), secondStep);
    await press(button('Sign in'));
  }

  try {
    await page.goto(`${base}/admin/`);
    await press(button('Claim this box'));
    await type(page.locator('input[name=code]'), code);
    await type(page.locator('input[name=name]'), 'Ada');
    await type(page.locator('input[name=password]'), password);
    await press(button('Claim'));
    await press(page.getByRole('link', { name: 'Settings', exact: true }));
    await press(button('Set it up'));
    await page.getByText('give your password once more').waitFor();
    await type(page.locator('.second-step input[name=password]'), password);
    await press(button('Set it up'));
    await page.locator('.second-step svg.qr path').waitFor();
    const secret = await page.locator('.second-step code.secret').innerText();
    secrets.push(secret);
    await look('what the app is told');
    await type(page.locator('input[name=first-code]'), '12345');
    await press(button('Confirm'));
    await page.getByText('the code is wrong').waitFor();
    const first = totp(secret, Date.now());
    await type(page.locator('input[name=first-code]'), first);
    await press(button('Confirm'));
    const codes = page.locator('.recovery code');
    await codes.first().waitFor();
    secrets.push(...await codes.allInnerTexts());
    const before = await codes.first().innerText();
    await type(page.locator('.second-step input[name=password]'), password);
    await press(button('New recovery codes'));
    await page.locator('.recovery code').first().filter({ hasNotText: before }).waitFor();
    secrets.splice(1, 10, ...await codes.allInnerTexts());
    if (await page.locator('code.secret').count()) throw new Error('the secret is still shown');
    await look('the recovery codes');
    steps.push('set up');

    await press(button('Sign out'));
    await enter(first);
    await page.getByText('was used').waitFor();
    await type(page.locator('.gate input[name=code]'), totp(secret, Date.now() + STEP_MS));
    await press(button('Sign in'));
    await button('Sign out').waitFor();
    steps.push('signed in by a code');
    await press(button('Sign out'));
    await enter(secrets[1]);
    await button('Sign out').waitFor();
    steps.push('signed in by a recovery code');

    await press(page.getByRole('link', { name: 'Overview', exact: true }));
    await press(button('New channel'));
    await press(page.getByRole('radio', { name: /RTMP/ }), 'Space');
    await press(button('Create channel'));
    await page.getByRole('heading', { level: 1, name: 'Channel 1' }).waitFor();
    if (await page.locator('svg.qr').count()) throw new Error('a key is shown that nobody asked for');
    await press(button('Show key'));
    await page.locator('.publish svg.qr path').waitFor();
    const key = /[0-9a-f]{32}/.exec(await page.locator('.address', { hasText: 'RTMP address' }).locator('code').innerText())[0];
    await look('the key as a QR code');
    await press(button('Hide key'));
    await page.locator('.publish svg.qr').waitFor({ state: 'detached' });
    steps.push('a QR code');

    await press(button('Remove'));
    await press(button('Remove channel'));
    await page.getByText('Channel 1 is removed.').waitFor();
    await look('the offer to undo');
    await press(page.getByRole('button', { name: 'Undo: put Channel 1 back' }));
    await press(page.getByRole('link', { name: 'Channel 1' }).first());
    await press(button('Show key'));
    await page.getByText(key).first().waitFor();
    steps.push('undone');

    await press(page.getByRole('link', { name: 'Settings', exact: true }));
    await type(page.locator('.second-step input[name=password]'), password);
    await press(button('Take the second step off'));
    await button('Set it up').waitFor();
    steps.push('taken off');
  } catch (error) {
    return { steps, secrets, findings, pageErrors, why: String(error.message).split('\n').slice(0, 3).join(' '), at: page.url() };
  }
  return { steps, secrets, findings, pageErrors };
}

// RFC 6238, as an app does it.
function totp(secret, at) {
  const bits = [...secret].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / STEP_MS)));
  const digest = createHmac('sha1', key).update(counter).digest();
  const value = digest.readUInt32BE(digest[19] & 15) & 0x7fffffff;
  return String(value % 1000000).padStart(6, '0');
}
