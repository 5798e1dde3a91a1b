// The pack at hand: opened from what this browser kept, renewed from the server whenever there is one, never going back.

import { CLOCK_SKEW_SECONDS, PACK_PLACES } from "./tables.js";
import { evidenceOf, noEvidence, openPack } from "./pack.js";
import { keep, kept, set, setting } from "./store.js";

const KEPT = "pack";
const FETCH_MS = 8000;
const CLOCK = "clock";
// The page looks at its clock every half minute. In a longer gap the device may have slept, or somebody may have set it.
const UNWATCHED_MS = 150000;
const BACK_MS = 60000;

/** The data behind the checks: `pack` (null until there is one), whether the server answers, how far our clock is off. */
export class Data {
  pack = null;
  isOnline = false;
  trouble = "";
  // {offset, seen}: how many seconds the server is before us, and when our clock was looked at last; null if unknown.
  clock = JSON.parse(setting(CLOCK, "sessionStorage") || "null");

  constructor(root, listener) {
    this.root = root;
    this.listener = listener;
  }

  /** Open what was kept at the last visit; a pack that does not hold is left alone until a newer one comes. */
  async restore() {
    const old = await kept(KEPT);
    if (old === undefined) return;
    this.pinned = old.pinned;
    try {
      this.pack = await openPack(old.whole, { ...old.pinned });
    } catch (error) {
      this.trouble = error.code ?? error.name;
    }
    this.listener();
  }

  /** Ask the server for what is new. */
  async refresh() {
    try {
      const held = this.pack;
      const part = held === null ? null : await this.fetched(`/pack/since-${held.sequence % PACK_PLACES}`);
      if (part === null || !(await this.took(part, held))) await this.took(await this.fetched("/pack/counter"), null);
    } catch {
      this.isOnline = false;
    }
    this.listener();
  }

  evidence(at) {
    return this.pack === null ? noEvidence() : evidenceOf(this.pack, at, this.clockOffset);
  }

  /** How many seconds our clock is behind the server's, as last compared; null when it may have been set since. */
  get clockOffset() {
    if (this.clock === null) return null;
    const passed = Date.now() - this.clock.seen;
    this.compared(passed < -BACK_MS || passed > UNWATCHED_MS ? null : this.clock.offset);
    return this.clock?.offset ?? null;
  }

  /** How many minutes our clock is wrong, before (+) or behind (-); 0 when it is right, or nobody knows. */
  get clockWrong() {
    const offset = this.clockOffset ?? 0;
    return Math.abs(offset) > CLOCK_SKEW_SECONDS ? -Math.round(offset / 60) : 0;
  }

  /** The moment that it is by the server's clock, as far as ours was compared with it. */
  get now() {
    return Date.now() + 1000 * (this.clockOffset ?? 0);
  }

  compared(offset) {
    this.clock = offset === null ? null : { offset, seen: Date.now() };
    set(CLOCK, JSON.stringify(this.clock), "sessionStorage");
  }

  /** Return the bytes at an address, null where there are none; notes whether the server answers, and its clock. */
  async fetched(address) {
    const asked = Date.now();
    const answer = await fetch(address, { signal: AbortSignal.timeout(FETCH_MS), cache: "no-cache" });
    this.isOnline = true;
    this.note(answer, asked);
    return answer.ok ? new Uint8Array(await answer.arrayBuffer()) : null;
  }

  /** Compare our clock with the one of an answer that came straight from the server. */
  note(answer, asked) {
    const said = Date.parse(answer.headers.get("date") ?? "");
    if (!Number.isNaN(said) && !answer.headers.has("age")) {
      this.compared(Math.round((said - (asked + Date.now()) / 2) / 1000));
    }
  }

  async took(bytes, held) {
    if (bytes === null) return false;
    const pinned = this.pinned ?? { root: this.root, sequence: 0, trustSequence: 0 };
    try {
      const pack = await openPack(bytes, pinned, held ?? this.pack);
      this.pinned = { root: pack.root, sequence: pack.sequence, trustSequence: pack.trust.sequence };
      this.pack = pack;
      this.trouble = "";
      const whole = wholeOf(pack);
      await keep(KEPT, { pinned: this.pinned, whole });
      return true;
    } catch (error) {
      this.trouble = error.code ?? error.name;
      return false;
    }
  }
}

/** Write a pack out again, with all of its parts. */
function wholeOf(pack) {
  const names = [...pack.parts.keys()].sort();
  const chunks = [[0x82], head(0x40, pack.signed.length), pack.signed, head(0x80, names.length)];
  for (const name of names) chunks.push(head(0x40, pack.parts.get(name).length), pack.parts.get(name));
  const whole = new Uint8Array(chunks.reduce((sum, each) => sum + each.length, 0));
  let at = 0;
  for (const each of chunks) {
    whole.set(each, at);
    at += each.length;
  }
  return whole;
}

function head(major, size) {
  if (size < 24) return [major | size];
  if (size < 1 << 8) return [major | 24, size];
  if (size < 1 << 16) return [major | 25, size >> 8, size & 255];
  return [major | 26, (size >>> 24) & 255, (size >>> 16) & 255, (size >>> 8) & 255, size & 255];
}
