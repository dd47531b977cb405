import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import type { AdamWRowsAttrs, AdamWRowsInputs } from '../row-updates.js';
import { type WasmRuntime, wasmRuntime } from './runtime.js';

/** Changes the rows of all three where they lie: to copy tables of which a step takes a part would cost most of it. */
export const adamWRowsWasm: Kernel<AdamWRowsInputs, AdamWRowsAttrs> = ({ inputs, attrs: f, backend }) => {
  const runtime = wasmRuntime(backend);
  const dimensions = inputs.parameter.shape[1]!;
  const rowBytes = 4 * dimensions;
  const [parameter, gradient, expAvg, expAvgSq] = (
    ['parameter', 'gradient', 'expAvg', 'expAvgSq'] as const
  ).map((name) => runtime.pointer(inputs[name])) as [number, number, number, number];
  const ids = idsOf(runtime, inputs.ids);
  const stepSize = runtime.floats(runtime.pointer(inputs.stepSize), ids.length);
  const correction = runtime.floats(runtime.pointer(inputs.inverseRootCorrection2), ids.length);
  for (let i = 0; i < ids.length; i++) {
    const row = parameter + ids[i] * rowBytes;
    runtime.kernels.adamW(
      row,
      gradient + i * rowBytes,
      expAvg + ids[i] * rowBytes,
      expAvgSq + ids[i] * rowBytes,
      dimensions,
      row,
      f.gradientScale,
      f.beta1,
      f.beta2,
      1 - f.beta1,
      1 - f.beta2,
      stepSize[i],
      correction[i],
      f.eps,
      f.kept,
    );
  }
  return [];
};

/** Copies the rows to where the table lies. */
export const assignRowsWasm: Kernel<{ table: tf.Tensor; ids: tf.Tensor; rows: tf.Tensor }, object> = ({
  inputs: { table, ids, rows },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const dimensions = table.shape[1]!;
  const to = runtime.floats(runtime.pointer(table), table.size);
  const from = runtime.floats(runtime.pointer(rows), rows.size);
  idsOf(runtime, ids).forEach((id, i) => {
    to.set(from.subarray(i * dimensions, (i + 1) * dimensions), id * dimensions);
  });
  return [];
};

function idsOf(runtime: WasmRuntime, ids: tf.TensorInfo): Int32Array {
  const { buffer, byteOffset, length } = runtime.floats(runtime.pointer(ids), ids.shape[0]);
  return new Int32Array(buffer, byteOffset, length);
}
