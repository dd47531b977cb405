export { decodeBytes } from './decode/decode-bytes.js';
export { DECODER_VERSION, IMAGE_EXTENSIONS } from './decode/formats.js';
export type { PixelImage, RgbImage } from './image.js';
export { inputValues } from './preprocess/input-values.js';
export {
  type Preprocessing,
  PreprocessingError,
  parsePreprocessing,
  stringifyPreprocessing,
} from './preprocess/preprocessing.js';
export { resizeAndCrop } from './preprocess/resize-and-crop.js';
