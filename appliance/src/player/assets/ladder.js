// Which video rung to play, from what the buffer does. Pure: no player, no clock.
//
// Throughput cannot be measured on LL-DASH: chunks come as they are made, each in one piece, so dash.js 5.2 measures
// little more than the rung's own rate and sinks to the lowest. On the premises the top rung nearly always fits. So:
// begin at the top, go down when the buffer runs low, up again when it has been well for a while, and wait longer
// after each climb that failed.

// Shares of the target latency: below the first the buffer is starving, above the second it is well.
const STARVING = 0.35;
const WELL = 0.6;
// A new rung begins with the next segment, 2 s: sooner there is nothing to judge.
export const DOWN_WAIT_MS = 2500;
// Start-up fills the buffer first.
export const START_WAIT_MS = 5000;
export const UP_WAIT_MS = 10000;
export const UP_WAIT_MAX_MS = 240000;
// A climb that starves within this time has failed.
const CLIMB_TRIAL_MS = 20000;

export function begin(index, nowMs) {
  return { index, changedMs: nowMs + START_WAIT_MS - DOWN_WAIT_MS, wellMs: null, climbedMs: null, upWaitMs: UP_WAIT_MS };
}

// The lowest rung that fills the picture as it is shown; rungs from the lowest up, sizes in device pixels.
export function highestUseful(rungs, width, height) {
  const enough = rungs.findIndex((rung) => rung.width >= width || rung.height >= height);
  return enough < 0 ? rungs.length - 1 : enough;
}

// The next state; `sample` = { nowMs, bufferMs, targetMs, highest }.
export function step(state, sample) {
  const { nowMs, bufferMs, targetMs, highest } = sample;
  if (state.index > highest) return { ...state, index: highest, changedMs: nowMs, wellMs: null };
  if (bufferMs < targetMs * STARVING) return starving({ ...state, wellMs: null }, nowMs);
  if (bufferMs < targetMs * WELL) return { ...state, wellMs: null };
  const wellMs = state.wellMs === null ? nowMs : state.wellMs;
  if (state.index === highest || nowMs - wellMs < state.upWaitMs) return { ...state, wellMs };
  return { ...state, index: state.index + 1, changedMs: nowMs, climbedMs: nowMs, wellMs: null };
}

function starving(state, nowMs) {
  if (state.index === 0 || nowMs - state.changedMs < DOWN_WAIT_MS) return state;
  const failed = state.climbedMs !== null && nowMs - state.climbedMs < CLIMB_TRIAL_MS;
  const upWaitMs = failed ? Math.min(state.upWaitMs * 2, UP_WAIT_MAX_MS) : state.upWaitMs;
  return { ...state, index: state.index - 1, changedMs: nowMs, upWaitMs };
}
