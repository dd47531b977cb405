import * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import type { AdamWRowsFactors, AdamWRowsInputs } from '../optimizer-attrs.js';
import { adamWScalars, adamWStep } from './adamw-step.js';
import { tensorFlowRuntime } from './runtime.js';

/** Number of rows that each tensor of indices covers in order; 0 if it is not 0, 1, 2, … */
const coverage = new WeakMap<object, number>();

/** Whether `ids` are all rows of a table in their order. Indices stay in the host's memory, so this waits for no device. */
function coversTable(ids: tf.Tensor, rows: number): boolean {
  if (ids.size !== rows) return false;
  const known = coverage.get(ids.dataId);
  if (known !== undefined) return known === rows;
  const covers = ids.dataSync().every((id, i) => id === i);
  coverage.set(ids.dataId, covers ? rows : 0);
  return covers;
}

export const adamWRowsTensorFlow: Kernel<AdamWRowsInputs, AdamWRowsFactors> = ({
  inputs: { parameter, expAvg, expAvgSq, ids, gradient, stepSize, inverseRootCorrection2 },
  attrs,
  backend,
}) =>
  tf.tidy(() => {
    const runtime = tensorFlowRuntime(backend);
    const isWhole = coversTable(ids, parameter.shape[0]);
    const rows = [parameter, expAvg, expAvgSq].map((table) =>
      isWhole ? table : tf.gather(table, ids as tf.Tensor1D),
    );
    return runtime.compute(() => {
      const columns = [stepSize, inverseRootCorrection2].map((vector) =>
        runtime.reshape(runtime.of(vector), [vector.size, 1]),
      );
      const scalars = adamWScalars(attrs).map((value) => runtime.scalar(value));
      const tensors = [...rows, gradient].map((tensor) => runtime.of(tensor));
      return runtime.runCompiled(
        'adamw_rows',
        [...tensors, ...columns, ...scalars],
        rows.map(({ shape }) => shape),
        (operations, weight, mean, meanSquare, g, sizes, corrections, ...numbers) =>
          adamWStep(
            operations,
            { parameter: weight, gradient: g, expAvg: mean, expAvgSq: meanSquare },
            { stepSize: sizes, inverseRootCorrection2: corrections },
            numbers,
          ),
      );
    });
  });

export const assignRowsTensorFlow: Kernel<{ table: tf.Tensor; ids: tf.Tensor; rows: tf.Tensor }, object> = ({
  inputs: { table, ids, rows },
  backend,
}) => {
  if (!coversTable(ids, table.shape[0])) {
    return tf.tidy(() => tf.tensorScatterUpdate(table, tf.reshape(ids, [-1, 1]), rows));
  }
  // The same values under another name: no copy.
  const runtime = tensorFlowRuntime(backend);
  return runtime.compute(() => [runtime.floats('Identity', runtime.of(rows))]);
};
