import { cpSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { useBackend } from '@unitsphere/backends';
import { readSafetensors, toFloat32, writeSafetensors } from '@unitsphere/core';
import { embedPixels } from '@unitsphere/embedder';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Config } from '../src/config/config.js';
import { openDataset } from '../src/dataset/dataset.js';
import { datasetImages } from '../src/dataset/dataset-images.js';
import type { LeadReplica } from '../src/replicas/lead-replica.js';
import { latestCheckpoint } from '../src/run/checkpoints.js';
import { readMetrics } from '../src/run/metrics-log.js';
import type { RunDirectory } from '../src/run/run-directory.js';
import { checkpointFiles, restoreModel, restoreState } from '../src/step/checkpoint-files.js';
import { TrainingState } from '../src/step/training-state.js';
import { imprintCenters } from '../src/train/imprint-centers.js';
import { UserError } from '../src/user-error.js';
import { bundleFixture } from './fixtures/bundle.js';
import { pictureFolder, silentProgress, temporaryFolder, tinyConfig, train } from './fixtures.js';

let replicaFile: string;
beforeAll(() => {
  replicaFile = bundleFixture('replica-worker');
});

const STORES = ['memory', 'host', 'file'] as const;
const partialConfig = (data: string, store: string, more = '') =>
  tinyConfig(data, `loss: { partialFc: { sampledClasses: 6, store: ${store}${more} } }`);

const losses = async (run: RunDirectory) =>
  (await readMetrics(run.file('metrics.jsonl'))).flatMap((record) =>
    'loss' in record ? [record.loss as number] : [],
  );
const stopAfter = (last: number) => {
  const stop = new AbortController();
  const step = ({ step }: { step: number }) => void (step === last && stop.abort());
  return { signal: stop.signal, progress: { ...silentProgress(), step } };
};
const file = async (run: RunDirectory, name: string) => {
  const { checkpoint } = await latestCheckpoint(run);
  return checkpoint!.readFile(name);
};
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error) => error,
  );

