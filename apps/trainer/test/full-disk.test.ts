import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import fsPromises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { parseConfig } from '../src/config/parse-config.js';
import { latestCheckpoint, writeCheckpoint } from '../src/run/checkpoints.js';
import { RunDirectory } from '../src/run/run-directory.js';
import { writeFileAtomic } from '../src/run/write-file-atomic.js';
import { UserError } from '../src/user-error.js';
import { useTemporaryFolder } from './fixtures/temporary-folder.js';

const folder = useTemporaryFolder();

/** Makes writes fail after `room` bytes, with the last write partly done, as on a full disk. */
const disk = { room: Number.POSITIVE_INFINITY, code: 'ENOSPC' };
afterEach(() => {
  disk.room = Number.POSITIVE_INFINITY;
  disk.code = 'ENOSPC';
});

beforeAll(() => {
  const { open } = fsPromises;
  vi.spyOn(fsPromises, 'open').mockImplementation(async (...args) => {
    const file = await open(...args);
    const write = file.write.bind(file) as (
      bytes: Uint8Array,
      offset: number,
      length: number,
    ) => Promise<unknown>;
    file.write = (async (bytes: Uint8Array, offset: number, length: number) => {
      const part = Math.min(length, disk.room);
      disk.room -= part;
      const written = part > 0 ? await write(bytes, offset, part) : undefined;
      if (part === length) return written;
      throw Object.assign(new Error(`${disk.code}: no space left on device, write`), { code: disk.code });
    }) as typeof file.write;
    return file;
  });
  syncBuiltinESMExports();
});
afterAll(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

async function newRun(): Promise<RunDirectory> {
  const run = await RunDirectory.create(folder(), 'run');
  await run.writeConfig(parseConfig(''));
  return run;
}

describe('a full disk', () => {
  test('keeps the old file, leaves no temporary file and reports the required space', async () => {
    const path = join(folder(), 'x.json');
    await writeFileAtomic(path, 'old');
    disk.room = 1000;
    const error = await writeFileAtomic(path, 'n'.repeat(5000)).catch((e) => e);
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toMatch(
      /^cannot write .*x\.json: the disk is full \(5\.0 kB to write, [\d.]+ \w+ free\)$/,
    );
    expect(error.hint).toBe('Nothing already written was lost. Make room, then start again.');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder())).toEqual(['x.json']);
  });

  test('keeps earlier checkpoints and leaves no part of the failed one', async () => {
    const run = await newRun();
    await writeCheckpoint(run, 1, { 'a.bin': new Uint8Array(100) }, {});
    disk.room = 3000;
    const files = { 'a.bin': new Uint8Array(2000), 'b.bin': new Uint8Array(2000) };
    await expect(writeCheckpoint(run, 2, files, {})).rejects.toThrow(
      /step-00000002: the disk is full \(4\.\d kB to write/,
    );
    expect(readdirSync(run.file('checkpoints'))).toEqual(['step-00000001']);
    expect((await latestCheckpoint(run)).checkpoint!.step).toBe(1);
  });

  test('leaves no partial line of metrics, and the log continues once there is room', async () => {
    const run = await newRun();
    const log = await run.openMetrics();
    await log.append({ step: 1 });
    disk.room = 5;
    await expect(log.append({ step: 2 })).rejects.toThrow(/metrics\.jsonl: the disk is full/);
    disk.room = 1000;
    await log.append({ step: 2 });
    await log.close();
    expect(readFileSync(run.file('metrics.jsonl'), 'utf8')).toBe('{"step":1}\n{"step":2}\n');
  });

  test.each([
    ['EDQUOT', 'the disk quota is used up', 'Make room'],
    ['EROFS', 'the file system is read-only', 'Give write permission'],
    ['EACCES', 'permission is denied', 'Give write permission'],
  ])('explains %s', async (code, words, hint) => {
    disk.room = 0;
    disk.code = code;
    const error = await writeFileAtomic(join(folder(), 'x'), 'text').catch((e) => e);
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toContain(words);
    expect(error.hint).toContain(hint);
  });

  test('rethrows any other error unchanged', async () => {
    disk.room = 0;
    disk.code = 'EXDEV';
    const error = await writeFileAtomic(join(folder(), 'x'), 'text').catch((e) => e);
    expect(error).not.toBeInstanceOf(UserError);
    expect(error.code).toBe('EXDEV');
  });
});

/** Mounts a file system of 64 kB. Returns false if mounting is not allowed. */
function mountSmall(path: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('a disk of 64 kB', () => {
  test('keeps the previous checkpoint complete when it is full', async (context) => {
    if (!mountSmall(folder())) return context.skip('mounting a tmpfs is not allowed here');
    try {
      const run = await newRun();
      await writeCheckpoint(run, 1, { 'a.bin': new Uint8Array(20_000) }, {});
      const error = await writeCheckpoint(run, 2, { 'a.bin': new Uint8Array(60_000) }, {}).catch((e) => e);
      expect(error).toBeInstanceOf(UserError);
      expect(error.message).toMatch(/step-00000002: the disk is full \(60 kB to write, \d+ kB free\)$/);
      expect(readdirSync(run.file('checkpoints'))).toEqual(['step-00000001']);
      await writeCheckpoint(run, 2, { 'a.bin': new Uint8Array(10_000) }, {}, { keep: 1 });
      expect((await latestCheckpoint(run)).checkpoint!.step).toBe(2);
      await run.close();
    } finally {
      execFileSync('umount', [folder()]);
    }
  });
});
