import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
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

describe('a run', () => {
  test('keeps its config, and is opened again', async () => {
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
    await expect(newRun()).rejects.toThrow(`there already is a run ${run.path}`);
    expect((await run.readConfig()).seed).toBe(7);
  });

  test('that is none is told', async () => {
    await expect(RunDirectory.open(join(folder(), 'none'))).rejects.toThrow(/there is no run .*none/);
    writeFileSync(join(folder(), 'x.txt'), '');
    const error = await RunDirectory.open(folder()).catch((e) => e);
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toMatch(/is not a run: it has no config\.yaml/);
    expect(error.hint).toBe('It holds: x.txt');
    await expect(RunDirectory.create(join(folder(), 'x.txt'), 'a')).rejects.toThrow(/x\.txt is not a folder/);
  });

  test('is deleted when nothing was trained, and only then', async () => {
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
  test('keeps a second writer out until the first closes, and readers in', async () => {
    const run = await newRun();
    await expect(RunDirectory.open(run.path)).rejects.toThrow(
      `another process writes ${run.path}: number ${process.pid}`,
    );
    await RunDirectory.openForReading(run.path);
    await run.close();
    await run.close();
    await (await RunDirectory.open(run.path)).close();
  });

  const dead = () => spawnSync(process.execPath, ['-e', '']).pid;
  const owner = (changes: object) =>
    JSON.stringify({ hostname: hostname(), processStart: null, token: 't', ...changes });

  test.each([
    ['of a dead process', () => owner({ pid: dead() })],
    ['of a process number that is used again', () => owner({ pid: process.pid, processStart: '1' })],
    ['that is empty', () => ''],
    ['that is no lock', () => '{"pid": "x"}'],
  ])('%s is taken over', async (_, content) => {
    const run = await newRun();
    await run.close();
    writeFileSync(run.file('run.lock'), content());
    const again = await RunDirectory.open(run.path);
    expect(JSON.parse(readFileSync(run.file('run.lock'), 'utf8')).pid).toBe(process.pid);
    await again.close();
    expect(readdirSync(run.path).filter((name) => name.startsWith('.tmp'))).toEqual([]);
  });

  test('of another machine is not, and says which file to delete', async () => {
    const run = await newRun();
    await run.close();
    writeFileSync(run.file('run.lock'), owner({ pid: 1, hostname: 'elsewhere' }));
    const error = await RunDirectory.open(run.path).catch((e) => e);
    expect(error.message).toContain('number 1 on elsewhere');
    expect(error.hint).toContain(`delete ${run.file('run.lock')}`);
  });

  test('is had by one of many that want a dead one at once', async () => {
    const run = await newRun();
    await run.close();
    writeFileSync(run.file('run.lock'), owner({ pid: dead() }));
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => RunDirectory.open(run.path)));
    expect(tries.filter((t) => t.status === 'fulfilled')).toHaveLength(1);
  });
});

