import type { FileHandle } from 'node:fs/promises';
import { safetensorsHeader } from '@unitsphere/core';
import { removeAbandoned, replaceFile, writeAllSync } from '@unitsphere/core/disk';
import { bankLayout, type EnrollmentBankOptions, unitCenters } from '../enrollment-bank.js';
import type { PartialFC } from '../partial-fc.js';
import { toStoreError } from './disk.js';

const ROWS_AT_ONCE = 4096;

/**
 * Writes this rank's class centers as an enrollment bank, a safetensors file with the content of `enrollmentBank`. Rows are
 * written in pieces, so the bank may be larger than memory.
 * @throws RangeError if there is not one name per class; CenterStoreError if the disk refuses a write. An existing file is
 *   unchanged then.
 */
export async function writeEnrollmentBank(
  path: string,
  partialFC: PartialFC,
  options: EnrollmentBankOptions = {},
): Promise<void> {
  const { tensors, metadata } = bankLayout(partialFC, options);
  const { rows } = partialFC.store.spec;
  const write = async ({ fd }: FileHandle) => {
    let at = 0;
    const append = (bytes: Uint8Array) => {
      writeAllSync(fd, bytes, at);
      at += bytes.byteLength;
    };
    append(safetensorsHeader(tensors, metadata));
    for (let from = 0; from < rows; from += ROWS_AT_ONCE) {
      append(
        new Uint8Array((await unitCenters(partialFC, from, Math.min(rows, from + ROWS_AT_ONCE))).buffer),
      );
    }
    for (let from = 0; from < rows; from += ROWS_AT_ONCE) {
      const length = Math.min(ROWS_AT_ONCE, rows - from);
      append(new Uint8Array(Int32Array.from({ length }, (_, i) => partialFC.firstClass + from + i).buffer));
    }
  };
  try {
    removeAbandoned(path);
    await replaceFile(path, write);
  } catch (error) {
    throw toStoreError(path, error);
  }
}
