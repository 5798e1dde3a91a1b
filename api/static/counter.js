// The counter page: three ways in (scanner or keyboard, camera, file), one verdict, the next paper.
//
// All that is done stands in one row, and what is shown is about the last thing done: a verdict, that it is being
// checked, or why it was not. Each code is checked here first, by the pack at hand; the registry is asked as well when it
// can be reached. A check that was made without it waits in a queue and is made again online; what changed is named.

import { Asker, Refused } from "./asking.js";
import { Camera, Decoder } from "./camera.js";
import { examineText } from "./check.js";
import { Data } from "./data.js";
import { Unchecked, read, shownName } from "./files.js";
import { signal, startSetting } from "./preferences.js";
import { Queue } from "./queue.js";
import { merged, ownReference, unreached } from "./reports.js";
import { ageText, part, show } from "./show.js";
import { useSm2 } from "./signatures.js";
import { decodeLive, decodeToken, isLive } from "./token.js";
import { meaningOf } from "./typed.js";
import { Viewfinder } from "./viewfinder.js";
import { Wedge } from "./wedge.js";
import { clockText, publicFacts, say, useWords, useWordsOfFiles } from "./words.js";

const { language, root, vendor, scripts } = document.getElementById("counter").dataset;
const [$, html] = [(id) => document.getElementById(id), document.documentElement];
// The registry has this long before the page says what it knows by itself.
const ANSWER_MS = 1500;
// Nobody else can answer on a live code, and one that was asked about is used up, answered or not.
const LIVE_ANSWER_MS = 10000;
const REFRESH_MS = 300000;
const RETRY_MS = 15000;
const SAME_MS = 3000;
// An answer that comes sooner needs no word that it is waited for.
const BUSY_MS = 150;
const FILES_MAX = 20;
const NOBODY_KNOWS = ["status_unknown", "unreachable"];
const TEXT_LENGTH_MAX = 4000;

const bytesOf = (text) => Uint8Array.from(text.match(/../g) ?? [], (each) => parseInt(each, 16));
const addresses = [`${scripts}decoder.js`, "/sw.js"];
const makePolicy = (rules) => globalThis.trustedTypes?.createPolicy("yinzheng", rules) ?? rules;
const policy = makePolicy({
  createScriptURL(address) {
    if (!addresses.includes(address)) throw new TypeError("not an address of ours");
    return address;
  },
});
const decoder = new Decoder(() =>
  vendor === "" ? null : new Worker(policy.createScriptURL(addresses[0]), { type: "module", name: vendor }),
);
const data = new Data(bytesOf(root), showState);
const asker = new Asker(data, language, showState);
const queue = new Queue(asker, showWaiting, tellChange);
const ready = { nodes: [...$("result").childNodes], title: document.title };

let tail = Promise.resolve();
// How much waits in the row, what stood here before the page said that it checks, when it will, and what was scanned last.
let pending = 0;
let before = null;
let busyTimer = 0;
let lastScan = { text: "", at: 0 };
// Live codes that the registry was asked about, and when, and that it did not answer.
const unanswered = new Map();
let count = 0;

await useWords(language);
if (vendor !== "") useSm2(`${vendor}sm2.js`);
start();

function start() {
  $("insecure").hidden = isSecureContext;
  $("scan").addEventListener("submit", (event) => {
    event.preventDefault();
    enter($("entry").value);
  });
  new Wedge($("entry"), isWhole, () => before ?? busy(), (text, how) => enter(text, { isScan: true, ...how }));
  new Viewfinder(new Camera($("video"), decoder), {
    onOpen: () => inRow(showReady),
    onText: (text) => inRow(() => taken(text)),
    onTrouble: (code) => inRow(() => showUnchecked(code)),
    onNote: note,
  });
  $("file").addEventListener("change", () => {
    const files = [...$("file").files];
    $("file").value = "";
    takeFiles(files);
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    takeFiles([...event.dataTransfer.files]);
  });
  $("result").addEventListener("click", (event) => event.target.closest("[data-act=print]") && printOnly("receipt"));
  $("print-stack").addEventListener("click", () => printOnly("stack"));
  for (const name of ["elder", "sound", "shake", "paper"]) startSetting(name);
  window.addEventListener("online", renew);
  window.addEventListener("offline", () => {
    data.isOnline = false;
    showState();
  });
  $("entry").focus();
  keepUp();
  (globalThis.requestIdleCallback ?? setTimeout)(() => decoder.warm());
  if (isSecureContext) navigator.serviceWorker?.register(policy.createScriptURL("/sw.js"));
  html.dataset.ready = "true";
}

