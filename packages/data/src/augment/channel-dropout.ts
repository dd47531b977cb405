import type { Random } from '@unitsphere/core/random';
import type { Image } from '../image.js';

/** Sets one random channel to 0, in place (albumentations' ChannelDropout: range (1, 1), fill 0). */
export function randomChannelDropout(image: Image, random: Random): Image {
  const { data } = image;
  for (let p = random.int(3); p < data.length; p += 3) data[p] = 0;
  return image;
}
