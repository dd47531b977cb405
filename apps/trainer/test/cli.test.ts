import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { run } from '../src/commands/program.js';
import type { Work } from '../src/commands/work.js';
import { RECIPES } from '../src/config/shipped.js';
import { isSupported } from '../src/doctor/inspect.js';
import { UserError } from '../src/user-error.js';
import { bundleFixture } from './fixtures/bundle.js';
import { useTemporaryFolder } from './fixtures/temporary-folder.js';

const folder = useTemporaryFolder();
let script: string;
beforeAll(() => {
  script = bundleFixture('fake-unitsphere', undefined, {
    'doctor-child': new URL('../src/doctor/child.ts', import.meta.url),
  });
});

interface Started {
  child: ChildProcess;
  stderr(): string;
  ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

function start(args: string[], env: Record<string, string> = {}): Started {
  const child = spawn(process.execPath, [script, ...args], {
    cwd: folder(),
    env: { ...process.env, NO_COLOR: '1', COLUMNS: '', ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, stdout, stderr })),
  );
  return { child, stderr: () => stderr, ended };
}

const unitsphere = (args: string[], env?: Record<string, string>) => start(args, env).ended;
const train = (...args: string[]) => [
  'train',
  '--set',
  'output.name=run',
  '--set',
  'training.batchSize=8',
  ...args,
];
const runPath = () => join(folder(), 'runs', 'run');
const steps = () =>
  readFileSync(join(runPath(), 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).step);
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

/** Waits until a step is in the metrics. */
async function stepReached(step: number): Promise<void> {
  for (;;) {
    const path = join(runPath(), 'metrics.jsonl');
    if (existsSync(path) && readFileSync(path, 'utf8').includes(`"step":${step},`)) return;
    await sleep(5);
  }
}

