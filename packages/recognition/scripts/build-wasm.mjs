import { buildWasm } from '../../../tools/workspace/build-wasm.mjs';

const entry = 'assembly/scan.ts';
await buildWasm(import.meta.url, { entry, output: 'src/search/kernels.generated.ts' });
// The same with one memory for all threads.
await buildWasm(import.meta.url, {
  entry,
  output: 'src/search/shared-kernels.generated.ts',
  features: ['threads'],
  options: ['--sharedMemory', '--maximumMemory', '65536'],
});
