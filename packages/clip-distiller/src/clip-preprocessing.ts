import type { Preprocessing } from '@unitsphere/images';

/** Returns CLIP's preprocessing: bicubic resizing of the short side, center crop, OpenAI's mean and standard deviation. */
export function clipPreprocessing(imageSize: number): Preprocessing {
  return {
    imageSize,
    channelOrder: 'RGB',
    mean: [0.48145466, 0.4578275, 0.40821073],
    std: [0.26862954, 0.26130258, 0.27577711],
    interpolation: 'bicubic',
  };
}
