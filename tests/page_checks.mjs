// Run the page's own modules in Node over cases that Python wrote, one JSON object per line in, one per line out.
//
// Arguments: folder of the modules (with tables.js), the SM2 verifier, file of cases. First line: the pack.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, verifier, cases] = process.argv.slice(2);
globalThis.self = globalThis;
const load = (name) => import(pathToFileURL(`${folder}/${name}`));
const [{ examineText }, pack, { useSm2 }, typed, { decode }, words] = await Promise.all(
  ["check.js", "pack.js", "signatures.js", "typed.js", "cbor.js", "words.js"].map(load),
);
useSm2(pathToFileURL(verifier).href);
const bytes = (text) => Uint8Array.from(Buffer.from(text, "hex"));
const pinned = (each) => ({ root: bytes(each.root), sequence: each.sequence, trustSequence: each.trustSequence });

async function answer(each) {
  if (each.kind === "pack") {
    try {
      const held = each.held ? await pack.openPack(bytes(each.held), pinned({ ...each, sequence: 0, trustSequence: 0 })) : null;
      return { sequence: (await pack.openPack(bytes(each.data), pinned(each), held)).sequence };
    } catch (error) {
      return { code: error.code ?? `${error.name}: ${error.message}` };
    }
  }
  if (each.kind === "report") {
    await words.useWords(each.language);
    await words.useWordsOfFiles();
    return { ...words.verdictWords(each.report, { isFile: each.isFile }), facts: words.publicFacts(each.report) };
  }
  if (each.kind === "typed") return typed.meaningOf(each.text);
  if (each.kind === "cbor") {
    try {
      decode(bytes(each.data), 1 << 20);
      return { good: true };
    } catch (error) {
      return { code: error.code ?? error.message };
    }
  }
  if (each.pack && each.pack !== answer.pack) {
    answer.opened = await pack.openPack(bytes(each.pack), pinned(each));
    answer.pack = each.pack;
  }
  const evidence = each.pack ? pack.evidenceOf(answer.opened, each.at, each.clockOffset ?? null) : pack.noEvidence();
  const report = await examineText(each.text, evidence, each.at);
  if (each.language === undefined) return report;
  await words.useWords(each.language);
  return { ...words.verdictWords(report), facts: words.publicFacts(report) };
}

const out = [];
for (const line of readFileSync(cases, "utf8").split("\n").filter(Boolean)) out.push(JSON.stringify(await answer(JSON.parse(line))));
process.stdout.write(`${out.join("\n")}\n`);
