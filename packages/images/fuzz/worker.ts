import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { mutate } from '@unitsphere/testing/fuzz/mutate';
import { FuzzRandom } from '@unitsphere/testing/fuzz/random';
import sharp from 'sharp';
import { decodePlainJpeg } from '../src/decode/decode-plain-jpeg.js';
import { nativeImageFunctions } from '../src/native-functions.js';

/** Work that the main thread assigns. */
interface Work {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  /** Index of the current input, by which the main thread detects a hang. */
  readonly current: SharedArrayBuffer;
  /** Folder to which failing inputs are written. */
  readonly folder: string;
}

/** Number of decoded files of which sharp decodes one, too. */
const COMPARED = 16;
/** Inputs that are decoded at the same time, as by the loader. */
const AT_ONCE = 8;

if (!parentPort) throw new Error('worker.ts must run in a worker thread.');
if (!nativeImageFunctions()) throw new Error('The addon is not built: npm run build:native.');
const { seed, from, to, current, folder } = workerData as Work;
const index = new Int32Array(current);
const counts = { read: 0, refused: 0, failed: 0, compared: 0 };
let slowest = 0;

/** JPEG files of every kind that the addon decodes. */
async function makeFiles(): Promise<Uint8Array[]> {
  const random = new FuzzRandom(seed);
  const kinds = [
    { size: [48, 40], options: {} },
    { size: [31, 65], options: { chromaSubsampling: '4:4:4' } },
    { size: [40, 48], options: { progressive: true } },
    { size: [130, 97], options: { quality: 20, optimiseCoding: false } },
  ];
  const images = kinds.map(({ size: [width, height], options }) => {
    const pixels = Uint8Array.from({ length: width * height * 3 }, () => random.below(256));
    return sharp(pixels, { raw: { width, height, channels: 3 } }).jpeg({ quality: 90, ...options });
  });
  const gray = images[0].clone().grayscale();
  return Promise.all([...images, gray].map((image) => image.toBuffer()));
}

/** Returns what is wrong with the decoding of a file. */
async function check(file: Uint8Array, side: number): Promise<string | undefined> {
  const image = await decodePlainJpeg(file, side);
  if (!image) {
    counts.refused++;
    return undefined;
  }
  const { width, height, data } = image;
  if (data.length !== width * height * 3) return `${data.length} bytes for ${width} × ${height}`;
  if (counts.read++ % COMPARED > 0) return undefined;
  counts.compared++;
  const library = sharp(file, { failOn: 'none' }).toColourspace('srgb');
  if (side > 0 && width === side && height === side)
    library.resize(side, side, { fit: 'fill', kernel: 'linear' });
  const expected = await library.raw().toBuffer();
  return expected.equals(data) ? undefined : 'other pixels than those of sharp';
}

const files = await makeFiles();
for (let i = from; i < to; i += AT_ONCE) {
  const inputs = Array.from({ length: Math.min(AT_ONCE, to - i) }, (_, k) => {
    const random = new FuzzRandom(seed * 1_000_003 + i + k);
    return { file: mutate(random.pick(files), random, files), side: random.below(2) * 16 };
  });
  Atomics.store(index, 0, i);
  const begun = performance.now();
  await Promise.all(
    inputs.map(async ({ file, side }, k) => {
      const problem = await check(file, side).catch((error: Error) => error.stack);
      if (!problem) return;
      counts.failed++;
      const path = join(folder, `${seed}-${i + k}.jpg`);
      writeFileSync(path, file);
      parentPort?.postMessage({
        failure: `input ${i + k} at ${side} px (${file.length} bytes, ${path}): ${problem}`,
      });
    }),
  );
  slowest = Math.max(slowest, (performance.now() - begun) / inputs.length);
}
parentPort.postMessage({ done: { ...counts, slowest, rss: process.resourceUsage().maxRSS / 1024 } });
