import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

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
  return gzipSync(outputFiles[0].contents).length;
}

test.each([
  'CosFace',
  'ArcFace',
  'CombinedMargin',
  'NormalizedSoftmax',
  'SphereFace',
  'AdaFace',
  'CurricularFace',
])('importing %s costs at most 5 kB, minified and compressed, beyond tfjs-core', async (name) => {
  const bytes = await bytesOf(name);
  expect(bytes).toBeGreaterThan(500);
  expect(bytes).toBeLessThanOrEqual(5000);
});

test('a loss brings no other loss', async () => {
  expect(await bytesOf('linearRamp')).toBeLessThan(500);
  const one = await bytesOf('CosFace');
  expect(one).toBeLessThan(await bytesOf('CosFace, ArcFace, CombinedMargin'));
  // Nor what those with statistics keep.
  expect(one + 400).toBeLessThan(await bytesOf('CosFace, CurricularFace'));
});
