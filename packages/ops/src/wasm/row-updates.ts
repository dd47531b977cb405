import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import type { AdamWRowsFactors, AdamWRowsInputs } from '../optimizer-attrs.js';
import { offset, type Pointer } from './pointer.js';
import { type WasmRuntime, wasmRuntime } from './runtime.js';

/** Changes the rows of the parameter and of both averages in place: a step on few rows must not copy the whole tables. */
export const adamWRowsWasm: Kernel<AdamWRowsInputs, AdamWRowsFactors> = ({ inputs, attrs: f, backend }) => {
  const runtime = wasmRuntime(backend);
  const [, dimensions] = inputs.parameter.shape;
  const rowBytes = 4 * dimensions;
  const parameter = runtime.pointer(inputs.parameter);
  const gradient = runtime.pointer(inputs.gradient);
  const expAvg = runtime.pointer(inputs.expAvg);
  const expAvgSq = runtime.pointer(inputs.expAvgSq);
  if (runtime.native) {
    const [count] = inputs.ids.shape;
    const pointers = [inputs.ids, inputs.stepSize, inputs.inverseRootCorrection2].map((tensor) =>
      runtime.pointer(tensor),
    );
    const [idsAt, stepSizes, corrections] = pointers as [Pointer, Pointer, Pointer];
    runtime.native.adamWRows(
      parameter,
      gradient,
      expAvg,
      expAvgSq,
      idsAt,
      count,
      dimensions,
      stepSizes,
      corrections,
      f.gradientScale,
      f.beta1,
      f.beta2,
      1 - f.beta1,
      1 - f.beta2,
      f.eps,
      f.kept,
    );
    return [];
  }
  const ids = idsOf(runtime, inputs.ids);
  const stepSize = runtime.floats(runtime.pointer(inputs.stepSize), ids.length);
  const correction = runtime.floats(runtime.pointer(inputs.inverseRootCorrection2), ids.length);
  for (let i = 0; i < ids.length; i++) {
    const row = offset(parameter, ids[i] * rowBytes);
    runtime.kernels.adamW(
      row,
      offset(gradient, i * rowBytes),
      offset(expAvg, ids[i] * rowBytes),
      offset(expAvgSq, ids[i] * rowBytes),
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

/** Writes the rows into the table in place. */
export const assignRowsWasm: Kernel<{ table: tf.Tensor; ids: tf.Tensor; rows: tf.Tensor }, object> = ({
  inputs: { table, ids, rows },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const [, dimensions] = table.shape;
  const to = runtime.floats(runtime.pointer(table), table.size);
  const from = runtime.floats(runtime.pointer(rows), rows.size);
  idsOf(runtime, ids).forEach((id, i) => {
    to.set(from.subarray(i * dimensions, (i + 1) * dimensions), id * dimensions);
  });
  return [];
};

function idsOf(runtime: WasmRuntime, ids: tf.TensorInfo): Int32Array {
  return runtime.ints(runtime.pointer(ids), ids.shape[0]);
}
