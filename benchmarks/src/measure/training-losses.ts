import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { repositoryFile } from './repository-file.js';

const CLI = repositoryFile('apps/trainer/bin/unitsphere.js');

/** A training with `unitsphere train`. */
export interface TrainingRun {
  backend: string;
  /** WebAssembly's kernels without fused multiply-add. */
  plainSimd?: boolean;
  /** The config and what goes with it on the command line. */
  args: readonly string[];
  /** Further ones, as of `--set`. */
  settings: readonly string[];
  steps: number;
}

/** The losses of a training that is stopped after so many steps; why there is none, where the backend is missing. */
export async function trainingLosses({
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
      ...(plainSimd ? ['--import', repositoryFile('benchmarks/dist/plain-simd.js')] : []),
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
    const read = () => (existsSync(metrics) ? lossesOf(readFileSync(metrics, 'utf8')) : []);
    while (!ended && read().length < steps) await sleep(300);
    child.kill('SIGINT');
    await end;
    const losses = read();
    if (losses.length >= steps) return losses.slice(0, steps);
    if (/cannot be used|is not available/.test(errors)) return errors.trim().split('\n')[0];
    throw new Error(`the training on ${backend} ended after ${losses.length} steps:\n${errors}`);
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The losses of a run's metrics; the last line may not be whole yet. */
function lossesOf(text: string): number[] {
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(Boolean)
    .flatMap((line) => {
      const { loss } = JSON.parse(line) as { loss?: number };
      return loss === undefined ? [] : [loss];
    });
}
