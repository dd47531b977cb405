/** Version of the decoder's output. A cache of decoded images is valid for one version only. */
export const DECODER_VERSION = 3;

/** Extensions of the files that can be decoded in Node, in lower case. */
export const IMAGE_EXTENSIONS: readonly string[] = [
  '.jpg',
  '.jpeg',
  '.jfif',
  '.png',
  '.webp',
  '.gif',
  '.tif',
  '.tiff',
  '.avif',
  '.pgm',
  '.ppm',
  '.pbm',
  '.pnm',
];