describe('train', () => {
  test('creates a run, prints the result to standard output and everything else to standard error', async () => {
    const { code, stdout, stderr } = await unitsphere(train('--set', 'training.steps=20', '--set', 'seed=5'));
    expect(stderr).toMatch(/^New run runs\/run\nstep 1\/20 /);
    expect(stderr).toMatch(/step 20\/20 \(100%\).*0s left\n$/);
    expect(stdout).toMatchInlineSnapshot(`
      "
      Held out: 90 identities, 810 images, 3,240 same and 324,405 different pairs
                       trained  before training  95 % interval  threshold
      TPR at FPR 1e-1    0.990            0.990                    0.2000
      TPR at FPR 1e-2    0.950            0.950                    0.4000
      TPR at FPR 1e-3    0.830            0.120    0.800–0.860     0.5000
      TPR at FPR 1e-4        –                –  too few pairs
      AUROC             0.9876           0.9876  0.9800–0.9900
      rank-1             0.970            0.400
      The intervals are for other identities of the same kind.

      20 steps in 1m 15s, 1,234 images/s on wasm
      Report: runs/run/report.html

      Evaluate on other images: unitsphere evaluate runs/run --data DIR
      Recognize pictures:       unitsphere enroll GALLERY DIR --model runs/run
      Use it elsewhere:         unitsphere export runs/run --to onnx
      "
    `);
    expect(code).toBe(0);
    expect(readFileSync(join(runPath(), 'config.yaml'), 'utf8')).toMatch(/^seed: 5\n/);
    expect(existsSync(join(runPath(), 'run.lock'))).toBe(false);
  });

  test('names a run after its config and the time', async () => {
    writeFileSync(join(folder(), 'mine.yaml'), 'training: {steps: 2}');
    const { code } = await unitsphere(['train', 'mine.yaml', '--output', 'out']);
    expect(code).toBe(0);
    expect(readdirSync(join(folder(), 'out'))[0]).toMatch(/^mine-\d{8}-\d{6}$/);
  });

  test('numbers runs that start in the same second', async () => {
    const runs = await Promise.all(
      Array.from({ length: 3 }, () => unitsphere(['train', '--set', 'training.steps=1', '--output', 'same'])),
    );
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(readdirSync(join(folder(), 'same'))).toHaveLength(3);
  });

  test('prints a user error as one line and a hint, exits with 2 and leaves no run', async () => {
    const { code, stdout, stderr } = await unitsphere(train(), { FAKE_ERROR: 'user' });
    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: '',
      stderr: 'error: the data is bad\n  Give better data.\n',
    });
    expect(existsSync(runPath())).toBe(false);
  });

  test('leaves no run if an error occurs before the first step', async () => {
    const { code, stderr } = await unitsphere(train(), { FAKE_ERROR: 'early' });
    expect(stderr).toBe('New run runs/run\nerror: nothing to train on\n');
    expect(code).toBe(2);
    expect(existsSync(runPath())).toBe(false);
  });

  test('prints how to resume if an error occurs after a checkpoint', async () => {
    const { code, stderr } = await unitsphere(train('--set', 'training.checkpointEvery=10'), {
      FAKE_ERROR: 'late',
    });
    expect(stderr).toContain(
      'error: the loss is not finite\n  Resume from step 20: unitsphere train --resume runs/run\n',
    );
    expect(code).toBe(2);
  });

  test('prints the stack of a bug, exits with 1 and releases the lock', async () => {
    const { code, stderr } = await unitsphere(train(), { FAKE_ERROR: 'bug' });
    expect(stderr).toMatch(/This is a bug in unitsphere\..*\nTypeError: a fault\n {4}at /);
    expect(code).toBe(1);
    expect(existsSync(join(runPath(), 'run.lock'))).toBe(false);
  });

  test.each([
    [
      ['train', 'none.yaml'],
      `error: there is no config none.yaml\n  Built-in names: ${RECIPES.names.join(', ')}.\n`,
    ],
    [
      ['train', '--set', 'loss.margn=1'],
      'error: --set loss.margn=1: loss.margn: unknown key; did you mean loss.margin?\n',
    ],
    [['train', '--resume', 'none'], 'error: there is no run none\n  Start one: unitsphere train\n'],
    [
      ['train', 'x.yaml', '--resume', 'r'],
      "error: --resume uses the run's own config and cannot be combined with x.yaml\n  Omit x.yaml. Change single settings with --set, for example --set training.steps=2000.\n",
    ],
    [['train', '--grow', 'none'], 'error: there is no run none\n  Start one: unitsphere train\n'],
    [
      ['train', '--grow', 'a', '--resume', 'b'],
      'error: --resume continues a run and cannot be combined with --grow, which starts a new one\n  Omit one of them.\n',
    ],
    [
      ['train', '--dta', 'x'],
      "error: unknown option '--dta'\n(Did you mean --data?)\n(see unitsphere --help)\n",
    ],
    [['trian'], "error: unknown command 'trian'\n(Did you mean train?)\n(see unitsphere --help)\n"],
    [['evaluate'], "error: missing required argument 'MODEL'\n(see unitsphere --help)\n"],
    [
      ['evaluate', 'x', '--backend', 'gpu'],
      'error: --backend gpu: backend: "gpu" is not a choice; did you mean cpu? (auto, cuda, webgpu, wasm, node, cpu)\n',
    ],
    [['report', 'none'], 'error: there is no run none\n  Start one: unitsphere train\n'],
  ])('refuses %j', async (args, message) => {
    let stderr = '';
    const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      stderr += text;
      return true;
    });
    // Without any work, to check that an invalid command starts none.
    const code = await run(args, '1.2.3', { connectRanks: async () => undefined } as Partial<Work> as Work);
    write.mockRestore();
    expect(stripVTControlCharacters(stderr)).toBe(message);
    expect(code).toBe(2);
  });
});

