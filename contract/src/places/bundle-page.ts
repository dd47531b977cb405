import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

const require = createRequire(import.meta.url);

/** This package's folder. Both the source and the build find it. */
const folder = dirname(require.resolve('@unitsphere/contract/package.json'));

/** Bundles the page's script from this package's source and the other packages' builds. */
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

/** Returns the folder of TensorFlow.js's `.wasm` files. */
export function findWasmFolder(): string {
  return dirname(require.resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm'));
}
