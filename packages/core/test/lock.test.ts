import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { bundleModule } from '@unitsphere/testing/bundle-module';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  acquireLock,
  describeHolder,
  LockHeldError,
  LockUnsupportedError,
  waitForLock,
} from '../src/disk.js';

const program = bundleModule('./fixtures/lock-holder.ts', import.meta.url);

let folder: string;
let children: ChildProcess[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'));
  children = [];
});
afterEach(() => {
  vi.restoreAllMocks();
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const lockPath = () => join(folder, 'lock');

function start(task: string, through: readonly string[] = []): ChildProcess {
  const [command, ...args] = [...through, process.execPath, program, folder, task];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

const firstLine = async (child: ChildProcess) => String((await once(child.stdout!, 'data'))[0]).trim();

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

describe('a lock', () => {
  test('is held until it is released, also within one process', () => {
    const lock = acquireLock(lockPath());
    expect(() => acquireLock(lockPath())).toThrow(LockHeldError);
    lock.release();
    lock.release();
    expect(existsSync(lockPath())).toBe(false);
    acquireLock(lockPath()).release();
  });

  test('names its holder', () => {
    const lock = acquireLock(lockPath());
    try {
      acquireLock(lockPath());
      expect.fail('two holders');
    } catch (error) {
      const { holder, message } = error as LockHeldError;
      expect(holder).toMatchObject({ pid: process.pid, hostname: hostname() });
      expect(message).toMatch(/lock is held by pid \d+ on this machine since \d{4}-\d\d-\d\d [\d:]+ UTC\.$/);
    }
    lock.release();
    expect(describeHolder(undefined)).toBe('another process');
    const holder = { pid: 1, hostname: 'pod-2', since: '2026-03-01T14:05:09.123Z' };
    expect(describeHolder(holder)).toBe('pid 1 on pod-2 since 2026-03-01 14:05:09 UTC');
  });

  test.each(['', '{"pid": "x"}', '{"pid":1,"hostname":"elsewhere","since":"2026-01-01T00:00:00Z"}'])(
    'ignores what an earlier process left in its file: %s',
    (content) => {
      writeFileSync(lockPath(), content);
      const lock = acquireLock(lockPath());
      expect(JSON.parse(readFileSync(lockPath(), 'utf8')).pid).toBe(process.pid);
      lock.release();
    },
  );

  test('excludes the threads of a process', async () => {
    const lock = acquireLock(lockPath());
    const worker = new Worker(program, { argv: [folder, 'hold'], stdout: true });
    expect(String((await once(worker.stdout, 'data'))[0])).toContain('is held by pid');
    await worker.terminate();
    lock.release();
  });

  test('is released when its thread is terminated', async () => {
    const worker = new Worker(program, { argv: [folder, 'hold'], stdout: true });
    expect(String((await once(worker.stdout, 'data'))[0])).toContain('held');
    expect(() => acquireLock(lockPath())).toThrow(LockHeldError);
    await worker.terminate();
    acquireLock(lockPath()).release();
  });

  test('of a killed process is free at once', async () => {
    const child = start('hold');
    expect(await firstLine(child)).toBe('held');
    expect(() => acquireLock(lockPath())).toThrow(`pid ${child.pid} on this machine`);
    await kill(child);
    expect(existsSync(lockPath())).toBe(true);
    acquireLock(lockPath()).release();
  });

  test('of a suspended process is not taken over', async () => {
    const child = start('hold');
    await firstLine(child);
    child.kill('SIGSTOP');
    await sleep(300);
    expect(() => acquireLock(lockPath())).toThrow(LockHeldError);
    await kill(child);
    acquireLock(lockPath()).release();
  });

  test('is not passed to child processes', async () => {
    const lock = acquireLock(lockPath());
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    children.push(child);
    await once(child, 'spawn');
    lock.release();
    acquireLock(lockPath()).release();
  });

  test('reports a folder that does not exist', () => {
    expect(() => acquireLock(join(folder, 'none', 'lock'))).toThrow(/ENOENT/);
  });

  test('reports a file system without locks', () => {
    const native = createRequire(import.meta.url)('fs-native-extensions');
    vi.spyOn(native, 'tryLock').mockImplementation(() => {
      throw Object.assign(new Error('no locks available'), { code: 'ENOLCK' });
    });
    expect(() => acquireLock(lockPath())).toThrow(LockUnsupportedError);
    expect(() => acquireLock(lockPath())).toThrow(/has no file locks \(ENOLCK\)\. Use a folder on a disk/);
  });
});

describe('waiting for a lock', () => {
  test('ends when its holder is killed, and tells of the holder once', async () => {
    const child = start('hold');
    await firstLine(child);
    const waits: unknown[] = [];
    const waiting = waitForLock(lockPath(), { onWait: (holder) => waits.push(holder?.pid) });
    await sleep(500);
    await kill(child);
    (await waiting).release();
    expect(waits).toEqual([child.pid]);
  });

  test('ends with the reason of its signal', async () => {
    const lock = acquireLock(lockPath());
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('stopped by SIGINT')), 50);
    await expect(waitForLock(lockPath(), { signal: controller.signal })).rejects.toThrow('stopped by SIGINT');
    lock.release();
  });
});

/** The campaign kills more. */
const KILLS = Number(process.env['UNITSPHERE_KILLS'] ?? 15);

test('a contended lock whose holders are killed never has two holders', { timeout: 60_000 }, async () => {
  const ended: string[] = [];
  const run = () => {
    const child = start('150');
    let output = '';
    child.stdout!.on('data', (data) => {
      output += data;
    });
    return once(child, 'exit').then(([, signal]) => {
      ended.push(signal ?? output.trim());
      return signal as string | null;
    });
  };
  // Each killed process leaves a stale lock to the others, which all try to take it over.
  const runners = Array.from({ length: 6 }, async () => {
    while ((await run()) === 'SIGKILL');
  });
  let kills = 0;
  while (kills < KILLS) {
    await sleep(30);
    const pid = readHolderPid();
    const victim = children.find((child) => child.pid === pid && !child.killed);
    if (victim?.kill('SIGKILL')) kills++;
  }
  await Promise.all(runners);
  expect(ended.filter((end) => end === 'SIGKILL').length).toBe(kills);
  expect(ended.filter((end) => end !== 'SIGKILL')).toEqual(Array(6).fill('done'));
  acquireLock(lockPath()).release();
});

function readHolderPid(): number | undefined {
  try {
    return JSON.parse(readFileSync(lockPath(), 'utf8')).pid;
  } catch {
    return undefined;
  }
}

// A container: its own host name, and process ids that say nothing about other containers.
const container = (name: string) => [
  'unshare',
  '--uts',
  '--pid',
  '--fork',
  '--kill-child',
  'sh',
  '-c',
  `hostname ${name} && exec "$@"`,
  'sh',
];
const [command, ...args] = [...container('probe'), 'true'];
const hasContainers = spawnSync(command, args).status === 0;

describe.skipIf(!hasContainers)('containers (requires the right to use unshare)', () => {
  test('with one host name and the same pids share no lock', async () => {
    const first = start('hold', container('box'));
    expect(await firstLine(first)).toBe('held');
    const second = start('hold', container('box'));
    expect(await firstLine(second)).toMatch(/is held by pid \d+ on this machine since/);
    expect(() => acquireLock(lockPath())).toThrow('on box since');
    await kill(first);
  });

  test('that are killed and start again under a new host name take their lock back', async () => {
    const first = start('hold', container('pod-1'));
    expect(await firstLine(first)).toBe('held');
    await kill(first);
    const second = start('hold', container('pod-2'));
    expect(await firstLine(second)).toBe('held');
    expect(() => acquireLock(lockPath())).toThrow('on pod-2 since');
    await kill(second);
  });
});
