// Reads the burned-in clock off what VLC displays: its `yuv` video output writes each picture, at the moment it is
// shown, into a pipe that we read.

import { execFileSync, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blocksOfPlane, decode } from './binary-clock.mjs';
import { Pictures } from './y4m.mjs';

// VLC waits for three segments and then fills its network cache.
const START_LIMIT_MS = 40000;

export async function readVlc(url, { timeUrl, settleMs, seconds }) {
  const home = await mkdtemp(join(tmpdir(), 'forebay-vlc-'));
  const offsetMs = await houseOffset(timeUrl);
  const readings = [];
  let firstAtMs = null;
  const pictures = new Pictures((luma, width, height) => {
    const atMs = Date.now() + offsetMs;
    firstAtMs ??= atMs;
    if (atMs > firstAtMs + settleMs) readings.push({ stamp: decode(blocksOfPlane(luma, width, height), 126), atMs });
  });
  const player = await start(url, home, (bytes) => pictures.feed(bytes));
  const limit = Date.now() + START_LIMIT_MS;
  while (firstAtMs === null && Date.now() < limit && player.alive()) await pause(200);
  if (firstAtMs !== null) await pause(settleMs + seconds * 1000);
  await player.end();
  await rm(home, { recursive: true, force: true });
  return readings;
}

async function start(url, home, feed) {
  const pipe = join(home, 'pictures.y4m');
  await chmod(home, 0o777);
  execFileSync('mkfifo', ['-m', '666', pipe]);
  // Opened for writing too: VLC may open its output twice, and must not find the reader gone after the first.
  const reader = spawn('sh', ['-c', 'exec cat <> "$0"', pipe], { stdio: ['ignore', 'pipe', 'inherit'] });
  reader.stdout.on('data', feed);
  const args = ['-I', 'dummy', '--no-audio', '--no-video-title-show', '--no-osd',
    '--vout', 'yuv', '--yuv-file', pipe, '--yuv-chroma', 'I420', '--yuv-yuv4mpeg2', url];
  // VLC refuses to run as root: then it runs as nobody.
  const nobody = process.getuid() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
  const [program, ...rest] = [...nobody, 'vlc', ...args];
  const vlc = spawn(program, rest, { env: { ...process.env, HOME: home, XDG_RUNTIME_DIR: home }, stdio: 'ignore' });
  const ended = new Promise((resolve) => { vlc.on('exit', resolve).on('error', resolve); });
  return {
    alive: () => vlc.exitCode === null && vlc.pid !== undefined,
    end: async () => {
      reader.kill();
      vlc.kill('SIGKILL');
      await ended;
    },
  };
}

async function houseOffset(url) {
  const from = Date.now();
  const server = Date.parse((await (await fetch(url)).text()).trim());
  return server - (from + Date.now()) / 2;
}

function pause(ms) {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}
