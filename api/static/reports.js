// Reports of the counter page that no checker makes: of what two checkers said, and of what nobody could say.

/** Return the server's report, unless the page itself found that the code is not genuine. */
export function merged(own, theirs) {
  return own !== null && own.genuine === false && theirs.genuine !== false ? own : theirs;
}

/** Return what can be said of a typed id when nobody answers. */
export function unreached(id, at) {
  const finding = (name, code, result) => ({ name, code, result, detail: "", source: "", as_of: null, params: {} });
  const checks = [finding("form", "form.typed_id", "passed"), finding("status", "status.unreachable", "unknown")];
  const nothing = { in_force: null, genuine: null, test: false, log: {}, also: [], signatures: [] };
  return { ...nothing, verdict: "unreachable", checks, facts: { licence_id: id }, as_of: new Date(at).toISOString() };
}

/** Return a reference for a check that no server saw: the time and some chance. */
export function ownReference(at) {
  const chance = crypto.getRandomValues(new Uint8Array(3));
  return `L${at.toString(36)}${Array.from(chance, (each) => each.toString(16).padStart(2, "0")).join("")}`.toUpperCase();
}
