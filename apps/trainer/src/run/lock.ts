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
  /** When the process began, by the kernel's clock: a number used again by another process is told apart. */
  processStart: string | null;
  /** Tells one lock of a process from its next. */
  token: string;
}

/** A lock that this process holds. */
export interface Lock {
  /** Gives it back; once is enough, twice does no harm. */
  release(): Promise<void>;
}

/**
 * Takes a lock file, so that two processes do not write the same run. A lock whose process is dead is taken over.
 *
 * @throws UserError if a living process holds it, or one on another machine, which cannot be asked.
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
  throw new UserError(`the lock ${path} is wanted by several processes at once`, { hint: 'Try again.' });
}

/** Makes the lock with its content in one step, so that nobody sees it half written. */
async function create(path: string, owner: Owner): Promise<boolean> {
  const temporary = temporaryPath(path);
  try {
    await writeFile(temporary, JSON.stringify(owner));
    await link(temporary, path).catch((error) => {
      if (error.code === 'EEXIST') throw error;
      // A file system without hard links.
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

/** Of two processes that find the same dead lock, the rename lets one remove it; a new lock caught by it goes back. */
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
    // EPERM: it lives, and is another user's.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const start = processStart(owner.pid);
  return start === null || owner.processStart === null || start === owner.processStart;
}

/** Field 22 of /proc/PID/stat, or null where there is none (not Linux). */
function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in brackets, and may hold spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended; its parent has not noticed yet.
    return fields[0] === 'Z' ? 'ended' : fields[19];
  } catch {
    return null;
  }
}

function held(path: string, owner: Owner): UserError {
  const here = owner.hostname === hostname();
  return new UserError(
    `another process writes ${dirname(path)}: number ${owner.pid} on ${here ? 'this machine' : owner.hostname}`,
    {
      hint: here
        ? `Wait for it, or end it: kill ${owner.pid}`
        : `Whether it still runs cannot be told from here. If it does not, delete ${path} and start again.`,
    },
  );
}
