// The text of a licence's QR code, read as verify/qr_text.py and verify/token_claims.py read it: strictly, and with the
// same codes for what is wrong. The signature is not checked here.

import {
  CODE_LENGTH_MAX, DAY_MAX, HOST_LENGTH_MAX, INSTANT_MAX, ISSUER_LENGTH_MAX, LIVE_HOLDER_LENGTH_MAX,
  LIVE_NUMBER_LENGTH_MAX, LIVE_SECONDS_MAX, NAME_LENGTH_MAX, ONE_TIME_BYTES, STATUS_INDEX_MAX, STATUS_LIST_NUMBER_MAX,
  TEXT_LENGTH_MAX, TOKEN_BYTES_MAX,
} from "./tables.js";
import { Malformed, decode, hasKeys, isBytes } from "./cbor.js";
import { decodeSign1, readHeader } from "./signatures.js";
import { CROCKFORD } from "./typed.js";

const FORM = new RegExp(
  "^https://([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[1-9][0-9]{0,4})?)/(v|p)/([0-9a-z]{16})#([12])([0-9]+)$", "i",
);
const BLOCK_DIGITS = 17;
const BLOCK_BYTES = 7;
// How many bytes a last block of so many digits stands for.
const SHORT = new Map([[0, 0], [3, 1], [5, 2], [8, 3], [10, 4], [13, 5], [15, 6]]);
const OUTER = [1, 4, 5, 6, 7, 65535, -70001];
const INNER = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
// Keys of the presentation code, which would mix up two formats here.
const FOREIGN = [20, 21];
// What a COSE_Sign1 that is not ours is called, when it came in the digits of a code.
const CODES = new Map([
  ["algorithm.unsupported", "token.algorithm"], ["cose.header", "token.header"], ["cose.malformed", "token.cbor"],
  ["cbor.malformed", "token.cbor"],
]);

function refuse(code, message) {
  throw new Malformed(code, message);
}

function demand(isGood, message) {
  if (!isGood) refuse("token.claims", message);
}

/** Read the text of a code; raises `Malformed` with the codes of verify/qr_text.py. */
export function decodeToken(text) {
  const cut = cutText(text, "v", "1");
  return { ...cut, claims: readClaims(openClaims(cut.payload, cut.licenceId)) };
}

/** Say whether a text is that of a live code, or would be one if it were whole (verify/live_code_check.py). */
export function isLive(text) {
  return /^https:\/\/[^/]{1,260}\/p\//i.test(text);
}

/** Read the text of a live code (verify/presentation_code.py). */
export function decodeLive(text) {
  const cut = cutText(text, "p", "2");
  const claims = openClaims(cut.payload, cut.licenceId);
  const inner = claims.get(-70001);
  demand(hasKeys(claims, [4, 6, 7, -70001]) && inner instanceof Map && hasKeys(inner, [2, 3, 20, 21]), "other claims");
  demand(isBytes(inner.get(21)) && inner.get(21).length === ONE_TIME_BYTES, "not a one-time value");
  demand(isBytes(inner.get(20)) && inner.get(20).length === 10, "an id is ten bytes");
  const [issuedAt, expiresAt] = [instantOf(claims.get(6)), instantOf(claims.get(4))];
  demand(issuedAt < expiresAt && expiresAt - issuedAt <= LIVE_SECONDS_MAX, "a live code lives a minute");
  const [number, holder] = [textOf(inner.get(2), LIVE_NUMBER_LENGTH_MAX), textOf(inner.get(3), LIVE_HOLDER_LENGTH_MAX)];
  return { ...cut, claims: { licenceId: idOf(inner.get(20)), number, holder, issuedAt, expiresAt } };
}

function cutText(text, wantedPath, wantedVersion) {
  const match = text.length <= TEXT_LENGTH_MAX ? FORM.exec(text) : null;
  if (match === null) refuse("token.form", "not the text of a code");
  const [, host, path, idText, version, digits] = match;
  if (path.toLowerCase() !== wantedPath || version !== wantedVersion || host.length > HOST_LENGTH_MAX) {
    refuse("token.form", "the text of another kind of code");
  }
  const cut = openSign1(decodeDigits(digits));
  if (cut.signature.length !== 64) refuse("token.form", "a signature has 64 bytes");
  return { ...cut, host: host.toLowerCase(), licenceId: idText.toUpperCase() };
}

function decodeDigits(text) {
  const short = text.length % BLOCK_DIGITS;
  if (!SHORT.has(short)) refuse("token.form", "no number of bytes has that many digits");
  const bytes = [];
  for (let at = 0; at < text.length; at += BLOCK_DIGITS) {
    const block = text.slice(at, at + BLOCK_DIGITS);
    const size = block.length === BLOCK_DIGITS ? BLOCK_BYTES : SHORT.get(block.length);
    const number = BigInt(block);
    if (number >> BigInt(8 * size)) refuse("token.form", "a block of digits is too large");
    for (let place = size - 1; place >= 0; place -= 1) bytes.push(Number((number >> BigInt(8 * place)) & 255n));
  }
  return new Uint8Array(bytes);
}

