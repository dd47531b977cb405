import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { run } from '../src/commands/program.js';
import type { Work } from '../src/commands/work.js';
import { runEvaluation } from '../src/evaluate/run-evaluation.js';
import { type ReportData, renderReport } from '../src/report/index.js';
import { runTraining } from '../src/train/run-training.js';
import { bundleFixture } from './fixtures/bundle.js';

const cli = fileURLToPath(new URL('../bin/unitsphere.js', import.meta.url));

let base: string;
let finished: string;

const settings = () => [
  ...[
    '--backend',
    'wasm',
    '--set',
    'data.identities=40',
    '--set',
    'data.imageSize=32',
    '--set',
    'data.workers=1',
  ],
  ...['--set', 'model.backbone=lcnet_035', '--set', 'model.embeddingSize=16', '--set', 'training.steps=2'],
  ...['--set', 'training.batchSize=4', '--set', 'training.replicas=1'],
];

/** What the commands call. */
const WORK: Partial<Work> = {
  runTraining,
  runEvaluation,
  connectRanks: async () => undefined,
  renderReport: async (data) => ({ page: renderReport(data as ReportData), plots: [] }),
};

/** Runs a command in this process and expects a failure that is the user's to fix. Returns its standard error. */
async function refusal(args: readonly string[]): Promise<string> {
  let stderr = '';
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += text;
    return true;
  });
  const folder = process.cwd();
  process.chdir(base);
  try {
    return refused(await run(args, '1.2.3', WORK as Work), stripVTControlCharacters(stderr));
  } finally {
    process.chdir(folder);
    write.mockRestore();
  }
}

/** Runs a command under a limit of the shell. */
function refusalUnder(limit: string, args: readonly string[]): string {
  const { status, stderr } = spawnSync(
    'sh',
    ['-c', `${limit} && exec "$@"`, 'sh', process.execPath, cli, ...args],
    { cwd: base, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } },
  );
  return refused(status, stderr);
}

function refused(status: number | null, stderr: string): string {
  expect(stderr).not.toContain('bug in unitsphere');
  expect(status, stderr).toBe(2);
  return stderr.slice(stderr.indexOf('error:'));
}

const train = (...args: string[]) => ['train', ...settings(), ...args];

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'failures-'));
  finished = join(base, 'runs', 'finished');
  const done = spawnSync(process.execPath, [cli, ...train('--set', 'output.name=finished')], {
    cwd: base,
    encoding: 'utf8',
  });
  expect(done.status, done.stderr).toBe(0);
}, 120_000);

afterAll(() => rmSync(base, { recursive: true, force: true }));

/** Copies the finished run, with one file replaced. */
function damagedRun(name: string, file: string, content: string | ((text: string) => string)): string {
  const run = join(base, 'runs', name);
  cpSync(finished, run, { recursive: true });
  const path = join(run, file);
  writeFileSync(path, typeof content === 'string' ? content : content(readFileSync(path, 'utf8')));
  return run;
}