describe('metrics', () => {
  test('are lines in order, and not finite numbers are null', async () => {
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

  test('after the checkpoint are cut off on resume, and a torn last line too, so that none is doubled', async () => {
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

  test('a last line without its line break is torn even if it parses', async () => {
    const run = await newRun();
    writeFileSync(run.file('metrics.jsonl'), '{"step":1}\n{"step":2}');
    const log = await run.openMetrics();
    await log.append({ step: 2, whole: true });
    await log.close();
    expect(readFileSync(run.file('metrics.jsonl'), 'utf8')).toBe('{"step":1}\n{"step":2,"whole":true}\n');
    await run.close();
  });
});

describe('checkpoints', () => {
  test('come back as they were', async () => {
    const run = await runWithCheckpoints(3, 12);
    const { checkpoint, damaged } = await latestCheckpoint(run);
    expect(checkpoint).toMatchObject({ step: 12, state: { seen: 12 }, files: ['m.bin'] });
    expect(new Uint8Array(await checkpoint!.readFile('m.bin'))).toEqual(bytes(12));
    await expect(checkpoint!.readFile('n.bin')).rejects.toThrow('it has no file n.bin');
    expect(damaged).toEqual([]);
    expect(checkpointsOf(run)).toEqual(['step-00000003', 'step-00000012']);
  });

  test('of a new run are none', async () => {
    expect(await latestCheckpoint(await newRun())).toEqual({ checkpoint: null, damaged: [] });
  });

  test.each([
    [
      'a byte changed',
      (dir: string) => writeFileSync(join(dir, 'm.bin'), bytes(9)),
      'm.bin does not have the bytes that were written',
    ],
    ['a file cut', (dir: string) => truncateSync(join(dir, 'm.bin'), 10), 'm.bin has 10 bytes, and had 50'],
    ['a file gone', (dir: string) => rmSync(join(dir, 'm.bin')), 'm.bin is missing'],
    ['no state', (dir: string) => rmSync(join(dir, 'state.json')), 'state.json is missing'],
    ['a cut state', (dir: string) => truncateSync(join(dir, 'state.json'), 30), 'state.json is not whole'],
    [
      'a later version',
      (dir: string) => writeFileSync(join(dir, 'state.json'), '{"version":2}'),
      'state.json is of version 2, and this program reads version 1',
    ],
  ])('with %s are named and passed over', async (_, damage, reason) => {
    const run = await runWithCheckpoints(3, 12);
    const directory = run.file('checkpoints/step-00000012');
    damage(directory);
    const found = await latestCheckpoint(run);
    expect(found.checkpoint!.step).toBe(3);
    expect(found.damaged).toEqual([{ directory, reason }]);
    const error = await openCheckpoint(directory).catch((e) => e);
    expect(error.message).toBe(`the checkpoint ${directory} is damaged: ${reason}`);
    expect(error.hint).toMatch(/step-00000003$/);
    // The run goes on, and writes the same step anew.
    await writeCheckpoint(run, 12, { 'm.bin': bytes(12) }, {});
    expect((await latestCheckpoint(run)).checkpoint!.step).toBe(12);
    expect(checkpointsOf(run)).toEqual(['step-00000003', 'step-00000012']);
  });

  test('are kept as many as asked, and the best beside them', async () => {
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

  test('a damaged later one does not push out whole ones', async () => {
    const run = await runWithCheckpoints(1, 2, 9);
    rmSync(run.file('checkpoints/step-00000009/m.bin'));
    await writeCheckpoint(run, 3, { 'm.bin': bytes(3) }, {}, { keep: 2 });
    expect(checkpointsOf(run)).toEqual(['step-00000002', 'step-00000003', 'step-00000009']);
    expect((await latestCheckpoint(run)).checkpoint!.step).toBe(3);
  });

  test('leftovers of killed writes are deleted when the run is opened, and whole ones put back', async () => {
    const run = await runWithCheckpoints(1, 2);
    await run.close();
    const folder = run.file('checkpoints');
    mkdirSync(join(folder, '.tmp-step-00000003-abc123'));
    writeFileSync(join(folder, '.tmp-step-00000003-abc123', 'm.bin'), 'half');
    writeFileSync(run.file('.tmp-summary.json-abc123'), 'half');
    // A kill between two renames: the checkpoint of step 2 is whole, and has no name.
    renameSync(join(folder, 'step-00000002'), join(folder, '.tmp-step-00000002-0f0f'));
    const again = await RunDirectory.open(run.path);
    expect(checkpointsOf(again)).toEqual(['step-00000001', 'step-00000002']);
    expect(readdirSync(run.path).sort()).toEqual(['checkpoints', 'config.yaml', 'run.lock']);
    await again.close();
  });

  test.each(['../m.bin', 'state.json', '.hidden', ''])('cannot hold a file called "%s"', async (name) => {
    const run = await newRun();
    await expect(writeCheckpoint(run, 1, { [name]: bytes(1) }, {})).rejects.toThrow(RangeError);
    expect(checkpointsOf(run)).toEqual([]);
  });

  test('a run without any is told', async () => {
    const run = await newRun();
    await expect(openCheckpoint(run.path)).rejects.toThrow(/has no whole checkpoint/);
    await expect(openCheckpoint(join(run.path, 'checkpoints', 'step-00000009'))).rejects.toThrow(
      'state.json is missing',
    );
  });
});

describe('writeFileAtomic', () => {
  test('replaces a file and leaves nothing else', async () => {
    const path = join(folder(), 'x.json');
    await writeFileAtomic(path, 'one');
    await writeFileAtomic(path, new Uint8Array([116, 119, 111]));
    expect(readFileSync(path, 'utf8')).toBe('two');
    expect(readdirSync(folder())).toEqual(['x.json']);
  });

  test('a missing folder is the caller’s fault, and thrown as it is', async () => {
    await expect(writeFileAtomic(join(folder(), 'none', 'x'), '')).rejects.toThrow(/ENOENT/);
  });
});
