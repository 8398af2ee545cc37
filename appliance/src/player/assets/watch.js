// The watch page: finds out what the device can do, starts a session, shows what it measures.
//
// `window.forebay` is for tests and for the curious: `{ tier, engine, stats(), seekBehind(seconds), goLive() }`.

import { detect, ordered, pinned, tokenIn } from './tier.js';
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
  failed: 'This device plays none of the ways in which this channel is sent: neither H.264 by Media Source Extensions nor HLS.',
};

function main() {
  const video = document.getElementById('video');
  const pin = pinned(location.search);
  const { channel, tiers } = document.body.dataset;
  const order = ordered(tiers);
  const session = new Session(video, channel, detect(window, video), pin, tokenIn(location.search), order);
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
  offer(document.getElementById('tier'), order, pin);
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

// The menu has what the operator offers, in that order, and what the address asks for.
function offer(select, order, pin) {
  if (!order.length) return;
  const options = Array.from(select.options);
  options.slice(1).forEach((option) => option.remove());
  const shown = pin && order.indexOf(pin.tier) < 0 ? order.concat(pin.tier) : order;
  shown.forEach((tier) => options.filter((option) => option.value === tier).forEach((option) => select.add(option)));
}

main();
