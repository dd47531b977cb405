import { compareArms } from '@unitsphere/verification/statistics';
import type { StudyResults, StudyRun } from 'unitsphere/report';

/**
 * Creates the results of a study as `unitsphere compare` writes them.
 * @param arms For each arm, the value of each seed. Null is a run that diverged.
 */
export function fakeStudy(
  name: string,
  arms: Record<string, (number | null)[]>,
  more: Partial<StudyResults> = {},
): StudyResults {
  const names = Object.keys(arms);
  const runs = names.flatMap((arm, index) =>
    arms[arm].map((value, seed): StudyRun => {
      const shared = { data: 'data', budget: 'steps' as const, arm, seed };
      const search = { settings: {}, search: [], searchSteps: 0, searchSeconds: 0 };
      if (value === null) return { ...shared, ...search, missing: { why: 'diverged', reason: 'NaN' } };
      const pairs = { positive: 3600, negative: 400_000 };
      return {
        ...shared,
        ...search,
        figures: {
          value,
          steps: 300,
          imagesSeen: 19_200,
          stepSeconds: 60,
          imagesPerSecond: 320,
          classes: 800 - 100 * index,
          parameters: 1e6,
          multiplyAdds: 7e6,
          modelBytes: 2e6 * (index + 1),
          heldOut: {
            tprAtFpr: { '1e-3': value },
            auroc: 0.9 + value / 100,
            pairs,
            thresholds: { '1e-3': 0.4 },
            identities: 100 + seed,
            images: 900 + 9 * seed,
          },
          rank1: 0.8,
          curve: [100, 200, 300].map((step) => ({ step, value: (value * step) / 300 })),
          roc: Array.from({ length: 51 }, (_, i) => Math.min(1, value + i / 100)),
        },
      };
    }),
  );
  const values = runs.flatMap(({ arm, seed, figures }) =>
    figures ? [{ arm, seed, value: figures.value }] : [],
  );
  return {
    title: `Study ${name}`,
    question: 'Which?',
    reference: 'One of them.',
    name,
    metric: 'tpr@1e-3',
    baseline: names[0],
    seeds: Math.max(...names.map((arm) => arms[arm].length)),
    factors: ['model.norm'],
    budget: { steps: 400 },
    search: { steps: 50, grid: { 'optimizer.lr': [0.003, 0.01] } },
    arms: names.map((arm) => ({ name: arm, label: arm.toUpperCase(), set: {} })),
    data: [{ name: 'data', label: 'data', source: 'documents', imageSize: 64, identities: 1000 }],
    backbone: 'lcnet_050',
    batchSize: 64,
    jobs: 2,
    createdAt: '2026-03-01T12:00:00.000Z',
    machine: { cpu: 'A processor', cores: 2, memory: '8 GiB', system: 'linux x64', node: 'v22.1.0' },
    runs,
    comparisons: [
      { data: 'data', budget: 'steps', statistics: compareArms(values, names[0]), sentences: {} },
    ],
    ...more,
  };
}
