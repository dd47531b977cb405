import { buildWasm } from '../../../tools/workspace/build-wasm.mjs';

// One memory for all threads.
await buildWasm(import.meta.url, {
  entry: 'assembly/all-pairs.ts',
  output: 'src/all-pairs/kernels.generated.ts',
  features: ['threads'],
  options: ['--sharedMemory', '--maximumMemory', '65536'],
});