describe('interrupting and resuming', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s finishes the step, writes a checkpoint and prints how to resume',
    async (signal) => {
      const { child, ended } = start(train('--set', 'training.steps=100'));
      await stepReached(3);
      child.kill(signal);
      const { code, stderr } = await ended;
      expect(code).toBe(signal === 'SIGINT' ? 130 : 143);
      expect(stderr).toMatch(
        /Finishing this step and writing a checkpoint\. Press Ctrl-C again to quit at once\.\n/,
      );
      const stopped = Number(
        stderr.match(
          /Stopped after step (\d+) of 100\. Resume with:\n {2}unitsphere train --resume runs\/run\n$/,
        )![1],
      );
      expect(steps()).toEqual(upTo(stopped));
      expect(readdirSync(join(runPath(), 'checkpoints'))).toEqual([
        `step-${String(stopped).padStart(8, '0')}`,
      ]);

      const again = await unitsphere(['train', '--resume', 'runs/run'], { FAKE_STEP_MS: '0' });
      expect(again.stderr).toMatch(new RegExp(`^Resuming runs/run\nstep ${stopped + 1}/100`));
      expect(again.code).toBe(0);
      expect(steps()).toEqual(upTo(100));
    },
  );

  test('a second Ctrl-C quits at once', async () => {
    const { child, stderr, ended } = start(train(), { FAKE_STEP_MS: '60000' });
    while (!stderr().includes('New run')) await sleep(5);
    child.kill('SIGINT');
    while (!stderr().includes('Finishing')) await sleep(5);
    const begun = performance.now();
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
    expect(performance.now() - begun).toBeLessThan(2000);
  });

  test('Ctrl-C quits at once before the run is created', async () => {
    const { child, stderr, ended } = start(train(), { FAKE_ERROR: 'slow data' });
    while (!stderr().includes('reading images')) await sleep(5);
    child.kill('SIGINT');
    expect(await ended).toEqual({ code: 130, stdout: '', stderr: 'reading images …\n' });
    expect(existsSync(runPath())).toBe(false);
  });

  test('takes over the lock after kill -9 and logs no step twice', async () => {
    const { child, ended } = start(
      train('--set', 'training.steps=60', '--set', 'training.checkpointEvery=10'),
    );
    await stepReached(15);
    child.kill('SIGKILL');
    await ended;
    expect(existsSync(join(runPath(), 'run.lock'))).toBe(true);
    const { code, stderr } = await unitsphere([
      'train',
      '--resume',
      'runs/run',
      '--set',
      'training.steps=50',
    ]);
    expect(stderr).toContain('step 11/50');
    expect(code).toBe(0);
    expect(steps()).toEqual(upTo(50));
    expect(readFileSync(join(runPath(), 'config.yaml'), 'utf8')).toContain('steps: 50');
  });

  test('refuses to resume or overwrite a run that is being written', async () => {
    const { child, ended } = start(train());
    await stepReached(3);
    const second = await unitsphere(['train', '--resume', 'runs/run']);
    expect(second.stderr).toMatch(
      /^error: another process writes runs\/run: pid \d+ on this machine since .+\n {2}Wait for it/,
    );
    expect(second.code).toBe(2);
    const third = await unitsphere(train());
    expect(third.stderr).toBe(
      `error: the run ${runPath()} already exists\n  Resume it: unitsphere train --resume ${runPath()}\n  Or use another name: --set output.name=NAME\n`,
    );
    child.kill('SIGKILL');
    await ended;
  });
});

describe('report', () => {
  test('rewrites the page and the plots from the data of a finished run', async () => {
    await unitsphere(train('--set', 'training.steps=2'));
    const { code, stdout, stderr } = await unitsphere(['report', 'runs/run']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'runs/run/report.html\n' });
    expect(stderr).toMatch(
      /^no canvas\nEvaluate on other images: unitsphere evaluate runs\/run --data DIR\n/,
    );
    expect(readFileSync(join(runPath(), 'report.html'), 'utf8')).toBe('<title>a run</title>');
    expect(readFileSync(join(runPath(), 'plots/roc.svg'), 'utf8')).toBe('<svg/>');
    rmSync(join(runPath(), 'report.json'));
    const missing = await unitsphere(['report', 'runs/run']);
    expect(missing.stderr).toMatch(
      /^error: the run runs\/run has no report\.json, because it is not finished\n/,
    );
  });
});

describe('doctor', () => {
  test('reports that this machine can train, and why other backends are unavailable', async () => {
    // An empty cache hides installed native backends.
    const env = { XDG_CACHE_HOME: folder() };
    const { code, stdout, stderr } = await unitsphere(['doctor'], env);
    expect(stderr).toBe('');
    expect(stdout).toContain('Ready to train');
    expect(stdout).toMatch(/✓ wasm +4\.22\.0/);
    expect(stdout).toMatch(/– cuda .*not installed. Install it: npx @unitsphere\/backends install cuda/);
    expect(code).toBe(0);
    const narrow = (await unitsphere(['doctor'], { ...env, COLUMNS: '60' })).stdout.split('\n');
    // A path or a command is not broken.
    const long = narrow.filter((line) => line.length > 60).map((line) => line.trim().split(' ').length);
    expect(long.every((words) => words === 1)).toBe(true);
    const json = JSON.parse((await unitsphere(['doctor', '--json'], env)).stdout);
    expect(json.problems).toEqual([]);
    const works = json.backends.filter((b: { computes?: boolean }) => b.computes);
    // The availability of WebGPU depends on the machine.
    expect(works.map((b: { name: string }) => b.name).filter((name: string) => name !== 'webgpu')).toEqual([
      'wasm',
      'cpu',
    ]);
    expect(json.libraries.map((library: { problem?: string }) => library.problem)).toEqual([
      undefined,
      undefined,
    ]);
    expect(json.disk.freeBytes).toBeGreaterThan(0);
  });

  test.each([
    ['20.18.3', false],
    ['20.19.0', true],
    ['21.7.0', false],
    ['22.11.0', false],
    ['22.12.0', true],
    ['24.0.0', true],
  ])('support of Node %s: %s', (version, supported) => expect(isSupported(version)).toBe(supported));
});

