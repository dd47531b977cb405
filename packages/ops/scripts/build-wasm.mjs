import { buildWasm } from '../../../tools/workspace/build-wasm.mjs';

await buildWasm(import.meta.url, {
  entry: 'assembly/index.ts',
  output: 'src/wasm/kernels.generated.ts',
});
// For memory that threads share.
await buildWasm(import.meta.url, {
  entry: 'assembly/shared.ts',
  output: 'src/wasm/shared-kernels.generated.ts',
  features: ['threads'],
  options: ['--sharedMemory', '--maximumMemory', '65536'],
});
