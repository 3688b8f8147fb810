// What this browser remembers: how the page looks, and how far each room was read. It stores no lines, and no nicks of others.

const KEY = 'localchat.settings';

/** @typedef {{nick: string, theme: 'auto'|'light'|'dark', times: boolean, sound: boolean, keys: boolean, read: Record<string, number>}} Settings */

/** For how many rooms it is remembered how far they were read. */
const MAX_READ = 64;

/** @type {Settings} */
const defaults = { nick: '', theme: 'auto', times: true, sound: false, keys: false, read: {} };

/** @returns {Settings} */
function load() {
  try {
    return { ...defaults, ...JSON.parse(localStorage.getItem(KEY) ?? '{}') };
  } catch {
    return { ...defaults }; // the browser stores nothing, or something else
  }
}

/** @type {Settings} */
export const settings = load();

/** @param {Partial<Settings>} change */
export function set(change) {
  Object.assign(settings, change);
  const rooms = Object.keys(settings.read);
  for (const room of rooms.slice(0, Math.max(0, rooms.length - MAX_READ))) delete settings.read[room];
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch { /* it holds for this page alone */ }
  apply();
}

/** Shows the settings on the document. */
export function apply() {
  document.documentElement.dataset.theme = settings.theme;
  document.documentElement.dataset.times = settings.times ? 'on' : 'off';
}

addEventListener('storage', (e) => {
  if (e.key !== KEY) return;
  Object.assign(settings, load());
  apply();
});

/** A short soft tone, where the browser allows one. */
export function chime() {
  if (!settings.sound) return;
  try {
    const audio = new AudioContext();
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = 660;
    volume.gain.setValueAtTime(0.08, audio.currentTime);
    volume.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + 0.25);
    tone.connect(volume).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + 0.25);
    tone.onended = () => void audio.close();
  } catch { /* no sound here */ }
}
