// The public's page of a code: what stands behind `#` never left the phone, so its signature is checked here, with the
// data that the server publishes. Without a script the same page shows what the registry says of the id alone.

import { examineText } from "./check.js";
import { Data } from "./data.js";
import { ageText, show } from "./show.js";
import { useSm2 } from "./signatures.js";
import { clockText, say, useWords } from "./words.js";

const ANSWER_MS = 8000;
const place = document.getElementById("result");
const { language, root, vendor, reference } = place.dataset;

place.addEventListener("click", (event) => event.target.closest("[data-act=print]") && window.print());
addEventListener("hashchange", () => isCode() && location.reload());
try {
  if (isCode()) await check();
  delete place.dataset.checking;
} catch {
  document.title = place.dataset.checking = place.dataset.unchecked;
}
document.documentElement.dataset.ready = "true";

/** Say whether something stands behind `#` that is no place on this page. */
function isCode() {
  return location.hash !== "" && !document.getElementById(location.hash.slice(1));
}

async function check() {
  document.title = place.dataset.checking;
  await useWords(language);
  if (vendor !== "") useSm2(`${vendor}sm2.js`);
  const data = new Data(Uint8Array.from(root.match(/../g) ?? [], (each) => parseInt(each, 16)), () => {});
  const text = `https://${location.host}${location.pathname}${location.hash}`;
  const answering = ask(text);
  await data.restore();
  await data.refresh();
  const at = Date.now();
  const own = await examineText(text, data.evidence(at), at);
  // What is no code of ours, or no genuine one, stays so whatever the registry says of the id beside it.
  const theirs = own.genuine === false || own.verdict === "unreadable" ? null : await answering;
  const issued = data.pack?.issuedAt;
  const of = issued && { time: clockText(issued * 1000), age: ageText(at / 1000 - issued) };
  const how = theirs === null ? say("ui.counter.how_offline", of ?? {}) : say("ui.counter.how_online");
  const report = theirs ?? own;
  const query = new URLSearchParams({ lang: language, verdict: report.verdict, reference, id: report.facts.licence_id ?? "" });
  const words = show(place, report, { reference, how, reportAddress: `/report?${query}` });
  document.getElementById("announce").textContent = words.headline;
}

async function ask(text) {
  try {
    const answer = await fetch("/api/v1/verifications", {
      method: "POST",
      headers: { "Content-Type": "application/json", "Accept-Language": language },
      body: JSON.stringify({ text }),
      signal: AbortSignal.timeout(ANSWER_MS),
      cache: "no-store",
    });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}
