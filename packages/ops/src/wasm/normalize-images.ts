import * as tf from '@tensorflow/tfjs-core';
import { offset } from './pointer.js';
import { wasmRuntime } from './runtime.js';

/** @param tables The normalized value of each of 256 bytes, channel by channel. */
export function normalizeImagesWasm(
  images: Uint8Array,
  shape: [number, number, number, number],
  tables: Float32Array,
): tf.Tensor4D {
  const runtime = wasmRuntime(tf.backend());
  const pixels = images.length / 3;
  const output = runtime.withScratch(tables.byteLength + images.length, (tablesAt) => {
    const bytesAt = offset(tablesAt, tables.byteLength);
    const out = runtime.output(shape);
    runtime.floats(tablesAt, tables.length).set(tables);
    runtime.bytes(bytesAt, images.length).set(images);
    runtime.kernels.lookUpPixels(bytesAt, pixels, tablesAt, runtime.pointer(out));
    return out;
  });
  return tf.engine().makeTensorFromTensorInfo(output) as tf.Tensor4D;
}
