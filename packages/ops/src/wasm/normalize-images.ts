import * as tf from '@tensorflow/tfjs-core';
import { wasmRuntime } from './runtime.js';

/** @param tables 256 values of each channel. */
export function normalizeImagesWasm(
  images: Uint8Array,
  shape: [number, number, number, number],
  tables: Float32Array,
): tf.Tensor4D {
  const runtime = wasmRuntime(tf.backend());
  const output = runtime.withScratch(tables.byteLength + images.length, (tablesAt) => {
    const bytesAt = tablesAt + tables.byteLength;
    const out = runtime.output(shape);
    runtime.floats(tablesAt, tables.length).set(tables);
    runtime.bytes(bytesAt, images.length).set(images);
    runtime.kernels.lookUpPixels(bytesAt, images.length / 3, tablesAt, runtime.pointer(out));
    return out;
  });
  return tf.engine().makeTensorFromTensorInfo(output) as tf.Tensor4D;
}
