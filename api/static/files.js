// Files that somebody chose or dropped: the code in a picture, the server's report on a document, or why there is neither.

import { Refused } from "./asking.js";

const FILE_MS = 30000;
// What the server takes (api/limits.py); it could only break off a larger one, and that looks like a broken line.
const FILE_BYTES_MAX = 20971520;
const NAME_LENGTH_MAX = 80;

/** A file was not checked; `code` says why and what to do. */
export class Unchecked extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** Return a file's name as it may stand in a line: without signs that turn or break it. */
export function shownName(file) {
  const name = file.name.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "");
  return name.length > NAME_LENGTH_MAX ? `${name.slice(0, NAME_LENGTH_MAX)}…` : name;
}

/** Return {text}, what the code in a picture says, or {report, reference} of a document. Raises `Unchecked`. */
export async function read(file, decoder, asker) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new Unchecked("ui.counter.file_gone"); // a folder, or a file that was moved since
  }
  const isPicture = file.type.startsWith("image/");
  const own = isPicture ? await decoder.readFile(file) : null;
  if (own) return { text: own };
  try {
    if (file.size > FILE_BYTES_MAX) throw new Unchecked("ui.counter.file_large");
    if (!isPicture) {
      const [report, reference] = await asker.sent("/api/v1/verifications/file", file, FILE_MS);
      return { report, reference };
    }
    const [{ text }] = await asker.sent("/api/v1/codes/read", file, FILE_MS);
    if (text) return { text };
  } catch (error) {
    // Where this browser looked itself and found nothing, that is what is said.
    if (own === null) throw new Unchecked(troubleOf(error));
  }
  throw new Unchecked("ui.counter.no_code");
}

function troubleOf(error) {
  if (error instanceof Unchecked) return error.code;
  if (error.name === "TimeoutError") return "ui.counter.file_late";
  if (!(error instanceof Refused)) return "ui.counter.file_offline";
  if (error.status === 413) return "ui.counter.file_large";
  return error.isForGood ? "ui.counter.file_refused" : "ui.counter.file_later";
}
