// Deterministic CBOR (RFC 8949, 4.2.1), as verify/cbor.py reads it: one value, one spelling; everything else is refused.
//
// Integers beyond 2^53 become BigInt, maps become Map, byte strings are views of the input. A test compares both readers.

import { CBOR_DEPTH_MAX } from "./tables.js";

export class Malformed extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
// The smallest value that needs a head of 1, 2, 4 or 8 further bytes.
const SMALLEST = [24n, 1n << 8n, 1n << 16n, 1n << 32n];
const SIMPLE = new Map([[0xf4, false], [0xf5, true], [0xf6, null]]);

function refuse(message) {
  throw new Malformed("cbor.malformed", message);
}

/** Decode exactly one item; `tag`, when named, must stand before it. */
export function decode(data, bytesMax, tag = null) {
  if (data.length > bytesMax) refuse("too many bytes");
  let at = 0;

  function argument() {
    if (at >= data.length) refuse("the bytes end too early");
    const short = data[at] & 31;
    at += 1;
    if (short < 24) return short;
    if (short > 27) refuse("an indefinite length or a reserved head");
    const size = 1 << (short - 24);
    if (at + size > data.length) refuse("the bytes end too early");
    let value = 0n;
    for (const end = at + size; at < end; at += 1) value = (value << 8n) | BigInt(data[at]);
    if (value < SMALLEST[short - 24]) refuse("a head that is longer than needed");
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
  }

  function cut() {
    const size = argument();
    if (typeof size === "bigint" || at + size > data.length) refuse("the bytes end too early");
    at += size;
    return data.subarray(at - size, at);
  }

  function text() {
    const part = cut();
    try {
      return utf8.decode(part);
    } catch {
      return refuse("a text is not UTF-8");
    }
  }

  function array(depth) {
    if (depth === 0) refuse("nested too deeply");
    const count = argument();
    const items = [];
    for (let place = 0; place < count; place += 1) items.push(item(depth - 1));
    return items;
  }

  function map(depth) {
    if (depth === 0) refuse("nested too deeply");
    const count = argument();
    const pairs = new Map();
    let before = new Uint8Array(0);
    for (let place = 0; place < count; place += 1) {
      if (at >= data.length) refuse("the bytes end too early");
      const start = at;
      if (![0, 1, 3].includes(data[at] >> 5)) refuse("a key of a map is an integer or a text");
      const key = item(depth - 1);
      const encoded = data.subarray(start, at);
      if (compare(encoded, before) <= 0) refuse("the keys of a map are doubled or not in order");
      before = encoded;
      pairs.set(key, item(depth - 1));
    }
    return pairs;
  }

  function negative() {
    const value = argument();
    if (typeof value === "bigint" || value >= Number.MAX_SAFE_INTEGER) return -1n - BigInt(value);
    return -1 - value;
  }

  function item(depth) {
    if (at >= data.length) refuse("the bytes end too early");
    switch (data[at] >> 5) {
      case 0: return argument();
      case 1: return negative();
      case 2: return cut();
      case 3: return text();
      case 4: return array(depth);
      case 5: return map(depth);
      default:
        if (!SIMPLE.has(data[at])) refuse("a tag, a float or a simple value that our formats do not have");
        return SIMPLE.get(data[at++]);
    }
  }

  if (tag !== null) {
    if (data.length === 0 || data[0] >> 5 !== 6) refuse("a tag was expected");
    if (argument() !== tag) refuse("another tag was expected");
  }
  const value = item(CBOR_DEPTH_MAX);
  if (at !== data.length) refuse("bytes left over");
  return value;
}

/** Return what stands before so many bytes of a byte string, in its shortest form. */
function bytesHead(size) {
  if (size < 24) return [0x40 | size];
  if (size < 1 << 8) return [0x58, size];
  if (size < 1 << 16) return [0x59, size >> 8, size & 255];
  return [0x5a, (size >>> 24) & 255, (size >>> 16) & 255, (size >>> 8) & 255, size & 255];
}

/** Put byte strings and lists of numbers together. */
export function join(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Encode a byte string. */
export function encodeBytes(data) {
  return join(bytesHead(data.length), data);
}

/** Compare two byte strings; what is shorter and otherwise the same comes first. */
export function compare(first, second) {
  const length = Math.min(first.length, second.length);
  for (let place = 0; place < length; place += 1) {
    if (first[place] !== second[place]) return first[place] - second[place];
  }
  return first.length - second.length;
}

/** Say whether a value is a byte string. */
export function isBytes(value) {
  return value instanceof Uint8Array;
}

/** Say whether a map has exactly these keys. */
export function hasKeys(map, keys) {
  return map.size === keys.length && keys.every((key) => map.has(key));
}
