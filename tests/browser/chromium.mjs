// Starts the system's Chromium with an empty profile of its own.

import { chromium } from 'playwright-core';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
];

export async function withChromium(options, work) {
  const profile = await mkdtemp(join(tmpdir(), 'forebay-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    headless: true,
    args: FLAGS,
    viewport: { width: 1280, height: 800 },
    ignoreHTTPSErrors: true, // the box signs its own certificate
    ...options,
  });
  try {
    return await work(context);
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  }
}

// `--name value` pairs after the script's name.
export function flags(defaults) {
  const found = { ...defaults };
  for (let n = 2; n < process.argv.length; n += 2) {
    const name = process.argv[n].replace(/^--/, '');
    if (!(name in defaults)) throw new Error(`unknown option --${name}; known: ${Object.keys(defaults).join(', ')}`);
    found[name] = process.argv[n + 1];
  }
  return found;
}
