export { OnnxExportError } from './errors.js';
export {
  type EmbedderCalibration,
  type EmbeddingModules,
  type ExportEmbedderOptions,
  type ExportOnnxOptions,
  type ExportPrecision,
  type ExportPreprocessing,
  exportOnnx,
} from './export-onnx.js';
export { type ExportTransformersOptions, exportTransformers } from './export-transformers.js';
export type { ImageStatistics } from './image-input.js';
export type { Calibration, CalibrationRuntime } from './precision/calibrate.js';
export type { Resizing } from './resize-input.js';
