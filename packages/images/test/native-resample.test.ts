import { imageFunctions, supportedIsas } from '@unitsphere/native';
import { afterAll, expect, test, vi } from 'vitest';
import type { RgbImage } from '../src/image.js';

vi.stubEnv('UNITSPHERE_NATIVE', '1');
afterAll(() => {
  vi.doUnmock('../src/native-functions.js');
  vi.resetModules();
  vi.unstubAllEnvs();
});
const isas = imageFunctions() ? supportedIsas() : [];

/** Resizes images with functions of the addon or without, and returns all their bytes. */
async function resize(functions: ReturnType<typeof imageFunctions>): Promise<Buffer> {
  vi.resetModules();
  vi.doMock('../src/native-functions.js', () => ({ nativeImageFunctions: () => functions }));
  const { resample } = await import('../src/preprocess/resample.js');
  const outputs: Uint8Array[] = [];
  for (const [width, height] of [
    [250, 97],
    [5, 64],
    [1, 1],
  ]) {
    const data = Uint8Array.from({ length: width * height * 3 }, (_, i) =>
      i % 97 < 6 ? 255 * (i & 1) : (Math.imul(i, 2654435761) >>> 21) & 255,
    );
    const image: RgbImage = { width, height, data };
    for (const [to, box] of [
      [160, { left: 0, top: 0, width: 160, height: 160 }],
      [33, { left: 4, top: 9, width: 20, height: 11 }],
      [280, { left: 279, top: 100, width: 1, height: 180 }],
    ] as const) {
      for (const filter of ['bilinear', 'bicubic'] as const)
        outputs.push(resample(image, to, to, box, filter).data);
    }
  }
  return Buffer.concat(outputs);
}

test.skipIf(isas.length === 0)(
  'resizes to the same bytes with the addon (npm run build:native)',
  async () => {
    const plain = await resize(undefined);
    for (const isa of isas) {
      const functions = imageFunctions(isa);
      const resample = functions && vi.spyOn(functions, 'resample');
      expect((await resize(functions)).equals(plain), isa).toBe(true);
      expect(resample).toHaveBeenCalledTimes(18);
    }
  },
);
