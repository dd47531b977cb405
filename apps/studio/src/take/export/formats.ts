import type { ExportPrecision } from '@unitsphere/onnx-export';
import { TEXTS } from '../../texts.js';

/** A format that the page exports a model to. */
export interface ExportFormat {
  title: string;
  /** What runs the files. */
  about: string;
  /** Precision of the ONNX file; undefined for a GraphModel. */
  precision?: ExportPrecision;
}

const { formats } = TEXTS;

/** The formats by the ends of their archives' names. */
export const EXPORT_FORMATS: Readonly<Record<string, ExportFormat>> = {
  'onnx-float32': { title: formats.float32, about: formats.onnx, precision: 'float32' },
  'onnx-float16': { title: formats.float16, about: formats.float16About, precision: 'float16' },
  'onnx-int8': { title: formats.int8, about: formats.int8About, precision: 'int8' },
  tfjs: { title: formats.tfjs, about: formats.tfjsAbout },
};
