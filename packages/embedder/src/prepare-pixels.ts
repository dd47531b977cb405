import {
  decodeImage,
  ImageError,
  type ImageInput,
  type Preprocessing,
  resizeAndCrop,
} from '@unitsphere/images';

/** Images that are decoded at once: a photograph of 12 megapixels takes 36 MB. */
const DECODED_AT_ONCE = 4;

/**
 * Decodes, resizes and crops images.
 * @param first Position of the first image, for messages.
 * @returns images × imageSize × imageSize × 3 bytes, RGB.
 * @throws ImageError with the image's position, unless its message has a name.
 */
export async function preparePixels(
  images: readonly ImageInput[],
  preprocessing: Preprocessing,
  first: number | undefined,
): Promise<Uint8Array> {
  const size = preprocessing.imageSize ** 2 * 3;
  const pixels = new Uint8Array(images.length * size);
  let next = 0;
  const work = async () => {
    for (let i = next++; i < images.length; i = next++) {
      const image = await decode(images[i], first === undefined ? undefined : first + i);
      pixels.set(resizeAndCrop(image, preprocessing).data, i * size);
    }
  };
  await Promise.all(Array.from({ length: Math.min(DECODED_AT_ONCE, images.length) }, work));
  return pixels;
}

async function decode(image: ImageInput, position: number | undefined) {
  try {
    return await decodeImage(image);
  } catch (error) {
    if (position === undefined || typeof image === 'string' || !(error instanceof Error)) throw error;
    const message = `images[${position}]: ${error.message}`;
    if (error instanceof ImageError) throw new ImageError(error.code, message, { cause: error });
    if (error instanceof RangeError) throw new RangeError(message, { cause: error });
    throw error;
  }
}
