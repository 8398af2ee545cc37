// The whole story in the browser, on a box that nobody has claimed: claim, sign in, a new channel in three clicks, publish, the
// picture, another ladder, another tier, an alarm that comes and goes, and the audit log of it all.
//
//   node story.mjs --base https://127.0.0.1:8443 --code K7QD-2MXP --password '…' --keyboard yes
//
// With `--keyboard yes` nothing is clicked: every control is reached by Tab and used by Enter, Space and letters.
// Prints JSON: the steps that were seen, and what went wrong.

import { spawn } from 'node:child_process';
import { flags, withChromium } from './chromium.mjs';
import * as keyboard from './keyboard.mjs';
import { observe } from './observe.mjs';

const WAIT_MS = 45000;
const TO_PICTURE_MS = 5000;

const options = flags({ base: 'https://127.0.0.1:8443', code: '', password: '', keyboard: '' });
const byKeyboard = Boolean(options.keyboard);
const publishers = new Set();
const report = await withChromium({}, (context) => story(context, options)).finally(() => publishers.forEach((publisher) => publisher.end()));
console.log(JSON.stringify(report));

async function story(context, { base, code, password }) {
  const page = await context.newPage();
  const seen = observe(page, base);
  const steps = [];
  const numbers = {};
  let clicks = 0;
  page.setDefaultTimeout(WAIT_MS);
  const button = (name) => page.getByRole('button', { name, exact: true });

  async function use(locator, key = 'Enter') {
    clicks += 1;
    if (!byKeyboard) return locator.click();
    return keyboard.press(page, locator, key);
  }
  async function fill(locator, text) {
    if (!byKeyboard) return locator.fill(text);
    return keyboard.type(page, locator, text);
  }
  async function choose(locator, letters) {
    if (!byKeyboard) return locator.selectOption({ label: letters });
    await keyboard.reach(page, locator);
    return page.keyboard.type(letters);
  }
  async function signIn(name, secret) {
    await fill(page.locator('.gate input[name=name]'), name);
    await fill(page.locator('.gate input[name=password]'), secret);
    await use(button('Sign in'));
    await button('Sign out').waitFor();
  }

  try {
    await page.goto(`${base}/admin/`);
    await use(button('Claim this box'));
    await fill(page.locator('input[name=code]'), code);
    await fill(page.locator('input[name=name]'), 'Ada');
    await fill(page.locator('input[name=password]'), password);
    await use(button('Claim'));
    await button('Sign out').waitFor();
    steps.push('claimed');
    await use(button('Sign out'));
    await signIn('ada', password);
    steps.push('signed in');

    clicks = 0;
    await use(button('New channel'));
    const rtmp = page.getByRole('radio', { name: /RTMP/ });
    await use(rtmp, 'Space');
    await use(button('Create channel'));
    await page.getByRole('heading', { level: 1, name: 'Channel 1' }).waitFor();
    numbers.clicks = clicks;
    steps.push('a new channel');

    await use(button('Show key'));
    const line = page.locator('.address', { hasText: 'RTMP address' }).locator('code');
    await page.waitForFunction(() => /rtmp:\/\/\S+\/[0-9a-f]{32}/.test(document.body.innerText));
    const address = await line.innerText();
    await use(button('Hide key'));
    await page.locator('.channel[data-state=waiting]').waitFor();
    let publisher = publish(address);
    let from = Date.now();
    await page.locator('.channel[data-state=live]').waitFor();
    const picture = page.frameLocator('.screen iframe').locator('video');
    await picture.waitFor();
    await moves(picture);
    numbers.pictureMs = Date.now() - from;
    numbers.pictureInTime = numbers.pictureMs <= TO_PICTURE_MS;
    steps.push('a picture');

    await use(page.locator('.ladder > summary'));
    await use(page.locator('.ladder').getByRole('button', { name: '480p', exact: true }));
    await use(page.locator('.ladder').getByRole('button', { name: 'Save', exact: true }));
    await page.getByText('Ladder: 480p 360p').waitFor();
    await page.locator('.channel[data-state=live]').waitFor();
    steps.push('another ladder');

    await choose(page.locator('select[name=preview-tier]'), 'HLS-TS');
    await page.waitForFunction(() => /tier=ts/.test(document.querySelector('.screen iframe')?.src || ''));
    await moves(picture);
    steps.push('another tier');

    publisher.end();
    await page.locator('.channel[data-state=waiting]').waitFor();
    await use(page.getByRole('link', { name: /^Alarms/ }));
    await page.locator('.alarm', { hasText: 'Channel 1' }).waitFor();
    steps.push('an alarm');
    publisher = publish(address);
    await page.getByText('Nothing needs you.').waitFor();
    steps.push('the alarm is over');

    // Olga may work with the first channel, and the second does not exist for her.
    await use(page.getByRole('link', { name: 'Overview', exact: true }));
    await use(button('New channel'));
    await fill(page.locator('input#channel-name'), 'Attic');
    await use(button('Create channel'));
    await page.getByRole('heading', { level: 1, name: 'Attic' }).waitFor();
    await use(page.getByRole('link', { name: 'Settings', exact: true }));
    await fill(page.locator('input[name=user-name]'), 'Olga');
    await fill(page.locator('input[name=user-password]'), `${password} of Olga`);
    await use(button('Add'));
    const grants = page.locator('.grants');
    await use(grants.locator('summary'));
    await use(grants.getByRole('checkbox', { name: /^All channels/ }), 'Space');
    await use(grants.getByRole('checkbox', { name: 'Channel 1' }), 'Space');
    await use(grants.getByRole('button', { name: 'Save', exact: true }));
    await grants.locator('summary', { hasText: 'channel-1' }).waitFor();
    await use(button('Sign out'));
    await signIn('Olga', `${password} of Olga`);
    await use(page.getByRole('link', { name: 'Overview', exact: true }));
    await page.getByRole('link', { name: 'Channel 1' }).first().waitFor();
    if (await page.getByText('Attic').count()) throw new Error('Olga sees a channel that is not granted');
    const [hers, others] = await page.evaluate(async () => Promise.all(['channel-1', 'attic'].map(async (slug) => (await fetch(`/api/v1/channels/${slug}/key`)).status)));
    if (hers !== 200 || others !== 404) throw new Error(`Olga is answered ${hers} and ${others}`);
    await use(button('Sign out'));
    await signIn('Ada', password);
    steps.push('an operator sees what is granted');

    await use(page.getByRole('link', { name: 'Audit' }));
    for (const call of ['POST /users', 'PUT /users/Olga/channels', 'POST /claim', 'POST /channels', 'PUT /channels/channel-1/ladder']) await page.getByText(call).first().waitFor();
    steps.push('audited');
    for (const name of ['Players', 'Settings', 'Help']) {
      await use(page.getByRole('link', { name, exact: true }));
      await page.getByRole('heading', { level: 1, name }).waitFor();
    }
    steps.push('every page');
  } catch (error) {
    return { steps, numbers, why: String(error.message).split('\n').slice(0, 3).join(' '), at: page.url(), ...seen };
  }
  return { steps, numbers, ...seen };
}

