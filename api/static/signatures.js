// COSE_Sign1 in the one form that we write (verify/cose.py), and its signatures: ES256 and Ed25519 by the browser, SM2 by
// a verifier that is loaded when the first SM2 signature comes. Nothing here keeps or makes a private key.

import { ALGORITHMS, HEADER_BYTES_MAX, SM2_SIGNER } from "./tables.js";
import { Malformed, decode, encodeBytes, hasKeys, isBytes, join } from "./cbor.js";

const SIGN1_TAG = 18;
const KID_BYTES = 8;
const SIGNATURE_BYTES = 64;
// Head of an array of four, and the text "Signature1" behind it.
const SIG_STRUCTURE_START = new Uint8Array([0x84, 0x6a, ...new TextEncoder().encode("Signature1")]);
const SM2_SPKI_START = "3059301306072a8648ce3d020106082a811ccf5501822d03420004";
const SM2_ORDER = BigInt("0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123");

let sm2Address = null;
let sm2 = null;
const keys = new Map();

export class Unsupported extends Error {}

/** Say where the SM2 verifier lies; without it SM2 signatures cannot be checked here. */
export function useSm2(address) {
  sm2Address = address;
}

export function hex(bytes) {
  return Array.from(bytes, (each) => each.toString(16).padStart(2, "0")).join("");
}

export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** Return the 8 bytes by which headers name a key. */
export async function kidOf(spki) {
  return (await sha256(spki)).subarray(0, KID_BYTES);
}

/** Take a COSE_Sign1 apart; its signature is not checked here. */
export function decodeSign1(data, tagged, bytesMax) {
  const parts = decode(data, bytesMax, tagged ? SIGN1_TAG : null);
  if (!Array.isArray(parts) || parts.length !== 4) throw new Malformed("cose.malformed", "not an array of four");
  const [protectedBytes, unprotected, payload, signature] = parts;
  if (!(unprotected instanceof Map) || unprotected.size) {
    throw new Malformed("cose.header", "the unprotected header must be an empty map");
  }
  if (![protectedBytes, payload, signature].every(isBytes)) {
    throw new Malformed("cose.malformed", "header, payload and signature are byte strings");
  }
  const header = protectedBytes.length ? decode(protectedBytes, HEADER_BYTES_MAX) : null;
  if (!(header instanceof Map)) throw new Malformed("cose.header", "the protected header must be a map");
  const toBeSigned = join(SIG_STRUCTURE_START, encodeBytes(protectedBytes), [0x40], encodeBytes(payload));
  return { header, payload, signature, toBeSigned };
}

/** Return algorithm and key id of a header that has these, the named type, and nothing else. */
export function readHeader(sign1, contentType = null) {
  const { header } = sign1;
  const kid = header.get(4);
  if (!hasKeys(header, contentType === null ? [1, 4] : [1, 4, 16]) || !isBytes(kid) || kid.length !== KID_BYTES) {
    throw new Malformed("cose.header", "not the labels of our header, or not a key id of 8 bytes");
  }
  if (contentType !== null && header.get(16) !== contentType) {
    throw new Malformed("cose.header", "the type of another format");
  }
  const algorithm = ALGORITHMS[String(header.get(1))];
  if (typeof header.get(1) !== "number" || algorithm === undefined) {
    throw new Malformed("algorithm.unsupported", "an algorithm that this version does not check");
  }
  return { algorithm, kid: hex(kid) };
}

/** Say whether a signature fits; raises `Unsupported` where this browser cannot tell. */
export async function isSigned(algorithm, spki, message, signature) {
  if (signature.length !== SIGNATURE_BYTES) return false;
  if (algorithm === "SM2") return isSignedSm2(spki, message, signature);
  const key = await loaded(algorithm, spki);
  const how = algorithm === "ES256" ? { name: "ECDSA", hash: "SHA-256" } : { name: "Ed25519" };
  return crypto.subtle.verify(how, key, signature, message);
}

async function loaded(algorithm, spki) {
  const name = `${algorithm} ${hex(spki)}`;
  if (!keys.has(name)) {
    const how = algorithm === "ES256" ? { name: "ECDSA", namedCurve: "P-256" } : { name: "Ed25519" };
    try {
      keys.set(name, await crypto.subtle.importKey("spki", spki, how, false, ["verify"]));
    } catch (error) {
      throw new Unsupported(`${algorithm}: ${error.name}`);
    }
  }
  return keys.get(name);
}

async function isSignedSm2(spki, message, signature) {
  const text = hex(spki);
  if (!text.startsWith(SM2_SPKI_START) || spki.length !== 91) throw new Unsupported("SM2: not a key of this curve");
  const pair = hex(signature);
  const [r, s] = [BigInt(`0x${pair.slice(0, 64)}`), BigInt(`0x${pair.slice(64)}`)];
  if ([r, s].some((each) => each < 1n || each >= SM2_ORDER) || (r + s) % SM2_ORDER === 0n) return false;
  const verifier = await loadSm2();
  const publicKey = text.slice(-130);
  return verifier.doVerifySignature(Array.from(message), pair, publicKey, { hash: true, publicKey, userId: SM2_SIGNER });
}

async function loadSm2() {
  if (sm2 === null) {
    if (sm2Address === null) throw new Unsupported("SM2: no verifier here");
    try {
      await import(sm2Address); // leaves `sm2` on the global object
    } catch (error) {
      throw new Unsupported(`SM2: ${error.name}`);
    }
    sm2 = globalThis.sm2;
  }
  return sm2;
}
