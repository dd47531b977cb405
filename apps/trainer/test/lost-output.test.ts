import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { pictureFolder, temporaryFolder } from './fixtures.js';

const cli = fileURLToPath(new URL('../bin/unitsphere.js', import.meta.url));

/** Writes a config of a training of `steps` steps and returns the arguments that train it. */
async function prepare(steps: number): Promise<{ args: string[]; run: string }> {
  const file = join(temporaryFolder(), 'tiny.yaml');
  const data = await pictureFolder();
  writeFileSync(
    file,
    `
data: { source: folder, path: ${JSON.stringify(data)}, cacheDir: ${JSON.stringify(join(data, '.cache'))}, imageSize: 32, workers: 0 }
model: { backbone: lcnet_035, embeddingSize: 16 }
training: { steps: ${steps}, batchSize: 4, replicas: 1, logEvery: 1, validateEvery: null, checkpointEvery: null }
output: { name: run, plots: [] }
backend: wasm
`,
  );
  const output = temporaryFolder();
  return { args: [cli, 'train', file, '--output', output], run: join(output, 'run') };
}

const linesOf = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0);

async function waitForSteps(run: string, steps: number, child: ChildProcess): Promise<void> {
  while (linesOf(join(run, 'metrics.jsonl')) < steps) {
    if (child.exitCode !== null) throw new Error(`The training ended with ${child.exitCode}.`);
    await sleep(20);
  }
}

const hasScript = spawnSync('script', ['--version']).status === 0;

test.skipIf(!hasScript)(
  'a closed terminal ends a training with a checkpoint of the current step (requires script of util-linux)',
  { timeout: 90_000 },
  async () => {
    const { args, run } = await prepare(100_000);
    const command = [process.execPath, ...args].map((word) => `'${word}'`).join(' ');
    // script owns the terminal: killing it closes the terminal.
    const script = spawn('script', ['-qec', command, '/dev/null'], { stdio: 'ignore' });
    await waitForSteps(run, 5, script);
    const { pid } = JSON.parse(readFileSync(join(run, 'run.lock'), 'utf8'));
    script.kill('SIGKILL');
    const isAlive = () => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    while (isAlive()) await sleep(20);
    // The lock is released at the end of an orderly stop only.
    expect(existsSync(join(run, 'run.lock'))).toBe(false);
    const [checkpoint] = readdirSync(join(run, 'checkpoints'));
    expect(Number(checkpoint.slice('step-'.length))).toBe(linesOf(join(run, 'metrics.jsonl')));
  },
);

test('a closed pipe does not end a training', { timeout: 90_000 }, async () => {
  const { args, run } = await prepare(30);
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  // As "2>&1 | head -1" does.
  child.stderr.once('data', () => {
    child.stderr.destroy();
    child.stdout.destroy();
  });
  expect(await ended).toBe(0);
  expect(existsSync(join(run, 'summary.json'))).toBe(true);
});

test.skipIf(!existsSync('/dev/full'))(
  'a full log disk does not end a training, and the exit code tells of lost results (requires /dev/full)',
  { timeout: 90_000 },
  async () => {
    const { args, run } = await prepare(10);
    const full = openSync('/dev/full', 'w');
    const quiet = spawnSync(process.execPath, args, { stdio: ['ignore', 'pipe', full] });
    expect(quiet.status).toBe(0);
    expect(existsSync(join(run, 'summary.json'))).toBe(true);
    const evaluation = spawnSync(process.execPath, [cli, 'evaluate', run], {
      stdio: ['ignore', full, 'pipe'],
    });
    expect(evaluation.status).toBe(1);
    expect(String(evaluation.stderr)).toContain('cannot write to standard output: ENOSPC');
  },
);
