import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import fsPromises, { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleModule } from '@unitsphere/testing/bundle-module';
import { afterAll, describe, expect, test } from 'vitest';
import { openFileStore } from '../../src/file.js';
import type { GalleryChange } from '../../src/store/gallery-store.js';
import { MemoryStore } from '../../src/store/memory-store.js';
import { describeGallery, header, testStore, vector } from './store-contract.js';

const folder = mkdtempSync(join(tmpdir(), 'gallery-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newPath = () => join(folder, `${files++}.safetensors`);
const enroll = (name: string, ...embeddings: Float32Array[]): GalleryChange => ({
  kind: 'enroll',
  name,
  templates: embeddings.map((embedding) => ({ embedding })),
});

/** Creates a gallery of two identities. @returns Its path. */
async function createGallery(): Promise<string> {
  const path = newPath();
  const store = await openFileStore(path, { header });
  await store.write([enroll('a', vector(1, 0, 0, 0), vector(0, 1, 0, 0))]);
  await store.write([enroll('b', vector(0, 0, 1, 0))]);
  await store.close();
  return path;
}

describe('file', () => testStore(() => openFileStore(newPath(), { header })));

describe('a file store', () => {
  test('keeps the gallery between openings, in one file', async () => {
    const path = await createGallery();
    expect(readdirSync(folder).filter((name) => name.startsWith(`${files - 1}.`))).toEqual([
      `${files - 1}.safetensors`,
    ]);
    const store = await openFileStore(path);
    expect(store.header).toEqual(header);
    expect(await store.write([enroll('c', vector(0, 0, 0, 1))])).toEqual({
      revision: 3,
      templateIds: [[4]],
      identityIds: [3],
    });
    await store.close();
  });

  test('opening an intact file does not write it', async () => {
    const path = await createGallery();
    const { mtimeNs } = statSync(path, { bigint: true });
    const store = await openFileStore(path);
    await store.read();
    await store.close();
    expect(statSync(path, { bigint: true }).mtimeNs).toBe(mtimeNs);
  });

  test('appends without rewriting the file, whatever its size', async () => {
    const path = await createGallery();
    const store = await openFileStore(path);
    const { ino } = statSync(path);
    const rows = Array.from({ length: 200 }, (_, i) => vector(i, 0, 0, 1));
    for (const row of rows) {
      const { size } = statSync(path);
      await store.write([enroll('a', row)]);
      expect(statSync(path).size).toBe(size + 16);
    }
    expect(statSync(path).ino).toBe(ino);
    // The reserved room ends at some point, and the file is rewritten with more.
    await store.write([enroll('a', ...rows, ...rows)]);
    expect(statSync(path).ino).not.toBe(ino);
    expect((await store.read()).templates).toHaveLength(603);
    await store.close();
  });

  test('erases removed embeddings at once, and their names when it is rewritten', async () => {
    const path = newPath();
    const store = await openFileStore(path, { header });
    const secret = vector(0.123, 0.456, 0.789, 0.987);
    await store.write([enroll('Ann Secret', secret), enroll('b', vector(1, 0, 0, 0))]);
    const has = (bytes: Uint8Array) => readFileSync(path).includes(Buffer.from(bytes));
    expect(has(new Uint8Array(secret.buffer))).toBe(true);
    await store.write([{ kind: 'remove', name: 'Ann Secret' }]);
    expect(has(new Uint8Array(secret.buffer))).toBe(false);
    await store.compact();
    expect(has(Buffer.from('Ann Secret'))).toBe(false);
    await store.close();
  });

  test('rewrites itself when most of its rows are removed', async () => {
    const path = newPath();
    const store = await openFileStore(path, { header });
    await store.write([enroll('many', ...Array.from({ length: 3000 }, (_, i) => vector(i, 0, 0, 1)))]);
    const { size } = statSync(path);
    await store.write([enroll('b', vector(1, 0, 0, 0)), { kind: 'remove', name: 'many' }]);
    expect(statSync(path).size).toBeLessThan(size - 3000 * 16);
    expect((await store.read()).templates).toEqual([{ id: 3001, identityId: 2, metadata: {} }]);
    await store.close();
  });

  test('is written by one store at a time, and the error names the holder', async () => {
    const path = await createGallery();
    const store = await openFileStore(path);
    await expect(openFileStore(path)).rejects.toMatchObject({
      code: 'LOCKED',
      message: expect.stringMatching(
        new RegExp(`is being written by pid ${process.pid} on this machine since .*readOnly: true`),
      ),
    });
    // Another name of the same file does not help.
    const link = `${path}.link`;
    symlinkSync(path, link);
    await expect(openFileStore(link)).rejects.toMatchObject({ code: 'LOCKED' });
    await store.close();
    await (await openFileStore(link)).close();
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  test('is read while another store writes it', async () => {
    const path = await createGallery();
    const writer = await openFileStore(path);
    const reader = await openFileStore(path, { readOnly: true });
    expect(reader.isReadOnly).toBe(true);
    expect(await reader.revision()).toBe(2);
    await writer.write([enroll('c', vector(0, 0, 0, 1)), { kind: 'remove', name: 'a' }]);
    expect(await reader.revision()).toBe(3);
    expect(await reader.read()).toEqual(await writer.read());
    await writer.compact();
    expect(await reader.read()).toEqual(await writer.read());
    await expect(reader.write([])).rejects.toMatchObject({ code: 'READ_ONLY' });
    await expect(reader.compact()).rejects.toMatchObject({ code: 'READ_ONLY' });
    await reader.close();
    await writer.close();
  });

  test('is whole for readers at any time', async () => {
    const path = newPath();
    const writer = await openFileStore(path, { header });
    const reader = await openFileStore(path, { readOnly: true });
    let isWriting = true;
    const writing = (async () => {
      for (let i = 0; i < 200; i++) {
        await writer.write([enroll(`${i}`, vector(i, i, i, i)), ...(i > 2 ? [remove(`${i - 3}`)] : [])]);
        if (i % 20 === 19) await writer.compact();
      }
      isWriting = false;
    })();
    let reads = 0;
    while (isWriting) {
      const { revision, embeddings } = await reader.read();
      const last = Math.min(revision, 3);
      expect(embeddings.length).toBe(4 * last);
      if (revision > 0) expect(embeddings.at(-1)).toBe(revision - 1);
      reads++;
    }
    await writing;
    expect(reads).toBeGreaterThan(5);
    await Promise.all([reader.close(), writer.close()]);
  });

  test('refuses to write when another program replaced the file', async () => {
    const path = await createGallery();
    const store = await openFileStore(path);
    copyFileSync(path, `${path}.copy`);
    rmSync(path);
    copyFileSync(`${path}.copy`, path);
    await expect(store.write([enroll('c', vector(0, 0, 0, 1))])).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('replaced or changed by another program'),
    });
    await store.close();
  });

  test('removes what a killed process left of a rewritten file', async () => {
    const path = await createGallery();
    const name = path.slice(folder.length + 1);
    const left = join(folder, `.tmp-${name}-1-0123456789abcdef0123-0`);
    writeFileSync(left, 'x');
    // Its name is that of a container whose processes are unknown here, and it is two days old.
    utimesSync(left, Date.now() / 1000 - 172_800, Date.now() / 1000 - 172_800);
    await (await openFileStore(path)).close();
    expect(existsSync(left)).toBe(false);
  });

  // Emulated by the open files of the process, which Linux lists.
  test.skipIf(process.platform !== 'linux')(
    'rewrites the file where an open one cannot be replaced, as on Windows, and waits for readers',
    async () => {
      const path = await createGallery();
      const { rename } = fsPromises;
      const isOpen = () =>
        readdirSync('/proc/self/fd').some((fd) => {
          try {
            return readlinkSync(`/proc/self/fd/${fd}`) === path;
          } catch {
            return false;
          }
        });
      let refused = 0;
      fsPromises.rename = async (from, to) => {
        if (!isOpen()) return rename(from, to);
        refused++;
        throw Object.assign(new Error('operation not permitted'), { code: 'EPERM' });
      };
      const platform = Object.getOwnPropertyDescriptor(process, 'platform') as PropertyDescriptor;
      const store = await openFileStore(path);
      try {
        Object.defineProperty(process, 'platform', { ...platform, value: 'win32' });
        await store.compact();
        expect(refused).toBe(0);
        const reader = await open(path, 'r');
        const compacting = store.compact();
        while (refused < 2) await new Promise((resolve) => setTimeout(resolve, 5));
        await reader.close();
        await compacting;
        // Nothing is lost if a program never closes the file.
        const other = await open(path, 'r');
        await expect(store.compact()).rejects.toMatchObject({
          code: 'READ_ONLY',
          message: expect.stringContaining('or another program has the file open'),
        });
        await other.close();
        await store.write([enroll('c', vector(0, 0, 0, 1))]);
      } finally {
        Object.defineProperty(process, 'platform', platform);
        fsPromises.rename = rename;
      }
      await store.close();
      const again = await openFileStore(path, { readOnly: true });
      expect((await again.read()).templates).toHaveLength(4);
      await again.close();
    },
  );

  test('keeps the permissions of the file when it is rewritten', async () => {
    const path = await createGallery();
    chmodSync(path, 0o640);
    const store = await openFileStore(path);
    await store.compact();
    await store.close();
    expect(statSync(path).mode & 0o777).toBe(process.platform === 'win32' ? 0o666 : 0o640);
  });
});

const remove = (name: string): GalleryChange => ({ kind: 'remove', name });

describe('a file that cannot be opened', () => {
  test('is missing', async () => {
    for (const readOnly of [true, false]) {
      await expect(openFileStore(newPath(), { readOnly })).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: expect.stringMatching(/there is no gallery .*Check the path, or give `header`/),
      });
    }
    await expect(openFileStore(join(folder, 'no', 'folder'), { header })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('is made for another embedder', async () => {
    const path = await createGallery();
    for (const other of [{ embedder: 'sha256:other' }, { embeddingSize: 5 }]) {
      await expect(openFileStore(path, { header: { ...header, ...other } })).rejects.toMatchObject({
        code: 'WRONG_EMBEDDER',
        message: expect.stringMatching(
          /holds embeddings of sha256:0123 \(4 values\).*enroll the images again/,
        ),
      });
    }
    // The lock was released.
    await (await openFileStore(path)).close();
  });

  test('is of another kind', async () => {
    const path = newPath();
    for (const content of ['', 'x', 'x'.repeat(10_000), '\0'.repeat(10_000)]) {
      writeFileSync(path, content);
      await expect(openFileStore(path)).rejects.toMatchObject({ code: 'NOT_A_GALLERY' });
    }
    await expect(openFileStore(folder)).rejects.toMatchObject({ name: 'GalleryStoreError' });
  });

  test('has another version', async () => {
    const path = await createGallery();
    const bytes = readFileSync(path);
    bytes.write('"version":"2"', bytes.indexOf('"version":"1"'));
    writeFileSync(path, bytes);
    await expect(openFileStore(path)).rejects.toMatchObject({
      code: 'UNSUPPORTED_VERSION',
      message: expect.stringMatching(/a gallery of version 2, but this package reads version 1\. Update/),
    });
  });

  test('is truncated, at any length', async () => {
    const path = await createGallery();
    const { size } = statSync(path);
    for (const length of [size - 1, size - 17, size - 3000, 5000, 4200, 4096, 4095, 600, 8, 3]) {
      const copy = `${path}.short`;
      copyFileSync(path, copy);
      truncateSync(copy, length);
      await expect(openFileStore(copy), `${length}`).rejects.toMatchObject({
        code: length > 4200 ? 'DAMAGED' : expect.stringMatching(/^(NOT_A_GALLERY|DAMAGED)$/),
        message: expect.stringMatching(/[Rr]estore/),
      });
    }
  });

  test('has a changed byte, anywhere that it is trusted', { timeout: 60_000 }, async () => {
    const path = await createGallery();
    const bytes = readFileSync(path);
    const whole = await MemoryStore.fromBytes(bytes);
    const expected = describeGallery(await whole.read());
    let refused = 0;
    for (let at = 0; at < bytes.length; at++) {
      // The rest of the reserved room is alike.
      if (at > 6000 && at < bytes.length - 200 && bytes[at] === 0 && at % 997) continue;
      const changed = Uint8Array.from(bytes);
      changed[at] ^= 1 << (at % 8);
      try {
        const read = await (await MemoryStore.fromBytes(changed)).read();
        expect(describeGallery(read), `byte ${at}`).toEqual(expected);
      } catch (error) {
        expect(error, `byte ${at}`).toMatchObject({ name: 'GalleryStoreError' });
        refused++;
      }
    }
    // Every byte of the log in use and of the embeddings.
    const { log } = JSON.parse(bytes.toString('latin1', 8, 4096));
    expect(refused).toBeGreaterThanOrEqual(log.shape[0] + 3 * 16);
  });
});

const isRoot = process.getuid?.() === 0;

test.skipIf(process.platform === 'win32')(
  'a read-only folder or file is reported, and can be read',
  {
    timeout: 30_000,
  },
  async () => {
    const own = join(folder, 'read-only');
    mkdirSync(own);
    const path = join(own, 'g.safetensors');
    copyFileSync(await createGallery(), path);
    chmodSync(folder, 0o755);
    chmodSync(path, 0o644);
    chmodSync(own, 0o555);
    // Root may write anywhere, so that another user tries.
    const program = join(folder, 'open-gallery.mjs');
    copyFileSync(bundleModule('./fixtures/open-gallery.ts', import.meta.url), program);
    const modules = join(folder, 'node_modules');
    symlinkSync(join(import.meta.dirname, '../../../../node_modules'), modules);
    const run = (mode: string) =>
      execFileSync(process.execPath, [program, path, mode], {
        encoding: 'utf8',
        ...(isRoot && { uid: 65_534, gid: 65_534 }),
      });
    expect(run('write')).toMatch(/^READ_ONLY cannot write .*: permission is denied.*readOnly: true/);
    expect(run('read')).toBe('3 templates\n');
    chmodSync(own, 0o755);
  },
);

const canMount =
  isRoot && process.platform === 'linux' && spawnSync('unshare', ['--mount', 'true']).status === 0;

test.skipIf(!canMount)(
  'a full disk is reported with its free space (requires root, for a small tmpfs)',
  {
    timeout: 60_000,
  },
  async () => {
    const program = bundleModule('./fixtures/fill-disk.ts', import.meta.url);
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    const script = `mount -t tmpfs -o size=3m tmpfs "${disk}" && exec "${process.execPath}" "${program}" "${disk}/g.safetensors"`;
    const { stdout, stderr } = spawnSync('unshare', ['--mount', 'bash', '-c', script], { encoding: 'utf8' });
    expect(stderr).toBe('');
    const { acknowledged, code, message, afterFailure, afterSpace } = JSON.parse(stdout);
    expect(acknowledged).toBeGreaterThan(100);
    expect(code).toBe('DISK_FULL');
    expect(message).toMatch(
      /the disk is full \(0 MiB free\)\. Nothing of this transaction is stored.*Free space/,
    );
    expect(afterFailure).toBe(acknowledged);
    expect(afterSpace).toBe(acknowledged + 1);
  },
);
