import { createRequire } from 'node:module';
import type { nativeImageFunctions } from '@unitsphere/images';
import { afterAll, expect, test, vi } from 'vitest';
import type { Image } from '../src/image.js';

type ImageFunctions = NonNullable<ReturnType<typeof nativeImageFunctions>>;

interface Native {
  imageFunctions(isa?: string): ImageFunctions | undefined;
  supportedIsas(): readonly string[];
}

afterAll(() => {
  vi.doUnmock('@unitsphere/images');
  vi.resetModules();
  vi.unstubAllEnvs();
});

/** An image with all colors, grays and both extremes. */
function drawImage(width: number, height: number): Image {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) =>
    i % 97 < 6 ? 255 * (i & 1) : (Math.imul(i, 2654435761) >>> 21) & 255,
  );
  data.fill(77, 0, 30);
  return { width, height, data };
}

/** Augments images with functions of the addon or without, and returns all their bytes. */
async function augment(functions: ImageFunctions | undefined): Promise<Buffer> {
  vi.resetModules();
  vi.doMock('@unitsphere/images', async (importImages) => ({
    ...(await importImages<object>()),
    nativeImageFunctions: () => functions,
  }));
  const { Augmentation } = await import('../src/augment/augmentation.js');
  const { applyView } = await import('../src/views.js');
  const { gaussianBlur } = await import('../src/augment/gaussian-blur.js');
  const { addNormal } = await import('../src/augment/normal-table.js');
  const { adjustContrast, adjustHue, adjustSaturation } = await import('../src/augment/color-jitter.js');
  const { Random } = await import('@unitsphere/core/random');
  const outputs: Uint8Array[] = [];
  const augmentation = new Augmentation();
  for (const [width, height] of [
    [40, 33],
    [90, 85],
    [7, 61],
    [1, 2],
  ]) {
    const image = drawImage(width, height);
    const copy = () => ({ ...image, data: image.data.slice() });
    for (const size of [3, 16, 37]) {
      for (let view = 0; view < 8; view++) outputs.push(applyView(image, view, size).data);
      for (let i = 0; i < 20; i++)
        outputs.push(augmentation.augment(image, new Random(1, i), size, i % 8).data);
    }
    for (const size of [1, 3, 5, 7, 9]) outputs.push(gaussianBlur(image, size).data);
    for (const factor of [0, 0.9, 1.4]) {
      outputs.push(adjustSaturation(copy(), factor).data, adjustContrast(copy(), factor).data);
    }
    for (const turn of [-0.2, 0, 1 / 3, 0.999]) outputs.push(adjustHue(copy(), turn).data);
    // An odd number of bytes, and what the stream draws next.
    const random = new Random(2);
    const noisy = image.data.slice(0, 3);
    addNormal(noisy, 20, random);
    outputs.push(noisy, Uint8Array.of(random.int(256), random.int(256)));
  }
  return Buffer.concat(outputs);
}

const native = (() => {
  vi.stubEnv('UNITSPHERE_NATIVE', '1');
  try {
    return createRequire(import.meta.url)('@unitsphere/native') as Native;
  } catch {
    return undefined;
  }
})();
const isas = native?.imageFunctions() ? native.supportedIsas() : [];

test.skipIf(isas.length === 0)(
  'augments to the same bytes with the addon (npm run build:native)',
  async () => {
    const plain = await augment(undefined);
    for (const isa of isas) {
      const functions = native?.imageFunctions(isa);
      const blur = functions && vi.spyOn(functions, 'blur');
      expect((await augment(functions)).equals(plain), isa).toBe(true);
      expect(blur).toHaveBeenCalled();
    }
  },
);

test.skipIf(isas.length === 0)('the addon refuses arrays that do not fit each other', () => {
  const functions = native?.imageFunctions();
  const image = new Uint8Array(4 * 4 * 3);
  const axis = [Int32Array.of(0, 3), Int32Array.of(3, 6), Int32Array.of(0, 9)] as const;
  const beyond = [Int32Array.of(0, 3), Int32Array.of(3, 46), Int32Array.of(0, 9)] as const;
  const taps = [Int32Array.of(0, 2), Int32Array.of(2, 2), new Int32Array(4)] as const;
  const late = [Int32Array.of(0, 3), Int32Array.of(2, 2), new Int32Array(4)] as const;
  const small = new Uint8Array(12);
  expect(() => functions?.warp(image, small, ...axis, ...axis)).not.toThrow();
  expect(() => functions?.warp(image, small, ...axis, ...beyond)).toThrow(/warp: arguments/);
  expect(() => functions?.resample(image, 4, small, ...taps, ...taps)).not.toThrow();
  expect(() => functions?.resample(image, 4, small, ...taps, ...late)).toThrow(/resample: arguments/);
  expect(() => functions?.resample(image, 5, small, ...taps, ...taps)).toThrow(/resample: arguments/);
  expect(() => functions?.blur(image, 4, Uint16Array.of(128, 65))).toThrow(/blur: arguments/);
  expect(() => functions?.addNormal(image, new Uint32Array(4), new Float32Array(4), 1)).toThrow(/add_normal/);
});
