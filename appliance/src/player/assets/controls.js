// Buttons, keys and the delivery menu. They act on the video element and on the session.

export function wire(doc, video, session) {
  const at = (id) => doc.getElementById(id);
  const actions = {
    play: () => (video.paused ? session.resume() : video.pause()),
    sound: () => { video.muted = !video.muted; },
    live: () => session.goLive(),
    full: () => fullScreen(doc, at('stage'), video),
  };
  Object.keys(actions).forEach((id) => at(id).addEventListener('click', actions[id]));
  at('tier').addEventListener('change', (event) => session.choose(event.target.value));

  const keys = { k: actions.play, ' ': actions.play, m: actions.sound, l: actions.live, f: actions.full };
  doc.addEventListener('keydown', (event) => {
    // Buttons, the menu and the bar have their own use for the keys.
    if (event.ctrlKey || event.metaKey || event.altKey || /^(BUTTON|SELECT|INPUT)$/.test(event.target.tagName)) return;
    const action = keys[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  });

  const label = () => {
    at('play').textContent = video.paused ? 'Play' : 'Pause';
    at('sound').textContent = video.muted ? 'Unmute' : 'Mute';
    at('sound').classList.toggle('primary', video.muted);
    doc.body.classList.toggle('muted', video.muted);
  };
  ['play', 'pause', 'volumechange'].forEach((name) => video.addEventListener(name, label));
  label();
}

function fullScreen(doc, stage, video) {
  if (doc.fullscreenElement) return doc.exitFullscreen();
  if (stage.requestFullscreen) return stage.requestFullscreen();
  return video.webkitEnterFullscreen && video.webkitEnterFullscreen(); // iPhone: only the video itself
}
