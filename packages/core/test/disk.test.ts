import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import fsPromises from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { withFault } from '@unitsphere/testing/faults';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  cacheFolder,
  createFile,
  createFolder,
  explainDiskError,
  explainWriteError,
  freeDiskSpace,
  isDiskFull,
  removeAbandoned,
  replaceFile,
  replaceFileSync,
  replaceFolder,
  temporaryPath,
  writeAllSync,
  writeFileAtomic,
  writeFileAtomicSync,
} from '../src/disk.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'disk-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const diskError = (code: string) => Object.assign(new Error(code), { code });

describe('the cache folder', () => {
  const home = homedir();

  test.each([
    ['linux', {}, join(home, '.cache')],
    ['darwin', {}, join(home, 'Library', 'Caches')],
    ['win32', {}, join(home, 'AppData', 'Local')],
    ['win32', { LOCALAPPDATA: 'C:\\local' }, 'C:\\local'],
  ])("is the platform's: %s %o", (platform, env, expected) => {
    expect(cacheFolder(env, platform)).toBe(expected);
  });

  test.each(['linux', 'darwin', 'win32'])('is XDG_CACHE_HOME if set: %s', (platform) => {
    expect(cacheFolder({ XDG_CACHE_HOME: '/xdg', LOCALAPPDATA: 'C:\\local' }, platform)).toBe('/xdg');
  });

  test('ignores empty variables', () => {
    const env = { XDG_CACHE_HOME: '', LOCALAPPDATA: '' };
    expect(cacheFolder(env, 'linux')).toBe(join(home, '.cache'));
    expect(cacheFolder(env, 'win32')).toBe(join(home, 'AppData', 'Local'));
  });
});

describe('temporary paths', () => {
  test('differ at each call and name the process', () => {
    const path = join(folder, 'file.json');
    const paths = Array.from({ length: 100 }, () => temporaryPath(path));
    expect(new Set(paths).size).toBe(100);
    for (const temporary of paths) {
      expect(dirname(temporary)).toBe(folder);
      expect(basename(temporary)).toMatch(
        new RegExp(`^\\.tmp-file\\.json-${process.pid}-[0-9a-f]{20}-\\d+$`),
      );
    }
  });

  test('of ended processes are removed, and those of running processes and other files are kept', () => {
    const ended = spawnSync(process.execPath, ['-e', '']).pid;
    const own = basename(temporaryPath(join(folder, 'a')));
    const ofEnded = own.replace(`-${process.pid}-`, `-${ended}-`);
    const abandoned = [ofEnded, `${ofEnded}1`];
    const kept = ['a', own, ofEnded.replace('.tmp-a-', '.tmp-a-b-'), ofEnded.replace('.tmp-a-', '.tmp-b-')];
    mkdirSync(join(folder, abandoned[0]));
    writeFileSync(join(folder, abandoned[0], 'inner'), '');
    for (const name of [abandoned[1], ...kept]) writeFileSync(join(folder, name), '');
    removeAbandoned(join(folder, 'a'));
    expect(readdirSync(folder).sort()).toEqual(kept.sort());
  });

  test('of another machine or container are removed only after a day without a change', () => {
    const [recent, old] = ['0', '1'].map((count) => join(folder, `.tmp-a-1-00000000aabbccddeeff-${count}`));
    for (const path of [recent, old]) writeFileSync(path, '');
    const yesterday = Date.now() / 1000 - 25 * 60 * 60;
    utimesSync(old, yesterday, yesterday);
    removeAbandoned(join(folder, 'a'));
    expect(readdirSync(folder)).toEqual([basename(recent)]);
  });
});

describe('createFolder', () => {
  test('creates a folder and its parents, also several at once', async () => {
    const path = join(folder, 'a', 'b', 'c');
    await Promise.all([createFolder(path), createFolder(path), createFolder(join(folder, 'a', 'd'))]);
    await createFolder(path);
    expect(readdirSync(join(folder, 'a')).sort()).toEqual(['b', 'd']);
  });

  test.each([
    ['a file of its name', 'ENOTDIR', () => 'file'],
    ['a file of the name of a parent', 'ENOTDIR', () => join('file', 'a')],
    ['a name that is too long', 'ENAMETOOLONG', () => 'x'.repeat(300)],
  ])('reports %s', async (_, code, name) => {
    writeFileSync(join(folder, 'file'), '');
    const error = await createFolder(join(folder, name())).catch((thrown) => thrown);
    expect(error.code).toBe(code);
    expect(explainDiskError(error)).toBeDefined();
  });

  // Node's recursive mkdir does not return here.
  test.skipIf(!existsSync('/proc/self'))('reports a file system that creates no folders', async () => {
    expect((await createFolder('/proc/none/a').catch((thrown) => thrown)).code).toBe('ENOENT');
  });
});

type Write = (fd: number) => void;

