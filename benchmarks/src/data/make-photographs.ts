import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomicSync } from '@unitsphere/core/disk';
import { Random } from '@unitsphere/core/random';
import sharp from 'sharp';

/** Size of a set of photographs. */
export interface PhotographSize {
  readonly width: number;
  readonly height: number;
}

/**
 * Writes JPEG files (4:2:0, quality 90) with detail at every scale, as photographs have: sums of noise that is enlarged by powers of
 * two. Their bytes depend only on the arguments, so a file that exists is kept.
 */
export async function makePhotographs(
  dir: string,
  { width, height }: PhotographSize,
  count: number,
): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (let i = 0; i < count; i++) {
    const file = join(dir, `${String(i).padStart(3, '0')}.jpg`);
    if (existsSync(file)) continue;
    const sums = new Float32Array(width * height * 3).fill(128);
    for (let scale = 2; scale <= Math.min(width, height); scale *= 2) {
      const random = new Random(0, 'photograph', i, scale);
      const small = { width: Math.ceil(width / scale) + 1, height: Math.ceil(height / scale) + 1 };
      const noise = Uint8Array.from({ length: small.width * small.height * 3 }, () => random.int(256));
      const octave = await sharp(noise, { raw: { ...small, channels: 3 } })
        .resize(width, height, { fit: 'fill', kernel: 'cubic' })
        .raw()
        .toBuffer();
      // Natural images have amplitudes in proportion to the scale.
      const weight = 0.9 * (scale / Math.min(width, height)) ** 0.5;
      for (let p = 0; p < sums.length; p++) sums[p] += weight * (octave[p] - 127.5);
    }
    const image = sharp(Uint8ClampedArray.from(sums), { raw: { width, height, channels: 3 } });
    writeFileAtomicSync(file, await image.jpeg({ quality: 90 }).toBuffer());
  }
}
