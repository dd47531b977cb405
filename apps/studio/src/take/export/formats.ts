import type { ExportPrecision } from '@unitsphere/onnx-export';

/** A format that the page exports a model to. */
export interface ExportFormat {
  title: string;
  /** What runs the files. */
  about: string;
  /** Precision of the ONNX file; undefined for a GraphModel. */
  precision?: ExportPrecision;
}

const ONNX = 'ONNX Runtime, in browsers, Node, Python and on phones';

/** The formats by the ends of their archives' names. */
export const EXPORT_FORMATS: Readonly<Record<string, ExportFormat>> = {
  'onnx-float32': { title: 'ONNX, float32', about: ONNX, precision: 'float32' },
  'onnx-float16': { title: 'ONNX, float16', about: `Half the size. For ${ONNX}`, precision: 'float16' },
  'onnx-int8': {
    title: 'ONNX, int8',
    about: `A quarter of the size, with other embeddings. For ${ONNX}`,
    precision: 'int8',
  },
  tfjs: { title: 'TensorFlow.js GraphModel', about: 'TensorFlow.js alone, by tf.loadGraphModel' },
};
