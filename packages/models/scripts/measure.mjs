// Measures a model of this package on real cards and on the hard set, and writes weights/NAME/figures.json and its model card.
//   npm run measure -w packages/models -- NAME CARDS HARD_SET     (HARD_SET: `npm run bench -- hard-set DIR`)
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { useBackend } from '@unitsphere/backends';
import { writeFileAtomicSync } from '@unitsphere/core/disk';
import { findDuplicates, openFolder } from '@unitsphere/data';
import { loadEmbedder } from '@unitsphere/embedder';
import { embedCards, verifyCards } from './measure-cards.mjs';
import { writeFigures } from './write-figures.mjs';

const [name, cards, hardSet] = process.argv.slice(2);
if (!name || !cards || !hardSet) {
  console.error('Usage: npm run measure -w packages/models -- NAME CARDS HARD_SET');
  process.exit(2);
}
await useBackend('wasm');
const folder = fileURLToPath(new URL(`../weights/${name}/`, import.meta.url));
const embedder = await loadEmbedder(folder);
// Larger than the input, as in the trainer's evaluation, so that augmented copies stay sharp.
const side = Math.round(embedder.preprocessing.imageSize * 1.25);
const source = await openFolder(cards, { side, identityPer: 'file' });
const copies = new Set(
  (await findDuplicates(source)).flatMap(({ images }) => images.slice(1).map((i) => i.identity)),
);
const embedded = await embedCards(embedder, source);
const figures = {
  fingerprint: embedder.fingerprint,
  cards: verifyCards(embedded),
  withoutCopies: verifyCards(embedded.filter(({ label }) => !copies.has(label))),
  /** What the test repeats at each run: all cards take minutes. */
  everyTwentieth: verifyCards(
    embedded.filter(({ label }) => label % 20 === 0),
    { intervals: false },
  ),
  hardSet: verifyCards(await embedCards(embedder, await openFolder(hardSet, { side }), 'samples')),
};
writeFileAtomicSync(`${folder}figures.json`, `${JSON.stringify(figures, null, 2)}\n`);
const card = `${folder}README.md`;
writeFileAtomicSync(card, writeFigures(readFileSync(card, 'utf8'), figures));
console.log(figures);
embedder.dispose();
