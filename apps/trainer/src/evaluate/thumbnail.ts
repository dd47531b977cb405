import type { Image } from '@unitsphere/data';
import sharp from 'sharp';

/** Encodes an image as a data URI, small enough for a page with many images. */
export async function thumbnail({ data, width, height }: Image, side = 128): Promise<string> {
  const jpeg = await sharp(data, { raw: { width, height, channels: 3 } })
    .resize(Math.min(side, width), Math.min(side, height), { fit: 'fill' })
    .jpeg({ quality: 82 })
    .toBuffer();
  return `data:image/jpeg;base64,${jpeg.toString('base64')}`;
}