describe.each([
  ['replaceFile', (path: string, write: Write) => replaceFile(path, async ({ fd }) => write(fd))],
  ['replaceFileSync', async (path: string, write: Write) => replaceFileSync(path, write)],
])('%s', (_, replace) => {
  const write = (text: string) => (fd: number) => writeAllSync(fd, Buffer.from(text), 0);

  test('replaces a file and leaves no other', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, 'a longer old content');
    await replace(path, write('new'));
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(readdirSync(folder)).toEqual(['file']);
  });

  test('keeps the old file and deletes the temporary one if writing fails', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, 'old');
    const failing = replace(path, () => {
      throw diskError('EIO');
    });
    await expect(failing).rejects.toThrow('EIO');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['file']);
  });

  test('passes on the error of a missing folder', async () => {
    await expect(replace(join(folder, 'missing', 'file'), write(''))).rejects.toThrow(/ENOENT/);
  });
});

describe('atomic writes', () => {
  test('take text and bytes', async () => {
    const path = join(folder, 'file');
    await writeFileAtomic(path, 'größer');
    expect(readFileSync(path, 'utf8')).toBe('größer');
    writeFileAtomicSync(path, new Uint8Array([116, 119, 111]));
    expect(readFileSync(path, 'utf8')).toBe('two');
    expect(readdirSync(folder)).toEqual(['file']);
  });

  test('of several callers at once leave the whole content of one', async () => {
    const path = join(folder, 'file');
    const texts = Array.from({ length: 20 }, (_, i) => String(i).repeat(10_000));
    await Promise.all(texts.map((text) => writeFileAtomic(path, text)));
    expect(texts).toContain(readFileSync(path, 'utf8'));
    expect(readdirSync(folder)).toEqual(['file']);
  });

  test('leave the old or the new content at a fault in any call', async () => {
    const path = join(folder, 'file');
    const calls = await withFault('crash', Number.POSITIVE_INFINITY, async () =>
      writeFileAtomicSync(path, 'old'),
    );
    for (const fault of ['crash', 'full'] as const) {
      for (let at = 0; at < calls; at++) {
        writeFileSync(path, 'old');
        await withFault(fault, at, async () => {
          try {
            writeFileAtomicSync(path, 'new');
          } catch {
            // The content decides.
          }
        });
        expect(['old', 'new']).toContain(readFileSync(path, 'utf8'));
      }
    }
  });

  test.skipIf(process.platform === 'win32')(
    'sync the file, and the folder unless told otherwise',
    async () => {
      const synced: string[] = [];
      const { open } = fsPromises;
      vi.spyOn(fsPromises, 'open').mockImplementation(async (path, ...rest) => {
        const file = await open(path, ...rest);
        const { sync } = file;
        file.sync = async () => {
          synced.push(path === folder ? 'folder' : 'file');
          await sync.call(file);
        };
        return file;
      });
      await writeFileAtomic(join(folder, 'file'), 'text');
      expect(synced.splice(0)).toEqual(['file', 'folder']);
      await writeFileAtomic(join(folder, 'file'), 'text', { syncFolder: false });
      expect(synced).toEqual(['file']);
    },
  );
});

test('createFile refuses an existing file', async () => {
  const path = join(folder, 'file');
  await createFile(path, Buffer.from('first'));
  await expect(createFile(path, Buffer.from('second'))).rejects.toThrow(/EEXIST/);
  expect(readFileSync(path, 'utf8')).toBe('first');
});

describe('replaceFolder', () => {
  const make = (name: string, text: string) => {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'file'), text);
    return join(folder, name);
  };

  test.each([true, false])('renames a folder; the target exists: %s', async (exists) => {
    const to = exists ? make('to', 'old') : join(folder, 'to');
    await replaceFolder(make('from', 'new'), to);
    expect(readFileSync(join(to, 'file'), 'utf8')).toBe('new');
    expect(readdirSync(folder)).toEqual(['to']);
  });

  test('puts the old folder back if the new one is missing', async () => {
    const to = make('to', 'old');
    await expect(replaceFolder(join(folder, 'from'), to)).rejects.toThrow(/ENOENT/);
    expect(readFileSync(join(to, 'file'), 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['to']);
  });
});

describe('disk errors', () => {
  test.each([
    ['ENOSPC', 'the disk is full', true],
    ['EDQUOT', 'the disk quota is used up', true],
    ['EFBIG', 'the file is larger than the file system or its limit allows', false],
    ['EACCES', 'permission is denied', false],
    ['EPERM', 'permission is denied', false],
    ['EROFS', 'the file system is read-only', false],
    ['ENOTDIR', 'a part of the path is not a folder', false],
  ])('%s is explained', (code, reason, isFull) => {
    expect(explainDiskError(diskError(code))).toBe(reason);
    expect(isDiskFull(diskError(code))).toBe(isFull);
    expect(explainWriteError(join(folder, 'file'), diskError(code))).toMatch(
      new RegExp(`^${reason} \\(\\d+ MiB free\\)$`),
    );
  });

  test('explain nothing else', () => {
    for (const error of [diskError('EXDEV'), new Error('other'), undefined, 'text']) {
      expect(explainDiskError(error)).toBeUndefined();
      expect(explainWriteError(folder, error)).toBeUndefined();
      expect(isDiskFull(error)).toBe(false);
    }
  });

  test('omit the free space of a missing folder', () => {
    const missing = join(folder, 'missing');
    expect(existsSync(missing)).toBe(false);
    expect(freeDiskSpace(missing)).toBeUndefined();
    expect(explainWriteError(join(missing, 'file'), diskError('ENOSPC'))).toBe('the disk is full');
  });
});
