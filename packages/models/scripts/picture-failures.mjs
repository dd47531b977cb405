// Draws the photographs of the hard set that a model takes for another card with the highest cosines: weights/NAME/failures.jpg.
//   npm run picture-failures -w packages/models -- NAME HARD_SET     (HARD_SET: `npm run bench -- hard-set DIR`)
import { fileURLToPath } from 'node:url';
import { useBackend } from '@unitsphere/backends';
import { openFolder } from '@unitsphere/data';
import { loadEmbedder } from '@unitsphere/embedder';
import sharp from 'sharp';
import { embedCards } from './measure-cards.mjs';

const FAILURES = 12;
const COLUMNS = 3;
/** Side of a picture, and the space around the three of a failure. */
const [SIDE, SPACE] = [128, 10];

const [name, hardSet] = process.argv.slice(2);
if (!name || !hardSet) {
  console.error('Usage: npm run picture-failures -w packages/models -- NAME HARD_SET');
  process.exit(2);
}
await useBackend('wasm');
const folder = fileURLToPath(new URL(`../weights/${name}/`, import.meta.url));
const embedder = await loadEmbedder(folder);
const source = await openFolder(hardSet, { side: SIDE });
const embedded = await embedCards(embedder, source, 'samples');
embedder.dispose();
const clean = embedded.filter(({ isClean }) => isClean);
const cosine = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

const samples = new Map();
const failures = [];
for (const { embedding, label, isClean } of embedded) {
  const sample = samples.get(label) ?? 0;
  samples.set(label, sample + 1);
  if (isClean) continue;
  const scores = clean.map((each) => cosine(each.embedding, embedding));
  const score = Math.max(...scores);
  const found = clean[scores.indexOf(score)].label;
  if (found !== label) failures.push({ label, sample, found, score });
}
failures.sort((a, b) => b.score - a.score);
// One failure of each document, so that the picture shows different ones.
const shown = failures
  .filter(({ label }, i) => failures.findIndex((other) => other.label === label) === i)
  .slice(0, FAILURES);

const [width, height] = [
  COLUMNS * (3 * SIDE + SPACE) + SPACE,
  Math.ceil(shown.length / COLUMNS) * (SIDE + SPACE) + SPACE,
];
const parts = [];
for (const [i, { label, sample, found }] of shown.entries()) {
  const left = SPACE + (i % COLUMNS) * (3 * SIDE + SPACE);
  const top = SPACE + Math.floor(i / COLUMNS) * (SIDE + SPACE);
  for (const [k, [identity, which]] of [
    [label, sample],
    [found, 0],
    [label, 0],
  ].entries()) {
    const { data } = await source.load(identity, which);
    const raw = { width: SIDE, height: SIDE, channels: 3 };
    parts.push({ input: await sharp(data, { raw }).png().toBuffer(), left: left + k * SIDE, top });
  }
}
await sharp({ create: { width, height, channels: 3, background: '#fff' } })
  .composite(parts)
  .jpeg({ quality: 80 })
  .toFile(`${folder}failures.jpg`);
console.log(
  `${failures.length} of ${embedded.length - clean.length} photographs are taken for another; ${folder}failures.jpg`,
);
