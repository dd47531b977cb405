import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

const require = createRequire(import.meta.url);

/** This package's folder, from its source as from its build. */
const folder = dirname(require.resolve('@unitsphere/contract/package.json'));

/** The contract's script for a page, of the present source and the packages as they are built. */
export async function bundlePage(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [join(folder, 'src', 'page', 'page.ts')],
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    logLevel: 'silent',
  });
  return outputFiles[0].contents;
}

/** The folder of TensorFlow.js's `.wasm` files. */
export function wasmFolder(): string {
  return dirname(require.resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm'));
}
