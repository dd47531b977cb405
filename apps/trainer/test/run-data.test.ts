import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Config } from '../src/config/config.js';
import { runEvaluation } from '../src/evaluate/run-evaluation.js';
import { pictureFolder, silentProgress, temporaryFolder, tinyConfig, train } from './fixtures.js';

interface Run {
  data: string;
  base: string;
  config: Config;
  path: string;
}

const folder = mkdtempSync(join(tmpdir(), 'unitsphere-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Trains three of six steps, once: later calls restore the data and the run. */
async function startRun(): Promise<Run> {
  const [used, saved] = [join(folder, 'used'), join(folder, 'saved')];
  const [data, base] = [join(used, 'data'), join(used, 'base')];
  const config = tinyConfig(data, 'seed: 1');
  if (existsSync(saved)) {
    rmSync(used, { recursive: true });
    cpSync(saved, used, { recursive: true, preserveTimestamps: true });
  } else {
    cpSync(await pictureFolder(), data, { recursive: true });
    mkdirSync(base);
    await train({ ...config, training: { ...config.training, steps: 3 } }, base);
    cpSync(used, saved, { recursive: true, preserveTimestamps: true });
  }
  return { data, base, config, path: join(base, 'run') };
}

const read = ({ path }: Run, name: string) => readFileSync(join(path, name), 'utf8');
const recorded = (run: Run) => JSON.parse(read(run, 'identities.json'));

/** Expects that resuming fails and changes neither the config nor the record of the data. */
async function expectRefusal(run: Run, config: Config, message: RegExp): Promise<void> {
  const before = ['config.yaml', 'identities.json'].map((name) => read(run, name));
  await expect(train(config, run.base, { resume: true })).rejects.toThrow(message);
  expect(['config.yaml', 'identities.json'].map((name) => read(run, name))).toEqual(before);
}

test('a resume that does not fit changes nothing, and the run can still be resumed', async () => {
  const run = await startRun();
  const wider = { ...run.config, model: { ...run.config.model, embeddingSize: 24 } };
  await expectRefusal(run, wider, /the checkpoint does not fit the config/);
  expect((await train(run.config, run.base, { resume: true })).summary?.steps).toBe(6);
});

test('refuses another split, whose held-out identities were trained on', async () => {
  const run = await startRun();
  await expectRefusal(
    run,
    { ...run.config, seed: 30 },
    /the split now holds out .*\.png.*, which the run was trained on/,
  );
});

test('refuses a renamed, a missing and a new training identity, by name', async () => {
  const run = await startRun();
  const [first, second] = recorded(run).train as string[];
  renameSync(join(run.data, first), join(run.data, 'zzz.png'));
  await expectRefusal(
    run,
    run.config,
    new RegExp(`"${first}" is now called "zzz.png"|the data lack ${first}`),
  );
  renameSync(join(run.data, 'zzz.png'), join(run.data, first));
  copyFileSync(join(run.data, second), join(run.base, 'saved.png'));
  rmSync(join(run.data, second));
  await expectRefusal(run, run.config, new RegExp(`the data lack ${second}`));
  copyFileSync(join(run.base, 'saved.png'), join(run.data, second));
  expect((await train(run.config, run.base, { resume: true })).summary?.steps).toBe(6);
});

test('reports training images that changed, and goes on', async () => {
  const run = await startRun();
  const { train: trained, test: held } = recorded(run) as Record<string, string[]>;
  copyFileSync(join(run.data, held[0]), join(run.data, trained[0]));
  const progress = silentProgress();
  await train(run.config, run.base, { resume: true, progress });
  expect(progress.notes).toContain(
    `warning: the images differ from those at the start of the run: ${trained[0]}`,
  );
});

test('measures the network before training anew if the test images changed', async () => {
  const run = await startRun();
  const { test: held } = recorded(run) as Record<string, string[]>;
  const other = await pictureFolder(30);
  copyFileSync(join(other, '029.png'), join(run.data, held[0]));
  const progress = silentProgress();
  const resumed = await train(run.config, run.base, { resume: true, progress });
  expect(progress.notes).toContain(
    'warning: the test identities or their images differ from those at the start of the run',
  );
  // A new run on the changed data starts from the same network.
  const fresh = await train(run.config, temporaryFolder());
  expect(resumed.summary?.untrained).toEqual(fresh.summary?.untrained);
});

test('evaluation leaves out pictures that were trained on, also under another name', async () => {
  const run = await startRun();
  const { train: trained, test: held } = recorded(run) as Record<string, string[]>;
  const data = temporaryFolder();
  mkdirSync(join(data, 'someone'));
  cpSync(join(run.data, trained[0]), join(data, 'someone/else.png'));
  for (const name of held) cpSync(join(run.data, name), join(data, `new-${name}`));
  const progress = silentProgress();
  const report = await runEvaluation({ checkpoint: run.path, data, progress });
  expect(report.heldOut?.identities).toBe(held.length);
  expect(progress.notes).toContain('skipped 1 identities with images that the run was trained on: someone');
});

test.each([
  ['{ "train": [1] }', 'lacks the names of identities'],
  ['{ "train": ', 'is not valid JSON'],
])('reports a damaged identities.json: %s', async (text, reason) => {
  const run = await startRun();
  writeFileSync(join(run.path, 'identities.json'), text);
  await expect(train(run.config, run.base, { resume: true })).rejects.toThrow(reason);
  await expect(runEvaluation({ checkpoint: run.path, progress: silentProgress() })).rejects.toThrow(reason);
});
