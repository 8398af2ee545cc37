// Runs inside the page: watches the video element frame by frame.

// No new frame for longer than this is a freeze that a viewer sees.
export const FREEZE_MS = 250;

// Serialised into the page by playwright: nothing from outside the function may be used.
export function installProbe(freezeMs) {
  const video = document.querySelector('video');
  const probe = { freezes: [], events: [], frames: 0, firstFrameMs: null, longestGapMs: 0 };
  window.forebayProbe = probe;
  let last = null;
  const onFrame = (now, frame) => {
    probe.frames += 1;
    if (probe.firstFrameMs === null) probe.firstFrameMs = performance.now();
    if (last) {
      const gap = frame.presentationTime - last.presentationTime;
      // Frames between two callbacks mean that this script was late, not the picture.
      if (frame.presentedFrames === last.presentedFrames + 1) {
        probe.longestGapMs = Math.max(probe.longestGapMs, gap);
        if (gap > freezeMs) probe.freezes.push({ atMs: Math.round(now), gapMs: Math.round(gap), mediaTime: frame.mediaTime });
      }
    }
    last = frame;
    video.requestVideoFrameCallback(onFrame);
  };
  video.requestVideoFrameCallback(onFrame);
  for (const name of ['waiting', 'stalled', 'error', 'pause', 'emptied', 'seeking', 'seeked']) {
    video.addEventListener(name, () => probe.events.push({
      name,
      atMs: Math.round(performance.now()),
      position: video.currentTime,
      buffered: Array.from(video.buffered, (_, n) => [video.buffered.start(n), video.buffered.end(n)]),
    }));
  }
}

// From here on counts: start-up is over.
export function resetProbe() {
  const probe = window.forebayProbe;
  Object.assign(probe, { freezes: [], events: [], frames: 0, longestGapMs: 0 });
}
