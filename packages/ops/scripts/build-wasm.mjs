import { buildWasm } from '../../../tools/workspace/build-wasm.mjs';

await buildWasm(import.meta.url, {
  entry: 'assembly/index.ts',
  output: 'src/wasm/kernels.generated.ts',
});