// ---- data ------------------------------------------------------------------------------------------------------------

async function keepUp() {
  await data.restore();
  await queue.open();
  await renew();
  const again = async () => {
    await renew();
    setTimeout(again, data.isOnline ? REFRESH_MS : RETRY_MS);
  };
  setTimeout(again, data.isOnline ? REFRESH_MS : RETRY_MS);
  setInterval(showState, 30000);
}

async function renew() {
  await data.refresh();
  if (data.isOnline) await queue.recheck();
}

function showState() {
  $("online").textContent = say(data.isOnline ? "ui.counter.online" : "ui.counter.offline");
  $("online").className = data.isOnline ? "is-online" : "is-offline";
  const { clockWrong, pack } = data;
  const minutes = String(Math.abs(clockWrong));
  const words = () => say(clockWrong > 0 ? "ui.counter.clock_fast" : "ui.counter.clock_slow", { minutes });
  $("clock").textContent = clockWrong ? words() : "";
  if (pack === null) {
    $("age").textContent = say("ui.counter.no_data");
  } else {
    const seconds = data.now / 1000 - pack.issuedAt;
    const days = String(Math.floor(seconds / 86400));
    const code = data.now >= pack.expiresAt * 1000 ? "ui.counter.too_old" : "ui.counter.data_of";
    $("age").textContent = say(code, { time: clockText(pack.issuedAt * 1000), age: ageText(seconds), days });
    html.dataset.pack = String(pack.sequence);
  }
}

/** Say whether the text of a code, or an id with its check character, lacks nothing. */
function isWhole(text) {
  if (!text.includes("#")) return /^[0-9a-z]{17}$/i.test(text.replace(/-/g, "")) && !meaningOf(text).slip;
  try {
    (isLive(text) ? decodeLive : decodeToken)(text);
    return true;
  } catch (error) {
    return !["token.form", "token.cbor"].includes(error.code);
  }
}

// ---- ways in ---------------------------------------------------------------------------------------------------------

/** Do something after all that was begun before; the page says that it is at it, if it takes its time. */
function inRow(act, name = "") {
  pending += 1;
  lastScan = { text: "", at: 0 };
  tail = tail.then(async () => {
    pending -= 1;
    clearNote();
    $("announce").textContent = ""; // what is said twice is heard twice
    busyTimer = setTimeout(busy, BUSY_MS, name);
    try {
      await act();
    } catch (error) {
      showUnchecked("ui.counter.fault_here", { name });
      reportError(error);
    }
    clearTimeout(busyTimer);
  });
}

/** Take what was typed, scanned or pasted; one after the other, none lost and none twice. */
function enter(entry, { isScan = false, isRestored = false, isGarbled = false } = {}) {
  const [now, last] = [Date.now(), lastScan];
  $("entry").value = "";
  const isSame = entry !== "" && entry === last.text && Math.abs(now - last.at) < SAME_MS;
  const found = meaningOf(entry);
  // What a scanner read is no slip of a finger.
  const meant = found.slip && isScan ? { code: entry } : found;
  inRow(async () => {
    if (isSame) showSame();
    else if (entry.trim() === "" && !isScan) noteWrong("ui.counter.empty");
    else if (meant.slip) noteWrong("ui.counter.mistyped", entry);
    else await check(meant);
    if (isRestored) note("ui.counter.restored");
    if (isGarbled) note("ui.counter.garbled");
    $("entry").focus();
  });
  lastScan = isSame ? last : { text: meant.slip ? "" : entry, at: now };
}

