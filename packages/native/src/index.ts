export { imageFunctions } from './image-functions.js';
export type { ImageFunctions, JpegDecoding } from './image-interface.js';
export type { Isa } from './isa.js';
export {
  type Addon,
  bindKernels,
  type NativeKernels,
  type NativeStatus,
  nativeStatus,
  supportedIsas,
} from './load.js';
export { type RowFunctions, rowFunctions } from './row-functions.js';
