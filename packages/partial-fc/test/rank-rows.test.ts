import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StateDict } from '@unitsphere/core';
import { expect, onTestFinished, test } from 'vitest';
import { fileStore } from '../src/file.js';
import { RowSGD } from '../src/index.js';
import { encodeCentersState } from '../src/state/centers-state.js';
import { encodeFileState } from '../src/state/file-state.js';
import { rowsFromShards } from '../src/state/rank-rows.js';

const spec = {
  firstClass: 0,
  dimensions: 2,
  stateNames: new RowSGD({ momentum: 0.9 }).stateNames,
  seed: 1,
  initStd: 0.01,
};
const stateOf = (firstClass: number, store: StateDict) =>
  encodeCentersState({ classes: 4, firstClass, rows: 2, step: 3, rates: new Float64Array() }, store);

test('rows of two ranks are joined', () => {
  const weight = (...values: number[]): StateDict =>
    new Map([['weight', { dtype: 'F32', shape: [2, 1], data: Float32Array.from(values) }]]);
  const joined = rowsFromShards({ ...spec, rows: 4 } as never, [
    stateOf(2, weight(3, 4)),
    stateOf(0, weight(1, 2)),
  ]);
  expect([...(joined.get('weight')!.data as Float32Array)]).toEqual([1, 2, 3, 4]);
});

test('the state of files is not taken for rows, even if each rank has two', () => {
  const file = (id: number) => encodeFileState({ generation: [1, 7], fileId: [id, 0] });
  expect(() =>
    rowsFromShards({ ...spec, rows: 4 } as never, [stateOf(0, file(1)), stateOf(2, file(2))]),
  ).toThrow(
    /'generation' does not have one row per class.*Centers in files must be opened by the number of ranks/,
  );
});

test.skipIf(process.platform !== 'linux')(
  'a store whose journal cannot be opened leaves no file open',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'journal-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'rank-0.centers');
    const open = () => fileStore(path, { ioThreads: 0 })({ ...spec, rows: 4 } as never);
    open().dispose();
    rmSync(`${path}.journal`);
    mkdirSync(`${path}.journal`);
    const before = readdirSync('/proc/self/fd').length;
    for (let i = 0; i < 10; i++) expect(open).toThrow(/EISDIR/);
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  },
);
