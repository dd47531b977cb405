import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '@unitsphere/core/random';
import sharp from 'sharp';

/** Size of a set of images. */
export interface ImageSetSize {
  readonly identities: number;
  /** Images of each identity. */
  readonly images: number;
  /** Side of the images in pixels. */
  readonly side: number;
  /** First identity to write, to resume an interrupted set. Default 0. */
  readonly from?: number;
}

/** Waves that a picture of an identity is made of. */
const WAVES = 6;
const CONCURRENCY = 8;

/**
 * Writes small JPEG files, `DIR/IDENTITY/SAMPLE.jpg`. All pictures of an identity are the same sum of waves, shifted and
 * brightened differently, so that a network can learn the identities. The files depend only on the arguments.
 * @param onIdentity Called with the number of identities that are written.
 */
export async function makeImages(
  dir: string,
  { identities, images, side, from = 0 }: ImageSetSize,
  onIdentity: (done: number) => void = () => {},
): Promise<void> {
  let next = from;
  let done = from;
  const work = async () => {
    for (let identity = next++; identity < identities; identity = next++) {
      const folder = join(dir, String(identity));
      await mkdir(folder, { recursive: true });
      const waves = drawWaves(new Random(0, 'identity', identity));
      for (let sample = 0; sample < images; sample++) {
        const pixels = drawPicture(waves, side, new Random(0, 'sample', identity, sample));
        const jpeg = await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
          .jpeg({ quality: 80 })
          .toBuffer();
        await writeFile(join(folder, `${String(sample).padStart(4, '0')}.jpg`), jpeg);
      }
      onIdentity(++done);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
}

/** Frequency along x and y, phase, and the weights of the three channels. */
type Wave = readonly [number, number, number, number, number, number];

function drawWaves(random: Random): Wave[] {
  return Array.from({ length: WAVES }, () => [
    random.uniform(-4, 4),
    random.uniform(-4, 4),
    random.uniform(0, 2 * Math.PI),
    random.uniform(-30, 30),
    random.uniform(-30, 30),
    random.uniform(-30, 30),
  ]);
}

function drawPicture(waves: readonly Wave[], side: number, random: Random): Buffer {
  const [left, top, light] = [random.uniform(0, 0.125), random.uniform(0, 0.125), random.uniform(108, 148)];
  const sums = new Float32Array(side * side * 3).fill(light);
  for (const [fx, fy, phase, r, g, b] of waves) {
    // A wave is a product of a row and a column, so only 2 × side sines are computed.
    const [sinX, cosX] = sinesOf(fx, left, phase, side);
    const [sinY, cosY] = sinesOf(fy, top, 0, side);
    for (let y = 0, p = 0; y < side; y++) {
      for (let x = 0; x < side; x++, p += 3) {
        const value = sinX[x] * cosY[y] + cosX[x] * sinY[y];
        sums[p] += r * value;
        sums[p + 1] += g * value;
        sums[p + 2] += b * value;
      }
    }
  }
  return Buffer.from(Uint8ClampedArray.from(sums).buffer);
}

function sinesOf(frequency: number, from: number, phase: number, side: number): [Float32Array, Float32Array] {
  const angles = Array.from({ length: side }, (_, i) => 2 * Math.PI * frequency * (from + i / side) + phase);
  return [Float32Array.from(angles, Math.sin), Float32Array.from(angles, Math.cos)];
}
