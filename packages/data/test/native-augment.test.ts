import { createRequire } from 'node:module';
import { expect, test, vi } from 'vitest';
import type { Image } from '../src/image.js';

/** An image with all colors, grays and both extremes. */
function drawImage(width: number, height: number): Image {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) =>
    i % 97 < 6 ? 255 * (i & 1) : (Math.imul(i, 2654435761) >>> 21) & 255,
  );
  data.fill(77, 0, 30);
  return { width, height, data };
}

/** Augments images with the addon or without it, and returns all their bytes. */
async function augment(native: '0' | '1') {
  vi.resetModules();
  vi.stubEnv('UNITSPHERE_NATIVE', native);
  const { nativeImageFunctions } = await import('@unitsphere/images');
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
  return { isNative: nativeImageFunctions() !== undefined, bytes: Buffer.concat(outputs) };
}

const isBuilt = (() => {
  vi.stubEnv('UNITSPHERE_NATIVE', '1');
  try {
    return createRequire(import.meta.url)('@unitsphere/native').imageFunctions() !== undefined;
  } catch {
    return false;
  }
})();

test.skipIf(!isBuilt)('augments to the same bytes with the addon (npm run build:native)', async () => {
  const [plain, native] = [await augment('0'), await augment('1')];
  expect([plain.isNative, native.isNative]).toEqual([false, true]);
  expect(native.bytes.equals(plain.bytes)).toBe(true);
});
