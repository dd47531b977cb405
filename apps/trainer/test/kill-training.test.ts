import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readGolden } from '@unitsphere/testing/golden';
import { expect, test } from 'vitest';
import { pictureFolder, temporaryFolder } from './fixtures.js';

const cli = fileURLToPath(new URL('../bin/unitsphere.js', import.meta.url));

const STEPS = 15;

const config = (data: string) => `
data: { source: folder, path: ${JSON.stringify(data)}, cacheDir: ${JSON.stringify(join(data, '.cache'))}, imageSize: 32, split: { train: 0.6, validation: 0.2, test: 0.2 }, workers: 1 }
model: { backbone: lcnet_035, embeddingSize: 16 }
training: { steps: ${STEPS}, batchSize: 4, replicas: 2, logEvery: 1, validateEvery: 10, checkpointEvery: 3 }
output: { name: run, plots: [] }
backend: wasm
`;

const linesOf = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0);

/** Reads metrics.jsonl without the timings. */
const metricsOf = (run: string) =>
  readFileSync(join(run, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => ({ ...JSON.parse(line), imagesPerSecond: undefined, lossMilliseconds: undefined }));

/** Number of times each training is killed, if set. Each kill takes a few seconds; more kills cover more moments. */
const KILLS = process.env['UNITSPHERE_KILLS'];

/** Reads the centers of both ranks, without the files' headers, which contain random numbers. */
const readCenterFiles = (run: string) =>
  [0, 1].map((rank) => readFileSync(join(run, `centers/rank-${rank}.centers`)).subarray(8192));

/** A teacher: a small network in a file, whose features are cached in an empty folder. */
function withTeacher(): string {
  const folder = temporaryFolder();
  const file = join(folder, 'teacher.onnx');
  const [small] = readGolden<{ name: string; model: string }>('onnx_teacher').cases;
  writeFileSync(file, Buffer.from(small.model, 'base64'));
  return `distillation:
  loss: kl
  teacher: { onnx: ${JSON.stringify(file)}, preprocessing: { imageSize: 16 } }
  cacheDir: ${JSON.stringify(join(folder, 'features'))}
`;
}

const FILE = 'loss: { partialFc: { sampledClasses: 6, store: file, cacheMiB: 0.001 } }';

/** What is trained, and the config's lines for it. Centers in a file have the most to lose; the campaign has all. */
const TRAININGS: [string, () => string][] = [
  ['centers in a file', () => FILE],
  ...(KILLS
    ? ([
        ['centers in memory', () => ''],
        ['a teacher', withTeacher],
      ] as [string, () => string][])
    : []),
];

test.each(TRAININGS)(
  'a run with %s, killed at random moments and resumed, equals one that was not killed',
  {
    timeout: 400_000 + 20_000 * Number(KILLS ?? 1),
  },
  async (title, more) => {
    const kills = Number(KILLS ?? 1);
    const data = await pictureFolder();
    const file = join(temporaryFolder(), 'tiny.yaml');
    writeFileSync(file, config(data) + more());
    const whole = temporaryFolder();
    const done = spawnSync(process.execPath, [cli, 'train', file, '--output', whole], { encoding: 'utf8' });
    expect(done.status, done.stderr).toBe(0);

    const killed = temporaryFolder();
    const run = join(killed, 'run');
    // The config is written first, so that a run can be resumed from the first kill on.
    for (let kill = 0; kill < kills; kill++) {
      const args = kill === 0 ? ['train', file, '--output', killed] : ['train', '--resume', run];
      const child = spawn(process.execPath, [cli, ...args], { stdio: 'ignore' });
      const ended = new Promise((resolve) => child.once('close', resolve));
      const wanted = 1 + Math.floor((0.9 * STEPS * (kill + Math.random())) / kills);
      while (linesOf(join(run, 'metrics.jsonl')) < wanted && child.exitCode === null) await sleep(2);
      // Allow a few more steps and checkpoints.
      await sleep(Math.random() * 100);
      child.kill('SIGKILL');
      await ended;
    }
    const resumed = spawnSync(process.execPath, [cli, 'train', '--resume', run], { encoding: 'utf8' });
    expect(resumed.status, resumed.stderr).toBe(0);

    expect(metricsOf(run)).toEqual(metricsOf(join(whole, 'run')));
    const inFile = title === 'centers in a file';
    // With centers in files, optimizer.safetensors contains their random numbers.
    const centers = inFile ? [] : ['classes', 'optimizer'];
    for (const name of ['backbone', 'head', ...centers, ...(title === 'a teacher' ? ['distillation'] : [])]) {
      const bytes = (folder: string) =>
        readFileSync(join(folder, `checkpoints/step-000000${STEPS}/${name}.safetensors`));
      expect(bytes(run).equals(bytes(join(whole, 'run'))), name).toBe(true);
    }
    if (inFile) {
      const [actual, expected] = [readCenterFiles(run), readCenterFiles(join(whole, 'run'))];
      actual.forEach((bytes, rank) => {
        expect(bytes.length).toBeGreaterThan(1000);
        expect(bytes.equals(expected[rank]), `rank ${rank}`).toBe(true);
      });
    }
    const heldOut = (folder: string) =>
      JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8')).heldOut;
    expect(heldOut(run)).toEqual(heldOut(join(whole, 'run')));
  },
);

test('Ctrl-C stops a training on two replicas with a checkpoint that one replica can resume', async () => {
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
  let stderr = '';
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  while (linesOf(join(run, 'metrics.jsonl')) < 3 && child.exitCode === null) await sleep(10);
  child.kill('SIGINT');
  expect(await ended, stderr).toBe(130);
  const stopped = Number(stderr.match(/Stopped after step (\d+) of 4000/)![1]);
  expect(existsSync(join(run, `checkpoints/step-${String(stopped).padStart(8, '0')}`))).toBe(true);
  const changes = ['--set', `training.steps=${stopped + 2}`, '--set', 'training.replicas=1'];
  const resumed = spawnSync(process.execPath, [cli, 'train', '--resume', run, ...changes], {
    encoding: 'utf8',
  });
  expect(resumed.status, resumed.stderr).toBe(0);
  expect(metricsOf(run).at(-1)!.step).toBe(stopped + 2);
});
