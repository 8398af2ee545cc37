// Numbers on the page. Pure formatting, and the few places they are written to.

import { TIER_NAMES } from './tier.js';

const STATES = {
  connecting: 'Connecting',
  waiting: 'Waiting for the channel',
  live: 'Live',
  stalled: 'Stalled',
  shifted: 'In the past',
  paused: 'Paused',
  refused: 'No access',
  failed: 'Cannot play',
};

export function seconds(ms) {
  return ms === null || ms === undefined ? 'not known' : (ms / 1000).toFixed(2) + ' s';
}

export function latency(stats) {
  const target = stats.targetMs ? ' (aims at ' + seconds(stats.targetMs) + ')' : '';
  return seconds(stats.latencyMs) + target;
}

export function rendition(stats) {
  if (!stats.width) return '–';
  const rate = stats.bitrateBps ? ', ' + (stats.bitrateBps / 1e6).toFixed(1) + ' Mb/s' : '';
  return stats.width + ' × ' + stats.height + rate;
}

export function stalls(stats) {
  return stats.stalls === 0 ? 'none' : stats.stalls + ', ' + seconds(stats.stalledMs) + ' in all';
}

export function delivery(stats) {
  return stats.tier ? TIER_NAMES[stats.tier] + ', ' + stats.engine : '–';
}

export function showStats(doc, stats) {
  const write = (id, text) => {
    const element = doc.getElementById(id);
    if (element.textContent !== text) element.textContent = text;
  };
  write('r-tier', delivery(stats));
  write('r-latency', latency(stats));
  write('r-rendition', rendition(stats));
  write('r-buffer', seconds(stats.bufferMs));
  write('r-dropped', stats.droppedFrames + ' of ' + stats.totalFrames);
  write('r-stalls', stalls(stats));
}

export function showState(doc, state) {
  const element = doc.getElementById('state');
  if (element.dataset.state === state) return;
  element.dataset.state = state;
  element.textContent = STATES[state];
}

export function showNote(doc, text) {
  const element = doc.getElementById('note');
  element.textContent = text;
  element.hidden = text === '';
}
