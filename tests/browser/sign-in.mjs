// Claims a box in its admin page, signs out, signs in, and waits until the session is ended from outside.
//
//   node sign-in.mjs --base http://127.0.0.1:8080 --code K7QD-2MXP --name Ada --password '…' --wrong '…'
//
// Prints `signed in` when it is; then whoever started it ends the session. Prints JSON: the steps that were seen, the
// session's cookie, and what went wrong.

import { flags, withChromium } from './chromium.mjs';

const WAIT_MS = 30000;

const options = flags({ base: 'http://127.0.0.1:8080', code: '', name: 'Ada', password: '', wrong: '' });

const report = await withChromium({}, (context) => story(context, options));
console.log(JSON.stringify(report));
process.exitCode = report.pageErrors.length ? 1 : 0;

async function story(context, { base, code, name, password, wrong }) {
  const page = await context.newPage();
  const steps = [];
  const pageErrors = [];
  page.on('pageerror', (error) => pageErrors.push(error.message));
  page.setDefaultTimeout(WAIT_MS);
  const fill = (field, text) => page.fill(`input[name=${field}]`, text);
  const submit = () => page.click('.gate button[type=submit]');
  const inside = () => page.getByText('Sign out').waitFor();

  await page.goto(`${base}/admin/`);
  await page.getByText('Claim this box').click();
  await fill('code', code);
  await fill('name', name);
  await fill('password', 'short');
  await submit();
  await page.getByText('12 to 256 characters').waitFor();
  steps.push('a short password is refused');
  await fill('password', password);
  await submit();
  await inside();
  steps.push('claimed');
  const [cookie] = await context.cookies();

  await page.getByText('Sign out').click();
  await fill('name', name.toLowerCase());
  await fill('password', wrong);
  await submit();
  await page.getByText('the name or the password is wrong').waitFor();
  steps.push('a wrong password is refused');
  await fill('password', password);
  await submit();
  await inside();
  const [again] = await context.cookies();
  await page.getByRole('link', { name: 'Audit' }).click();
  await page.getByText('POST /claim').first().waitFor();
  steps.push('signed in');
  console.log('signed in');

  await page.locator('input[autocomplete=current-password]').waitFor();
  steps.push('signed out from outside');
  const { name: called, httpOnly, secure, sameSite } = cookie;
  return { steps, cookie: { called, httpOnly, secure, sameSite }, isNew: cookie.value !== again.value, pageErrors };
}
