import { RefusedGlobalError, readPickle } from '@unitsphere/core/pickle';

/** A verification set as insightface packs it. */
export interface PairFile {
  /** The images as they are encoded (JPEG or PNG), two for each pair: pair k is images 2k and 2k + 1. */
  images: Uint8Array[];
  /** For each pair, whether it is one identity. */
  isSame: boolean[];
}

/**
 * Reads insightface's verification sets (`lfw.bin`, `cfp_fp.bin`, `agedb_30.bin`, …): a pickle of a list of encoded images
 * and a list of whether each pair is one identity. Of Python 2's and Python 3's. Nothing in the file is executed.
 *
 * @param bytes The whole file.
 * @returns Views of copies: decode the images with any image library, `@unitsphere/data` for one.
 * @throws Error when the file is damaged, is not such a pickle, or names a Python class (which is not made).
 */
export function readPairFile(bytes: Uint8Array): PairFile {
  let value: unknown;
  try {
    ({ value } = readPickle(bytes, { globals: GLOBALS, strings: 'bytes' }));
  } catch (error) {
    if (error instanceof RefusedGlobalError) {
      throw new Error(
        `The file has a ${error.global}, where insightface's sets have bytes, true and false only. Pack it again with ` +
          'encoded images and bool(…) of each pair.',
        { cause: error },
      );
    }
    throw new Error(`The file is no verification set of insightface. ${(error as Error).message}`, {
      cause: error,
    });
  }
  const [images, isSame] = Array.isArray(value) && value.length === 2 ? value : [];
  if (!Array.isArray(images) || !Array.isArray(isSame)) {
    throw new Error(
      'The file is no verification set of insightface: it is not a list of images and a list of pairs.',
    );
  }
  if (images.length !== 2 * isSame.length) {
    throw new Error(`The file has ${images.length} images for ${isSame.length} pairs. Expected two a pair.`);
  }
  const odd = images.findIndex((image) => !(image instanceof Uint8Array));
  if (odd >= 0) throw new Error(`Image ${odd} of the file is not bytes.`);
  const flags = isSame.map((flag, pair) => {
    if (flag !== true && flag !== false && flag !== 0 && flag !== 1) {
      throw new Error(`Pair ${pair} of the file is neither true nor false.`);
    }
    return Boolean(flag);
  });
  return { images, isSame: flags };
}

// Python 3 writes bytes by this call at protocol 2.
const GLOBALS = new Map([
  [
    '_codecs.encode',
    (text: unknown, encoding: unknown) => {
      if (typeof text !== 'string' || encoding !== 'latin1') {
        throw new Error('It encodes text in an unexpected way.');
      }
      return Uint8Array.from(text, (char) => char.charCodeAt(0));
    },
  ],
]);
