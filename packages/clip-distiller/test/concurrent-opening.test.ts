import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleModule } from '@unitsphere/testing/bundle-module';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FeatureStore } from '../src/cache/feature-store.js';
import { hashOf, identity } from './fixtures/rows.js';

const PROCESSES = 3;
const ROUNDS = 40;

let parent: string;
let children: ChildProcess[];
beforeAll(async () => {
  parent = mkdtempSync(join(tmpdir(), 'opening-'));
  const program = bundleModule('./fixtures/opener.ts', import.meta.url);
  children = Array.from({ length: PROCESSES }, (_, i) => fork(program, [String(i)]));
  await Promise.all(children.map((child) => once(child, 'message')));
});
afterAll(() => {
  for (const child of children) child.kill();
  rmSync(parent, { recursive: true, force: true });
});

test('processes that open a new cache at the same moment all store their features', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const folder = join(parent, String(round), 'cache');
    const replies = Promise.all(children.map(async (child) => (await once(child, 'message'))[0]));
    const at = Date.now() + 15;
    for (const child of children) child.send({ folder, at });
    expect(await replies).toEqual(Array(PROCESSES).fill(null));
    const store = new FeatureStore(folder, identity);
    const rows = children.map((_, i) => store.find(hashOf(i)));
    expect(rows.every((row) => row >= 0)).toBe(true);
    store.close();
    expect(readdirSync(store.folder).filter((name) => name.startsWith('.tmp-'))).toEqual([]);
  }
});
