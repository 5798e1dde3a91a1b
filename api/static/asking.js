// Questions to the server, each with its time; every answer tells also that the server is there, and of its clock.

// A server that has its hands full says when to come again; so long, and so often, is worth waiting.
const WAIT_SECONDS_MAX = 15;
const TRIES = 4;

/** The server answered, and did not do what it was asked. */
export class Refused extends Error {
  constructor(answer) {
    super(String(answer.status));
    this.status = answer.status;
    // Asked too often, or the registry is away: the same question may be answered later.
    this.isForGood = answer.status < 500 && ![408, 429].includes(answer.status);
    this.after = Number(answer.headers.get("retry-after") ?? NaN);
  }
}

export class Asker {
  constructor(data, language, listener) {
    Object.assign(this, { data, language, listener });
  }

  /** Ask the server; returns its answer and the reference to quote. Raises `Refused`, or what the browser says of the line. */
  async asked(address, { body, json }, milliseconds) {
    const headers = { "Accept-Language": this.language };
    if (json !== undefined) headers["Content-Type"] = "application/json";
    const options = { method: "POST", headers, body: json === undefined ? body : JSON.stringify(json), cache: "no-store" };
    const before = Date.now();
    let answer;
    let content;
    try {
      answer = await fetch(address, { ...options, signal: AbortSignal.timeout(milliseconds) });
      content = answer.ok ? await answer.json() : null;
    } catch (error) {
      this.data.isOnline = false;
      this.listener();
      throw error;
    }
    this.data.isOnline = true;
    this.data.note(answer, before);
    if (!answer.ok) throw new Refused(answer);
    return [content, answer.headers.get("trace-id") ?? ""];
  }

  /** Ask about a code or an id; returns the error when there is no answer. */
  async ask(meant, milliseconds) {
    try {
      const json = meant.code ? { text: meant.code } : { id: meant.id };
      return await this.asked("/api/v1/verifications", { json }, milliseconds);
    } catch (error) {
      return error;
    }
  }

  /** Send a file, and again when the server asks for a little patience. */
  async sent(address, file, milliseconds) {
    for (let tries = 1; ; tries += 1) {
      const body = new FormData();
      body.append("file", file);
      try {
        return await this.asked(address, { body }, milliseconds);
      } catch (error) {
        const isSoon = error instanceof Refused && !error.isForGood && error.after <= WAIT_SECONDS_MAX;
        if (!isSoon || tries === TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, 1000 * error.after));
      }
    }
  }
}
