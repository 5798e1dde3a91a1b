// The counter page: three ways in (scanner or keyboard, camera, file), one verdict, the next paper.
//
// Each code is checked here first, by the pack at hand; the registry is asked as well when it can be reached. A check
// that was made without it waits in a queue and is made again online; what changed is named.

import { Camera, Decoder, cameras } from "./camera.js";
import { examineText } from "./check.js";
import { Data } from "./data.js";
import { signal, startSetting } from "./preferences.js";
import { merged, ownReference, unreached } from "./reports.js";
import { ageText, part, show } from "./show.js";
import { useSm2 } from "./signatures.js";
import { keep, kept } from "./store.js";
import { decodeLive, decodeToken, isLive } from "./token.js";
import { meaningOf } from "./typed.js";
import { Wedge } from "./wedge.js";
import { clockText, publicFacts, say, useWords, useWordsOfFiles } from "./words.js";

const { language, root, vendor, scripts } = document.getElementById("counter").dataset;
const [$, html] = [(id) => document.getElementById(id), document.documentElement];
// The registry has this long before the page says what it knows by itself.
const ANSWER_MS = 1500;
const FILE_MS = 30000;
const REFRESH_MS = 300000;
const RETRY_MS = 15000;
const SAME_MS = 3000;
const TIP_MS = 8000;
const PICTURE_MAX = 15000000;
const QUEUE = "queue";
// The server answers, and its registry does not: asked again for a day.
const UNTOLD = ["unreachable", "status_unknown"];
const UNTOLD_MS = 86400000;
const CAMERA_TROUBLE = {
  NotAllowedError: "ui.counter.camera_refused",
  NotFoundError: "ui.counter.camera_none",
  OverconstrainedError: "ui.counter.camera_none",
  TypeError: "ui.counter.camera_insecure",
};

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
const camera = new Camera($("video"), decoder);
const data = new Data(bytesOf(root), showState);

let tail = Promise.resolve();
let lastScan = { text: "", at: 0 };
let count = 0;

await useWords(language);
if (vendor !== "") useSm2(`${vendor}sm2.js`);
start();

function start() {
  $("insecure").hidden = isSecureContext;
  $("scan").addEventListener("submit", (event) => {
    event.preventDefault();
    const entry = $("entry").value;
    enter(entry, false);
  });
  new Wedge($("entry"), isWhole, enter);
  $("look").addEventListener("click", () => (camera.stream === null ? look() : closeCamera()));
  $("stop").addEventListener("click", closeCamera);
  $("which").addEventListener("change", () => look($("which").value));
  $("torch").addEventListener("click", light);
  $("file").addEventListener("change", () => $("file").files[0] && takeFile($("file").files[0]));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files[0]) takeFile(event.dataTransfer.files[0]);
  });
  document.addEventListener("visibilitychange", () => document.hidden && closeCamera());
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || camera.stream === null) return;
    closeCamera();
    $("look").focus();
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
  if (data.isOnline) await recheck();
}

