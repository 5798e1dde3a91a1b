// Hand scanners that type: the text is put together again from the physical keys, whatever an input method, caps lock or
// another layout made of it. A scan is caught wherever the focus is; typing by hand is left alone.

// So many keys, this fast on average, come from no hand.
const KEYS_MIN = 16;
const KEY_MS_MAX = 50;
const SILENCE_MS = 300;
// A scanner on a busy machine may stop in the middle; a hand that comes back after this begins anew.
const PAUSE_MS = 2000;
const KEYS_MAX = 4000;
const SHIFTED = { 1: "!", 2: "@", 3: "#", 4: "$", 5: "%", 6: "^", 7: "&", 8: "*", 9: "(", 0: ")" };
const SIGNS = {
  Minus: "-_", Equal: "=+", Slash: "/?", Period: ".>", Comma: ",<", Semicolon: ";:", Quote: "'\"", Backslash: "\\|",
  BracketLeft: "[{", BracketRight: "]}", Backquote: "`~", IntlBackslash: "\\|", IntlHash: "#~", NumpadDivide: "//",
  NumpadSubtract: "--", NumpadDecimal: "..",
};
// The one sign before the digits is another on some layouts, as are colon and slashes: the form counts, not the sign.
const CODE = /(https)[^a-z0-9]{1,3}([a-z0-9][a-z0-9.:;-]*?)[^a-z0-9.:-](v|p)[^a-z0-9]([0-9a-z]{16})[^0-9a-z]{1,2}([12][0-9]+)$/i;
const ID = /^[0-9a-z]{4}-?[0-9a-z]{4}-?[0-9a-z]{4}-?[0-9a-z]{4}(?:-?[0-9a-z])?$/i;

/** Return the text of a code, or a typed id, that these physical keys spell; empty for anything else. */
export function spelled(text) {
  const code = CODE.exec(text);
  if (code !== null) {
    const [, , host, path, id, digits] = code;
    return `https://${host.replace(/;/g, ":")}/${path.toLowerCase()}/${id.toUpperCase()}#${digits}`;
  }
  return ID.test(text) ? text : "";
}

/** Return the character of a physical key on the layout that scanners are delivered with (US). */
export function characterOf(code, isShifted) {
  if (/^Key[A-Z]$/.test(code)) return isShifted ? code[3] : code[3].toLowerCase();
  if (/^Digit[0-9]$/.test(code)) return isShifted ? SHIFTED[code[5]] : code[5];
  if (/^Numpad[0-9]$/.test(code)) return code[6];
  return SIGNS[code]?.[isShifted ? 1 : 0] ?? "";
}

/**
 * Listens to a page's keys; `onScan(text, isRestored)` gets every scan once, in order. A scan ends with Enter or Tab, or
 * with silence once `isWhole(text)` says that nothing is missing.
 */
export class Wedge {
  constructor(box, isWhole, onScan) {
    this.box = box;
    this.isWhole = isWhole;
    this.onScan = onScan;
    this.forget();
    document.addEventListener("keydown", (event) => this.take(event), true);
  }

  forget() {
    clearTimeout(this.timer);
    this.physical = "";
    this.written = "";
    this.first = 0;
    this.last = 0;
  }

  take(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const now = event.timeStamp;
    if (["Enter", "NumpadEnter", "Tab"].includes(event.code || event.key)) {
      const text = this.scanned();
      if (text !== "") {
        event.preventDefault();
        event.stopPropagation();
        this.end(text);
      } else this.forget();
      return;
    }
    if (now - this.last > PAUSE_MS || this.written.length >= KEYS_MAX) this.forget();
    if (/^(?:Shift|CapsLock)/.test(event.code)) return;
    if (this.last === 0) this.first = now;
    this.physical += characterOf(event.code, event.shiftKey);
    // An input method hides what was written: then the key itself is all there is.
    this.written += /^[\x20-\x7e]$/.test(event.key) ? event.key : characterOf(event.code, event.shiftKey);
    this.last = now;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fallSilent(), SILENCE_MS);
  }

  fallSilent() {
    const text = this.scanned();
    if (text !== "" && this.isWhole(text)) this.end(text);
  }

  /** Return what a scanner pressed, empty for what somebody typed by hand. */
  scanned() {
    const count = Math.max(this.physical.length, this.written.length);
    if (count < KEYS_MIN || this.last - this.first > count * KEY_MS_MAX) return "";
    return spelled(this.physical) || spelled(this.written);
  }

  end(text) {
    const isRestored = document.activeElement === this.box && /[^\x20-\x7e]/.test(this.box.value);
    this.forget();
    this.onScan(text, isRestored);
  }
}
