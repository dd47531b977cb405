export { addOnnxMetadata } from './add-metadata.js';
export { OnnxExportError } from './errors.js';
export {
  type EmbedderCalibration,
  type ExportEmbedderOptions,
  type ExportOnnxOptions,
  type ExportPrecision,
  type ExportPreprocessing,
  exportedFingerprint,
  exportOnnx,
} from './export-onnx.js';
export { type ExportOnnxFolderOptions, exportOnnxFolder } from './export-onnx-folder.js';
export { type ExportTransformersOptions, exportTransformers } from './export-transformers.js';
export type { ImageStatistics } from './image-input.js';
export type { Calibration, CalibrationRuntime } from './precision/calibrate.js';
export type { Resizing } from './resize-input.js';
export { exportGraphModel } from './tfjs/export-graph-model.js';
export type { EmbeddingModules } from './trace/trace-network.js';
export { graphModelUsage, onnxUsage, transformersUsage, type UsageOptions } from './usage.js';