/** Check what a camera or a picture showed; the result has the focus then, for nobody holds a scanner. */
async function taken(text, name = "") {
  const meant = meaningOf(text);
  await check(meant.slip ? { code: text } : meant, name);
  $("headline").focus();
}

/** Check files, one after the other: the code of a picture here, else by the server; a PDF or OFD by the server. */
function takeFiles(files) {
  if (files.length > FILES_MAX) inRow(() => showUnchecked("ui.counter.files_many"));
  else for (const file of files) inRow(() => takeFile(file, shownName(file)), shownName(file));
}

async function takeFile(file, name) {
  try {
    const { text, report, reference } = await read(file, decoder, asker);
    if (text !== undefined) {
      await taken(text, name);
      return;
    }
    await useWordsOfFiles();
    finish(report, { isFile: true, reference, isOnline: true, file, name });
    $("headline").focus();
  } catch (error) {
    if (!(error instanceof Unchecked)) throw error;
    showUnchecked(error.code, { name });
    addRow({ at: clockText(Date.now()), number: "–", file: name, kind: "–", verdict: $("headline").textContent });
  }
}

/** Say something at the box. */
function note(code) {
  const element = $("entry-wrong");
  element.textContent = say(code);
  element.className = "hint";
  element.hidden = false;
  $("entry").setAttribute("aria-describedby", "entry-wrong entry-hint");
}

/** Say at the box what is wrong with an entry, which stands there again; no verdict stands beside it. */
function noteWrong(code, entry = "") {
  note(code);
  $("entry-wrong").textContent = `${say("ui.counter.error")} ${say(code)}`;
  $("entry-wrong").className = "wrong";
  $("entry").setAttribute("aria-invalid", "true");
  $("entry").value = entry;
  if (entry === "") showReady();
  else showUnchecked(code, { isFocused: false });
  $("announce").textContent = $("entry-wrong").textContent;
}

function clearNote() {
  $("entry-wrong").hidden = true;
  $("entry").removeAttribute("aria-invalid");
}

// ---- checks ----------------------------------------------------------------------------------------------------------

/** Check a code or an id, show the verdict, and leave it in the list. */
async function check(meant, name = "") {
  const at = Date.now();
  const live = isLive(meant.code ?? "");
  const isAskable = meant.code === undefined || (meant.code !== "" && meant.code.length <= TEXT_LENGTH_MAX);
  const answering = isAskable ? asker.ask(meant, live ? LIVE_ANSWER_MS : ANSWER_MS) : null;
  const own = meant.code === undefined ? null : await examineText(meant.code, data.evidence(at), at);
  const said = await answering;
  const answer = Array.isArray(said) ? said : null;
  const report = answer === null ? own ?? unreached(meant.id, at) : merged(own, answer[0]);
  const reference = answer === null ? ownReference(at) : answer[1];
  const advice = live ? adviceOnLive(meant.code, said, report, at) : {};
  finish(report, { reference, isOnline: answer !== null, canCompare: true, name, advice });
  // A live code is over in a minute: asked again later it would only be called that.
  const isLasting = report.verdict !== "unreadable" && !live;
  if (answer === null && isLasting) await queue.add({ ...meant, verdict: report.verdict, at, number: report.facts.number ?? "" });
}

/** Return what is said otherwise of a live code that may have been used up by our own question. */
function adviceOnLive(code, said, report, at) {
  const fresh = say("ui.counter.live_fresh");
  const asked = unanswered.get(code);
  if (said instanceof Error) {
    unanswered.set(code, asked ?? at);
    if (!NOBODY_KNOWS.includes(report.verdict)) return {};
    return { sentence: say(said instanceof Refused ? "ui.counter.live_refused" : "ui.counter.live_unanswered"), next: fresh };
  }
  if (report.verdict !== "show_code_used" || asked === undefined) return {};
  return { sentence: say("ui.counter.live_ours", { time: clockText(asked) }), next: fresh };
}

