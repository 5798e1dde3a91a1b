// The public's page of a code: what stands behind `#` never left the phone, so its signature is checked here, with the
// data that the server publishes. Without a script the same page shows what the registry says of the id alone.

import { examineText } from "./check.js";
import { Data } from "./data.js";
import { show } from "./show.js";
import { useSm2 } from "./signatures.js";
import { say, useWords } from "./words.js";

const ANSWER_MS = 8000;
const place = document.getElementById("result");
const { language, root, vendor, reference } = place.dataset;

place.addEventListener("click", (event) => event.target.closest("[data-act=print]") && window.print());
if (/^#[12][0-9]+$/.test(location.hash)) await check();
document.documentElement.dataset.ready = "true";

async function check() {
  await useWords(language);
  if (vendor !== "") useSm2(`${vendor}sm2.js`);
  const data = new Data(Uint8Array.from(root.match(/../g) ?? [], (each) => parseInt(each, 16)), () => {});
  const text = `https://${location.host}${location.pathname}${location.hash}`;
  const answering = ask(text);
  await data.restore();
  await data.refresh();
  const at = Date.now();
  const own = await examineText(text, data.evidence(at), at);
  const theirs = await answering;
  const isOnline = theirs !== null;
  const report = !isOnline || (own.genuine === false && theirs.genuine !== false) ? own : theirs;
  const query = new URLSearchParams({ lang: language, verdict: report.verdict, reference, id: report.facts.licence_id ?? "" });
  const how = isOnline ? say("ui.counter.how_online") : say("ui.counter.how_offline");
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
