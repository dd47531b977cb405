import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { resolveRepositoryFile } from './repository-file.js';

const CLI = resolveRepositoryFile('apps/trainer/bin/unitsphere.js');

/** Options of a training with `unitsphere train`. */
export interface TrainingRun {
  backend: string;
  /** Uses the WebAssembly kernels without fused multiply-add. */
  plainSimd?: boolean;
  /** Arguments of `unitsphere train`: the config and its options. */
  args: readonly string[];
  /** Settings as for `--set`. */
  settings: readonly string[];
  /** Number of steps after which the training is stopped. */
  steps: number;
}

/**
 * Trains in a separate process, stops it after `steps` steps, and returns the loss of each step. Returns the reason as a
 * string if the backend is missing.
 * @throws Error if the training ends earlier for another reason.
 */
export async function measureLosses({
  backend,
  plainSimd,
  args,
  settings,
  steps,
}: TrainingRun): Promise<number[] | string> {
  const folder = mkdtempSync(join(tmpdir(), 'training-losses-'));
  const all = [
    ...settings,
    'training.logEvery=1',
    'training.replicas=1',
    'training.validateEvery=',
    'output.name=run',
  ];
  const child = spawn(
    process.execPath,
    [
      ...(plainSimd ? ['--import', resolveRepositoryFile('benchmarks/dist/plain-simd.js')] : []),
      CLI,
      ...['train', ...args, '--backend', backend, '--output', folder],
      ...all.flatMap((setting) => ['--set', setting]),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let errors = '';
  child.stderr.on('data', (text) => {
    errors += text;
  });
  let ended = false;
  const end = new Promise<void>((resolve) => {
    child.once('close', () => {
      ended = true;
      resolve();
    });
  });
  try {
    const metrics = join(folder, 'run', 'metrics.jsonl');
    const read = () => (existsSync(metrics) ? parseLosses(readFileSync(metrics, 'utf8')) : []);
    while (!ended && read().length < steps) await sleep(300);
    child.kill('SIGINT');
    await end;
    const losses = read();
    if (losses.length >= steps) return losses.slice(0, steps);
    if (/cannot be used|is not available/.test(errors)) return errors.trim().split('\n')[0];
    throw new Error(`The training on ${backend} ended after ${losses.length} of ${steps} steps:\n${errors}`);
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Parses the losses from `metrics.jsonl`. Ignores the last line if it is not complete yet. */
function parseLosses(text: string): number[] {
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(Boolean)
    .flatMap((line) => {
      const { loss } = JSON.parse(line) as { loss?: number };
      return loss === undefined ? [] : [loss];
    });
}
