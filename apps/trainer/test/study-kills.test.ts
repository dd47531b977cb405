import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { pictureFolder, temporaryFolder } from './fixtures.js';

const cli = fileURLToPath(new URL('../bin/unitsphere.js', import.meta.url));

const base = (data: string) => `
data: { source: folder, path: ${JSON.stringify(data)}, cacheDir: ${JSON.stringify(join(data, '.cache'))}, imageSize: 32, split: { train: 0.6, validation: 0.2, test: 0.2 }, workers: 1 }
model: { backbone: lcnet_035, embeddingSize: 16 }
training: { batchSize: 4, replicas: 1, logEvery: 1, checkpointEvery: 5 }
output: { plots: [] }
backend: wasm
`;

const STUDY = `
title: Norms
question: Which norm?
base: base.yaml
factors: [model.norm]
arms:
  - { name: ln, label: LayerNorm, set: { model.norm: layernorm } }
  - { name: bn, label: BatchNorm, set: { model.norm: batchnorm } }
budget: { steps: 12 }
metric: auroc
seeds: 2
curvePoints: 0
`;

const pids: number[] = [];
afterEach(() => {
  for (const pid of pids.splice(0)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
});

async function createStudy() {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'base.yaml'), base(await pictureFolder()));
  writeFileSync(join(folder, 'norms.yaml'), STUDY);
  const output = join(folder, 'out');
  const args = [cli, 'compare', join(folder, 'norms.yaml'), '--output', output, '--jobs', '2'];
  const run = (arm: string, seed: number) => join(output, 'runs', arm, `seed-${seed}`, 'training');
  return { args, output, run };
}

/** Starts the command, which inherits nothing from this process. */
function start(args: readonly string[]) {
  const child = spawn(process.execPath, args, { env: { ...process.env, NO_COLOR: '1' } });
  pids.push(child.pid!);
  let stderr = '';
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  child.stdout.resume();
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, ended, stderr: () => stderr };
}

/** Waits until a run of a study trains, and returns the pid of its process. */
async function trainerOf(run: string, study: ReturnType<typeof start>): Promise<number> {
  for (;;) {
    if (study.child.exitCode !== null) throw new Error(study.stderr());
    try {
      if (readFileSync(join(run, 'metrics.jsonl'), 'utf8').split('\n').length > 3) {
        const { pid } = JSON.parse(readFileSync(join(run, 'run.lock'), 'utf8'));
        // The lock of a killed process stays until the next one takes it, and a study takes it to read the run.
        process.kill(pid, 0);
        if (pid !== study.child.pid) {
          pids.push(pid);
          return pid;
        }
      }
    } catch {
      // Not there yet.
    }
    await sleep(10);
  }
}

test('a study carries on past a killed training, and names it, memory and --jobs. Killed and started again, it waits for a training that still runs', {
  timeout: 400_000,
}, async () => {
  const { args, output, run } = await createStudy();
  const study = start(args);
  process.kill(await trainerOf(run('ln', 0), study), 'SIGKILL');
  expect(await study.ended, study.stderr()).toBe(2);
  const message = study.stderr();
  expect(message).toContain('ln/seed-0/training: failed, ');
  expect(message).toMatch(
    /error: a training failed\n {2}ln\/seed-0\/training was ended by SIGKILL, as the system does when memory runs out\n {2}[\d.]+ GB of [\d.]+ GB of memory are free\. 2 trainings ran at once; fewer take less: --jobs 1\n/,
  );
  expect(message).not.toContain('bug in unitsphere');
  const results = JSON.parse(readFileSync(join(output, 'results.json'), 'utf8'));
  const missing = results.runs.filter((one: { missing?: object }) => one.missing);
  expect(missing).toMatchObject([{ arm: 'ln', seed: 0, missing: { why: 'failed' } }]);
  // The same command trains what is missing.
  const second = start(args);
  const orphan = await trainerOf(run('ln', 0), second);
  // Suspended, it surely still holds its run when the command starts again.
  process.kill(orphan, 'SIGSTOP');
  second.child.kill('SIGKILL');
  await second.ended;
  const again = start(args);
  while (!again.stderr().includes('waits for') && again.child.exitCode === null) await sleep(20);
  expect(again.stderr()).toMatch(
    new RegExp(
      `ln/seed-0/training: waits for pid ${orphan} on this machine since [^\\n]+, which still trains it\\n`,
    ),
  );
  process.kill(orphan, 'SIGCONT');
  expect(await again.ended, again.stderr()).toBe(0);
  for (const arm of ['ln', 'bn']) {
    for (const seed of [0, 1]) expect(existsSync(join(run(arm, seed), 'summary.json'))).toBe(true);
  }
});
