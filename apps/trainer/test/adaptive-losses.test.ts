import { readSafetensors } from '@unitsphere/core';
import { beforeAll, describe, expect, test } from 'vitest';
import { latestCheckpoint } from '../src/run/checkpoints.js';
import { readMetrics } from '../src/run/metrics-log.js';
import type { RunDirectory } from '../src/run/run-directory.js';
import { bundleFixture } from './fixtures/bundle.js';
import { pictureFolder, silentProgress, temporaryFolder, tinyConfig, train } from './fixtures.js';

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
      const whole = await train(config, temporaryFolder(), { replicaFile });
      const seen = await losses(whole.run);
      expect(seen.length).toBe(6);
      expect(seen.every(Number.isFinite)).toBe(true);
      const statistics = await statisticsOf(whole.run);
      expect(Object.keys(statistics)).toEqual(Object.keys(first));
      for (const [name, value] of Object.entries(first)) {
        expect(Math.abs(statistics[name] - value), name).toBeGreaterThan(1e-4);
      }

      const base = temporaryFolder();
      const stop = new AbortController();
      const step = ({ step }: { step: number }) => void (step === 4 && stop.abort());
      const progress = { ...silentProgress(), step };
      const part = await train(config, base, { replicaFile, signal: stop.signal, progress });
      expect(part.step).toBe(4);
      if (Object.keys(first).length > 0) expect(await statisticsOf(part.run)).not.toEqual(statistics);
      const resumed = await train(config, base, { resume: true, replicaFile });
      expect(await losses(resumed.run)).toEqual(seen);
      // With centers in a file, optimizer.safetensors contains the random generation of that file.
      const inFile = loss.includes('file');
      if (inFile) expect(await statisticsOf(resumed.run)).toEqual(statistics);
      for (const name of ['backbone', 'head', ...(inFile ? [] : ['classes', 'optimizer'])]) {
        const [a, b] = [resumed.run, whole.run].map((run) => file(run, `${name}.safetensors`));
        expect(Buffer.compare(await a, await b), name).toBe(0);
      }
    });
  },
);
