import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { everyBackend } from '@unitsphere/testing/backends';
import { describe, expect, test } from 'vitest';
import { pictureFolder, temporaryFolder } from './fixtures.js';

const cli = fileURLToPath(new URL('../bin/unitsphere.js', import.meta.url));

// Standard error is a pipe, as in a shell. Node gives its child processes a socket, from which no notices are dropped.
const PIPED = 'set -o pipefail; { "$@" 2>&1 1>&3 | cat 1>&2; } 3>&1';

function unitsphere(cwd: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    'bash',
    ['-c', PIPED, 'bash', process.execPath, cli, ...args],
    {
      cwd,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1', COLUMNS: '80' },
    },
  );
  const lines = (text: string) => stripVTControlCharacters(text).split('\n').filter(Boolean);
  return { status, stdout: lines(stdout), stderr: lines(stderr) };
}

/** Every line that a command writes to standard error. */
const OURS = [
  /^New run runs\/run$/,
  /^step \d+\/\d+ /,
  /^step \d+, (validation|test): /,
  /^(reading images|preparing the held-out images|measuring the (network before training|held-out identities|checkpoint)) …$/,
  /^(starting the data workers|resampling identities|writing (a checkpoint|the report)|verifying the \w+ identities) …$/,
  /^\d+ identities: \d+ to train on, \d+ for validation, \d+ held out$/,
  /^\d+ data workers? prepares? images$/,
  /^(held out: |comparing the |training on |\w+: )/,
  /^[\w/-]+: (started|finished),/,
  /^\d+ of \d+ runs, /,
  /^\d+ data workers? prepares? images/,
  /^(Evaluate on other images|Recognize pictures|Use it elsewhere): +unitsphere /,
];

const foreign = (lines: readonly string[]) =>
  lines.filter((line) => !OURS.some((pattern) => pattern.test(line)));

async function prepare(): Promise<string> {
  const folder = temporaryFolder();
  const data = await pictureFolder(15);
  writeFileSync(
    join(folder, 'tiny.yaml'),
    `
data: { source: folder, path: ${JSON.stringify(data)}, cacheDir: ${JSON.stringify(join(data, '.cache'))}, imageSize: 32, split: { train: 0.6, validation: 0.2, test: 0.2 } }
model: { backbone: lcnet_035, embeddingSize: 16 }
training: { steps: 2, batchSize: 4, logEvery: 1, validateEvery: 2 }
evaluation: { imagesPerIdentity: 2 }
output: { name: run }
`,
  );
  return folder;
}

// `auto` is wasm, or faster.
const BACKENDS = [...everyBackend.filter((name) => name !== 'wasm'), 'auto'];

describe.each(BACKENDS)('on %s, a working command writes its own lines only:', (backend) => {
  test('train, evaluate and report', { timeout: 180_000 }, async () => {
    const folder = await prepare();
    // The libraries that draw the plots are the same on every backend.
    const plots = backend === 'auto' ? [] : ['--set', 'output.plots=[]'];
    const trained = unitsphere(folder, 'train', 'tiny.yaml', '--backend', backend, ...plots);
    expect(foreign(trained.stderr)).toEqual([]);
    expect(trained.status).toBe(0);
    expect(trained.stdout[0]).toMatch(/^Held out: /);
    expect(trained.stdout.at(-1)).toMatch(/^Use it elsewhere: /);

    const evaluated = unitsphere(folder, 'evaluate', 'runs/run', '--backend', backend);
    expect(foreign(evaluated.stderr)).toEqual([]);
    expect(evaluated.status).toBe(0);
    expect(evaluated.stdout[0]).toMatch(/^runs\/run\/checkpoints\/\S+, step 2, on /);

    if (backend !== 'auto') return;
    const rewritten = unitsphere(folder, 'report', 'runs/run');
    expect(foreign(rewritten.stderr)).toEqual([]);
    expect(rewritten.stdout).toEqual(['runs/run/report.html']);
  });
});

test('compare writes its own lines only', { timeout: 120_000 }, async () => {
  const folder = await prepare();
  writeFileSync(
    join(folder, 'study.yaml'),
    `
title: A study
question: Which?
base: tiny.yaml
metric: auroc
factors: [model.norm]
seeds: 2
budget: { steps: 2 }
arms:
  - { name: a, set: { model.norm: layernorm } }
  - { name: b, set: { model.norm: batchnorm } }
`,
  );
  const { status, stderr, stdout } = unitsphere(folder, 'compare', 'study.yaml', '--set', 'output.name=');
  expect(foreign(stderr)).toEqual([]);
  expect(status).toBe(0);
  expect(stdout.at(-1)).toMatch(
    /^Use it elsewhere: +unitsphere export runs\/study\/runs\/\w\/seed-0\/training /,
  );
});

test('doctor writes nothing to standard error', () => {
  const { stderr, stdout } = unitsphere(temporaryFolder(), 'doctor');
  expect(stderr).toEqual([]);
  expect(stdout[0]).toMatch(/^unitsphere \d/);
});
