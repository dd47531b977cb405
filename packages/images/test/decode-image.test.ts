import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { afterAll, expect, test } from 'vitest';
import {
  decodeBytes,
  decodeImage,
  ImageError,
  type Preprocessing,
  readImageSize,
  resizeAndCrop,
} from '../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'unitsphere-images-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A gradient in both directions, so that each orientation differs. */
const gradient = (width: number, height: number) => ({
  width,
  height,
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [pixel, channel] = [Math.floor(i / 3), i % 3];
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    return [(255 * x) / width, (255 * y) / height, 128][channel];
  }),
});
const picture = gradient(24, 16);
const encode = ({ data, width, height } = picture) => sharp(data, { raw: { width, height, channels: 3 } });

test('reads a path, a URL, bytes, a part of a buffer, an ArrayBuffer, a Blob and a File alike', async () => {
  const bytes = await encode().png().toBuffer();
  const path = join(folder, 'pícture 1.png');
  writeFileSync(path, bytes);
  const padded = Uint8Array.from([0, 0, 0, ...bytes, 0]);
  const buffer = Uint8Array.from(bytes).buffer;
  const inputs = [
    path,
    pathToFileURL(path),
    bytes,
    padded.subarray(3, 3 + bytes.length),
    new DataView(buffer),
    buffer,
    new Blob([buffer]),
    new File([buffer], 'picture.png'),
  ];
  for (const input of inputs) {
    const { width, height, data } = await decodeImage(input);
    expect([width, height]).toEqual([24, 16]);
    expect(Buffer.from(data).equals(picture.data)).toBe(true);
  }
});

test('reads pixels of one to four channels, and composes transparent ones onto white', async () => {
  const read = async (values: number[], channels?: number) => [
    ...(await decodeImage({ width: 1, height: 1, data: Uint8Array.from(values), channels })).data,
  ];
  expect(await read([7])).toEqual([7, 7, 7]);
  expect(await read([0, 128])).toEqual([127, 127, 127]);
  expect(await read([1, 2, 3])).toEqual([1, 2, 3]);
  expect(await read([10, 20, 30, 0])).toEqual([255, 255, 255]);
  expect(await read([10, 20, 30, 255], 4)).toEqual([10, 20, 30]);
});

test('composes pixels onto white exactly as an encoded image', async () => {
  const rgba = {
    width: 64,
    height: 64,
    data: Uint8Array.from({ length: 64 * 64 * 4 }, (_, i) => (i * 7919) >> 4),
  };
  const raw = { width: 64, height: 64, channels: 4 } as const;
  const encoded = await sharp(rgba.data, { raw }).png().toBuffer();
  expect((await decodeImage(rgba)).data).toEqual(new Uint8Array((await decodeImage(encoded)).data));
});

test('reads a canvas in Node', async () => {
  const { createCanvas } = await import('@napi-rs/canvas');
  const canvas = createCanvas(2, 1);
  const context = canvas.getContext('2d');
  context.fillStyle = '#102030';
  context.fillRect(0, 0, 1, 1);
  expect([...(await decodeImage(canvas)).data]).toEqual([16, 32, 48, 255, 255, 255]);
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])('rotates according to EXIF orientation %d', async (orientation) => {
  const upright = await decodeImage(await encode().png().toBuffer());
  // The stored pixels for which this orientation gives the upright picture.
  const inverse = orientation === 6 ? 8 : orientation === 8 ? 6 : orientation;
  const turned = await encode().withMetadata({ orientation: inverse }).png().toBuffer();
  const stored = await sharp(turned).autoOrient().png().toBuffer();
  const tagged = await sharp(stored).withMetadata({ orientation }).png().toBuffer();
  const decoded = await decodeImage(tagged);
  expect([decoded.width, decoded.height]).toEqual([upright.width, upright.height]);
  expect(Buffer.from(decoded.data).equals(upright.data)).toBe(true);
});

test('enlarges to a square exactly as resizeAndCrop, and shrinks within rounding', async () => {
  const squash: Preprocessing = {
    imageSize: 40,
    channelOrder: 'RGB',
    mean: [0, 0, 0],
    std: [1, 1, 1],
    cropMode: 'squash',
  };
  const small = await encode().png().toBuffer();
  expect((await decodeBytes(small, 40)).data).toEqual(resizeAndCrop(picture, squash).data);
  const large = gradient(300, 200);
  const shrunk = await decodeBytes(await encode(large).png().toBuffer(), 40);
  const exact = resizeAndCrop(large, squash).data;
  expect(Math.max(...exact.map((value, i) => Math.abs(value - shrunk.data[i])))).toBeLessThanOrEqual(2);
});

test('reads the upright size from the header', async () => {
  expect(await readImageSize(await encode().png().toBuffer())).toEqual({ width: 24, height: 16 });
  const turned = await encode().jpeg().withMetadata({ orientation: 6 }).toBuffer();
  expect(await readImageSize(turned)).toEqual({ width: 16, height: 24 });
  expect(await readImageSize(Buffer.from('P5 3 2 255\n123456'))).toEqual({ width: 3, height: 2 });
  await expect(readImageSize(Buffer.from('no image'))).rejects.toThrow(ImageError);
});

test('refuses what is no image, and names it', async () => {
  const missing = await decodeImage(join(folder, 'none.png')).catch((error) => error);
  expect(missing).toBeInstanceOf(ImageError);
  expect(missing).toMatchObject({
    code: 'IMAGE_UNREADABLE',
    message: expect.stringMatching(/none.png: no such file/),
  });
  await expect(decodeImage(folder)).rejects.toThrow(/this is a folder, not an image/);
  const text = join(folder, 'text.png');
  writeFileSync(text, 'not a picture');
  await expect(decodeImage(text)).rejects.toThrow(
    /text.png: not an image in a known format.*"not a picture"/,
  );
  await expect(decodeImage(new Uint8Array(0))).rejects.toThrow(/the image: the file is empty/);
  await expect(decodeImage(new File([], 'a.jpg'))).rejects.toThrow(/a.jpg: the file is empty/);
  await expect(decodeImage(7 as never)).rejects.toMatchObject({ code: 'IMAGE_UNSUPPORTED' });
  await expect(decodeImage({ videoWidth: 2, videoHeight: 2 })).rejects.toThrow(/no image in Node/);
  await expect(decodeImage({ width: 2, height: 2, data: new Uint8Array(5) })).rejects.toThrow(
    /2 × 2 must have 12 bytes/,
  );
  const p3 = { width: 1, height: 1, data: new Uint8ClampedArray(4), colorSpace: 'display-p3' };
  await expect(decodeImage(p3)).rejects.toThrow(/display-p3 is not supported; read it with getImageData/);
});
