import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../src/config/parse-config.js';
import { renderReport } from '../src/report/index.js';
import { bestCheckpoint } from '../src/run/checkpoints.js';
import { readMetrics } from '../src/run/metrics-log.js';
import type { RunDirectory } from '../src/run/run-directory.js';
import { checkMetric, EarlyStopping } from '../src/train/early-stopping.js';
import { pictureFolder, silentProgress, temporaryFolder, tinyConfig, train } from './fixtures.js';

const figures = (auroc: number) => ({ tprAtFpr: { '1e-3': null }, auroc, rank1: 0.5 });
const settings = { metric: 'auroc', patience: 2, minDelta: 0.01 } as const;

describe('early stopping', () => {
  test('ends after as many verifications without a rise as its patience, wherever it was resumed', () => {
    const values = [0.6, 0.7, 0.705, 0.72, 0.72, 0.729];
    for (let resumedAt = 0; resumedAt < values.length; resumedAt++) {
      let stopping = new EarlyStopping(settings);
      const best = values.map((value, i) => {
        if (i === resumedAt) stopping = new EarlyStopping(settings, structuredClone(stopping.state));
        expect(stopping.isDone).toBe(false);
        return stopping.observe(100 * (i + 1), figures(value));
      });
      // 0.705 rises by less than minDelta over 0.7, and 0.729 by less over 0.72.
      expect(best).toEqual([true, true, false, true, false, false]);
      expect(stopping.state).toEqual({ best: 0.72, bestStep: 400, waited: 2 });
      expect(stopping.isDone).toBe(true);
      expect(stopping.describe(600)).toBe(
        'stopped at step 600: auroc on the validation identities is highest at step 400: 0.7200, and did not rise in 2 verifications since',
      );
    }
  });

  test('refuses a rate that too few pairs measure, before the first step', () => {
    const labels = Array.from({ length: 40 }, (_, i) => Math.floor(i / 2));
    expect(() => checkMetric({ ...settings, metric: 'tpr@1e-3' }, labels)).toThrow(
      /too few pairs to measure tpr@1e-3/,
    );
    checkMetric({ ...settings, metric: 'tpr@1e-3' }, [...labels, ...labels.map((label) => label + 20)]);
    checkMetric(settings, labels);
    const stopping = new EarlyStopping({ ...settings, metric: 'tpr@1e-3' });
    expect(() => stopping.observe(1, figures(0.5))).toThrow(/too few pairs to measure tpr@1e-3/);
  });

  test('requires validation', () => {
    const stopping = 'earlyStopping: { metric: auroc }';
    expect(() =>
      parseConfig(`data: { split: { train: 0.8, validation: 0, test: 0.2 } }\ntraining: { ${stopping} }`),
    ).toThrow(/no validation identities/);
    expect(() => parseConfig(`training: { validateEvery: null, ${stopping} }`)).toThrow(
      /nothing is verified/,
    );
    expect(parseConfig(`training: { ${stopping} }`).training.earlyStopping).toEqual({
      metric: 'auroc',
      patience: 5,
      minDelta: 0,
    });
  });

  test('a run ends early, keeps its best checkpoint, reports it, and resumes to the same end', async () => {
    const data = await pictureFolder();
    const config = stoppingConfig(data, 3);
    const progress = silentProgress();
    const whole = await train(config, temporaryFolder(), { progress, renderReport });
    expect(whole.step).toBe(8);
    expect(whole.summary).toMatchObject({
      steps: 8,
      imagesSeen: 32,
      earlyStopping: { metric: 'auroc', bestStep: 2, stopped: true },
    });
    expect(progress.notes.join('\n')).toMatch(/stopped at step 8: auroc .* did not rise in 3 verifications/);
    expect(checkpoints(whole.run)).toEqual(['step-00000002', 'step-00000008']);
    expect((await bestCheckpoint(whole.run))?.step).toBe(2);
    expect(readFileSync(whole.run.file('report.html'), 'utf8')).toMatch(
      /Early stopping ended the training: auroc .* highest at step 2 /,
    );

    const base = temporaryFolder();
    const stop = new AbortController();
    const interrupted = {
      ...silentProgress(),
      step: ({ step }: { step: number }) => step === 5 && stop.abort(),
    };
    const first = await train(config, base, { progress: interrupted as never, signal: stop.signal });
    expect(first).toMatchObject({ summary: null, step: 5 });
    const resumed = await train(config, base, { resume: true });
    expect(resumed.step).toBe(8);
    expect(resumed.summary?.heldOut).toEqual(whole.summary?.heldOut);
    expect(resumed.summary?.earlyStopping).toEqual(whole.summary?.earlyStopping);
    expect(await losses(resumed.run)).toEqual(await losses(whole.run));
    expect(checkpoints(resumed.run)).toEqual(['step-00000002', 'step-00000008']);
    // A finished run that is resumed trains no further.
    const again = await train(config, base, { resume: true });
    expect(again.summary?.heldOut).toEqual(whole.summary?.heldOut);
    expect(await losses(again.run)).toEqual(await losses(whole.run));
  });

  test('the figures are those of the best checkpoint', async () => {
    const data = await pictureFolder();
    const stopped = await train(stoppingConfig(data, 2), temporaryFolder());
    const config = stoppingConfig(data, 2);
    Object.assign(config.training, { steps: 2, earlyStopping: null });
    const short = await train(config, temporaryFolder());
    expect(stopped.summary?.steps).toBe(6);
    expect(stopped.summary?.heldOut).toEqual(short.summary?.heldOut);
  });
});

/** Returns the config of a run whose first verification is the best one, because no figure rises by 1. */
function stoppingConfig(data: string, patience: number) {
  const config = tinyConfig(data, 'schedule: { name: constant, warmup: 0 }');
  Object.assign(config.training, {
    steps: 40,
    validateEvery: 2,
    checkpointEvery: 2,
    keepCheckpoints: 1,
    earlyStopping: { metric: 'auroc', patience, minDelta: 1 },
  });
  return config;
}

const checkpoints = (run: RunDirectory) => readdirSync(join(run.path, 'checkpoints')).sort();
const losses = async (run: RunDirectory) =>
  (await readMetrics(run.file('metrics.jsonl'))).flatMap((record) => ('loss' in record ? [record.loss] : []));
