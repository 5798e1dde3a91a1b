// Check one code, with everything that the check may rely on given by the caller: verify/token_check.py, status_check.py
// and report.py in the same steps, with the same codes and the tables of verify/verdict.py. A test compares both.
//
// No network, no clock: same arguments, same report. Each check is passed, failed, or unknown when it was not made.

import {
  CLOCK_SKEW_SECONDS, CODE_USE, EXPIRING_DAYS, IN_FORCE, LIVE_GRACE_SECONDS, LIVE_USE, NEEDED, NEEDS_CLOCK, NOTICES,
  NOT_GENUINE, OFFLINE_HOURS, OF_FAILURE, OF_GAP, ORDER, TEST_DIVISION, UNDECIDED, ZONE_SECONDS,
} from "./tables.js";
import { Malformed } from "./cbor.js";
import { Unsupported, isSigned } from "./signatures.js";
import { decodeLive, decodeToken, isLive } from "./token.js";

const DAY = 86400;
const STATUS_CODES = ["status.in_force", "status.ended", "status.suspended", "status.superseded"];
// An end and a replacement are never taken back; a suspension is, and "in force" is what a forger hopes to read.
const LASTING = [1, 3];
const SEPARATORS = ["·", "•", "・", " "];

function finding(check, code, outcome, more = {}) {
  return { name: check, result: outcome, code, detail: "", source: "", as_of: null, params: {}, ...more };
}

/** Return the report on the text of a code; `at` in milliseconds, times of lists in seconds. */
export async function examineText(text, evidence, at) {
  if (isLive(text)) return examineLive(text, evidence, at);
  const token = opened(decodeToken, text);
  if (token instanceof Malformed) return report(unread(token, "form.code"), at);
  const { claims } = token;
  const { issuer, findings, notices } = await checkToken(token, evidence, at);
  const [signature, entitled, term, log] = findings;
  const list = findList(claims.status, issuer, evidence);
  const status = checkStatus(claims, list, evidence, at);
  const clock = checkClock(list, evidence, at);
  const notAsked = finding("contents", "contents.not_asked", "unknown");
  const all = [formPassed(), ...notices, signature, entitled, notAsked, term, status, log, clock];
  return report(all, at, { facts: factsOf(token, issuer, evidence), claims });
}

/** Check a live code by itself (verify/live_code_check.py): the registry alone knows whether it was shown before. */
async function examineLive(text, evidence, at) {
  const code = opened(decodeLive, text);
  if (code instanceof Malformed) return report(unread(code, "form.live_code"), at);
  const { claims } = code;
  const signed = await checkLiveKey(code, evidence);
  const early = claims.issuedAt - at / 1000;
  const isAhead = (evidence.clockOffset ?? null) === null && early > CLOCK_SKEW_SECONDS;
  const isOver = at >= (claims.expiresAt + LIVE_GRACE_SECONDS) * 1000;
  const unasked = ["contents", "term", "status", "log"].map((each) => finding(each, `${each}.not_asked`, "unknown"));
  const shown = isOver ? finding("show", "show.expired", "failed", { source: "code" }) : finding("show", "show.not_asked", "unknown");
  const clock = isAhead ? clockOff(early) : checkClock(null, evidence, at);
  const facts = present({
    licence_id: claims.licenceId,
    number: claims.number,
    holder: claims.holder,
    holder_kind: isMasked(claims.holder) ? "person" : "organisation",
  });
  return report([formPassed("form.live_code"), ...signed, ...unasked, shown, clock], at, { facts });
}

