import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../src/config/parse-config.js';
import { bestCheckpoint, latestCheckpoint, openCheckpoint, writeCheckpoint } from '../src/run/checkpoints.js';
import { readMetrics } from '../src/run/metrics-log.js';
import { RunDirectory } from '../src/run/run-directory.js';
import { writeFileAtomic } from '../src/run/write-file-atomic.js';
import { UserError } from '../src/user-error.js';
import { useTemporaryFolder } from './fixtures/temporary-folder.js';

const folder = useTemporaryFolder();
const bytes = (step: number) => new Uint8Array(50).fill(step);

async function newRun(name = 'a'): Promise<RunDirectory> {
  const run = await RunDirectory.create(join(folder(), 'runs'), name);
  await run.writeConfig(parseConfig('seed: 7'));
  return run;
}

async function runWithCheckpoints(...steps: number[]): Promise<RunDirectory> {
  const run = await newRun();
  for (const step of steps) await writeCheckpoint(run, step, { 'm.bin': bytes(step) }, { seen: step });
  return run;
}

const checkpointsOf = (run: RunDirectory) => readdirSync(run.file('checkpoints')).sort();

describe('RunDirectory', () => {
  test('keeps its config and can be opened again', async () => {
    const run = await newRun();
    expect(await run.readConfig()).toEqual(parseConfig('seed: 7'));
    await run.close();
    const again = await RunDirectory.open(run.path);
    await again.close();
    expect(readdirSync(run.path).sort()).toEqual(['checkpoints', 'config.yaml']);
  });

  test('is never overwritten', async () => {
    const run = await newRun();
    await run.close();
    await expect(newRun()).rejects.toThrow(`the run ${run.path} already exists`);
    expect((await run.readConfig()).seed).toBe(7);
  });

  test('refuses a folder that is not a run', async () => {
    await expect(RunDirectory.open(join(folder(), 'none'))).rejects.toThrow(/there is no run .*none/);
    writeFileSync(join(folder(), 'x.txt'), '');
    const error = await RunDirectory.open(folder()).catch((e) => e);
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toMatch(/is not a run: it has no config\.yaml/);
    expect(error.hint).toBe('It contains: x.txt');
    await expect(RunDirectory.create(join(folder(), 'x.txt'), 'a')).rejects.toThrow(/x\.txt is not a folder/);
  });

  test('is deleted only if nothing was trained', async () => {
    const empty = await newRun('empty');
    await empty.close();
    await empty.deleteIfUnused();
    expect(existsSync(empty.path)).toBe(false);
    const run = await runWithCheckpoints(1);
    await run.close();
    await run.deleteIfUnused();
    expect(existsSync(run.path)).toBe(true);
  });
});

describe('the lock', () => {
  test('blocks a second writer until the first closes, but no readers', async () => {
    const run = await newRun();
    await expect(RunDirectory.open(run.path)).rejects.toThrow(
      `another process writes ${run.path}: pid ${process.pid}`,
    );
    await RunDirectory.openForReading(run.path);
    await run.close();
    await run.close();
    await (await RunDirectory.open(run.path)).close();
  });

  test('left by a killed process, of whatever machine, is taken over', async () => {
    const run = await newRun();
    await run.close();
    const left = { pid: process.pid, hostname: 'elsewhere', since: '2026-01-01T00:00:00Z' };
    writeFileSync(run.file('run.lock'), JSON.stringify(left));
    const again = await RunDirectory.open(run.path);
    const error = await RunDirectory.open(run.path).catch((e) => e);
    expect(error.hint).toBe(`Wait for it, or end it: kill ${process.pid}`);
    await again.close();
    expect(readdirSync(run.path).sort()).toEqual(['checkpoints', 'config.yaml']);
  });

  test('that nobody holds is acquired by only one of many attempts', async () => {
    const run = await newRun();
    await run.close();
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => RunDirectory.open(run.path)));
    expect(tries.filter((t) => t.status === 'fulfilled')).toHaveLength(1);
  });
});

