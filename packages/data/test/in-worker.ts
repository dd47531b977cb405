import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import type { Image } from '../src/image.js';

/**
 * Runs a module in a worker thread and returns the images that it posts.
 * @param name Name of the test, for its temporary folder.
 * @param contents Source of the module, with imports relative to this folder.
 */
export async function picturesOfWorker(name: string, contents: string): Promise<Image[]> {
  // The folder is inside the package, so that the canvas and the fonts are resolved from it.
  const folder = fileURLToPath(new URL(`../node_modules/.${name}-test/`, import.meta.url));
  mkdirSync(folder, { recursive: true });
  try {
    await build({
      stdin: { contents, resolveDir: fileURLToPath(new URL('.', import.meta.url)), loader: 'ts' },
      bundle: true,
      format: 'esm',
      platform: 'node',
      outfile: `${folder}worker.mjs`,
    });
    return await new Promise<Image[]>((resolve, reject) => {
      const worker = new Worker(`${folder}worker.mjs`);
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