async function checkLiveKey(code, { trust }) {
  const notSigned = finding("signature", "signature.not_asked", "unknown");
  if (trust === null) return [notSigned, finding("issuer", "issuer.no_trust_list", "unknown")];
  const candidates = trust.keys.filter(({ key }) => key.kid === code.kid && key.use === LIVE_USE);
  if (!candidates.length) return [notSigned, issuerFinding("issuer.unknown", "failed", trust)];
  const notAsked = finding("issuer", "issuer.not_asked", "unknown");
  let found;
  try {
    found = await signerOf(code, candidates);
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    return [notSigned, notAsked]; // this browser cannot tell
  }
  if (!found) return [finding("signature", "signature.bad", "failed", { source: "code" }), notAsked];
  const good = finding("signature", "signature.good", "passed", { source: "code" });
  const { issuer, key } = found;
  const isInPeriod = code.claims.issuedAt >= key.notBefore && code.claims.issuedAt < key.notAfter;
  if (isInPeriod) return [good, issuerFinding("issuer.trusted", "passed", trust)];
  return [good, issuerFinding("issuer.out_of_period", "failed", trust, { signer: issuer.name })];
}

/** Return what was read, or what is wrong with it. */
function opened(read, text) {
  try {
    return read(text);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return error;
  }
}

function formPassed(code = "form.code") {
  return finding("form", code, "passed", { source: "code" });
}

function unread(error, code) {
  const more = { detail: error.code, source: "code" };
  if (error.code === "token.id_mismatch") {
    return [formPassed(code), finding("contents", "contents.other_token", "failed", more)];
  }
  return [finding("form", "form.unreadable", "failed", more)];
}

/** Return the issuer, if a trusted one made the code, and the findings on signature, issuer, term and log. */
async function checkToken(token, evidence, at) {
  const { claims } = token;
  const { trust } = evidence;
  const term = checkTerm(claims, at);
  const log = finding("log", "log.not_asked", "unknown");
  const notSigned = finding("signature", "signature.not_asked", "unknown");
  const without = (signature, entitled) => ({
    issuer: null, findings: [signature, entitled, term, log], notices: noticesOf(token, null),
  });
  if (trust === null) return without(notSigned, finding("issuer", "issuer.no_trust_list", "unknown"));
  const candidates = trust.keys.filter(({ key }) => key.kid === token.kid && key.use === CODE_USE);
  if (!candidates.length) return without(notSigned, issuerFinding("issuer.unknown", "failed", trust));
  const notAsked = finding("issuer", "issuer.not_asked", "unknown");
  let found;
  try {
    found = await signerOf(token, candidates);
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    return without(notSigned, notAsked); // this browser cannot tell: neither good nor bad
  }
  if (!found) return without(finding("signature", "signature.bad", "failed", { source: "code" }), notAsked);
  const { issuer, key } = found;
  const good = finding("signature", "signature.good", "passed", { source: "code" });
  const cutOff = key.cutOff === null ? log : finding("log", "log.cut_off", "unknown", {
    source: "code", params: { size: String(key.cutOff) },
  });
  return { issuer, findings: [good, entitlement(claims, found, trust), term, cutOff], notices: noticesOf(token, issuer) };
}

/** Return the key that made the signature; the key id is a hint, so all that bear it are tried. */
async function signerOf(token, candidates) {
  for (const candidate of candidates) {
    const { key } = candidate;
    if (key.algorithm !== token.algorithm) continue;
    if (await isSigned(key.algorithm, key.spki, token.toBeSigned, token.signature)) return candidate;
  }
  return null;
}

function entitlement(claims, { issuer, key }, trust) {
  const signer = { signer: issuer.name };
  if (claims.issuer !== issuer.id || !issuer.types.includes(claims.typeCode)) {
    return issuerFinding("issuer.not_entitled", "failed", trust, signer);
  }
  if (claims.issuedAt < key.notBefore || claims.issuedAt >= key.notAfter) {
    return issuerFinding("issuer.out_of_period", "failed", trust, signer);
  }
  return issuerFinding("issuer.trusted", "passed", trust);
}

function issuerFinding(code, outcome, trust, params = {}) {
  return finding("issuer", code, outcome, { source: `trust list ${trust.sequence}`, as_of: moment(trust.issuedAt), params });
}

function noticesOf(token, issuer) {
  const found = [];
  if (issuer !== null && issuer.host !== "" && issuer.host !== token.host) {
    found.push(finding("form", "form.foreign_host", "passed", { source: "code", params: { host: token.host } }));
  }
  if (token.claims.notUnderstood.length) {
    const params = { claims: token.claims.notUnderstood.join(", ") };
    found.push(finding("form", "form.not_understood", "passed", { source: "code", params }));
  }
  return found;
}

