import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { cleanCache, listCache } from '../src/commands/cache.js';

let folder: string;
let output: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'unitsphere-caches-'));
  output = '';
  vi.stubEnv('XDG_CACHE_HOME', folder);
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    output += text;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function put(path: string, bytes: number, daysAgo: number): string {
  const file = join(folder, 'unitsphere', path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, Buffer.alloc(bytes, ' '));
  const time = Date.now() / 1000 - 86_400 * daysAgo;
  utimesSync(file, time, time);
  return file;
}

test('lists every kind of cache, the largest first', () => {
  expect(listCache({})).toBe(0);
  expect(output).toBe('Nothing is cached.\n');
  output = '';
  put('pretrained/timm/weights.bin', 5000, 0);
  put('images/abc/pixels/a.rows', 70_000, 0);
  writeFileSync(
    join(folder, 'unitsphere/images/abc/source.json'),
    '{"place":"folder /photos\\u001b[31m","side":160}',
  );
  put('.tmp-other', 9, 0);
  expect(listCache({})).toBe(0);
  const lines = output.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^of +cache +last used +size$/);
  expect(lines[1]).toMatch(/^folder \/photos, 160 px +images +\d{4}-\d\d-\d\d +70 kB$/);
  expect(lines[2]).toMatch(/^timm +pretrained .* 5\.0 kB$/);
  expect(lines[3]).toBe('75 kB in all. To delete a kind: unitsphere cache clean images');
  output = '';
  listCache({ json: true });
  expect(
    JSON.parse(output).map(({ kind, bytes }: { kind: string; bytes: number }) => [kind, bytes > 4000]),
  ).toEqual([
    ['images', true],
    ['pretrained', true],
  ]);
});

test('deletes what is named, and only what is older', async () => {
  const old = put('shards/old.tar', 3000, 40);
  const recent = put('shards/new.tar', 2000, 2);
  const weights = put('pretrained/a.bin', 10, 90);
  expect(await cleanCache(['shards'], { olderThan: 30 })).toBe(0);
  expect(output).toBe('Deleted 1 entries of shards: 3.0 kB are free again.\n');
  expect([old, recent, weights].map((file) => existsSync(file))).toEqual([false, true, true]);
  await cleanCache(['shards', 'pretrained'], {});
  expect([recent, weights].map((file) => existsSync(file))).toEqual([false, false]);
});
