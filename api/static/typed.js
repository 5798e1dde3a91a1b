// What somebody typed, pasted or scanned: what was meant (api/checking.py), and whether an id can have been printed
// (verify/values.py). A slip of the finger is told as one, never as "not in the registry".

export const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const ADDRESS = /^(?:https?:\/\/)?[^/?#]{1,260}\/v\/([0-9a-z-]{16,24})\/?(?:\?[^#]*)?$/i;
const DASHES = /[-\u2010-\u2014\uff0d\s]/g;
const TYPED_LENGTH_MAX = 64;

/** Return narrow letters without spaces and signs unseen, and without the mark that a scanner may put in front. */
export function asMeant(entry) {
  const seen = entry.normalize("NFKC").replace(/[\p{C}\p{Z}\s]/gu, "");
  return seen.replace(/^\][A-Za-z][0-9]/, "");
}

/** Return the id that was typed, or null for what cannot have been printed. */
export function parseTyped(text) {
  if ([...text].length > TYPED_LENGTH_MAX) return null;
  const folded = text.toUpperCase().replace(DASHES, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  const id = folded.slice(0, 16);
  if (id.length !== 16 || [...folded].some((each) => !CROCKFORD.includes(each))) return null;
  return folded.length === 16 || folded.slice(16) === checkCharacter(id) ? id : null;
}

/** Write an id as it is printed: groups of four, and the check character. */
export function printed(id) {
  return `${id.match(/.{4}/g).join("-")}-${checkCharacter(id)}`;
}

/** Return what an entry is: {code} the text of a code, {id} a typed id or the address of one, or {slip}. */
export function meaningOf(entry) {
  const text = asMeant(entry);
  const address = ADDRESS.exec(text);
  if (address === null && /[#/]/.test(text)) return { code: text };
  const id = parseTyped(address === null ? text : address[1]);
  return id === null ? { slip: true } : { id };
}

/** ISO/IEC 7064 hybrid system MOD 33,32 over Crockford's alphabet. */
function checkCharacter(text) {
  let product = 32;
  for (const each of text) product = (2 * ((product + CROCKFORD.indexOf(each)) % 32 || 32)) % 33;
  return CROCKFORD[(33 - product) % 32];
}
