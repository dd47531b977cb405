import { RefusedGlobalError, readPickle } from '@unitsphere/core/pickle';

/** A verification set in insightface's format. */
export interface PairFile {
  /** The encoded images (JPEG or PNG). Pair k is images 2k and 2k + 1. */
  images: Uint8Array[];
  /** Whether each pair is one identity. */
  isSame: boolean[];
}

/**
 * Reads insightface's verification sets (`lfw.bin`, `cfp_fp.bin`, `agedb_30.bin`, …). The format is a pickle of a list of
 * encoded images and a list of booleans, one per pair. Both Python 2 and Python 3 pickles are supported. Nothing in the
 * file is executed.
 *
 * @param bytes The whole file.
 * @returns Copies of the encoded images. Decode them with any image library, for example `@unitsphere/data`.
 * @throws Error if the file is damaged, is not such a pickle, or refers to a Python class.
 */
export function readPairFile(bytes: Uint8Array): PairFile {
  let value: unknown;
  try {
    ({ value } = readPickle(bytes, { globals: GLOBALS, strings: 'bytes' }));
  } catch (error) {
    if (error instanceof RefusedGlobalError) {
      throw new Error(
        `The file contains a ${error.global}; insightface's sets contain only bytes and booleans. Repack it with encoded ` +
          'images and bool(…) for each pair.',
        { cause: error },
      );
    }
    throw new Error(`The file is not an insightface verification set. ${(error as Error).message}`, {
      cause: error,
    });
  }
  const [images, isSame] = Array.isArray(value) && value.length === 2 ? value : [];
  if (!Array.isArray(images) || !Array.isArray(isSame)) {
    throw new Error(
      'The file is not an insightface verification set: it is not a list of images and a list of pairs.',
    );
  }
  if (images.length !== 2 * isSame.length) {
    throw new Error(
      `The file has ${images.length} images for ${isSame.length} pairs. Expected two per pair.`,
    );
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

// At protocol 2, Python 3 writes bytes as a call of this function.
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
