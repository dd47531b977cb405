import { readSafetensors } from '@unitsphere/core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Config } from '../src/config/config.js';
import { latestCheckpoint } from '../src/run/checkpoints.js';
import { readMetrics } from '../src/run/metrics-log.js';
import type { RunDirectory } from '../src/run/run-directory.js';
import { bundleFixture } from './fixtures/bundle.js';
import {
  dropLastCheckpoint,
  pictureFolder,
  silentProgress,
  temporaryFolder,
  tinyConfig,
  train,
} from './fixtures.js';

let replicaFile: string;
beforeAll(() => {
  replicaFile = bundleFixture('replica-worker');
});

const losses = async (run: RunDirectory) =>
  (await readMetrics(run.file('metrics.jsonl'))).flatMap((record) =>
    'loss' in record ? [record.loss as number] : [],
  );
const file = async (run: RunDirectory, name: string) => {
  const { checkpoint } = await latestCheckpoint(run);
  return Buffer.from(await checkpoint!.readFile(name));
};
const statisticsOf = async (run: RunDirectory) => {
  const { tensors } = readSafetensors(await file(run, 'optimizer.safetensors'));
  const own = [...tensors].filter(([name]) => name.startsWith('centers.loss.'));
  return Object.fromEntries(own.map(([name, { data }]) => [name, Number(data[0])]));
};

/** Trains until step 4. A file of centers has the newest checkpoint only, so that no step can be repeated. */
async function trainFirstSteps(config: Config, base: string): Promise<RunDirectory> {
  const stop = new AbortController();
  const step = ({ step }: { step: number }) => void (step === 4 && stop.abort());
  const progress = { ...silentProgress(), step };
  const part = await train(config, base, { replicaFile, signal: stop.signal, progress });
  expect(part.step).toBe(4);
  return part.run;
}

const BATCH = { 'centers.loss.batch_mean': 20, 'centers.loss.batch_std': 100 };

describe.each([
  [1, 'adaface, tAlpha: 0.1', BATCH],
  [2, 'adaface, tAlpha: 0.1', BATCH],
  [2, 'adaface, tAlpha: 0.1, partialFc: { store: file }', BATCH],
  [2, 'curricularface, momentum: 0.1, partialFc: { sampledClasses: 6 }', { 'centers.loss.t': 0 }],
  [2, 'sphereface, warmup: { steps: 3 }', {}],
  [2, 'subcenter-arcface, subCenters: 2, partialFc: { sampledClasses: 6 }', {}],
] as [number, string, Record<string, number>][])(
  'on %i replica(s), loss.name: %s',
  (replicas, loss, first) => {
    test('a resumed run is bit-identical to an uninterrupted one', async () => {
      const config = tinyConfig(await pictureFolder(), `loss: { name: ${loss} }`);
      config.training.replicas = replicas;
      const base = temporaryFolder();
      const { run } = await train(config, base, { replicaFile });
      const seen = await losses(run);
      expect(seen.length).toBe(6);
      expect(seen.every(Number.isFinite)).toBe(true);
      const statistics = await statisticsOf(run);
      expect(Object.keys(statistics)).toEqual(Object.keys(first));
      for (const [name, value] of Object.entries(first)) {
        expect(Math.abs(statistics[name] - value), name).toBeGreaterThan(1e-4);
      }

      // With centers in a file, optimizer.safetensors contains the random generation of that file.
      const inFile = loss.includes('file');
      const names = ['backbone', 'head', ...(inFile ? [] : ['classes', 'optimizer'])];
      const expected = await Promise.all(names.map((name) => file(run, `${name}.safetensors`)));

      const earlier = inFile ? temporaryFolder() : base;
      if (!inFile) dropLastCheckpoint(base);
      const part = inFile ? await trainFirstSteps(config, earlier) : run;
      if (Object.keys(first).length > 0) expect(await statisticsOf(part)).not.toEqual(statistics);
      const resumed = await train(config, earlier, { resume: true, replicaFile });
      expect(await losses(resumed.run)).toEqual(seen);
      expect(await statisticsOf(resumed.run)).toEqual(statistics);
      for (const [i, name] of names.entries()) {
        expect(Buffer.compare(await file(resumed.run, `${name}.safetensors`), expected[i]), name).toBe(0);
      }
    });
  },
);
