import type { Kernel } from '../define-op.js';
import {
  type AdamWEachFactors,
  type AdamWEachInputs,
  type AdamWFactors,
  adamWInputsAt,
} from '../optimizer-attrs.js';
import { ADAMW_SCALARS, adamWScalars, adamWStep } from './adamw-step.js';
import type { Operations } from './operations-of.js';
import { adamWTensorFlow } from './optimizer-updates.js';
import { tensorFlowRuntime } from './runtime.js';

/** Inputs of the function for each parameter, and scalars for each group of parameters with the same factors. */
const TENSORS = 4;
const SCALARS = ADAMW_SCALARS.length + 2;

/** One function that XLA compiles takes the step of all parameters; without a compiler, each takes its own. */
export const adamWEachTensorFlow: Kernel<AdamWEachInputs, AdamWEachFactors> = ({
  inputs,
  attrs: { factors },
  backend,
}) => {
  const runtime = tensorFlowRuntime(backend);
  const each = factors.map((_, i) => adamWInputsAt(inputs, i));
  const size = each.reduce((sum, { parameter }) => sum + parameter.size, 0);
  if (!runtime.isWorthCompiling(size)) {
    return each.flatMap((one, i) => adamWTensorFlow({ inputs: one, attrs: factors[i], backend }));
  }
  const { groups, groupOf } = groupFactors(factors);
  return runtime.compute(() => {
    const tensors = each.flatMap(({ parameter, gradient, expAvg, expAvgSq }) =>
      [parameter, gradient, expAvg, expAvgSq].map((tensor) => runtime.of(tensor)),
    );
    const scalars = groups.flatMap((group) =>
      [...adamWScalars(group), group.stepSize, group.inverseRootCorrection2].map((value) =>
        runtime.scalar(value),
      ),
    );
    const name = `adamw_${functionId(groupOf.join())}`;
    const shapes = each.flatMap(({ parameter: { shape } }) => [shape, shape, shape]);
    const stepAll = <V>(operations: Operations<V>, ...all: V[]) =>
      groupOf.flatMap((group, i) => {
        const [parameter, gradient, expAvg, expAvgSq] = all.slice(TENSORS * i, TENSORS * (i + 1));
        const start = TENSORS * groupOf.length + SCALARS * group;
        const numbers = all.slice(start, start + SCALARS);
        const [stepSize, inverseRootCorrection2] = numbers.slice(ADAMW_SCALARS.length);
        const values = { parameter, gradient, expAvg, expAvgSq };
        return adamWStep(operations, values, { stepSize, inverseRootCorrection2 }, numbers);
      });
    return runtime.runFunction(name, [...tensors, ...scalars], shapes, stepAll);
  });
};

/** Finds the distinct factors, and those of each parameter. */
function groupFactors(factors: readonly AdamWFactors[]): { groups: AdamWFactors[]; groupOf: number[] } {
  const groups: AdamWFactors[] = [];
  const known = new Map<string, number>();
  const groupOf = factors.map((one) => {
    const key = JSON.stringify(one);
    const group = known.get(key) ?? groups.push(one) - 1;
    known.set(key, group);
    return group;
  });
  return { groups, groupOf };
}

const ids = new Map<string, number>();

/** Returns a number of its own for each assignment of parameters to groups: the function depends on nothing else. */
function functionId(groupOf: string): number {
  const id = ids.get(groupOf) ?? ids.size;
  ids.set(groupOf, id);
  return id;
}