describe('loss.partialFc', () => {
  test('restores a checkpoint that has the old name of the centers tensor', async () => {
    await useBackend('wasm');
    const config = partialConfig(await pictureFolder(), 'host');
    const saved = new TrainingState(config, 12);
    const restored = new TrainingState({ ...config, seed: config.seed + 1 }, 12);
    const files = (await checkpointFiles(saved)) ?? expect.fail('rank 0 got no files');
    const { tensors, metadata } = readSafetensors(files['optimizer.safetensors']);
    expect(tensors.has('centers.centers')).toBe(true);
    const oldNames = [...tensors].map(
      ([name, tensor]) => [name.replace('centers.centers', 'centers.head'), tensor] as const,
    );
    const optimizer = writeSafetensors(new Map(oldNames), metadata);
    await restoreState(restored, { ...files, 'optimizer.safetensors': optimizer });
    const centers = await saved.margin!.centers.store.readCenters(0, 12);
    expect(await restored.margin!.centers.store.readCenters(0, 12)).toEqual(centers);
    saved.dispose();
    restored.dispose();
  });

  test('gives the same run with every store, and a run that differs from the full softmax', async () => {
    const data = await pictureFolder();
    const all = await train(tinyConfig(data), temporaryFolder());
    const runs = [];
    for (const store of STORES) runs.push(await train(partialConfig(data, store), temporaryFolder()));
    const [memory, host, inFile] = await Promise.all(runs.map(({ run }) => losses(run)));
    expect(host).toEqual(memory);
    expect(inFile).toEqual(memory);
    expect(await losses(all.run)).not.toEqual(memory);
    for (const { summary } of runs) {
      expect(summary!.heldOut).toEqual(runs[0].summary!.heldOut);
      expect(summary!.lossSeconds).toBeGreaterThan(0);
      expect(summary!.lossSeconds).toBeLessThan(summary!.stepSeconds);
    }
    // With centers in a file, the checkpoint has their generation instead of their rows.
    expect((await latestCheckpoint(runs[2].run)).checkpoint!.files).not.toContain('classes.safetensors');
    expect(readdirSync(runs[2].run.file('centers'))).toContain('rank-0.centers');
  });

  test.each([
    [1, ['file']],
    [2, ['file', 'host']],
  ] as const)(
    'resumed runs on %i replica(s) with %j centers equal an uninterrupted one',
    async (replicas, stores) => {
      const data = await pictureFolder();
      let whole: RunDirectory | undefined;
      for (const store of stores) {
        const config = partialConfig(data, store, ', unsampled: caught-up');
        config.training.replicas = replicas;
        // All stores give the same run.
        whole ??= (await train(config, temporaryFolder(), { replicaFile })).run;
        const base = temporaryFolder();
        const first = await train(config, base, { replicaFile, ...stopAfter(4) });
        expect(first.step).toBe(4);
        const resumed = await train(config, base, { resume: true, replicaFile });
        expect(await losses(resumed.run), store).toEqual(await losses(whole));
        for (const name of ['backbone.safetensors', 'head.safetensors']) {
          expect(Buffer.compare(await file(resumed.run, name), await file(whole, name)), name).toBe(0);
        }
      }
    },
  );

  test('resumes centers in files on another number of replicas, with the losses of centers in memory', async () => {
    const data = await pictureFolder();
    const run = async (store: string) => {
      const config = partialConfig(data, store);
      config.training.replicas = 2;
      const base = temporaryFolder();
      await train(config, base, { replicaFile, ...stopAfter(4) });
      config.training.replicas = 1;
      const resumed = await train(config, base, { resume: true, replicaFile });
      return { losses: await losses(resumed.run), files: resumed.run.file('centers') };
    };
    const inFiles = await run('file');
    expect(inFiles.losses).toHaveLength(6);
    expect(inFiles.losses).toEqual((await run('host')).losses);
    expect(readdirSync(inFiles.files).filter((name) => name.endsWith('.centers'))).toHaveLength(1);
  });

  test('reports a truncated center file on resume and overwrites nothing', async () => {
    const config = partialConfig(await pictureFolder(), 'file');
    const base = temporaryFolder();
    const { run } = await train(config, base, stopAfter(4));
    const path = join(run.file('centers'), 'rank-0.centers');
    const whole = readFileSync(path);
    truncateSync(path, whole.length - 100);
    const error = await failure(train(config, base, { resume: true }));
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toContain('rank-0.centers');
    expect(error.message).toContain('cut off');
    expect(readFileSync(path).equals(whole.subarray(0, whole.length - 100))).toBe(true);
    expect((await latestCheckpoint(run)).checkpoint!.step).toBe(4);
  });

  test('starts with fresh centers if killed before the first checkpoint', async () => {
    const config = partialConfig(await pictureFolder(), 'file');
    config.training.checkpointEvery = null;
    const whole = await train(config, temporaryFolder());
    const base = temporaryFolder();
    // A kill leaves centers without a checkpoint.
    const { run } = await train(config, base, stopAfter(4));
    rmSync(run.file('checkpoints'), { recursive: true });
    const again = await train(config, base, { resume: true });
    expect(await losses(again.run)).toEqual(await losses(whole.run));
  });

  test('refuses more sampled classes than exist before the run is created', async () => {
    const config = partialConfig(await pictureFolder(), 'memory');
    config.loss.partialFc.sampledClasses = 500;
    const base = temporaryFolder();
    const error = await failure(train(config, base));
    expect(error.message).toMatch(/sampledClasses is 500, but only \d+ classes exist/);
    expect(existsSync(join(base, 'run'))).toBe(false);
  });
});

