import { buildWasm } from '../../../tools/workspace/build-wasm.mjs';
import { generateActivations } from './generate-activations.mjs';

await generateActivations();
await buildWasm(import.meta.url, {
  entry: 'assembly/index.ts',
  output: 'src/wasm/kernels.generated.ts',
});
// Kernels on memory that threads share.
await buildWasm(import.meta.url, {
  entry: 'assembly/shared.ts',
  output: 'src/wasm/shared-kernels.generated.ts',
  features: ['threads'],
  options: ['--sharedMemory', '--maximumMemory', '65536'],
});
