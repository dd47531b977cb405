// Creates and measures every backbone; writes src/catalog.ts and the table of the README. `npm run catalog` builds the
// packages that it requires first.
import '@tensorflow/tfjs-backend-wasm';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { Random } from '@unitsphere/core';
import { build } from 'esbuild';

const path = (name) => new URL(`../${name}`, import.meta.url);

/** Free initial weights: the measurements do not depend on them. */
class NoRandom extends Random {
  fork() {
    return this;
  }
  normal() {
    return 0;
  }
  uniform() {
    return 0;
  }
}

/** Imports the package from its sources, so that it need not be built first. */
async function importSources() {
  const bundle = path('.write-catalog.mjs');
  await build({
    stdin: {
      contents: `export * from './src/registry'; export * from './src/measure';`,
      resolveDir: fileURLToPath(path('.')),
    },
    outfile: fileURLToPath(bundle),
    bundle: true,
    format: 'esm',
    packages: 'external',
  });
  try {
    return await import(bundle.href);
  } finally {
    await rm(bundle);
  }
}

const { entries, measureBackbone } = await importSources();
await tf.setBackend('wasm');
const rows = Object.entries(entries).map(([name, { make, inputSize }]) => {
  const backbone = make({ random: new NoRandom(0) });
  const { parameters, multiplyAdds } = measureBackbone(backbone, inputSize);
  const channels = backbone.featureInfo.map((map) => map.channels);
  const reductions = backbone.featureInfo.map((map) => map.reduction);
  backbone.dispose();
  return { name, inputSize, parameters, multiplyAdds, channels, reductions };
});

const lines = rows.map(
  ({ name, parameters, multiplyAdds, channels, reductions }) =>
    `  ${name}: { parameters: ${parameters}, multiplyAdds: ${multiplyAdds}, channels: [${channels.join(', ')}], reductions: [${reductions.join(', ')}] },`,
);
await writeFile(
  path('src/catalog.ts'),
  `// Written by scripts/write-catalog.mjs. Do not edit: \`npm run catalog -w packages/backbones\`.\n// biome-ignore format: a table\nexport const catalog = {\n${lines.join('\n')}\n};\n`,
);

const million = (count) =>
  (count / 1e6).toLocaleString('en-US', { maximumFractionDigits: count < 1e8 ? 2 : 0 });
const table = [
  '| name | image | parameters (M) | multiply-adds (M) | channels | reductions |',
  '| --- | --- | --- | --- | --- | --- |',
  ...rows.map(
    (row) =>
      `| \`${row.name}\` | ${row.inputSize} | ${million(row.parameters)} | ${million(row.multiplyAdds)} | ${row.channels.join(', ')} | ${row.reductions.join(', ')} |`,
  ),
].join('\n');
const readme = await readFile(path('README.md'), 'utf8');
const [begin, end] = ['<!-- catalog: npm run catalog -w packages/backbones -->', '<!-- end of catalog -->'];
const [before, after] = [readme.indexOf(begin), readme.indexOf(end)];
if (before < 0 || after < before) throw new Error(`README.md lacks the lines "${begin}" and "${end}".`);
await writeFile(
  path('README.md'),
  `${readme.slice(0, before + begin.length)}\n\n${table}\n\n${readme.slice(after)}`,
);
