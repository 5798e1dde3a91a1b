// How the clerk wants the page: what is chosen is kept on the device; sound and vibration tell the tone of a verdict.

import { set, setting } from "./store.js";

const html = document.documentElement;

/** Let a field show what was chosen here before, and keep what is chosen. */
export function startSetting(name) {
  const field = document.getElementById(name);
  const isBox = field.type === "checkbox";
  const apply = () => (html.dataset[name] = isBox ? String(field.checked) : field.value);
  if (isBox) field.checked = setting(name) === "true";
  else field.value = setting(name) || field.value;
  field.addEventListener("change", () => {
    apply();
    set(name, html.dataset[name]);
  });
  apply();
}

/** Let a verdict of this tone be heard and felt, where that is wanted. */
export function signal(tone) {
  const sounds = { "in-force": [880], ended: [220, 220] };
  const shakes = { "in-force": [80], ended: [300, 100, 300], "not-now": [300], undecided: [80, 80, 80] };
  if (html.dataset.shake === "true") navigator.vibrate?.(shakes[tone] ?? []);
  if (html.dataset.sound === "true") beep(sounds[tone] ?? []);
}

function beep(tones) {
  if (!tones.length) return;
  const context = new AudioContext();
  tones.forEach((frequency, place) => {
    const tone = new OscillatorNode(context, { frequency });
    tone.connect(context.destination);
    tone.start(context.currentTime + place * 0.25);
    tone.stop(context.currentTime + place * 0.25 + 0.15);
  });
  setTimeout(() => context.close(), 1000);
}
