// Open a counter pack (verify/pack.py) with its trust list (verify/trust.py) and status lists (verify/status.py): nothing
// is handed out before root, trust list, manifest, digests and lists agree; nothing goes back.

import {
  CATALOGUE_BYTES_MAX, INSTANT_MAX_LISTS, KEY_ALGORITHMS, MANIFEST_BYTES_MAX, OFFLINE_HOURS_MAX, PACKED_BYTES_MAX,
  PACK_BYTES_MAX, PACK_TYPE, STATUS_LIST_BYTES_MAX, STATUS_TYPE, STATUS_USE, TRUST_DAYS_MAX, TRUST_LIST_BYTES_MAX, USES,
} from "./tables.js";
import { Malformed, compare, decode, hasKeys, isBytes } from "./cbor.js";
import { decodeSign1, hex, isSigned, kidOf, readHeader, sha256 } from "./signatures.js";

const DAY = 86400;
const HOST = /^https?:\/\/([^/?#@]+)\/.*$/i;

function refuse(code, message) {
  throw new Malformed(code, message);
}

function demand(isGood, code, message) {
  if (!isGood) refuse(code, message);
}

/** What a page without any pack relies on: nothing. */
export function noEvidence() {
  return { trust: null, lists: new Map(), types: new Map(), clockOffset: null };
}

/** Return what a check may rely on at that moment (milliseconds); a trust list that is over is left out. */
export function evidenceOf(pack, at, clockOffset = null) {
  const isOver = at >= pack.trust.expiresAt * 1000;
  return { trust: isOver ? null : pack.trust, lists: pack.lists, types: pack.types, clockOffset };
}

/**
 * Check and read a pack, whole or what is new since `held`; `pinned` holds root (bytes), sequence and trustSequence.
 * The steps and codes are those of `open_pack`.
 */
export async function openPack(data, pinned, held = null) {
  const value = asForm("pack.malformed", () => decode(data, PACK_BYTES_MAX));
  const isPack = Array.isArray(value) && value.length === 2 && isBytes(value[0]) && Array.isArray(value[1]);
  demand(isPack && value[1].every(isBytes), "pack.malformed", "not a manifest and its parts");
  const sign1 = asForm("pack.malformed", () => decodeSign1(value[0], true, MANIFEST_BYTES_MAX));
  const header = asForm("pack.malformed", () => readHeader(sign1, PACK_TYPE));
  const manifest = readManifest(asForm("pack.malformed", () => decode(sign1.payload, MANIFEST_BYTES_MAX)));
  const parts = await partsOf(manifest, value[1], held);
  const root = await followRoots(pinned.root, manifest.rootChanges.map((pair) => pair.map((each) => parts.get(each))));
  const trust = await openTrustList(parts.get(manifest.trust), root, pinned.trustSequence);
  await demandSigner(sign1, header, manifest, trust);
  demand(manifest.sequence >= pinned.sequence, "pack.older", "a pack with a lower number than the one that was there");
  const lists = new Map();
  for (const [uri, name] of manifest.lists) lists.set(uri, await openStatusList(parts.get(name), uri, trust));
  for (const [uri, before] of held === null ? [] : held.lists) {
    const isBack = lists.has(uri) && lists.get(uri).issuedAt < before.issuedAt;
    demand(!isBack, "pack.older", "a status list went back");
  }
  const types = readTypes(parts.get(manifest.catalogue));
  const named = new Map([...manifest.digests].map((each) => [each, parts.get(each)]));
  const { sequence, issuedAt, expiresAt, ttl } = manifest;
  return { sequence, issuedAt, expiresAt, ttl, signed: value[0], parts: named, root, trust, lists, types };
}

function readManifest(claims) {
  const wrong = "not the claims of a pack";
  const isClaims = claims instanceof Map && hasKeys(claims, [1, 4, 6, 65534, -70030]);
  demand(isClaims && claims.get(1) === "yinzheng-pack", "pack.malformed", wrong);
  const content = claims.get(-70030);
  demand(content instanceof Map, "pack.malformed", wrong);
  demand(hasKeys(content, content.has(5) ? [1, 2, 3, 4, 5] : [1, 2, 3, 4]), "pack.malformed", wrong);
  const [sequence, trust, lists, catalogue] = [1, 2, 3, 4].map((key) => content.get(key));
  const isMap = lists instanceof Map && [...lists.keys()].every((each) => typeof each === "string");
  demand(isMap, "pack.malformed", wrong);
  const rootChanges = content.has(5) ? content.get(5) : [];
  const arePairs = Array.isArray(rootChanges) && rootChanges.every((each) => Array.isArray(each) && each.length === 2);
  demand(arePairs && (!content.has(5) || rootChanges.length > 0), "pack.malformed", wrong);
  const named = [trust, catalogue, ...lists.values(), ...rootChanges.flat()];
  demand(named.every((each) => isBytes(each) && each.length === 32), "pack.malformed", "a part is named by its SHA-256");
  const [expiresAt, issuedAt, ttl] = [4, 6, 65534].map((key) => claims.get(key));
  demand([expiresAt, issuedAt].every(isInstant) && issuedAt < expiresAt, "pack.malformed", "a pack has a period");
  demand([sequence, ttl].every((each) => typeof each === "number" && each >= 0), "pack.malformed", "not a number");
  return {
    sequence, issuedAt, expiresAt, ttl, trust: hex(trust), catalogue: hex(catalogue), digests: new Set(named.map(hex)),
    lists: new Map([...lists].map(([uri, each]) => [uri, hex(each)])),
    rootChanges: rootChanges.map((pair) => pair.map(hex)),
  };
}

async function partsOf(manifest, brought, held) {
  const parts = new Map(held === null ? [] : held.parts);
  let before = "";
  for (const part of brought) {
    const name = hex(await sha256(part));
    demand(name > before, "pack.parts", "parts stand once, in the order of their digests");
    demand(manifest.digests.has(name), "pack.parts", "a part that the pack does not name");
    parts.set(name, part);
    before = name;
  }
  demand([...manifest.digests].every((each) => parts.has(each)), "pack.parts", "a part is missing");
  const isSmall = parts.get(manifest.trust).length <= TRUST_LIST_BYTES_MAX;
  demand(isSmall && parts.get(manifest.catalogue).length <= CATALOGUE_BYTES_MAX, "pack.parts", "a part is too large");
  return parts;
}

/** Return the root that is to be believed after these changes (verify/trust_roots.py). */
async function followRoots(pinned, changes) {
  let root = pinned;
  for (const [byOld, byNew] of changes) {
    const [old, now] = [byOld, byNew].map((each) => asForm("trust_list.malformed", () => openedList(each)));
    if (old.kid !== hex(await kidOf(root))) continue;
    const trust = await openTrustList(byOld, root, 0);
    demand(trust.nextRoot !== null, "trust_list.malformed", "the list names no new root");
    await openTrustList(byNew, trust.nextRoot, 0);
    demand(compare(old.payload, now.payload) === 0, "trust_list.signature", "the new root signed another list");
    root = trust.nextRoot;
  }
  return root;
}

function openedList(data) {
  const sign1 = decodeSign1(data, true, TRUST_LIST_BYTES_MAX);
  return { ...sign1, ...readHeader(sign1) };
}

async function openTrustList(data, root, sequenceMin) {
  const list = asForm("trust_list.malformed", () => openedList(data));
  const isRoot = list.algorithm === "ES256" && list.kid === hex(await kidOf(root));
  demand(isRoot, "trust_list.signature", "signed by another key than the pinned root");
  const isGood = await isSigned("ES256", root, list.toBeSigned, list.signature);
  demand(isGood, "trust_list.signature", "the root's signature does not fit");
  const trust = await readTrust(asForm("trust_list.malformed", () => decode(list.payload, TRUST_LIST_BYTES_MAX)));
  demand(trust.sequence >= sequenceMin, "trust_list.older", "older than the list that was there");
  return trust;
}

async function readTrust(claims) {
  const wrong = (isGood) => demand(isGood, "trust_list.malformed", "not the claims of a trust list");
  wrong(claims instanceof Map && hasKeys(claims, [1, 4, 6, -70010]) && claims.get(1) === "yinzheng-trust");
  const [expiresAt, issuedAt, content] = [4, 6, -70010].map((key) => claims.get(key));
  wrong([expiresAt, issuedAt].every(isInstant) && issuedAt < expiresAt && expiresAt - issuedAt <= TRUST_DAYS_MAX * DAY);
  wrong(content instanceof Map && [...content.keys()].every((key) => [1, 2, 3, 4, 5].includes(key)));
  const [sequence, issuers] = [content.get(1), content.get(2)];
  wrong(typeof sequence === "number" && sequence >= 0 && Array.isArray(issuers));
  wrong(!content.has(5) || isBytes(content.get(5)));
  const keys = [];
  const ids = new Set();
  for (const value of issuers) {
    const issuer = readIssuer(value, wrong);
    wrong(!ids.has(issuer.id));
    ids.add(issuer.id);
    for (const each of issuer.keys) keys.push({ issuer, key: await readKey(each, wrong) });
  }
  return { sequence, issuedAt, expiresAt, keys, nextRoot: content.get(5) ?? null };
}

function readIssuer(value, wrong) {
  wrong(value instanceof Map && hasKeys(value, [1, 2, 3, 4, 5]));
  const [id, name, keys, prefix, types] = [1, 2, 3, 4, 5].map((key) => value.get(key));
  wrong([id, name].every((each) => typeof each === "string" && each !== "") && typeof prefix === "string");
  wrong(Array.isArray(keys) && Array.isArray(types) && types.every((each) => typeof each === "string"));
  return { id, name, keys, prefix, types, host: HOST.exec(prefix)?.[1].toLowerCase() ?? "" };
}

async function readKey(value, wrong) {
  wrong(value instanceof Map && hasKeys(value, value.has(7) ? [1, 2, 3, 4, 5, 6, 7] : [1, 2, 3, 4, 5, 6]));
  const [kid, number, spki, use, notBefore, notAfter, cutOff] = [1, 2, 3, 4, 5, 6, 7].map((key) => value.get(key));
  const algorithm = KEY_ALGORITHMS[String(number)];
  wrong(algorithm !== undefined && isBytes(kid) && isBytes(spki) && USES.includes(use));
  wrong([notBefore, notAfter].every(isInstant) && notBefore < notAfter);
  wrong(hex(kid) === hex(await kidOf(spki)));
  const isPlace = Array.isArray(cutOff) && cutOff.length === 2 && typeof cutOff[0] === "string" && cutOff[0] !== "";
  wrong(cutOff === undefined || (isPlace && typeof cutOff[1] === "number" && cutOff[1] >= 0));
  return { kid: hex(kid), algorithm, spki, use, notBefore, notAfter, cutOff: cutOff === undefined ? null : cutOff[1] };
}

async function demandSigner(sign1, { algorithm, kid }, manifest, trust) {
  const isGood = await isSignedByOne(sign1, algorithm, keysOfUse(trust, kid, algorithm), manifest.issuedAt);
  demand(isGood, "pack.signature", "no key of status lists in the trust list made the signature");
}

function keysOfUse(trust, kid, algorithm, uri = null) {
  return trust.keys
    .filter(({ key }) => key.kid === kid && key.use === STATUS_USE && key.algorithm === algorithm)
    .filter(({ issuer }) => uri === null || (issuer.prefix !== "" && uri.startsWith(issuer.prefix)))
    .map(({ key }) => key);
}

async function isSignedByOne(sign1, algorithm, keys, issuedAt) {
  for (const key of keys) {
    if (issuedAt < key.notBefore || issuedAt >= key.notAfter) continue;
    if (await isSigned(algorithm, key.spki, sign1.toBeSigned, sign1.signature)) return true;
  }
  return false;
}

async function openStatusList(data, uri, trust) {
  const sign1 = asForm("status_list.malformed", () => decodeSign1(data, true, STATUS_LIST_BYTES_MAX));
  const { algorithm, kid } = asForm("status_list.malformed", () => readHeader(sign1, STATUS_TYPE));
  const claims = asForm("status_list.malformed", () => decode(sign1.payload, STATUS_LIST_BYTES_MAX));
  const wrong = (isGood) => demand(isGood, "status_list.malformed", "not the claims of a status list");
  wrong(claims instanceof Map && hasKeys(claims, [2, 4, 6, 65533, 65534]));
  const [address, expiresAt, issuedAt, list, ttl] = [2, 4, 6, 65533, 65534].map((key) => claims.get(key));
  wrong(typeof address === "string" && [expiresAt, issuedAt].every(isInstant) && issuedAt < expiresAt);
  wrong(typeof ttl === "number" && ttl >= 0);
  wrong(list instanceof Map && hasKeys(list, ["bits", "lst"]) && list.get("bits") === 2 && isBytes(list.get("lst")));
  const isGood = await isSignedByOne(sign1, algorithm, keysOfUse(trust, kid, algorithm, uri), issuedAt);
  demand(isGood, "status_list.signature", "no trusted key of this use made the signature");
  demand(address === uri, "status_list.other_address", "the list of another address");
  const packed = await inflate(list.get("lst"));
  wrong(packed !== null && packed.length > 0);
  return { uri, issuedAt, expiresAt, packed };
}

/** Inflate at most the largest list; null for more, for a cut-off stream and for bytes behind it. */
async function inflate(data) {
  const reader = new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  const chunks = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
      if (size > PACKED_BYTES_MAX) return null;
      chunks.push(value);
    }
  } catch {
    return null;
  }
  const packed = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    packed.set(chunk, at);
    at += chunk.length;
  }
  return packed;
}

function readTypes(content) {
  const value = asForm("pack.malformed", () => decode(content, CATALOGUE_BYTES_MAX));
  demand(value instanceof Map, "pack.malformed", "the catalogue goes by type codes");
  const types = new Map();
  for (const [code, entry] of value) {
    const isType = typeof code === "string" && Array.isArray(entry) && entry.length === 3;
    demand(isType && typeof entry[0] === "string" && typeof entry[1] === "string", "pack.malformed", "not a type");
    const [name, nameEn, offlineHours] = entry;
    const isHours = typeof offlineHours === "number" && offlineHours > 0 && offlineHours <= OFFLINE_HOURS_MAX;
    demand(isHours, "pack.malformed", "a type has a number of hours");
    types.set(code, { name, nameEn, offlineHours });
  }
  return types;
}

function asForm(code, read) {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return refuse(code, error.message);
  }
}

function isInstant(value) {
  return typeof value === "number" && value >= 0 && value <= INSTANT_MAX_LISTS;
}
