import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

async function bundle(name: string): Promise<string> {
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
  return outputFiles[0].text;
}

const bytesOf = async (name: string) => gzipSync(await bundle(name)).length;

const losses = [
  'CosFace',
  'ArcFace',
  'CombinedMargin',
  'NormalizedSoftmax',
  'SphereFace',
  'AdaFace',
  'CurricularFace',
];

test.each(losses)(
  'importing %s costs at most 5 kB, minified and compressed, beyond tfjs-core',
  async (name) => {
    const bytes = await bytesOf(name);
    expect(bytes).toBeGreaterThan(500);
    expect(bytes).toBeLessThanOrEqual(5000);
  },
);

test('importing a loss includes no other loss, nor statistics that it does not use', async () => {
  expect(await bytesOf('linearRamp')).toBeLessThan(500);
  const one = await bytesOf('CosFace');
  expect(one).toBeLessThan(await bytesOf('CosFace, ArcFace, CombinedMargin'));
  expect(one + 400).toBeLessThan(await bytesOf('CosFace, CurricularFace'));
});

test.each(losses)('importing %s leaves out its entry in the registry', async (name) => {
  expect(await bundle(name)).not.toMatch(/exclusiveMaximum|hasStatistics/);
});
