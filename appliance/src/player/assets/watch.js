// The watch page: finds out what the device can do, starts a session, shows what it measures.
//
// `window.forebay` is for tests and for the curious: `{ tier, engine, stats(), seekBehind(seconds), goLive() }`.

import { detect, pinned, tokenIn } from './tier.js';
import { follow } from './clock.js';
import { Session } from './session.js';
import { showNote, showState, showStats } from './readout.js';
import { wire } from './controls.js';
import { wirePast } from './past.js';
import { wireMenus } from './menus.js';
import { report } from './beacon.js';

const READOUT_MS = 500;

const MESSAGES = {
  waiting: 'The channel is not on air, or the box does not answer. The picture comes by itself.',
  refused: 'This channel is for those who have a token, or yours has expired. Ask for a new address.',
  stalled: 'Waiting for the network.',
  failed: 'This device plays neither H.264 by Media Source Extensions nor HLS.',
};

function main() {
  const video = document.getElementById('video');
  const pin = pinned(location.search);
  const session = new Session(video, document.body.dataset.channel, detect(window, video), pin, tokenIn(location.search));
  session.onNote = (text) => showNote(document, text);
  window.forebay = {
    get tier() { return session.stats().tier; },
    get engine() { return session.stats().engine; },
    stats: () => session.stats(),
    seekBehind: (seconds) => session.seekBehind(seconds),
    goLive: () => session.goLive(),
  };
  wire(document, video, session);
  const showPast = wirePast(document, session);
  const showMenus = wireMenus(document, session);
  document.getElementById('tier').value = pin && pin.tier !== 'native' ? pin.tier : '';
  const show = () => {
    const stats = session.stats();
    showStats(document, stats);
    showPast(stats);
    showMenus();
    showState(document, stats.state);
    const message = MESSAGES[stats.state] || '';
    const element = document.getElementById('message');
    if (element.textContent !== message) element.textContent = message;
  };
  show();
  setInterval(show, READOUT_MS);
  follow();
  session.open();
  report(session);
}

main();
