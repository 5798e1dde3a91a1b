// Puts a report into the page: clones what the server rendered and fills its slots; makes no markup and no words.

import { momentText, publicFacts, say, verdictWords } from "./words.js";

let shownFile = "";
const CHINESE = /[\u2e80-\u9fff\u{20000}-\u{3ffff}]/u;

/** Return a clone of a template with its slots filled; empty slots are taken away. */
export function part(name, values = {}) {
  const clone = document.getElementById(name).content.cloneNode(true);
  for (const slot of clone.querySelectorAll("[data-slot]")) {
    const value = values[slot.dataset.slot];
    if (value === undefined || value === "") slot.remove();
    else fill(slot, value);
  }
  return clone;
}

function fill(element, text) {
  element.textContent = text;
  if (document.documentElement.lang === "en" && CHINESE.test(text)) element.lang = "zh-CN";
}

/** Show a report in `place`; returns its words, `advice` among them where the page knows better. */
export function show(place, report, { isFile = false, reference, how, reportAddress, codeAddress = "", isOffline = false, canCompare = false, file = null, advice = {} }) {
  const words = { ...verdictWords(report, { isFile, reference }), ...advice };
  const card = part(`v-${report.verdict}`, words);
  if (report.test) card.querySelector("section").classList.add("is-test");
  const facts = publicFacts(report);
  const pieces = [card];
  if (facts.length) pieces.push(canCompare && report.in_force ? compareList(facts) : factList(facts));
  if (words.also.length) pieces.push(alsoList(words.also));
  pieces.push(checkList(words.checks));
  const signed = report.signatures.filter((each) => each.signed_bytes).at(-1);
  if (file && signed) pieces.push(signedFile(file, signed.signed_bytes));
  const foot = part("part-foot", { how, at: momentText(Date.parse(report.as_of)), reference });
  const link = foot.querySelector("[data-act=report]");
  if (report.in_force || !reportAddress) link.remove();
  else link.href = reportAddress;
  const code = foot.querySelector("[data-act=code]");
  code.addEventListener("error", () => code.remove());
  if (codeAddress) code.src = codeAddress;
  else code.remove();
  if (!isOffline) foot.querySelector("[data-act=offline]").remove();
  pieces.push(foot);
  place.replaceChildren(...pieces);
  document.title = words.kind ? `${words.headline} – ${words.kind}` : words.headline;
  return words;
}

function factList(facts) {
  const list = part("part-facts");
  list.querySelector("dl").append(...facts.map((each) => {
    const row = part("part-fact", each);
    row.querySelector("dd").dataset.fact = each.code;
    return row;
  }));
  return list;
}

/** The facts as boxes to tick: what was signed may stand on another paper. */
function compareList(facts) {
  const list = part("part-compare");
  list.querySelector("fieldset").append(...facts.map((each) => {
    const row = part("part-compared", each);
    const box = row.querySelector("input");
    box.id = `compared-${each.code}`;
    row.querySelector("label").htmlFor = box.id;
    row.querySelector("b").dataset.fact = each.code;
    return row;
  }));
  return list;
}

function alsoList(lines) {
  const list = part("part-also");
  list.querySelector("ul").append(...lines.map((line) => {
    const item = document.createElement("li");
    fill(item, line);
    return item;
  }));
  return list;
}

function checkList(checks) {
  const list = part("part-checks");
  list.querySelector("ul").append(...checks.map((each) => {
    const item = part("part-check", each);
    const line = item.querySelector("li");
    line.classList.add(each.outcome);
    line.dataset.check = each.check;
    return item;
  }));
  return list;
}

/** What was signed, to be saved: cut here from the file that was chosen, which goes nowhere for it. */
function signedFile(file, length) {
  URL.revokeObjectURL(shownFile);
  shownFile = URL.createObjectURL(file.slice(0, length, "application/pdf"));
  const saving = part("part-signed");
  saving.querySelector("a").href = shownFile;
  return saving;
}

/** Return how old something is, in words. */
export function ageText(seconds) {
  const [minutes, hours, days] = [60, 3600, 86400].map((unit) => String(Math.max(Math.floor(seconds / unit), 0)));
  if (seconds < 3600) return say("ui.counter.age_minutes", { minutes });
  return seconds < 2 * 86400 ? say("ui.counter.age_hours", { hours }) : say("ui.counter.age_days", { days });
}
