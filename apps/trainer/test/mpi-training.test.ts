import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { parseConfig } from '../src/config/parse-config.js';
import { bundleFixture } from './fixtures/bundle.js';
import { pictureFolder, temporaryFolder, train } from './fixtures.js';

const cli = fileURLToPath(new URL('../bin/unitsphere.js', import.meta.url));

const config = (data: string, workers = 1) => `
data: { source: folder, path: ${JSON.stringify(data)}, cacheDir: ${JSON.stringify(join(data, '.cache'))}, imageSize: 32, split: { train: 0.6, validation: 0.2, test: 0.2 }, workers: ${workers} }
model: { backbone: lcnet_035, embeddingSize: 16 }
training: { steps: 6, batchSize: 5, logEvery: 1, validateEvery: null, checkpointEvery: 3 }
backend: wasm
output: { name: run, plots: [] }
`;

/** Starts two processes as `mpirun` does; undefined if no MPI library is installed. */
const LAUNCHERS: [command: string, args: string[]][] = [
  ['mpirun.mpich', ['-n', '2']],
  ['mpirun.openmpi', ['--allow-run-as-root', '--oversubscribe', '--bind-to', 'none', '-n', '2']],
];
const launcher = LAUNCHERS.find(([command]) => spawnSync(command, ['--version']).status === 0);

/** Runs a command to its end and returns what it printed. */
function run(command: string, args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return stdout + stderr;
}

const lossesOf = (output: string) =>
  readFileSync(join(output, 'run/metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .map(({ step, loss, gradientNorm }) => ({ step, loss, gradientNorm }));

let replicaFile: string;
beforeAll(() => {
  replicaFile = bundleFixture('replica-worker');
});

/** Trains on threads of this process. */
async function trainOnThreads(text: string, replicas: number, base: string, resume = false): Promise<void> {
  const plain = parseConfig(text, { file: 'test' });
  const config = { ...plain, training: { ...plain.training, replicas } };
  await train(config, base, { resume, replicaFile });
}

// The longer proof, on 1 to 4 processes with kills, is tools/mpi/check-trainings.mjs.
test.skipIf(!launcher)(
  'two processes on MPI give the bits of two threads, which resume their checkpoint',
  { timeout: 400_000 },
  async () => {
    const [command, args] = launcher as (typeof LAUNCHERS)[number];
    const file = join(temporaryFolder(), 'tiny.yaml');
    const text = config(await pictureFolder());
    writeFileSync(file, text);
    const [threads, processes] = [temporaryFolder(), temporaryFolder()];
    await trainOnThreads(text, 2, threads);

    const start = [process.execPath, cli, 'train', file, '--output', processes];
    const printed = run(command, [...args, ...start]);
    // Process 0 alone prints.
    expect(printed.match(/2 processes on 1 host share every batch/g)).toHaveLength(1);
    const losses = lossesOf(threads);
    expect(losses).toHaveLength(6);
    expect(lossesOf(processes)).toEqual(losses);

    // Without the last checkpoint, the threads repeat the steps from the one before.
    rmSync(join(processes, 'run/checkpoints/step-00000006'), { recursive: true });
    await trainOnThreads(text, 2, processes, true);
    expect(lossesOf(processes)).toEqual(losses);
  },
);

test.skipIf(!launcher)(
  'two processes of two threads give the bits of four threads, with class centers in files',
  { timeout: 400_000 },
  async () => {
    const [command, args] = launcher as (typeof LAUNCHERS)[number];
    const file = join(temporaryFolder(), 'tiny.yaml');
    const inFiles = 'loss: { partialFc: { sampledClasses: 6, store: file } }';
    const text = `${config(await pictureFolder(), 0).replace('batchSize: 5', 'batchSize: 9')}${inFiles}`;
    writeFileSync(file, text);
    const [threads, processes] = [temporaryFolder(), temporaryFolder()];
    await trainOnThreads(text, 4, threads);
    const twoThreads = ['--set', 'training.replicas=2'];
    const start = [process.execPath, cli, 'train', file, '--output', processes, ...twoThreads];
    const printed = run(command, [...args, ...start]);
    expect(printed.match(/2 processes of 2 replicas on 1 host share every batch/g)).toHaveLength(1);
    expect(lossesOf(threads)).toHaveLength(6);
    expect(lossesOf(processes)).toEqual(lossesOf(threads));
  },
);

test.skipIf(!launcher)(
  'a loss that is not finite ends all threads of all processes with the reason, after a whole checkpoint',
  { timeout: 200_000 },
  async () => {
    const [command, args] = launcher as (typeof LAUNCHERS)[number];
    const file = join(temporaryFolder(), 'tiny.yaml');
    writeFileSync(file, config(await pictureFolder(), 0).replace('batchSize: 5', 'batchSize: 8'));
    const output = temporaryFolder();
    const changes = ['optimizer.lr=1e30', 'training.checkpointEvery=1', 'training.replicas=2'];
    const sets = changes.flatMap((change) => ['--set', change]);
    const start = [...args, process.execPath, cli, 'train', file, '--output', output, ...sets];
    const { status, stdout, stderr } = spawnSync(command, start, { encoding: 'utf8' });
    expect(status).toBeGreaterThan(0);
    expect(stdout + stderr).toMatch(/training stopped at step \d+: the loss is .*\n.*Lower optimizer\.lr/);
    expect(readdirSync(join(output, 'run/checkpoints'))).toContain('step-00000001');
  },
);