describe('backend install', () => {
  const install = (name: string, env: Record<string, string>) =>
    unitsphere(['backend', 'install', name], env);

  test('prints what is missing and how to install it before any download', async () => {
    const { code, stdout, stderr } = await install('node', { XDG_CACHE_HOME: folder(), CXX: 'no-such-c++' });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(
      /^error: The C\+\+ compiler "no-such-c\+\+" in CXX does not run\.\n {2}Install one: .+\n$/,
    );
  });

  test('refuses an unknown backend and lists the valid ones', async () => {
    const { code, stderr } = await install('gpu', {});
    expect(code).toBe(2);
    expect(stderr).toContain('Allowed choices are node, cuda');
  });
});

test('prints the version', async () => {
  expect((await unitsphere(['--version'])).stdout).toBe('1.2.3\n');
});

describe('examples and options of the help', () => {
  /** Returns the options that a command passes to its work, without doing it. */
  async function optionsOf(...argv: string[]): Promise<Record<string, unknown>> {
    let passed: Record<string, unknown> | undefined;
    const refuse = async (options: unknown) => {
      passed = options as Record<string, unknown>;
      throw new UserError('stop');
    };
    const work = {
      runTraining: refuse,
      runEvaluation: refuse,
      connectRanks: async () => undefined,
    } as unknown as Work;
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    try {
      expect(await run(argv, '0.0.0', work)).toBe(2);
    } finally {
      stderr.mockRestore();
    }
    expect(passed, argv.join(' ')).toBeDefined();
    return passed as Record<string, unknown>;
  }

  test('every example that trains a new run has a valid config', async () => {
    const { stdout } = await unitsphere(['train', '--help']);
    const examples = [...stdout.matchAll(/^ {2}unitsphere (train.*)$/gm)].map(([, line]) => line.split(' '));
    expect(examples.length).toBeGreaterThan(3);
    for (const argv of examples.filter((argv) => !argv.includes('--resume') && !argv.includes('--grow'))) {
      expect(await optionsOf(...argv)).toHaveProperty('config');
    }
  });

  test('--identities and --pairs of evaluate take a value', async () => {
    expect(await optionsOf('evaluate', 'run', '--identities', 'all', '--pairs', 'real')).toMatchObject({
      identities: 'all',
      pairs: 'real',
    });
  });

  test('--strict-data sets data.strict', async () => {
    const { config } = await optionsOf('train', '--data', 'photos', '--strict-data');
    expect(config).toMatchObject({ data: { source: 'folder', strict: true } });
  });

  test.each(['200', '50'])('every built-in config trains %s steps', async (steps) => {
    for (const name of RECIPES.names) {
      // Configs that grow a trained run name it; those that do not generate their images require a folder.
      const required: Record<string, string[]> = {
        documents: [],
        'document-small': [],
        'document-base': ['--set', 'training.growFrom=runs/document-small-second'],
        'document-base-second': ['--set', 'training.growFrom=runs/document-base'],
        'document-base-third': ['--set', 'training.growFrom=runs/document-base-second'],
        'document-small-second': ['--set', 'training.growFrom=runs/document-small'],
        'document-small-third': ['--set', 'training.growFrom=runs/document-small-second'],
        'many-documents': ['--set', 'training.growFrom=runs/documents'],
      };
      const extra = required[name] ?? ['--data', 'photos'];
      const argv = ['train', name, ...extra, '--set', `training.steps=${steps}`];
      expect(await optionsOf(...argv)).toMatchObject({ config: { training: { steps: Number(steps) } } });
    }
  });
});