function showState() {
  $("online").textContent = say(data.isOnline ? "ui.counter.online" : "ui.counter.offline");
  $("online").className = data.isOnline ? "is-online" : "is-offline";
  const { pack } = data;
  if (pack === null) {
    $("age").textContent = say("ui.counter.no_data");
  } else {
    const seconds = Date.now() / 1000 - pack.issuedAt;
    const days = String(Math.floor(seconds / 86400));
    const isOver = Date.now() >= pack.expiresAt * 1000;
    const code = isOver ? "ui.counter.too_old" : "ui.counter.data_of";
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

/** Take what was typed, scanned or pasted; one after the other, none lost and none twice. */
function enter(entry, isRestored) {
  const now = Date.now();
  $("entry").value = "";
  if (entry === lastScan.text && now - lastScan.at < SAME_MS) {
    note("ui.counter.same");
    return;
  }
  lastScan = { text: entry, at: now };
  tail = tail.then(async () => {
    const meant = meaningOf(entry);
    if (entry.trim() === "") note("ui.counter.empty", { isWrong: true });
    else if (meant.slip) note("ui.counter.mistyped", { isWrong: true, entry });
    else {
      await check(meant);
      if (isRestored) note("ui.counter.restored");
    }
    $("entry").focus();
  });
}

/** Say something at the box; what was entered wrongly stands there again. */
function note(code, { isWrong = false, entry = "" } = {}) {
  const element = $("entry-wrong");
  element.textContent = isWrong ? `${say("ui.counter.error")} ${say(code)}` : say(code);
  element.className = isWrong ? "wrong" : "hint";
  element.hidden = false;
  $("entry").setAttribute("aria-describedby", "entry-wrong entry-hint");
  if (!isWrong) return;
  $("entry").setAttribute("aria-invalid", "true");
  $("entry").value = entry;
  $("announce").textContent = element.textContent;
}

function clearNote() {
  $("entry-wrong").hidden = true;
  $("entry").removeAttribute("aria-invalid");
}

async function look(deviceId = "") {
  clearNote();
  $("camera").hidden = false;
  $("tip").hidden = true;
  $("look").setAttribute("aria-expanded", "true");
  try {
    const found = camera.look(deviceId, () => ($("tip").hidden = false), TIP_MS);
    showCameras();
    const text = await found;
    if (text === "") return;
    closeCamera();
    await taken(text);
  } catch (error) {
    if (error.name === "AbortError") return;
    closeCamera();
    note(CAMERA_TROUBLE[error.name] ?? "ui.counter.camera_fault");
  }
}

/** Offer the choice of cameras, and the light, once the browser tells of them. */
async function showCameras() {
  await new Promise((resolve) => $("video").addEventListener("playing", resolve, { once: true }));
  const found = await cameras();
  $("which").replaceChildren(...found.map((each) => new Option(each.label, each.deviceId)));
  $("which").value = camera.stream?.getVideoTracks()[0]?.getSettings().deviceId ?? "";
  for (const id of ["which", "which-label"]) $(id).hidden = found.length < 2;
  $("torch").hidden = !camera.canLight;
}

function closeCamera() {
  camera.stop();
  $("camera").hidden = true;
  $("look").setAttribute("aria-expanded", "false");
  $("torch").setAttribute("aria-pressed", "false");
}

async function light() {
  const isOn = $("torch").getAttribute("aria-pressed") !== "true";
  await camera.light(isOn);
  $("torch").setAttribute("aria-pressed", String(isOn));
}

/** Check a file: the code of a picture here, else by the server; a PDF or OFD by the server. */
async function takeFile(file) {
  clearNote();
  $("file").value = "";
  const isPicture = file.type.startsWith("image/");
  if (isPicture) {
    const text = (await decoder.readFile(file)) || (await readByServer(file));
    if (text) await taken(text);
    else note(data.isOnline || text === "" ? "ui.counter.no_code" : "ui.counter.file_offline");
    return;
  }
  try {
    const body = new FormData();
    body.append("file", file);
    const [report, reference] = await asked("/api/v1/verifications/file", { body }, FILE_MS);
    await useWordsOfFiles();
    finish(report, { isFile: true, reference, isOnline: true, file });
    $("headline").focus();
  } catch (error) {
    note(error instanceof Refused ? "ui.counter.file_refused" : "ui.counter.file_offline");
  }
}

async function readByServer(file) {
  if (file.size > PICTURE_MAX) return null;
  try {
    const body = new FormData();
    body.append("file", file);
    const [answer] = await asked("/api/v1/codes/read", { body }, FILE_MS);
    return answer.text;
  } catch {
    return null;
  }
}

/** Check what a camera or a picture showed; the result has the focus then, for nobody holds a scanner. */
async function taken(text) {
  const meant = meaningOf(text);
  await check(meant.slip ? { code: text } : meant);
  $("headline").focus();
}

// ---- checks ----------------------------------------------------------------------------------------------------------

class Refused extends Error {
  constructor(status) {
    super(String(status));
    // Asked too often, or the registry is away: the same question may be answered later.
    this.isForGood = status < 500 && ![408, 429].includes(status);
  }
}

/** Ask the server; returns its answer and the reference to quote. */
async function asked(address, { body, json }, milliseconds) {
  const headers = { "Accept-Language": language };
  if (json !== undefined) headers["Content-Type"] = "application/json";
  const options = { method: "POST", headers, body: json === undefined ? body : JSON.stringify(json) };
  const before = Date.now();
  const answer = await fetch(address, { ...options, signal: AbortSignal.timeout(milliseconds), cache: "no-store" });
  data.isOnline = true;
  data.note(answer, before);
  if (!answer.ok) throw new Refused(answer.status);
  return [await answer.json(), answer.headers.get("trace-id") ?? ""];
}

/** Ask the registry; returns the error when it does not answer. */
async function ask(meant, milliseconds) {
  try {
    return await asked("/api/v1/verifications", { json: meant.code ? { text: meant.code } : { id: meant.id } }, milliseconds);
  } catch (error) {
    if (!(error instanceof Refused)) data.isOnline = false;
    showState();
    return error;
  }
}

/** Check a code or an id, show the verdict, and leave it in the list. */
async function check(meant) {
  clearNote();
  const at = Date.now();
  const answering = ask(meant, ANSWER_MS);
  const own = meant.code ? await examineText(meant.code, data.evidence(at), at) : null;
  const said = await answering;
  const answer = said instanceof Error ? null : said;
  const report = answer === null ? own ?? unreached(meant.id, at) : merged(own, answer[0]);
  const reference = answer === null ? ownReference(at) : answer[1];
  finish(report, { reference, isOnline: answer !== null, canCompare: true });
  // A live code is over in a minute: asked again later it would only be called that.
  const isLasting = report.verdict !== "unreadable" && !isLive(meant.code ?? "");
  if (answer === null && isLasting) await wait({ ...meant, verdict: report.verdict, at, number: report.facts.number ?? "" });
}

function finish(report, { isFile = false, reference, isOnline, canCompare = false, file = null }) {
  const { pack } = data;
  const how = isOnline
    ? say("ui.counter.how_online")
    : say("ui.counter.how_offline", pack === null ? {} : { time: clockText(pack.issuedAt * 1000), age: ageText(Date.now() / 1000 - pack.issuedAt) });
  const query = new URLSearchParams({ lang: language, verdict: report.verdict, reference, id: report.facts.licence_id ?? "" });
  // The printed verdict bears a code that leads to today's: one that is not genuine has no page of its own.
  // What draws codes is the server: a check that was made offline says on its paper that it has none.
  const codeAddress = isOnline && report.genuine ? `/v/${report.facts.licence_id}/code.svg` : "";
  const words = show($("result"), report, { isFile, reference, how, canCompare, file, codeAddress, isOffline: !isOnline, reportAddress: `/report?${query}` });
  $("announce").textContent = words.kind ? `${words.headline} – ${words.kind}` : words.headline;
  html.dataset.how = isOnline ? "online" : "offline";
  list(report, words);
  signal($("result").querySelector("[data-tone]").dataset.tone);
  showState();
}

function list(report, words) {
  count += 1;
  const number = report.facts.number ?? report.facts.licence_id ?? "–";
  const row = { at: clockText(Date.parse(report.as_of)), number, kind: words.kind || "–", verdict: words.headline };
  $("rows").prepend(part("part-row", row));
  $("count").textContent = say("ui.counter.count", { count: String(count) });
  $("stack").hidden = false;
}

// ---- queue of offline checks -----------------------------------------------------------------------------------------

async function wait(entry) {
  const queue = (await kept(QUEUE)) ?? [];
  const isThere = queue.some((each) => each.code === entry.code && each.id === entry.id);
  if (!isThere) await keep(QUEUE, [...queue, entry]);
  showWaiting(queue.length + (isThere ? 0 : 1));
}

let isRechecking = false;

/** Make the waiting checks again, and name each whose verdict is another now; what nobody could tell waits on. */
async function recheck() {
  if (isRechecking) return; // the network came back just when it was time anyway: each change is named once
  isRechecking = true;
  try {
    await recheckAll();
  } finally {
    isRechecking = false;
  }
}

async function recheckAll() {
  const waiting = async () => (await kept(QUEUE)) ?? [];
  for (const entry of await waiting()) {
    const answer = await ask(entry, FILE_MS);
    if (answer instanceof Error) {
      if (!answer.isForGood) break;
    } else {
      const [report] = answer;
      if (UNTOLD.includes(report.verdict) && Date.now() - entry.at < UNTOLD_MS) continue;
      if (report.verdict !== entry.verdict) tellChange(entry, report);
    }
    await keep(QUEUE, (await waiting()).filter((each) => each.code !== entry.code || each.id !== entry.id));
  }
  showWaiting((await waiting()).length);
}

function tellChange(entry, report) {
  const [from, to] = [entry.verdict, report.verdict].map((each) => say(`verdict.${each}`, { days_left: "0", n: "0" }));
  const words = say("ui.counter.changed", { time: clockText(entry.at), from, to });
  $("changes").append(part("part-change", { number: publicFacts(report).find((each) => each.code === "number")?.value ?? entry.number, words }));
}

function showWaiting(waiting) {
  $("waiting").textContent = waiting ? say("ui.counter.waiting", { count: String(waiting) }) : "";
}

function printOnly(what) {
  html.dataset.printing = what;
  for (const each of document.querySelectorAll("details.more")) each.open = true;
  window.print();
}
