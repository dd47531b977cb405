import type { Config } from '../config/config.js';
import type { ProgressReporter } from '../progress/progress-reporter.js';

/** Formats of `unitsphere export`. */
export const TARGETS = ['onnx', 'folder', 'transformers', 'timm', 'tfjs'] as const;
export type ExportTarget = (typeof TARGETS)[number];

/** Precisions of `unitsphere export --to onnx`. */
export const PRECISIONS = ['float32', 'float16', 'int8'] as const;
export type ExportPrecision = (typeof PRECISIONS)[number];

/** Inputs of `unitsphere export --to onnx`. */
export const INPUTS = ['float32', 'uint8'] as const;
export type ExportInput = (typeof INPUTS)[number];

/** Options of `exportModel`. */
export interface ExportOptions {
  /** The folder of a run, a checkpoint or a model. */
  model: string;
  to: ExportTarget;
  /** Only for `onnx`. Default: float32. */
  precision?: ExportPrecision;
  /** Only for `onnx`: normalized values, or pixels, which the graph normalizes. Default: float32. */
  input?: ExportInput;
  /** Only for `onnx`: the number of images that the graph takes at once. Default: any. */
  batch?: number;
  /** The folder to write; it must not exist or be empty. */
  output: string;
  /** A folder of images, for calibration and the check. Default: the data of the run. */
  data?: string;
  backend?: Config['backend'];
  /** License of the weights, for the model card. */
  license?: string;
  progress: ProgressReporter;
}
