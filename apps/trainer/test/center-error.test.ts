import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ReplicaError } from '@unitsphere/collectives';
import { CenterFilesError, CenterStoreError } from '@unitsphere/partial-fc';
import { fileStore } from '@unitsphere/partial-fc/file';
import { afterAll, expect, test } from 'vitest';
import { toCenterError } from '../src/centers/center-error.js';
import { UserError } from '../src/user-error.js';

const folder = mkdtempSync(join(tmpdir(), 'unitsphere-center-error-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Returns what opening a file that holds no centers throws. */
function errorOfFile(): unknown {
  const file = join(folder, 'text.centers');
  writeFileSync(file, 'not centers');
  try {
    fileStore(file)({ firstClass: 0, rows: 8, dimensions: 4, stateNames: [], initialRow: () => {} });
  } catch (error) {
    return error;
  }
  throw new Error('The file was opened.');
}

test('converts an error of a center file on this thread', () => {
  const error = errorOfFile();
  const converted = toCenterError(error);
  expect(converted).toBeInstanceOf(UserError);
  expect(converted).toMatchObject({ message: (error as Error).message, cause: error });
  expect(toCenterError(new CenterFilesError(2, 3))).toBeInstanceOf(UserError);
});

test.each([new CenterStoreError('the file is cut off'), new CenterFilesError(2, 3)])(
  'converts a $name of a replica, which arrives as text',
  ({ message, stack }) => {
    const converted = toCenterError(new ReplicaError(1, { message, stack }));
    expect(converted).toBeInstanceOf(UserError);
    expect((converted as UserError).message).toBe(`replica 1 failed: ${message}`);
  },
);

test('returns other errors unchanged', () => {
  const other = new Error('CenterStoreError: only its message says so');
  for (const error of [other, new ReplicaError(1, other), 'text', undefined]) {
    expect(toCenterError(error)).toBe(error);
  }
});
