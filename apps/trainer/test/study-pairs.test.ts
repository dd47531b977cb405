import { expect, test } from 'vitest';
import { readScore } from '../src/compare/score.js';
import type { Comparison, StudyResults } from '../src/compare/study-results.js';
import { describePairs } from '../src/compare/study-rows.js';

const run = (heldOut: object, data = 'a') => ({ data, budget: 'steps', figures: { heldOut } });
const results = (...runs: object[]) => ({ runs }) as unknown as StudyResults;
const comparison = { data: 'a', budget: 'steps' } as unknown as Comparison;
const heldOut = (pairKind: string | undefined, identities: number) => ({
  pairKind,
  identities,
  pairs: { positive: 36 * identities, negative: 1000 * identities },
});

test('states the pairs, identities and numbers of pairs of a comparison', () => {
  const study = results(
    run(heldOut('real', 10)),
    run(heldOut('real', 12)),
    run(heldOut('augmented', 5), 'b'),
  );
  expect(describePairs(study, comparison)).toBe(
    'real pairs: 10 to 12 identities a run, 360 to 432 pairs of the same and 10,000 to 12,000 of different identities',
  );
  expect(describePairs(study, { ...comparison, data: 'b' })).toContain(
    'augmented copies of one image each: 5 identities',
  );
});

test('states nothing for results of older versions', () => {
  expect(describePairs(results(run(heldOut(undefined, 10))), comparison)).toBe('');
});

test('a rate that too few pairs measure has no score', () => {
  const figures = { tprAtFpr: { '1e-3': 0.5, '1e-4': null }, auroc: 0.9 };
  expect(readScore('tpr@1e-3', figures)).toBe(0.5);
  expect(readScore('tpr@1e-4', figures)).toBe(null);
});
