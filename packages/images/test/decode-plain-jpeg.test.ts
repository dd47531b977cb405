import sharp, { type Sharp } from 'sharp';
import { afterAll, describe, expect, test, vi } from 'vitest';

vi.stubEnv('UNITSPHERE_NATIVE', '1');
// Another file of the process may have loaded the modules without the addon.
vi.resetModules();
afterAll(() => {
  vi.resetModules();
  vi.unstubAllEnvs();
});
const { decodePlainJpeg } = await import('../src/decode/decode-plain-jpeg.js');
const { nativeImageFunctions } = await import('../src/index.js');

/** A picture with detail at every scale. */
function draw(width: number, height: number): Sharp {
  let state = width * 31 + height;
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return 110 + 70 * Math.sin((Math.floor(i / 3) % width) / 9 + i / (width * 40)) + (state >>> 26);
  });
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

async function expectPixelsOfSharp(jpeg: Buffer, side: number): Promise<void> {
  const image = sharp(jpeg).toColourspace('srgb');
  if (side > 0) image.resize(side, side, { fit: 'fill', kernel: 'linear' });
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  const decoded = await decodePlainJpeg(jpeg, side);
  expect(decoded && [decoded.width, decoded.height]).toEqual([info.width, info.height]);
  expect(decoded && Buffer.compare(decoded.data, data)).toBe(0);
}

describe.skipIf(!nativeImageFunctions())('with the addon (npm run build:native)', () => {
  // The sizes reach every factor of the decoder, the box filter, and rounded positions between rows.
  test.each([
    [250, 250, [0, 8, 31, 112, 160, 249, 250]],
    [333, 97, [0, 9, 15, 48, 97]],
    [15, 132, [0, 9, 15]],
    [70, 474, [0, 33, 54, 70]],
    [64, 649, [64]],
    [1, 1, [0]],
  ])('decodes %i × %i as sharp', async (width, height, sides) => {
    for (const chromaSubsampling of ['4:2:0', '4:4:4']) {
      const jpeg = await draw(width, height).jpeg({ quality: 90, chromaSubsampling }).toBuffer();
      for (const side of sides) await expectPixelsOfSharp(jpeg, side);
    }
  });

  test('decodes progressive and gray files, and other metadata, as sharp', async () => {
    const images = [
      draw(91, 120).jpeg({ progressive: true }),
      draw(91, 120).grayscale().jpeg(),
      draw(91, 120).withMetadata({ orientation: 1, density: 300 }).jpeg(),
      draw(91, 120)
        .withExif({ IFD0: { Copyright: 'someone' } })
        .jpeg(),
    ];
    for (const image of images) {
      const jpeg = await image.toBuffer();
      const plain = await decodePlainJpeg(jpeg, 40);
      // sharp adds a color profile with its metadata.
      if ((await sharp(jpeg).metadata()).hasProfile) expect(plain).toBeUndefined();
      else await expectPixelsOfSharp(jpeg, 40);
    }
  });

  test('leaves a larger side to the caller', async () => {
    const decoded = await decodePlainJpeg(await draw(30, 20).jpeg().toBuffer(), 25);
    expect([decoded?.width, decoded?.height]).toEqual([30, 20]);
  });

  test('decodes to given memory of the right length only', async () => {
    const { decodeBytes } = await import('../src/index.js');
    const target = () => new Uint8Array(24 * 24 * 3);
    for (const [width, height, isUsed] of [
      [40, 30, true],
      [24, 24, true],
      [20, 10, true],
      // As many bytes as the result: the image itself is decoded to the target.
      [48, 12, false],
    ] as const) {
      const jpeg = await draw(width, height).jpeg().toBuffer();
      const given = target();
      const { data } = await decodeBytes(jpeg, 24, given);
      expect(Buffer.compare(data, (await decodeBytes(jpeg, 24)).data), `${width} × ${height}`).toBe(0);
      expect(data === given, `${width} × ${height}`).toBe(isUsed);
      const short = new Uint8Array(5);
      expect((await decodeBytes(jpeg, 24, short)).data).toHaveLength(24 * 24 * 3);
    }
  });

  test('leaves files to sharp that need a conversion, or are damaged', async () => {
    const jpeg = await draw(64, 48).jpeg().toBuffer();
    const damaged = Buffer.from(jpeg);
    const middle = Math.floor(jpeg.length / 2);
    damaged.fill(0xff, middle, middle + 40);
    const files = [
      await draw(64, 48).png().toBuffer(),
      await draw(64, 48).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
      await draw(64, 48).withIccProfile('p3').jpeg().toBuffer(),
      await draw(64, 48).toColourspace('cmyk').jpeg().toBuffer(),
      jpeg.subarray(0, jpeg.length - 200),
      jpeg.subarray(0, 30),
      Buffer.from([0xff, 0xd8]),
      damaged,
    ];
    for (const file of files) expect(await decodePlainJpeg(file, 16)).toBeUndefined();
  });

  test('never crashes on mutated files', async () => {
    const jpeg = await draw(48, 40).jpeg().toBuffer();
    let state = 7;
    const next = (below: number) => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return (state >>> 8) % below;
    };
    for (let i = 0; i < 300; i++) {
      const mutated = Buffer.from(jpeg.subarray(0, next(4) === 0 ? next(jpeg.length) : jpeg.length));
      for (let k = next(6); k >= 0 && mutated.length > 2; k--)
        mutated[2 + next(mutated.length - 2)] = next(256);
      const decoded = await decodePlainJpeg(mutated, next(2) * 16);
      if (decoded) expect(decoded.data.length).toBe(decoded.width * decoded.height * 3);
    }
  });
});
