// Hand scanners that type: the text is put together again from the physical keys, whatever an input method, caps lock or
// another layout made of it. A scan is caught wherever the focus is; typing by hand is left alone.

// So many keys, this fast on average, come from no hand.
const KEYS_MIN = 16;
const KEY_MS_MAX = 50;
// What is not ours may be as short as this, if a key follows that ends it.
const STRANGE_KEYS_MIN = 4;
const SILENCE_MS = 300;
// Some scanners end with two keys, or come with the one when silence has ended the scan already.
const SECOND_END_MS = 500;
// A scanner on a busy machine may stop in the middle; a hand that comes back after this begins anew.
const PAUSE_MS = 2000;
const KEYS_MAX = 4000;
// What browsers call a key whose sign an input method makes.
const HIDDEN = ["Process", "Unidentified", "Dead"];
const MODIFIER = /^(?:Shift|CapsLock|Control|Alt|Meta)/;
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
 * Listens to a page's keys; `onScan(text, {isRestored, isGarbled})` gets every scan once, in order, also one of something
 * else than a code of ours. A scan ends with Enter or Tab, with silence once `isWhole(text)` says that nothing is missing,
 * or with a long silence. `onStart` hears that one has begun.
 */
export class Wedge {
  constructor(box, isWhole, onStart, onScan) {
    Object.assign(this, { box, isWhole, onStart, onScan, endedAt: -SECOND_END_MS });
    this.forget();
    document.addEventListener("keydown", (event) => this.take(event), true);
  }

  forget() {
    clearTimeout(this.timer);
    this.physical = "";
    this.written = "";
    this.count = 0;
    this.first = 0;
    this.last = 0;
    this.isScan = false;
    this.isHidden = false;
  }

  take(event) {
    if (["Enter", "NumpadEnter", "Tab"].includes(event.code || event.key)) {
      this.takeEnd(event);
      return;
    }
    // A key that is held down comes fast, too.
    const isSign = event.key?.length === 1 || HIDDEN.includes(event.key);
    if (!isSign || event.repeat || MODIFIER.test(event.code)) return;
    if (event.timeStamp - this.last > PAUSE_MS || this.count >= KEYS_MAX) this.breakOff();
    if (this.count === 0) {
      this.forgetEnd();
      this.first = event.timeStamp;
    }
    this.count += 1;
    this.last = event.timeStamp;
    this.note(event);
    if (!this.isScan && this.count >= KEYS_MIN && this.isFast) {
      this.isScan = true;
      this.onStart();
    }
    // A blank in what is scanned presses no button.
    if (this.isScan && event.key === " " && document.activeElement !== this.box) event.preventDefault();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fallSilent(), SILENCE_MS);
  }

  /** Write down the key. With Ctrl or Alt scanners send what has no key: it counts, and is no part of a code of ours. */
  note(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const physical = characterOf(event.code, event.shiftKey);
    this.physical += physical;
    // An input method hides what was written: then the key itself is all there is.
    const isPlain = /^[\x20-\x7e]$/.test(event.key);
    this.written += isPlain ? event.key : physical;
    this.isHidden ||= !isPlain;
  }

  takeEnd(event) {
    const isScanner = this.isScan || (this.count >= STRANGE_KEYS_MIN && this.isFast);
    const now = performance.now();
    const isBehind = this.count === 0 && now - this.endedAt < SECOND_END_MS;
    const isSecondEnd = isBehind && event.key === "Enter";
    if (isScanner || isSecondEnd) {
      event.preventDefault();
      event.stopPropagation();
    }
    if (isScanner) this.end();
    else if (isBehind && event.key === "Tab" && !this.hasTabbed) this.leaveTab(now);
    else this.forgetEnd();
  }

  /** A Tab behind a scan moves on; the Enter of a scanner that sends both follows faster than that of a hand. */
  leaveTab(now) {
    this.hasTabbed = true;
    this.endedAt = now - SECOND_END_MS + KEY_MS_MAX;
  }

  /** Whatever key came after a scan: the next Enter is somebody's own. */
  forgetEnd() {
    this.forget();
    this.endedAt = -SECOND_END_MS;
  }

  /** A scan that has begun is answered, whole or not. */
  breakOff() {
    if (this.isScan) this.end();
    else this.forget();
  }

  get isFast() {
    return this.last - this.first <= this.count * KEY_MS_MAX;
  }

  get text() {
    return spelled(this.physical) || spelled(this.written);
  }

  fallSilent() {
    if (!this.isScan) return;
    if (this.text !== "" && this.isWhole(this.text)) this.end();
    else this.timer = setTimeout(() => this.end(), PAUSE_MS - SILENCE_MS);
  }

  end() {
    const box = document.activeElement === this.box ? this.box.value : "";
    const [text, isHidden] = [this.text, this.isHidden];
    const isRestored = /[^\x20-\x7e]/.test(box);
    // What no key spells stands in the box, if an input method has put it there.
    const whole = text || box || this.written;
    this.forget();
    this.endedAt = performance.now();
    this.hasTabbed = false;
    this.onScan(whole, { isRestored: isRestored && text !== "", isGarbled: isRestored && text === "" && isHidden });
  }
}
