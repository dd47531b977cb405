export { alignFace } from './align/align-face.js';
export { alignQuad, type Size } from './align/align-quad.js';
export type { Point } from './align/point.js';
export { estimateSimilarity, type Similarity } from './align/similarity.js';
export { decodeBytes } from './decode/decode-bytes.js';
export { DECODER_VERSION, IMAGE_EXTENSIONS } from './decode/formats.js';
export { readImageSize } from './decode/read-image-size.js';
export { decodeImage } from './decode-image.js';
export type { PixelImage, RgbImage } from './image.js';
export { ImageError, type ImageErrorCode } from './image-error.js';
export type { DrawableImage, EncodedBlob, ImageInput } from './image-input.js';
export { nativeImageFunctions } from './native-functions.js';
export { inputValues } from './preprocess/input-values.js';
export {
  type Preprocessing,
  PreprocessingError,
  parsePreprocessing,
  stringifyPreprocessing,
} from './preprocess/preprocessing.js';
export {
  formatPreprocessorConfig,
  parsePreprocessorConfig,
} from './preprocess/preprocessor-config.js';
export { resizeAndCrop } from './preprocess/resize-and-crop.js';
export { squash } from './preprocess/squash.js';
