import { buildWasm } from '../../../tools/workspace/build-wasm.mjs';

// A module for each purpose, so that a loss contains only its own.
for (const name of ['rows', 'softmax', 'sigmoid']) {
  await buildWasm(import.meta.url, {
    entry: `assembly/${name}.ts`,
    output: `src/host/${name}.generated.ts`,
    // A second build would double the size of every loss.
    relaxedSimd: false,
    options: ['--shrinkLevel', '2'],
  });
}