function openSign1(data) {
  try {
    const sign1 = decodeSign1(data, false, TOKEN_BYTES_MAX);
    return { ...readHeader(sign1), payload: sign1.payload, toBeSigned: sign1.toBeSigned, signature: sign1.signature };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return refuse(CODES.get(error.code), error.message);
  }
}

function openClaims(payload, idText) {
  let claims;
  try {
    claims = decode(payload, TOKEN_BYTES_MAX);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    refuse("token.cbor", error.message);
  }
  demand(claims instanceof Map, "claims are a map");
  const id = claims.get(7);
  demand(isBytes(id) && id.length === 10, "an id is ten bytes");
  if (idOf(id) !== idText) refuse("token.id_mismatch", "the id in the address is another");
  return claims;
}

/** Write ten bytes as the 16 characters of an id. */
function idOf(bytes) {
  let number = bytes.reduce((sum, each) => (sum << 8n) | BigInt(each), 0n);
  let text = "";
  for (let place = 0; place < 16; place += 1) {
    text = CROCKFORD[Number(number & 31n)] + text;
    number >>= 5n;
  }
  return text;
}

function readClaims(outer) {
  const inner = outer.get(-70001);
  demand(inner instanceof Map, "the private claims are missing");
  const claims = {
    issuer: textOf(outer.get(1), ISSUER_LENGTH_MAX),
    issuedAt: instantOf(outer.get(6)),
    notBefore: outer.has(5) ? instantOf(outer.get(5)) : null,
    expiresAt: outer.has(4) ? instantOf(outer.get(4)) : null,
    typeCode: textOf(inner.get(1), CODE_LENGTH_MAX),
    number: textOf(inner.get(2), CODE_LENGTH_MAX),
    holder: textOf(inner.get(3), NAME_LENGTH_MAX),
    holderUscc: inner.has(4) ? textOf(inner.get(4), 18) : "",
    validFrom: dayOf(inner.get(5)),
    validUntil: inner.has(6) ? dayOf(inner.get(6)) : null,
    office: inner.has(7) ? textOf(inner.get(7), NAME_LENGTH_MAX) : "",
    status: readStatus(outer, inner),
    notUnderstood: [...unknown(outer, OUTER), ...unknown(inner, INNER)],
  };
  demand(isBytes(inner.get(8)) && inner.get(8).length === 16, "the digest of the data set has 16 bytes here");
  demand(!inner.has(10) || isExtra(inner.get(10)), "extra fields are a map of texts");
  demand(claims.validUntil === null || claims.validUntil >= claims.validFrom, "the last day is before the first one");
  demand(claims.notBefore === null || claims.notBefore > claims.issuedAt, "not-before only if later than the issue");
  return claims;
}

function readStatus(outer, inner) {
  demand(outer.has(65535) !== inner.has(9), "exactly one status must stand in the claims");
  if (inner.has(9)) {
    const short = inner.get(9);
    demand(Array.isArray(short) && short.length === 2, "not a short status");
    demand(isCount(short[0], STATUS_LIST_NUMBER_MAX) && isCount(short[1], STATUS_INDEX_MAX), "no such place");
    return { listNumber: short[0], index: short[1] };
  }
  const whole = outer.get(65535);
  const place = whole instanceof Map && hasKeys(whole, ["status_list"]) ? whole.get("status_list") : null;
  demand(place instanceof Map && hasKeys(place, ["idx", "uri"]), "not a status claim");
  demand(isCount(place.get("idx"), STATUS_INDEX_MAX), "no such place");
  return { uri: textOf(place.get("uri"), NAME_LENGTH_MAX), index: place.get("idx") };
}

function unknown(map, known) {
  const keys = [...map.keys()].filter((key) => !known.includes(key));
  demand(
    keys.every((key) => typeof key !== "string" && key >= 0 && !FOREIGN.includes(key)),
    "a claim that must not be ignored is not known",
  );
  return keys.sort((first, second) => (first < second ? -1 : 1)).map(String);
}

function isExtra(value) {
  return value instanceof Map && value.size > 0 && [...value].flat().every((each) => typeof each === "string");
}

function isCount(value, max) {
  return typeof value === "number" && value >= 0 && value <= max;
}

function textOf(value, lengthMax) {
  demand(typeof value === "string" && value !== "" && [...value].length <= lengthMax, "not a text, or too long");
  return value;
}

function instantOf(value) {
  demand(isCount(value, INSTANT_MAX), "not a time");
  return value;
}

function dayOf(value) {
  demand(isCount(value, DAY_MAX), "not a day number");
  return value;
}
