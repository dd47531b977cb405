import * as ops from '@unitsphere/ops';
import { contractCasesOf, evaluate, valuesOf } from '../../../ops/test/contract-cases.js';
import { finiteDifferences } from '../../../ops/test/finite-differences.js';
import type { AgreementCheck } from '../check.js';

/** Of central differences in float32, over the gradient's largest value. */
const DIFFERENCE_TOLERANCE = 1e-2;

/** Every differentiable operation, forward and gradients, at the shapes of the operations' own tests. */
export const operationChecks: AgreementCheck[] = contractCasesOf(ops).map((c) => {
  const values = valuesOf(c);
  return {
    group: 'operations',
    subject: c.name.split(/[ ,]/)[0],
    name: c.name,
    async compute() {
      const { out, grads } = await evaluate(c, values);
      const gradients = Object.entries(grads).map(([name, gradient]) => [`gradient of ${name}`, gradient]);
      return { output: out, ...Object.fromEntries(gradients) };
    },
    async verifyReference() {
      const wrong = (await finiteDifferences(c, values)).filter(
        ({ error }) => !(error <= DIFFERENCE_TOLERANCE),
      );
      return wrong.map(
        ({ place, error }) => `the gradient at ${place} is ${error} away from finite differences`,
      );
    },
  };
});
