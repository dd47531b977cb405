import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { pictureFolder, temporaryFolder } from './fixtures.js';

const cli = fileURLToPath(new URL('../bin/unitsphere.js', import.meta.url));

const config = (data: string) => `
data: { source: folder, path: ${JSON.stringify(data)}, imageSize: 32, split: { train: 0.6, validation: 0.2, test: 0.2 }, workers: 1 }
model: { backbone: lcnet_035, embeddingSize: 16 }
training: { steps: 40, batchSize: 4, replicas: 2, logEvery: 1, validateEvery: 15, checkpointEvery: 3 }
output: { name: run }
`;

const linesOf = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0);

/** Everything of metrics.jsonl but how fast it was. */
const metricsOf = (run: string) =>
  readFileSync(join(run, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => ({ ...JSON.parse(line), imagesPerSecond: undefined, lossMilliseconds: undefined }));

/** How often the training is killed; more finds more, and takes a few seconds each. */
const KILLS = Number(process.env['UNITSPHERE_KILLS'] ?? 3);
const STEPS = 40;

/** Centers in a file lie behind its header, which has random numbers. */
const centersIn = (run: string) =>
  [0, 1].map((rank) => readFileSync(join(run, `centers/rank-${rank}.centers`)).subarray(8192));

test.each([
  ['memory', ''],
  ['a file', 'loss: { partialFc: { sampledClasses: 6, store: file, cacheMiB: 0.001 } }'],
])(
  'killed with SIGKILL at random moments and resumed, with centers in %s, the command line gives the run that was not killed',
  {
    timeout: 60_000 + 10_000 * KILLS,
  },
  async (store, loss) => {
    const data = await pictureFolder();
    const file = join(temporaryFolder(), 'tiny.yaml');
    writeFileSync(file, config(data) + loss);
    const whole = temporaryFolder();
    const done = spawnSync(process.execPath, [cli, 'train', file, '--output', whole], { encoding: 'utf8' });
    expect(done.status, done.stderr).toBe(0);

    const killed = temporaryFolder();
    const run = join(killed, 'run');
    // The config is written first: from then on there is a run to resume.
    for (let kill = 0; kill < KILLS; kill++) {
      const args = kill === 0 ? ['train', file, '--output', killed] : ['train', '--resume', run];
      const child = spawn(process.execPath, [cli, ...args], { stdio: 'ignore' });
      const ended = new Promise((resolve) => child.once('close', resolve));
      const wanted = 1 + Math.floor((0.9 * STEPS * (kill + Math.random())) / KILLS);
      while (linesOf(join(run, 'metrics.jsonl')) < wanted && child.exitCode === null) await sleep(2);
      // Up to some steps and checkpoints more.
      await sleep(Math.random() * 100);
      child.kill('SIGKILL');
      await ended;
    }
    const resumed = spawnSync(process.execPath, [cli, 'train', '--resume', run], { encoding: 'utf8' });
    expect(resumed.status, resumed.stderr).toBe(0);

    expect(metricsOf(run)).toEqual(metricsOf(join(whole, 'run')));
    const inFile = store !== 'memory';
    // Beside centers in files the optimizer's file has their random numbers.
    for (const name of ['backbone', 'head', ...(inFile ? [] : ['classes', 'optimizer'])]) {
      const bytes = (folder: string) =>
        readFileSync(join(folder, `checkpoints/step-000000${STEPS}/${name}.safetensors`));
      expect(bytes(run).equals(bytes(join(whole, 'run'))), name).toBe(true);
    }
    if (inFile) {
      const [there, wanted] = [centersIn(run), centersIn(join(whole, 'run'))];
      there.forEach((bytes, rank) => {
        expect(bytes.length).toBeGreaterThan(1000);
        expect(bytes.equals(wanted[rank]), `rank ${rank}`).toBe(true);
      });
    }
    const heldOut = (folder: string) =>
      JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8')).heldOut;
    expect(heldOut(run)).toEqual(heldOut(join(whole, 'run')));
  },
);

test('Ctrl-C ends a training on two replicas with a checkpoint, which another number of replicas goes on from', async () => {
  const data = await pictureFolder();
  const base = temporaryFolder();
  const file = join(base, 'tiny.yaml');
  writeFileSync(file, config(data));
  const run = join(base, 'run');
  const child = spawn(
    process.execPath,
    [cli, 'train', file, '--output', base, '--set', 'training.steps=4000'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let told = '';
  child.stderr.on('data', (text) => {
    told += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  while (linesOf(join(run, 'metrics.jsonl')) < 3 && child.exitCode === null) await sleep(10);
  child.kill('SIGINT');
  expect(await ended, told).toBe(130);
  const stopped = Number(told.match(/Stopped after step (\d+) of 4000/)![1]);
  expect(existsSync(join(run, `checkpoints/step-${String(stopped).padStart(8, '0')}`))).toBe(true);
  const changes = ['--set', `training.steps=${stopped + 2}`, '--set', 'training.replicas=1'];
  const resumed = spawnSync(process.execPath, [cli, 'train', '--resume', run, ...changes], {
    encoding: 'utf8',
  });
  expect(resumed.status, resumed.stderr).toBe(0);
  expect(metricsOf(run).at(-1)!.step).toBe(stopped + 2);
});