describe('--grow', () => {
  const centersOf = async (run: RunDirectory) => {
    const { tensors } = readSafetensors(await file(run, 'classes.safetensors'));
    return toFloat32(tensors.get('weight')!);
  };
  const namesOf = (run: RunDirectory) =>
    JSON.parse(readFileSync(run.file('identities.json'), 'utf8')) as Record<string, string[]>;
  /** Computes the imprint of each class: its embedding with the expected norm of a random center. */
  const computeImprints = async (config: Config, backbone: Uint8Array, head: Uint8Array) => {
    await useBackend('wasm');
    const dataset = await openDataset(config, { warn() {} });
    const classes = dataset.split.train.length;
    const state = new TrainingState(config, classes);
    restoreModel(state.model, { 'backbone.safetensors': backbone, 'head.safetensors': head });
    state.restartAverage();
    const plain = { ...config, data: { ...config.data, augment: false as const } };
    const batches = await datasetImages(plain, dataset, { workers: 0 }).batches(0);
    const found = new Map<number, number[]>();
    while (found.size < classes) {
      const { images, labels } = await batches.next();
      const embeddings = await state.withEvaluatedWeights(() =>
        embedPixels(state.model, images, state.preprocessing),
      );
      labels.forEach((label, i) => {
        const unit = [...embeddings.subarray(16 * i, 16 * i + 16)];
        found.set(
          label,
          unit.map((value) => 4 * config.loss.centerInitStd * value),
        );
      });
    }
    await batches.close();
    state.dispose();
    return found;
  };
  /** Grows a run and stops before its first step, with the checkpoint of the grown state. */
  const growOnly = (config: Config, from: RunDirectory, options = {}) => {
    const stop = new AbortController();
    stop.abort();
    const training = { ...config.training, growFrom: from.path };
    return train({ ...config, training }, temporaryFolder(), {
      signal: stop.signal,
      replicaFile,
      ...options,
    });
  };

  test('keeps the centers of known classes from every store and adds others', async () => {
    const more = await pictureFolder(40);
    const few = temporaryFolder();
    for (const name of readdirSync(more).slice(0, 24)) cpSync(join(more, name), join(few, name));
    const trainOld = async (store: string) => {
      const config = partialConfig(few, store);
      Object.assign(config.training, { replicas: 2, steps: 3 });
      return (await train(config, temporaryFolder(), { replicaFile })).run;
    };
    const inMemory = await trainOld('memory');
    const was = await centersOf(inMemory);
    for (const store of STORES) {
      const old = store === 'memory' ? inMemory : await trainOld(store);
      const progress = silentProgress();
      const next = partialConfig(more, 'memory');
      const { run, step } = await growOnly(next, old, { progress });
      expect(step).toBe(0);
      const [oldNames, newNames] = [namesOf(old).train, namesOf(run).train];
      expect(newNames.length).toBeGreaterThan(oldNames.length);
      const is = await centersOf(run);
      oldNames.forEach((name, row) => {
        const now = newNames.indexOf(name);
        expect([...is.subarray(16 * now, 16 * now + 16)], `${store} ${name}`).toEqual([
          ...was.subarray(16 * row, 16 * row + 16),
        ]);
      });
      expect(
        Buffer.compare(await file(run, 'backbone.safetensors'), await file(old, 'backbone.safetensors')),
      ).toBe(0);
      expect(progress.notes.join('\n')).toContain(
        `${oldNames.length} classes kept, ${newNames.length - oldNames.length} added`,
      );
      expect(namesOf(run).earlier).toEqual(expect.arrayContaining(oldNames));
    }
  });

  test('continues with center files on two replicas, and resumes the grown run', async () => {
    const data = await pictureFolder(40);
    const { run: old } = await train(partialConfig(data, 'file'), temporaryFolder());
    const config = partialConfig(data, 'file');
    config.training = { ...config.training, replicas: 2, growFrom: old.path };
    const whole = await train(config, temporaryFolder(), { replicaFile });
    expect(whole.summary!.steps).toBe(6);
    const base = temporaryFolder();
    await train(config, base, { replicaFile, ...stopAfter(1) });
    const resumed = await train(config, base, { resume: true, replicaFile });
    expect(await losses(resumed.run)).toEqual(await losses(whole.run));
  });

  test('initializes the centers of new classes to embeddings of their images', async () => {
    const more = await pictureFolder(40);
    const few = temporaryFolder();
    for (const name of readdirSync(more).slice(0, 24)) cpSync(join(more, name), join(few, name));
    const { run: old } = await train(partialConfig(few, 'memory'), temporaryFolder());
    const was = await centersOf(old);
    const config = partialConfig(more, 'memory');
    config.loss.centerInit = 'imprinted';
    config.training = { ...config.training, growFrom: old.path, replicas: 2 };
    const stopIn = (phase: string) => {
      const stop = new AbortController();
      const when = (words: string | null) => {
        if (!words?.startsWith(phase)) return;
        // The old run has been read and is unlocked.
        expect(existsSync(old.file('run.lock'))).toBe(false);
        stop.abort();
      };
      return { replicaFile, signal: stop.signal, progress: { ...silentProgress(), phase: when } };
    };
    const base = temporaryFolder();
    const { run, step } = await train(config, base, stopIn('preparing the held-out images'));
    expect(step).toBe(0);
    const is = await centersOf(run);
    const seen = await computeImprints(
      config,
      await file(run, 'backbone.safetensors'),
      await file(run, 'head.safetensors'),
    );
    const [oldNames, newNames] = [namesOf(old).train, namesOf(run).train];
    const centerOf = (centers: Float32Array, row: number) => [...centers.subarray(16 * row, 16 * row + 16)];
    for (const [row, name] of newNames.entries()) {
      const before = oldNames.indexOf(name);
      if (before >= 0) expect(centerOf(is, row), name).toEqual(centerOf(was, before));
      else
        for (const [d, value] of centerOf(is, row).entries()) expect(value).toBeCloseTo(seen.get(row)![d], 6);
    }
    const resumed = await train(config, base, { resume: true, replicaFile });

    // Without a checkpoint, a run interrupted during imprinting starts again. Then no step has been interrupted.
    const early = temporaryFolder();
    const cut = await train(config, early, stopIn('imprinting class centers'));
    expect([cut.step, cut.summary]).toEqual([0, null]);
    expect((await latestCheckpoint(cut.run)).checkpoint).toBeNull();
    const again = await train(config, early, { resume: true, replicaFile });
    expect(again.summary!.steps).toBe(6);
    expect(await losses(resumed.run)).toEqual(await losses(again.run));
  });

  test('imprints one new class, and nothing if all classes are known', async () => {
    const config = tinyConfig(await pictureFolder());
    const dataset = await openDataset(config, { warn() {} });
    const all = dataset.split.train.map((_, position) => position);
    const set: number[][] = [];
    const lead = {
      async embed(images: readonly Uint8Array[]) {
        return { embeddings: new Float32Array(16 * images.length).fill(0.25), dimensions: 16 };
      },
      async setCenters(blocks: AsyncIterable<{ classes: Int32Array; centers: Float32Array }>) {
        for await (const { classes, centers } of blocks) set.push([...classes, ...centers]);
      },
    } as unknown as LeadReplica;
    const progress = silentProgress();
    for (const kept of [all.filter((position) => position !== 3), all]) {
      expect(
        await imprintCenters(lead, { config, dataset, kept: new Set(kept), progress, tools: { workers: 0 } }),
      ).toBe(true);
    }
    expect(set).toEqual([[3, ...new Array(16).fill(Math.fround(0.01))]]);
  });

  test('refuses another model, other held-out identities, and data without any identity of the old run', async () => {
    const config = tinyConfig(await pictureFolder());
    const { run } = await train(config, temporaryFolder());
    const changes = [
      [{ embeddingSize: 8 }, /model\.embeddingSize is 8, but .* has 16/],
      [{ backbone: 'lcnet_050' }, /model\.backbone is lcnet_050/],
    ] as const;
    for (const [change, message] of changes) {
      const model = { ...config.model, ...change } as Config['model'];
      const error = await failure(growOnly({ ...config, model }, run));
      expect(error).toBeInstanceOf(UserError);
      expect(error.message).toMatch(message);
    }
    const heldOut = await failure(growOnly({ ...config, seed: 9 }, run));
    expect(heldOut.message).toMatch(/was trained on \d+ identities that are held out now, such as /);
    expect(heldOut.hint).toContain('data.split');
    const others = temporaryFolder();
    const from = await pictureFolder();
    for (const name of readdirSync(from)) cpSync(join(from, name), join(others, `other-${name}`));
    const unknown = await failure(growOnly(tinyConfig(others), run));
    expect(unknown.message).toMatch(/the data contains none of the identities that .* was trained on/);
  });

  test('resamples the head to images of another size, and says so', async () => {
    const config = tinyConfig(await pictureFolder());
    config.model.neck = 'squeeze';
    const { run: old } = await train(config, temporaryFolder());
    const progress = silentProgress();
    const larger = { ...config, data: { ...config.data, imageSize: 96 } };
    const { run } = await growOnly(larger, old, { progress });
    const weightOf = async (of: RunDirectory) => {
      const weight = readSafetensors(await file(of, 'head.safetensors')).tensors.get('head.linear1.weight');
      return { shape: weight!.shape, values: toFloat32(weight!) };
    };
    const [was, is] = [await weightOf(old), await weightOf(run)];
    // A map of 1 × 1 becomes one of 3 × 3.
    expect(is.shape).toEqual([was.shape[0], 9 * was.shape[1]]);
    expect(is.values[0]).toBeCloseTo(was.values[0] / 9, 6);
    expect(progress.notes.join('\n')).toContain(
      'was trained on images of 32 px; its head is resampled to 96 px',
    );
  });
});
