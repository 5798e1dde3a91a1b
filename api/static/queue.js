// Checks that were made without the registry: they wait, and are made again as soon as it answers.

import { run } from "./store.js";

const KEPT = "queue";
const AGAIN_MS = 30000;
// The server answers, and its registry does not: asked again for a day.
const UNTOLD = ["unreachable", "status_unknown"];
const UNTOLD_MS = 86400000;

/** The waiting checks; `isKept` says whether they outlast this page. `onCount` and `onChange(entry, report)` hear of them. */
export class Queue {
  entries = [];
  isKept = true;
  isRechecking = false;

  constructor(asker, onCount, onChange) {
    Object.assign(this, { asker, onCount, onChange });
  }

  /** Read what waits since an earlier visit. */
  async open() {
    await this.change((entries) => entries);
  }

  async add(entry) {
    await this.change((entries) => (entries.some((each) => isSame(each, entry)) ? entries : [...entries, entry]));
  }

  async change(act) {
    const kept = await changed(KEPT, (entries) => act(entries ?? []));
    this.isKept = kept !== null;
    this.entries = kept ?? act(this.entries);
    this.onCount();
  }

  /** Make the waiting checks again, and name each whose verdict is another now; what nobody could tell waits on. */
  async recheck() {
    if (this.isRechecking) return; // the network came back just when it was time anyway: each change is named once
    this.isRechecking = true;
    try {
      await this.open();
      for (const entry of this.entries) if (!(await this.recheckOne(entry))) break;
    } finally {
      this.isRechecking = false;
    }
  }

  /** Make one check again; false when there is no use in asking on. */
  async recheckOne(entry) {
    const answer = await this.asker.ask(entry, AGAIN_MS);
    if (answer instanceof Error) {
      if (!answer.isForGood) return false;
    } else {
      const [report] = answer;
      if (UNTOLD.includes(report.verdict) && Date.now() - entry.at < UNTOLD_MS) return true;
      if (report.verdict !== entry.verdict) this.onChange(entry, report);
    }
    await this.change((entries) => entries.filter((each) => !isSame(each, entry)));
    return true;
  }
}

function isSame(one, other) {
  return one.code === other.code && one.id === other.id;
}

/** Change a kept value in one step, whatever another tab does meanwhile; null when the browser keeps nothing. */
async function changed(name, change) {
  let value;
  try {
    await run("readwrite", (store) => {
      const request = store.get(name);
      request.onsuccess = () => store.put((value = change(request.result)), name);
      return request;
    });
    return value;
  } catch {
    return null;
  }
}
