// A report in words, as api/texts.py and api/verdicts.py say it: the sentences come from the catalogue of the server
// (`words-*.js` is written from it), the rules how they are filled stand here once more. A test compares both.

import { NOTICES, ZONE_SECONDS } from "./tables.js";
import { lawDay, meaning } from "./check.js";
import { printed } from "./typed.js";

const UNKNOWN = "—";
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
  "November", "December"];
const MARKS = { passed: "✔", failed: "✘", unknown: "–" };
// What "valid" lists as checked; form and term go without saying.
const NAMED = ["signature", "issuer", "seal", "contents", "status", "log"];

let words = {};
let language = "zh";

/** Load the sentences of a language. */
export async function useWords(wanted) {
  language = wanted === "en" ? "en" : "zh";
  words = (await import(`./words-${language}.js`)).WORDS;
}

/** Load what is said of files only. */
export async function useWordsOfFiles() {
  words = { ...words, ...(await import(`./words-files-${language}.js`)).WORDS };
}

/** Return the sentence of a code; a part in [square brackets] is left out when a value in it is not known. */
export function say(code, params = {}) {
  let pattern = words[code] ?? words["ui.counter.fault"];
  const known = {};
  for (const [name, value] of Object.entries(params)) {
    if (value) known[name] = (name === "state" && words[`state.${value}`]) || shown(String(value));
  }
  if (language === "en") {
    for (const [name, value] of Object.entries(known)) if (name.endsWith("_en")) known[name.slice(0, -3)] = value;
  }
  const isKnown = (part) => [...part.matchAll(/\{([a-z_]+)\}/g)].every(([, name]) => name in known);
  pattern = pattern.replace(/\[([^[\]]*)\]/g, (_, part) => (isKnown(part) ? part : "")).trim();
  return pattern.replace(/\{([a-z_]+)\}/g, (_, name) => known[name] ?? UNKNOWN);
}

/** Write a day (2026-11-23), as each language writes it. */
export function dayText(iso) {
  const [year, month, day] = iso.split("-").map(Number);
  return language === "zh" ? `${year}年${month}月${day}日` : `${day} ${MONTHS[month - 1]} ${year}`;
}

/** Write a moment (milliseconds) to the minute, in the issuer's zone. */
export function momentText(at) {
  const local = new Date(at + ZONE_SECONDS * 1000).toISOString();
  return `${dayText(local.slice(0, 10))} ${local.slice(11, 16)}`;
}

/** Write the hour and minute of a moment. */
export function clockText(at) {
  return new Date(at + ZONE_SECONDS * 1000).toISOString().slice(11, 16);
}

// What is said otherwise of an official document: nobody bears it, and no authority issued it.
const OF_OFFICIAL = {
  "verdict.not_found.sentence": "verdict.not_found.official",
  "verdict.unreachable.sentence": "verdict.unreachable.official",
  "verdict.unreachable.unsigned": "verdict.unreachable.official_unsigned",
  "verdict.valid.next": "verdict.valid.official_next",
  "verdict.test": "verdict.test_official",
  "fact.kind": "fact.official_kind",
  "fact.issuer": "fact.official_issuer",
};

/** Return the code of what is said of these facts: what is not genuine has kept the kind of an official document. */
function fitting(code, facts) {
  const isOfficial = facts.official_id || (facts.type_name && !facts.type_code);
  return (isOfficial && OF_OFFICIAL[code]) || code;
}

/** Return all words of a report; `isFile` when a file was checked and not a code. */
export function verdictWords(report, { isFile = false, reference = "" } = {}) {
  const { verdict, facts } = report;
  const params = paramsOf(report, reference);
  const code = `verdict.${verdict}`;
  const isUnreadFile = isFile && verdict === "unreadable";
  return {
    headline: say(isUnreadFile ? `${code}.file_headline` : code, params),
    kind: kindName(facts),
    sentence: say(fitting(sentenceCode(report, isUnreadFile), facts), params),
    next: say(isUnreadFile ? `${code}.file_next` : fitting(`${code}.next`, facts), params),
    also: report.checks.filter((each) => report.also.includes(each.code)).map((each) => say(each.code, each.params)),
    checks: report.checks.filter((each) => !NOTICES.includes(each.code)).map(lineOf),
    test: report.test ? say(fitting("verdict.test", facts)) : "",
  };
}

