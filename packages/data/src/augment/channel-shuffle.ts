import type { Random } from '@unitsphere/core/random';
import type { Image } from '../image.js';

/** Permutes the channels at random, in place (albumentations' ChannelShuffle; the order may stay the same). */
export function randomChannelShuffle(image: Image, random: Random): Image {
  const [first, second, third] = random.permutation(3);
  const { data } = image;
  for (let p = 0; p < data.length; p += 3) {
    const a = data[p + first];
    const b = data[p + second];
    const c = data[p + third];
    data[p] = a;
    data[p + 1] = b;
    data[p + 2] = c;
  }
  return image;
}
