import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import * as all from '../src/index.js';

async function bytesOf(name: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: {
      contents: `export { ${name} } from '../src/index.js';`,
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    },
    bundle: true,
    minify: true,
    format: 'esm',
    external: ['@tensorflow/tfjs-core'],
    write: false,
  });
  return gzipSync(outputFiles[0].text).length;
}

const losses = Object.keys(all).filter((name) => name.endsWith('Loss'));

test.each(losses)(
  'importing %s costs at most 12 kB, minified and compressed, beyond tfjs-core',
  async (name) => {
    const bytes = await bytesOf(name);
    expect(bytes).toBeGreaterThan(500);
    expect(bytes).toBeLessThanOrEqual(12_000);
  },
);

test('importing a distance or a reducer includes no loss', async () => {
  expect(losses).toHaveLength(17);
  expect(await bytesOf('MeanReducer')).toBeLessThan(300);
  expect(await bytesOf('CosineSimilarity')).toBeLessThan(800);
});
