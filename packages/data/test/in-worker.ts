import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import type { Image } from '../src/image.js';

/**
 * The pictures that a worker thread posts.
 * @param name Of the test, for its folder.
 * @param contents The thread's module, as if it lay beside this file.
 */
export async function picturesOfWorker(name: string, contents: string): Promise<Image[]> {
  // Inside the package, so that the canvas and the fonts are found from it.
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