function finish(report, { isFile = false, reference, isOnline, canCompare = false, file = null, name = "", advice = {} }) {
  settle();
  const { pack } = data;
  const of = pack === null ? {} : { time: clockText(pack.issuedAt * 1000), age: ageText(data.now / 1000 - pack.issuedAt) };
  const how = isOnline ? say("ui.counter.how_online") : say("ui.counter.how_offline", of);
  const query = new URLSearchParams({ lang: language, verdict: report.verdict, reference, id: report.facts.licence_id ?? "" });
  // The printed verdict bears a code that leads to today's: one that is not genuine has no page of its own.
  // What draws codes is the server: a check that was made offline says on its paper that it has none.
  const codeAddress = isOnline && report.genuine ? `/v/${report.facts.licence_id}/code.svg` : "";
  const more = { isFile, reference, how, canCompare, file, codeAddress, advice };
  const words = show($("result"), report, { ...more, isOffline: !isOnline, reportAddress: `/report?${query}` });
  if (name) $("headline").after(part("part-subject", { name }));
  $("announce").textContent = words.kind ? `${words.headline} – ${words.kind}` : words.headline;
  const number = report.facts.number ?? report.facts.licence_id ?? "–";
  addRow({ at: clockText(Date.parse(report.as_of)), number, file: name, kind: words.kind || "–", verdict: words.headline });
  count += 1;
  $("count").textContent = say("ui.counter.count", { count: String(count) });
  signal($("result").querySelector("[data-tone]").dataset.tone);
  showState();
}

function addRow(row) {
  $("rows").prepend(part("part-row", row));
  $("stack").hidden = false;
}

// ---- what stands there when there is no verdict ----------------------------------------------------------------------

/** What is put here now is the news: the page need not say any more that it checks. */
function settle() {
  clearTimeout(busyTimer);
  before = null;
}

function replace({ nodes, title }) {
  settle();
  $("result").replaceChildren(...nodes);
  document.title = title;
}

function showReady() {
  replace(ready);
}

/** Put back what stood here before a scan that is no news. */
function showSame() {
  if (before !== null) replace(before);
  note("ui.counter.same");
}

/** Say that the last thing was not checked, why, and what to do now; what was said of the paper before is taken away. */
function showUnchecked(code, { name = "", isFocused = true } = {}) {
  replace({ nodes: [part("part-unchecked", { why: say(code) })], title: say("ui.counter.unchecked") });
  if (name) $("headline").after(part("part-subject", { name }));
  $("announce").textContent = `${document.title} – ${say(code)}`;
  signal("unread");
  if (isFocused) $("headline").focus();
}

/** Say that something is being checked, what, and how much waits behind it. */
function busy(name = "") {
  const kept = before ?? { nodes: [...$("result").childNodes], title: document.title };
  const more = pending ? say("ui.counter.busy_more", { count: String(pending) }) : "";
  replace({ nodes: [part("part-busy", { name, more })], title: say("ui.counter.busy") });
  before = kept;
  if (name) $("announce").textContent = `${document.title} ${name}`;
}

// ---- checks that wait ------------------------------------------------------------------------------------------------

function tellChange(entry, report) {
  const [from, to] = [entry.verdict, report.verdict].map((each) => say(`verdict.${each}`, { days_left: "0", n: "0" }));
  const words = say("ui.counter.changed", { time: clockText(entry.at), from, to });
  $("changes").append(part("part-change", { number: publicFacts(report).find((each) => each.code === "number")?.value ?? entry.number, words }));
}

function showWaiting() {
  const waiting = queue.entries.length;
  const code = queue.isKept ? "ui.counter.waiting" : "ui.counter.waiting_unkept";
  $("waiting").textContent = waiting ? say(code, { count: String(waiting) }) : "";
}

function printOnly(what) {
  html.dataset.printing = what;
  for (const each of document.querySelectorAll("details.more")) each.open = true;
  window.print();
}
