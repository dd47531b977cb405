import { randomBytes } from 'node:crypto';
import { constants, readFileSync } from 'node:fs';
import { copyFile, link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { temporaryPath } from '@unitsphere/core/disk';
import { UserError } from '../user-error.js';
import { diskError } from './disk-error.js';

interface Owner {
  pid: number;
  hostname: string;
  /** Start time of the process by the kernel's clock, which distinguishes processes that reuse a pid. */
  processStart: string | null;
  /** Random; distinguishes successive locks of one process. */
  token: string;
}

/** A lock held by this process. */
export interface Lock {
  /** Releases the lock; idempotent. */
  release(): Promise<void>;
}

/**
 * Acquires a lock file, so that two processes never write the same run. The lock of a dead process is taken over.
 *
 * @throws UserError if a live process holds it, or a process on another machine, whose state is unknown.
 */
export async function takeLock(path: string): Promise<Lock> {
  const mine: Owner = {
    pid: process.pid,
    hostname: hostname(),
    processStart: processStart(process.pid),
    token: randomBytes(8).toString('hex'),
  };
  for (let attempt = 0; attempt < 10; attempt++) {
    if (await create(path, mine)) return { release: () => release(path, mine) };
    const text = await readFile(path, 'utf8').catch(() => null);
    if (text === null) continue;
    const owner = parse(text);
    if (owner && isAlive(owner)) throw held(path, owner);
    await removeStale(path, text);
  }
  throw new UserError(`several processes compete for the lock ${path}`, { hint: 'Try again.' });
}

/** Creates the lock with its content in one step, so that nobody reads a partial one. */
async function create(path: string, owner: Owner): Promise<boolean> {
  const temporary = temporaryPath(path);
  try {
    await writeFile(temporary, JSON.stringify(owner));
    await link(temporary, path).catch((error) => {
      if (error.code === 'EEXIST') throw error;
      // The file system has no hard links.
      return copyFile(temporary, path, constants.COPYFILE_EXCL);
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw diskError(error, path, 0);
  } finally {
    await rm(temporary, { force: true }).catch(() => {});
  }
}

/** Removes a dead lock by renaming it, so that one of several processes succeeds; a new lock caught by the rename is put back. */
async function removeStale(path: string, stale: string): Promise<void> {
  const aside = temporaryPath(path);
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw diskError(error, path, 0);
  }
  if ((await readFile(aside, 'utf8')) !== stale) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

async function release(path: string, mine: Owner): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text !== null && parse(text)?.token === mine.token) await rm(path, { force: true });
}

function parse(text: string): Owner | null {
  try {
    const owner = JSON.parse(text);
    return typeof owner?.pid === 'number' ? owner : null;
  } catch {
    return null;
  }
}

function isAlive(owner: Owner): boolean {
  if (owner.hostname !== hostname()) return true;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM: the process is alive and belongs to another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const start = processStart(owner.pid);
  return start === null || owner.processStart === null || start === owner.processStart;
}

/** Returns field 22 of /proc/PID/stat, or null on other systems than Linux. */
function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in parentheses, which may contain spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended, but its parent has not reaped it yet.
    return fields[0] === 'Z' ? 'ended' : fields[19];
  } catch {
    return null;
  }
}

function held(path: string, owner: Owner): UserError {
  const here = owner.hostname === hostname();
  return new UserError(
    `another process writes ${dirname(path)}: pid ${owner.pid} on ${here ? 'this machine' : owner.hostname}`,
    {
      hint: here
        ? `Wait for it, or end it: kill ${owner.pid}`
        : `Check whether it still runs there. If it does not, delete ${path} and start again.`,
    },
  );
}
