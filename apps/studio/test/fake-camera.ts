import { writeFileSync } from 'node:fs';
import type { PixelImage } from '@unitsphere/images';

/** Side of the camera's frames in pixels. */
const SIDE = 320;

/** Arguments of Chromium for a camera that shows a file, which is opened whenever the camera starts. */
export const fakeCamera = (file: string) => [
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream',
  `--use-file-for-fake-video-capture=${file}`,
];

/** Writes what the camera shows: one frame of an image, in the format YUV4MPEG2. */
export function showToCamera(file: string, { width, height, data }: PixelImage): void {
  const luma = Buffer.alloc(SIDE * SIDE);
  const chroma = [0, 1].map(() => Buffer.alloc((SIDE / 2) ** 2));
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const at = 3 * (Math.floor((y * height) / SIDE) * width + Math.floor((x * width) / SIDE));
      const [r, g, b] = [data[at], data[at + 1], data[at + 2]];
      // BT.601, as Chromium reads it.
      luma[y * SIDE + x] = 16 + 0.257 * r + 0.504 * g + 0.098 * b;
      if (x % 2 || y % 2) continue;
      const half = (y / 2) * (SIDE / 2) + x / 2;
      chroma[0][half] = 128 - 0.148 * r - 0.291 * g + 0.439 * b;
      chroma[1][half] = 128 + 0.439 * r - 0.368 * g - 0.071 * b;
    }
  }
  const frame = Buffer.concat([Buffer.from('FRAME\n'), luma, ...chroma]);
  const header = Buffer.from(`YUV4MPEG2 W${SIDE} H${SIDE} F10:1 Ip A1:1 C420jpeg\n`);
  // Several frames, because the file is repeated from its beginning.
  writeFileSync(file, Buffer.concat([header, frame, frame, frame, frame]));
}