describe('metrics', () => {
  test('are lines in order, with null for non-finite numbers', async () => {
    const run = await newRun();
    const log = await run.openMetrics();
    await log.append({ step: 1, loss: Number.NaN, lr: 0.1 });
    await log.append({ step: 2, name: 'ü' });
    await log.close();
    expect(readFileSync(run.file('metrics.jsonl'), 'utf8')).toBe(
      '{"step":1,"loss":null,"lr":0.1}\n{"step":2,"name":"ü"}\n',
    );
    await run.close();
  });

  test('after the checkpoint and a torn last line are dropped on resume', async () => {
    const run = await newRun();
    const log = await run.openMetrics();
    for (let step = 1; step <= 10; step++) await log.append({ step });
    await log.close();
    appendFileSync(run.file('metrics.jsonl'), '{"step":11,"lo');
    expect((await readMetrics(run.file('metrics.jsonl'))).at(-1)).toEqual({ step: 10 });
    const resumed = await run.openMetrics({ throughStep: 6 });
    for (let step = 7; step <= 8; step++) await resumed.append({ step, again: true });
    await resumed.close();
    const records = await readMetrics(run.file('metrics.jsonl'));
    expect(records.map((record) => record.step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(records.filter((record) => record.again)).toHaveLength(2);
    await run.close();
  });

  test('a last line without a line break is dropped even if it parses', async () => {
    const run = await newRun();
    writeFileSync(run.file('metrics.jsonl'), '{"step":1}\n{"step":2}');
    const log = await run.openMetrics();
    await log.append({ step: 2, whole: true });
    await log.close();
    expect(readFileSync(run.file('metrics.jsonl'), 'utf8')).toBe('{"step":1}\n{"step":2,"whole":true}\n');
    await run.close();
  });
});

function replaceInState(dir: string, from: string, to: string): void {
  const file = join(dir, 'state.json');
  const text = readFileSync(file, 'utf8');
  expect(text).toContain(from);
  writeFileSync(file, text.replace(from, to));
}

describe('checkpoints', () => {
  test('detect a flip of any bit of state.json, or read the same state', async () => {
    const run = await runWithCheckpoints(12);
    const file = join(run.file('checkpoints/step-00000012'), 'state.json');
    const whole = readFileSync(file);
    const expected = (await latestCheckpoint(run)).checkpoint;
    const comparable = ({ step, state, files }: NonNullable<typeof expected>) => ({ step, state, files });
    let detected = 0;
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const damaged = Buffer.from(whole);
      damaged[bit >> 3] ^= 1 << (bit & 7);
      writeFileSync(file, damaged);
      const { checkpoint } = await latestCheckpoint(run);
      if (checkpoint) expect(comparable(checkpoint)).toEqual(comparable(expected!));
      else detected++;
    }
    // What remains are spaces between tokens that became other spaces.
    expect(detected / (whole.length * 8)).toBeGreaterThan(0.9);
  });

  test('of version 1, without a checksum of the state, are read', async () => {
    const run = await runWithCheckpoints(12);
    const file = join(run.file('checkpoints/step-00000012'), 'state.json');
    const { sha256: _, ...state } = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...state, version: 1 }));
    expect((await latestCheckpoint(run)).checkpoint).toMatchObject({ step: 12, state: { seen: 12 } });
  });

  test('are read as they were written', async () => {
    const run = await runWithCheckpoints(3, 12);
    const { checkpoint, damaged } = await latestCheckpoint(run);
    expect(checkpoint).toMatchObject({ step: 12, state: { seen: 12 }, files: ['m.bin'] });
    expect(new Uint8Array(await checkpoint!.readFile('m.bin'))).toEqual(bytes(12));
    await expect(checkpoint!.readFile('n.bin')).rejects.toThrow('it has no file n.bin');
    expect(damaged).toEqual([]);
    expect(checkpointsOf(run)).toEqual(['step-00000003', 'step-00000012']);
  });

  test('are absent in a new run', async () => {
    expect(await latestCheckpoint(await newRun())).toEqual({ checkpoint: null, damaged: [] });
  });

  test.each([
    [
      'a changed byte',
      (dir: string) => writeFileSync(join(dir, 'm.bin'), bytes(9)),
      'm.bin does not match its checksum',
    ],
    [
      'a truncated file',
      (dir: string) => truncateSync(join(dir, 'm.bin'), 10),
      'm.bin has 10 bytes instead of 50',
    ],
    ['a missing file', (dir: string) => rmSync(join(dir, 'm.bin')), 'm.bin is missing'],
    ['a missing state', (dir: string) => rmSync(join(dir, 'state.json')), 'state.json is missing'],
    [
      'a truncated state',
      (dir: string) => truncateSync(join(dir, 'state.json'), 30),
      'state.json is not valid JSON',
    ],
    [
      'a later version',
      (dir: string) => writeFileSync(join(dir, 'state.json'), '{"version":3}'),
      'state.json has version 3, but this program reads versions 1 and 2',
    ],
    [
      'another step in its state',
      (dir: string) => replaceInState(dir, '"step": 12', '"step": 13'),
      'state.json does not match its checksum',
    ],
    [
      'an emptied state',
      (dir: string) => writeFileSync(join(dir, 'state.json'), '{"version":1,"step":12,"files":{}}'),
      'state.json lacks the step, the files or the state',
    ],
    [
      'the state of another step',
      (dir: string) => cpSync(join(dir, '../step-00000003'), dir, { recursive: true }),
      'state.json is of step 3, but the folder is of step 12',
    ],
  ])('with %s are reported and skipped', async (_, damage, reason) => {
    const run = await runWithCheckpoints(3, 12);
    const directory = run.file('checkpoints/step-00000012');
    damage(directory);
    const found = await latestCheckpoint(run);
    expect(found.checkpoint!.step).toBe(3);
    expect(found.damaged).toEqual([{ directory, reason }]);
    const error = await openCheckpoint(directory).catch((e) => e);
    expect(error.message).toBe(`the checkpoint ${directory} is damaged: ${reason}`);
    expect(error.hint).toMatch(/step-00000003$/);
    // The run continues and writes the same step again.
    await writeCheckpoint(run, 12, { 'm.bin': bytes(12) }, {});
    expect((await latestCheckpoint(run)).checkpoint!.step).toBe(12);
    expect(checkpointsOf(run)).toEqual(['step-00000003', 'step-00000012']);
  });

  test('keep the newest ones and the best', async () => {
    const run = await newRun();
    for (let step = 1; step <= 6; step++) {
      const best = step === 2 ? { tpr: 0.8 } : undefined;
      await writeCheckpoint(run, step, { 'm.bin': bytes(step) }, {}, { keep: 2, best });
    }
    expect(checkpointsOf(run)).toEqual(['step-00000002', 'step-00000005', 'step-00000006']);
    expect((await bestCheckpoint(run))!.step).toBe(2);
    expect((await openCheckpoint(run.path)).checkpoint.step).toBe(2);
    await writeCheckpoint(run, 7, { 'm.bin': bytes(7) }, {}, { keep: 1, best: { tpr: 0.9 } });
    expect(checkpointsOf(run)).toEqual(['step-00000007']);
  });

  test('a later damaged one does not replace complete ones', async () => {
    const run = await runWithCheckpoints(1, 2, 9);
    rmSync(run.file('checkpoints/step-00000009/m.bin'));
    await writeCheckpoint(run, 3, { 'm.bin': bytes(3) }, {}, { keep: 2 });
    expect(checkpointsOf(run)).toEqual(['step-00000002', 'step-00000003', 'step-00000009']);
    expect((await latestCheckpoint(run)).checkpoint!.step).toBe(3);
  });

  test('leftovers of killed writes are deleted on opening, and complete checkpoints restored', async () => {
    const run = await runWithCheckpoints(1, 2);
    await run.close();
    const folder = run.file('checkpoints');
    mkdirSync(join(folder, '.tmp-step-00000003-abc123'));
    writeFileSync(join(folder, '.tmp-step-00000003-abc123', 'm.bin'), 'half');
    writeFileSync(run.file('.tmp-summary.json-abc123'), 'half');
    // A kill between two renames leaves the complete checkpoint of step 2 under a temporary name.
    renameSync(join(folder, 'step-00000002'), join(folder, '.tmp-step-00000002-0f0f'));
    const again = await RunDirectory.open(run.path);
    expect(checkpointsOf(again)).toEqual(['step-00000001', 'step-00000002']);
    expect(readdirSync(run.path).sort()).toEqual(['checkpoints', 'config.yaml', 'run.lock']);
    await again.close();
  });

  test.each(['../m.bin', 'state.json', '.hidden', ''])('refuse a file named "%s"', async (name) => {
    const run = await newRun();
    await expect(writeCheckpoint(run, 1, { [name]: bytes(1) }, {})).rejects.toThrow(RangeError);
    expect(checkpointsOf(run)).toEqual([]);
  });

  test('throws for a run without checkpoints', async () => {
    const run = await newRun();
    await expect(openCheckpoint(run.path)).rejects.toThrow(/has no complete checkpoint/);
    await expect(openCheckpoint(join(run.path, 'checkpoints', 'step-00000009'))).rejects.toThrow(
      'state.json is missing',
    );
  });
});

describe('writeFileAtomic', () => {
  test('replaces a file and leaves no other files', async () => {
    const path = join(folder(), 'x.json');
    await writeFileAtomic(path, 'one');
    await writeFileAtomic(path, new Uint8Array([116, 119, 111]));
    expect(readFileSync(path, 'utf8')).toBe('two');
    expect(readdirSync(folder())).toEqual(['x.json']);
  });

  test('rethrows the error of a missing folder unchanged', async () => {
    await expect(writeFileAtomic(join(folder(), 'none', 'x'), '')).rejects.toThrow(/ENOENT/);
  });
});
