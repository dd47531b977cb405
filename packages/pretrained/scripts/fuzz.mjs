// Feeds mutated files to a reader. Each must end in the reader's own error or a valid result, in limited time and memory.
//   npm run fuzz -w packages/pretrained -- [safetensors|pth|onnx …] [--count 100000] [--seed 1] [--from 0]
import { readFileSync } from 'node:fs';
import { runFuzz } from '../../../tools/testing/src/fuzz/run-fuzz.mjs';

const CHECKPOINTS = ['dtypes', 'windows', 'training', 'protocol4', 'namespace', 'legacy'];

await runFuzz({
  script: import.meta.url,
  formats: ['safetensors', 'pth', 'onnx'],
  heapMegabytes: 512,
  workerData: {
    checkpoints: CHECKPOINTS.map(
      (name) => new Uint8Array(readFileSync(new URL(`../test/files/${name}.pth`, import.meta.url))),
    ),
  },
  describe: ({ buffers, heap }) =>
    `${(100 * buffers).toFixed(0)} % of the limit of buffers and ${(100 * heap).toFixed(0)} % of that of objects`,
});
