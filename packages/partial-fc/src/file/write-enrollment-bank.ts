import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { safetensorsHeader } from '@unitsphere/core';
import { syncFolder, writeAll } from '@unitsphere/core/disk';
import { bankLayout, type EnrollmentBankOptions, unitCenters } from '../enrollment-bank.js';
import type { PartialFC } from '../partial-fc.js';
import { onDisk } from './disk.js';

const ROWS_AT_ONCE = 4096;

/**
 * Writes this rank's class centers as an enrollment bank, a safetensors file, a piece at a time: it may be larger than
 * memory. See enrollmentBank for what it holds.
 * @throws RangeError where the number of names differs; CenterStoreError where the disk refuses. A file that is there is
 *   then untouched.
 */
export async function writeEnrollmentBank(
  path: string,
  head: PartialFC,
  options: EnrollmentBankOptions = {},
): Promise<void> {
  const { tensors, metadata } = bankLayout(head, options);
  const { rows } = head.store.spec;
  const temporary = `${path}.tmp`;
  const fd = onDisk(path, () => openSync(temporary, 'w'));
  try {
    let at = 0;
    const append = (bytes: Uint8Array) => {
      onDisk(path, () => writeAll(fd, bytes, at));
      at += bytes.byteLength;
    };
    append(safetensorsHeader(tensors, metadata));
    for (let from = 0; from < rows; from += ROWS_AT_ONCE) {
      append(new Uint8Array((await unitCenters(head, from, Math.min(rows, from + ROWS_AT_ONCE))).buffer));
    }
    for (let from = 0; from < rows; from += ROWS_AT_ONCE) {
      const length = Math.min(ROWS_AT_ONCE, rows - from);
      append(new Uint8Array(Int32Array.from({ length }, (_, i) => head.firstClass + from + i).buffer));
    }
    onDisk(path, () => {
      fsyncSync(fd);
      renameSync(temporary, path);
      syncFolder(dirname(path));
    });
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}