/** Return the facts that everybody may see, in the order in which they are compared with the paper. */
export function publicFacts({ facts }) {
  const hasEnded = facts.state !== "in_force";
  const day = (name) => (facts[name] ? dayText(facts[name]) : "");
  const pairs = [
    ["kind", kindName(facts)],
    ["holder", facts.holder],
    ["number", facts.number],
    ["issuer", issuerName(facts)],
    ["valid_from", day("valid_from")],
    ["valid_until", facts.long_term ? say("fact.long_term") : day("valid_until")],
    ["papers_due", day("papers_due")],
    ["suspended_until", day("suspended_until")],
    ["reference", hasEnded && !facts.superseded_by ? facts.state_reference : ""],
    ["legal_basis", hasEnded ? facts.state_legal_basis : ""],
    ["superseded_by_number", facts.superseded_by_number],
    ["official_id", facts.official_id ? printed(facts.official_id) : ""],
    ["sealed_on", day("sealed_on")],
    ["seal_name", facts.seal_name],
    ["seal_code", facts.seal_code],
    ["mandate_grant", facts.mandate_grant],
    ["mandate_item", facts.mandate_item],
    ["mandate_legal_basis", facts.mandate_legal_basis],
    ["mandate_role", words[`role.${facts.mandate_role}`] ?? facts.mandate_role],
  ];
  const known = pairs.filter(([, value]) => value);
  return known.map(([code, value]) => ({ code, name: say(fitting(`fact.${code}`, facts)), value }));
}

function kindName(facts) {
  return (language === "en" && facts.type_name_en) || facts.type_name || facts.type_code || "";
}

function issuerName(facts) {
  return (language === "en" && facts.issuer_name_en) || facts.issuer_name || facts.issuer || "";
}

function sentenceCode(report, isUnreadFile) {
  const code = `verdict.${report.verdict}`;
  if (isUnreadFile) return `${code}.file`;
  if (headlineOf(report)?.code === "contents.changed_after_signing") return `${code}.changed`;
  const isUnsigned = report.verdict === "unreachable" && worst(report, "signature")?.result !== "passed";
  return isUnsigned ? `${code}.unsigned` : `${code}.sentence`;
}

/** Return the finding that gave the verdict; undefined when all is well. */
function headlineOf(report) {
  return report.checks.find((each) => meaning(each) === report.verdict);
}

/** Return the worst finding of a check. */
function worst(report, name) {
  const own = report.checks.filter((each) => each.name === name);
  return ["failed", "unknown", "passed"].map((result) => own.find((each) => each.result === result)).find(Boolean);
}

function paramsOf(report, reference) {
  const { facts } = report;
  const [status, issuer] = [worst(report, "status"), worst(report, "issuer")];
  const passed = NAMED.filter((name) => worst(report, name)?.result === "passed");
  const at = Date.parse(report.as_of);
  const known = {
    authority: issuerName(facts),
    signer: issuerName(facts),
    kind: kindName(facts) || say("fact.unknown_kind"),
    list_date: issuer?.as_of ? localDay(issuer.as_of) : "",
    list_time: status?.as_of ?? "",
    days_left: facts.valid_until ? String(Date.parse(facts.valid_until) / 86400000 - lawDay(at / 1000)) : "",
    checked: passed.map((name) => say(`check.${name}`)).join(words["list.separator"]),
    at: report.as_of,
    id: reference,
  };
  return { ...known, ...headlineOf(report)?.params };
}

function localDay(iso) {
  return new Date(Date.parse(iso) + ZONE_SECONDS * 1000).toISOString().slice(0, 10);
}

function lineOf(finding) {
  return {
    check: finding.name,
    outcome: finding.result,
    mark: MARKS[finding.result],
    name: say(`check.${finding.name}`),
    result: say(`result.${finding.result}`),
    found: say(finding.code, finding.params),
  };
}

/** Return a value as people write it; one that only looks like a date stays as it is. */
function shown(value) {
  if (/^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value))) return dayText(value);
  const isMoment = /^\d{4}-\d{2}-\d{2}T[0-9:.]+(?:\+[0-9:]+|Z)$/.test(value) && !Number.isNaN(Date.parse(value));
  return isMoment ? momentText(Date.parse(value)) : value;
}