// Resolves when the picture has moved on.
async function moves(video) {
  const before = await video.evaluate((element) => element.currentTime).catch(() => 0);
  for (const until = Date.now() + WAIT_MS; Date.now() < until;) {
    const now = await video.evaluate((element) => (element.readyState >= 3 ? element.currentTime : 0)).catch(() => 0);
    if (now > 0 && now !== before) return;
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
  throw new Error('the picture does not move');
}

// As the page recommends it.
function publish(address) {
  const pictures = ['-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=30', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000'];
  const video = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-bf', '0', '-g', '30', '-b:v', '800k', '-pix_fmt', 'yuv420p'];
  const audio = ['-c:a', 'aac', '-b:a', '96k', '-f', 'flv', address];
  const publisher = { ended: false, child: null };
  // As encoders do, it connects again when it is cut off.
  const connect = () => {
    if (publisher.ended) return;
    publisher.child = spawn('ffmpeg', ['-nostdin', '-loglevel', 'error', '-re', ...pictures, ...video, ...audio], { stdio: 'ignore' });
    publisher.child.on('exit', () => setTimeout(connect, 500));
  };
  publisher.end = () => {
    publisher.ended = true;
    publisher.child.kill('SIGKILL');
  };
  connect();
  publishers.add(publisher);
  return publisher;
}