function checkTerm(claims, at) {
  const day = lawDay(at / 1000);
  const startsAt = claims.notBefore ?? claims.issuedAt;
  if (at < startsAt * 1000 || day < claims.validFrom) {
    const date = isoDay(Math.max(claims.validFrom, lawDay(startsAt)));
    return finding("term", "term.not_yet", "failed", { params: { date } });
  }
  const { expiresAt, validUntil } = claims;
  // The last day of which a moment lies before this end.
  const byCode = expiresAt === null ? null : Math.ceil((expiresAt + ZONE_SECONDS) / DAY) - 1;
  const last = byCode === null || validUntil === null ? validUntil ?? byCode : Math.min(byCode, validUntil);
  if (last === null) return finding("term", "term.long_term", "passed");
  if (day > last || (expiresAt !== null && at >= expiresAt * 1000)) {
    const params = { date: isoDay(last), days: String(day - last) };
    return finding("term", "term.expired", "failed", { params });
  }
  return finding("term", "term.in_term", "passed", { params: { date: isoDay(last) } });
}

function findList(status, issuer, evidence) {
  if (issuer === null) return null;
  if (status.uri === undefined) return evidence.lists.get(`${issuer.prefix}${status.listNumber}`) ?? null;
  const isOwn = issuer.prefix !== "" && status.uri.startsWith(issuer.prefix);
  return isOwn ? evidence.lists.get(status.uri) ?? null : null;
}

function checkStatus(claims, list, evidence, at) {
  if (list === null) return finding("status", "status.not_asked", "unknown");
  const of = (code, outcome, more = {}) =>
    finding("status", code, outcome, { source: "status list", as_of: moment(list.issuedAt), ...more });
  const { index } = claims.status;
  if (index >= list.packed.length * 4) return of("status.not_asked", "unknown", { detail: "status_list.no_such_place" });
  const value = (list.packed[index >> 2] >> ((index & 3) << 1)) & 3;
  const age = at / 1000 - list.issuedAt;
  const limit = (evidence.types.get(claims.typeCode)?.offlineHours ?? OFFLINE_HOURS) * 3600;
  if (at >= list.expiresAt * 1000 || (age > limit && !LASTING.includes(value))) {
    const [hours, days] = [3600, DAY].map((unit) => String(Math.max(Math.floor(age / unit), 0)));
    return of("status.stale", "unknown", { params: { hours, days } });
  }
  return of(STATUS_CODES[value], value === 0 ? "passed" : "failed");
}

/** Judge the clock by a comparison that was made, or by a signed list that comes from the future. */
function checkClock(list, evidence, at) {
  let offset = evidence.clockOffset ?? null;
  if (offset === null && list !== null && list.issuedAt - at / 1000 > CLOCK_SKEW_SECONDS) offset = list.issuedAt - at / 1000;
  if (offset === null) return finding("clock", "clock.not_asked", "unknown");
  if (Math.abs(offset) <= CLOCK_SKEW_SECONDS) return finding("clock", "clock.good", "passed");
  return clockOff(offset);
}

function clockOff(offset) {
  return finding("clock", "clock.wrong", "failed", { params: { minutes: String(rounded(Math.abs(offset) / 60)) } });
}

/** Put the findings together with the verdict that they allow, as verify/report_objects.py writes it. */
function report(checks, at, { facts = {}, claims = null } = {}) {
  const verdict = judge(checks, claims === null ? null : claims.validUntil, at);
  const isFalse = NOT_GENUINE.includes(verdict);
  return {
    verdict,
    in_force: UNDECIDED.includes(verdict) ? null : IN_FORCE.includes(verdict),
    genuine: isFalse ? false : isGenuine(checks),
    test: claims !== null && claims.issuer.slice(2, 8) === TEST_DIVISION,
    checks,
    facts: isFalse ? ofNoLicence(facts) : facts,
    as_of: new Date(at).toISOString(),
    log: {},
    also: checks.filter((each) => isAlso(each, verdict)).map((each) => each.code),
    signatures: [],
  };
}

