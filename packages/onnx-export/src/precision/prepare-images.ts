import {
  decodeImage,
  type ImageInput,
  inputValues,
  type Preprocessing,
  resizeAndCrop,
} from '@unitsphere/images';

/** Converts images to the form of an exported graph's input: normalized RGB values, NCHW, or RGB pixels, NHWC. */
export async function* prepareImages(
  images: Iterable<ImageInput> | AsyncIterable<ImageInput>,
  preprocessing: Preprocessing,
  input: 'float32' | 'uint8',
): AsyncGenerator<Float32Array | Uint8Array> {
  const isBgr = preprocessing.channelOrder === 'BGR';
  const inRgb = (values: Preprocessing['mean']) =>
    (isBgr ? values.toReversed() : values) as Preprocessing['mean'];
  const { mean, std } = preprocessing;
  const rgb: Preprocessing = { ...preprocessing, channelOrder: 'RGB', mean: inRgb(mean), std: inRgb(std) };
  for await (const image of images) {
    const decoded = await decodeImage(image);
    yield input === 'uint8'
      ? resizeAndCrop(decoded, preprocessing).data
      : channelsFirst(inputValues([decoded], rgb));
  }
}

function channelsFirst(values: Float32Array): Float32Array {
  const size = values.length / 3;
  const out = new Float32Array(values.length);
  for (let i = 0; i < size; i++) for (let c = 0; c < 3; c++) out[c * size + i] = values[3 * i + c];
  return out;
}
