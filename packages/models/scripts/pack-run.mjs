// Writes a run of the trainer as a model of this package: weights/NAME in Hugging Face's layout, with float16 weights.
//   npm run pack-run -w packages/models -- NAME RUN
//   npm run pack-run -w packages/models -- NAME CHECKPOINT…     the mean of several checkpoints' weights (Izmailov et al. 2018)
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { writeFileAtomicSync } from '@unitsphere/core/disk';
import { createEmbedder, embedderFiles, loadEmbedder } from '@unitsphere/embedder';
import { averageStates } from './average-states.mjs';
import { toHalfWeights } from './to-half-weights.mjs';

const [name, ...checkpoints] = process.argv.slice(2);
if (!/^[a-z]+(-[a-z]+)*$/.test(name ?? '') || checkpoints.length === 0) {
  console.error('Usage: npm run pack-run -w packages/models -- NAME RUN_OR_CHECKPOINT…');
  process.exit(2);
}
const states = [];
let options;
for (const checkpoint of checkpoints) {
  const embedder = await loadEmbedder(checkpoint);
  states.push(await embedder.stateDict());
  options = { ...embedder.config, preprocessing: embedder.preprocessing };
  embedder.dispose();
}
const embedder = await createEmbedder(options, { state: averageStates(states) });
const files = await embedderFiles(embedder);
files['model.safetensors'] = toHalfWeights(files['model.safetensors']);
const folder = fileURLToPath(new URL(`../weights/${name}/`, import.meta.url));
await mkdir(folder, { recursive: true });
for (const [file, content] of Object.entries(files)) {
  // The card has figures that the run does not know; it is written by hand.
  if (file !== 'README.md') writeFileAtomicSync(`${folder}${file}`, content);
}
console.log(`${folder}: ${files['model.safetensors'].length.toLocaleString('en')} bytes of weights`);
embedder.dispose();