function isGenuine(checks) {
  const signed = checks.filter(
    (each) => ["signature", "issuer"].includes(each.name) || (each.name === "log" && each.result === "failed"),
  );
  return signed.length && signed.every((each) => each.result === "passed") ? true : null;
}

function isAlso(each, verdict) {
  const meant = meaning(each);
  return (meant !== null && meant !== verdict) || NOTICES.includes(each.code);
}

/** Return the verdict that a finding calls for; null when it stands in nobody's way. */
export function meaning({ code, result }) {
  if (result === "passed") return null;
  if (result === "failed") return OF_FAILURE[code] ?? "tampered";
  return code in OF_GAP ? OF_GAP[code] : "status_unknown";
}

function judge(checks, validUntil, at) {
  const hasPassed = (name) => checks.some((each) => each.name === name && each.result === "passed");
  const reasons = checks.map(meaning).filter((each) => each !== null);
  if (reasons.length) {
    const isClockWrong = reasons.includes("clock_wrong");
    const candidates = reasons.filter((each) => !isClockWrong || !NEEDS_CLOCK.includes(each));
    const worst = ORDER[Math.min(...candidates.map((each) => ORDER.indexOf(each)))];
    return worst === "status_unknown" && !hasPassed("signature") ? "unreachable" : worst;
  }
  const names = checks.map((each) => each.name);
  if (!hasPassed("form") || !NEEDED.every((each) => names.includes(each))) return "unreachable";
  return validUntil === null || validUntil - lawDay(at / 1000) >= EXPIRING_DAYS ? "valid" : "valid_expiring";
}

function factsOf(token, issuer, evidence) {
  const { claims } = token;
  const type = evidence.types.get(claims.typeCode);
  return present({
    licence_id: token.licenceId,
    type_code: claims.typeCode,
    type_name: type?.name,
    type_name_en: type?.nameEn,
    number: claims.number,
    holder: claims.holder,
    holder_kind: claims.holderUscc === "" && isMasked(claims.holder) ? "person" : "organisation",
    issuer: claims.issuer,
    issuer_name: issuer?.name,
    valid_from: isoDay(claims.validFrom),
    valid_until: claims.validUntil === null ? "" : isoDay(claims.validUntil),
    long_term: claims.validUntil === null,
  });
}

function ofNoLicence(facts) {
  const shown = ["type_code", "type_name", "type_name_en", "issuer", "issuer_name", "issuer_name_en"];
  return Object.fromEntries(Object.entries(facts).filter(([name]) => shown.includes(name)));
}

function present(entries) {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value));
}

/** Say whether a name stands masked, as a person's does in a code (verify/licence.py). */
function isMasked(name) {
  const whole = name.trim();
  const separator = SEPARATORS.find((each) => whole.includes(each));
  const parts = separator === undefined ? [whole] : whole.split(separator);
  const masked = parts.map((part) => maskPart(part, separator === undefined));
  return name === masked.join(separator ?? "");
}

function maskPart(part, isOnly) {
  const characters = part.match(/\P{M}\p{M}*|\p{M}+/gu) ?? [];
  const rest = characters.length - 1;
  if (isOnly && characters.length < 2) return "*".repeat(characters.length);
  if (isOnly && rest > 1) return characters[0] + "*".repeat(rest - 1) + characters[rest];
  return characters.length ? characters[0] + "*".repeat(rest) : "";
}

/** Return the number of the day that it is in China at this second. */
export function lawDay(second) {
  return Math.floor((second + ZONE_SECONDS) / DAY);
}

export function isoDay(day) {
  return new Date(day * DAY * 1000).toISOString().slice(0, 10);
}

/** Write a second as Python's `isoformat` does. */
function moment(second) {
  return `${new Date(second * 1000).toISOString().slice(0, 19)}+00:00`;
}

/** Round half to the even number, as Python does. */
function rounded(value) {
  const below = Math.floor(value);
  if (value - below === 0.5) return below % 2 ? below + 1 : below;
  return Math.round(value);
}
