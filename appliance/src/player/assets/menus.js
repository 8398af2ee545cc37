// The menus for the picture's quality and for the sound, where the tier leaves a choice.

const AUTOMATIC = '';

export function wireMenus(doc, session) {
  const quality = doc.getElementById('quality');
  const audio = doc.getElementById('audio');
  quality.addEventListener('change', () => session.chooseQuality(quality.value));
  audio.addEventListener('change', () => session.chooseAudio(audio.value));
  return () => {
    const driver = session.driver;
    fill(quality, driver && driver.qualities ? driver.qualities() : [], 'Automatic', session.quality);
    fill(audio, driver && driver.audios ? driver.audios() : [], null, undefined);
  };
}

// One entry is no choice.
function fill(select, entries, automatic, chosen) {
  select.parentElement.hidden = entries.length < 2;
  const wanted = (automatic ? [{ id: AUTOMATIC, name: automatic }] : []).concat(entries);
  const is = Array.from(select.options, (option) => option.value + option.text).join();
  const ought = wanted.map((entry) => entry.id + entry.name).join();
  if (is === ought) return;
  const value = select.value;
  select.textContent = '';
  wanted.forEach((entry) => select.add(new Option(entry.name, entry.id)));
  const keep = chosen === undefined ? value : chosen;
  select.value = wanted.some((entry) => entry.id === keep) ? keep : wanted.length ? wanted[0].id : '';
}