describe('the command line names what is wrong and what to do:', { timeout: 60_000 }, () => {
  test.skipIf(!existsSync('/proc/self'))('an output folder that cannot be created', async () => {
    expect(await refusal(train('--output', '/proc/none/runs'))).toMatch(
      /^error: cannot write \/proc\/none\/runs\/.*: its folder is read-only\n.*Give write permission, or choose another folder/,
    );
  });

  test('a name that is too long', async () => {
    expect(await refusal(train('--set', `output.name=${'x'.repeat(300)}`))).toMatch(
      /^error: cannot write .*xxx: the path, or a name in it, is too long\n.*--set output\.name=NAME/,
    );
  });

  test('a file size limit', () => {
    expect(refusalUnder('ulimit -f 40', train('--set', 'output.name=big'))).toMatch(
      /^error: cannot write .*: the file is larger than the file system or its limit allows .*\n.*ulimit -f unlimited/,
    );
  });

  test('a disk without room for the config of a run, of which nothing is left', () => {
    expect(refusalUnder('ulimit -f 0', train('--set', 'output.name=none'))).toContain('error: cannot write');
    expect(readdirSync(join(base, 'runs'))).not.toContain('none');
  });

  test('too many open files', () => {
    expect(refusalUnder('ulimit -n 36', train('--set', 'output.name=files'))).toMatch(
      /^error: .*: this process has too many open files\n.*ulimit -n 4096/,
    );
  });

  test('an alias bomb', async () => {
    const levels = ['a', 'b', 'c', 'd', 'e'];
    const lines = levels.map((name, i) => {
      const item = i === 0 ? 'x' : `*${levels[i - 1]}`;
      return `${name}: &${name} [${Array(10).fill(item).join(', ')}]`;
    });
    writeFileSync(join(base, 'bomb.yaml'), lines.join('\n'));
    expect(await refusal(['train', 'bomb.yaml'])).toMatch(
      /^error: bomb\.yaml: the settings cannot be read: Excessive alias count.*\n.*Write the values out/,
    );
  });

  test.each([
    ['loss.m3=2', ['--set', 'loss.name=combined', '--set', 'loss.m3=2'], 'loss.m3: must be below 2, not 2'],
    ['embeddingSize=1', ['--set', 'model.embeddingSize=1'], 'model.embeddingSize: must be at least 2, not 1'],
  ])('%s', async (_, args, message) => {
    expect(await refusal(train(...args))).toContain(message);
  });

  test('a training that takes more memory than there is', async () => {
    expect(await refusal(train('--set', 'model.embeddingSize=65536'))).toMatch(
      /^error: the training takes at least 69 GB of memory \(69 GB for the model and its optimizer\), but .*(free|replica)\n.*--set model\.embeddingSize=… \(now 65536\)/,
    );
  });

  test('a study whose grid has too many combinations', async () => {
    const key = (i: number) => `loss.key${i}: [${Array.from({ length: 50 }, (_, n) => n).join(', ')}]`;
    const grid = Array.from({ length: 8 }, (_, i) => key(i)).join(', ');
    writeFileSync(join(base, 'base.yaml'), '');
    writeFileSync(
      join(base, 'huge.yaml'),
      `title: T\nquestion: Q\nbase: base.yaml\nfactors: [model.norm]\narms: [{ name: a }, { name: b }]\nbudget: { steps: 10 }\nsearch: { steps: 1, grid: { ${grid} } }\n`,
    );
    expect(await refusal(['compare', 'huge.yaml'])).toContain(
      'search.grid: has 39,062,500,000,000 combinations, but at most 10,000 are possible',
    );
  });

  test.each([
    ['invalid JSON', '{', 'is not valid JSON'],
    [
      'another value',
      (text: string) => text.replace(/"auroc":0\.\d/, '"auroc":0.0'),
      'does not match its checksum',
    ],
  ])('a report.json with %s', async (name, content, reason) => {
    const run = damagedRun(`report ${name}`, 'report.json', content);
    expect(await refusal(['report', run])).toMatch(
      new RegExp(`^error: .*report\\.json is damaged: it ${reason}\\n.*Restore`),
    );
  });

  test('a report.json of another version', async () => {
    const run = damagedRun('report of another version', 'report.json', '{}');
    expect(await refusal(['report', run])).toMatch(
      /^error: the report cannot be drawn from .*report\.json: .*\n.*damaged, or of another version/,
    );
  });

  test('a damaged identities.json', async () => {
    const run = damagedRun('identities', 'identities.json', (text) =>
      text.replace('"train":["', '"train":["x'),
    );
    expect(await refusal(['evaluate', run])).toMatch(
      /^error: .*identities\.json is damaged: it does not match its checksum\n/,
    );
  });

  test('a config.yaml that was changed by hand', async () => {
    const run = damagedRun('config', 'config.yaml', (text) => text.replace(/^seed: .*$/m, 'seed: 12'));
    expect(await refusal(['train', '--resume', run])).toMatch(
      /^error: .*config\.yaml does not match its checksum: it is damaged, or was changed by hand\n.*use --set KEY=VALUE/,
    );
  });

  test('a folder that is not a run, under the name of a new run', async () => {
    mkdirSync(join(base, 'runs', 'empty'), { recursive: true });
    const message = await refusal(train('--set', 'output.name=empty'));
    expect(message).toMatch(
      /^error: the folder .*empty already exists, and is not a run\n {2}Use another name/,
    );
    expect(message).not.toContain('--resume');
  });

  test('control characters of a file name, escaped', async () => {
    expect(await refusal(['train', '--data', `none\u001b[31m\u0007`])).toContain('none\\x1b[31m\\x07');
  });
});

test.each([
  [
    'WebAssembly',
    'wasm memory',
    /^error: memory ran out: WebAssembly\.Memory\.grow\(\): Maximum memory size exceeded\n/,
  ],
  [
    'arrays',
    'array memory',
    /^error: memory ran out: (Array buffer allocation failed|Invalid array buffer length)\n/,
  ],
])('exhausted memory of %s is reported together with settings that take less', (_, kind, expected) => {
  const { status, stderr } = spawnSync(
    process.execPath,
    [bundleFixture('fake-unitsphere'), 'train', '--output', join(base, 'memory')],
    { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1', FAKE_ERROR: kind } },
  );
  expect(stderr).toMatch(expected);
  expect(stderr).toMatch(
    /[\d.]+ GB of [\d.]+ GB of memory are free\. What takes less: .*--set training\.batchSize=/,
  );
  expect(status).toBe(2);
});

test('finishing a missing report does not write the checkpoint again', { timeout: 60_000 }, () => {
  const run = damagedRun('no report', 'report.html', '');
  const state = join(run, 'checkpoints/step-00000002/state.json');
  const before = readFileSync(state, 'utf8');
  spawnSync('rm', [join(run, 'summary.json'), join(run, 'report.html')]);
  writeFileSync(join(run, 'plots', '.tmp-roc.svg-1-0f-0'), 'half');
  const resumed = spawnSync(process.execPath, [cli, 'train', '--resume', run], { encoding: 'utf8' });
  expect(resumed.status, resumed.stderr).toBe(0);
  expect(existsSync(join(run, 'summary.json'))).toBe(true);
  expect(readFileSync(state, 'utf8')).toBe(before);
  expect(readdirSync(join(run, 'plots')).filter((name) => name.startsWith('.tmp-'))).toEqual([]);
});
