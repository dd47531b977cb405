import { finiteDifferences } from '@unitsphere/testing/finite-differences';
import { drawInputs, evaluate } from '@unitsphere/testing/operation-case';
import type { AgreementCheck } from '../check.js';
import { operationCases } from '../operation-cases.js';

/** Tolerance of central differences in float32, relative to the gradient's largest value. */
const DIFFERENCE_TOLERANCE = 1e-2;

/** Every differentiable operation, forward and gradients. */
export const operationChecks: AgreementCheck[] = operationCases.map((c) => {
  const values = drawInputs(c);
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
      const failures = (await finiteDifferences(c, values)).filter(
        ({ error }) => !(error <= DIFFERENCE_TOLERANCE),
      );
      return failures.map(
        ({ place, error }) => `the gradient at ${place} differs from finite differences by ${error}`,
      );
    },
  };
});
