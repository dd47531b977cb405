import type { HostDtype, StateDict } from '@unitsphere/core';
import type { PartialFC } from './partial-fc.js';

/** Options of an enrollment bank. */
export interface EnrollmentBankOptions {
  /** Names of this rank's classes, in order. Default: no names are stored. */
  names?: readonly string[];
}

/** Value of `format` in a bank's metadata. */
export const BANK_FORMAT = 'unitsphere enrollment bank';

/** Returns the layout of a bank's tensors and its metadata. @throws RangeError if there is not one name or not one center per class. */
export function bankLayout(partialFC: PartialFC, { names }: EnrollmentBankOptions) {
  const { rows, dimensions } = partialFC.store.spec;
  if (partialFC.subCenters > 1) {
    throw new RangeError(
      `enrollment bank: each class has ${partialFC.subCenters} sub-centers. Keep the dominant one of each class first, in a PartialFC of another loss.`,
    );
  }
  if (names && names.length !== rows) {
    throw new RangeError(
      `enrollment bank: there are ${names.length} names for ${rows} classes. Give one name per class of this rank.`,
    );
  }
  const tensors: { name: string; dtype: HostDtype; shape: number[] }[] = [
    { name: 'embeddings', dtype: 'F32', shape: [rows, dimensions] },
    { name: 'labels', dtype: 'I32', shape: [rows] },
  ];
  const metadata: Record<string, string> = { format: BANK_FORMAT, version: '1' };
  if (names) metadata.names = JSON.stringify(names);
  return { tensors, metadata };
}

/** Returns this rank's class centers from … to − 1 at unit length, float32 [to − from, dimensions]. Zero centers stay zero. */
export async function unitCenters(partialFC: PartialFC, from: number, to: number): Promise<Float32Array> {
  const { dimensions } = partialFC.store.spec;
  const centers = await partialFC.store.readCenters(from, to);
  for (let at = 0; at < centers.length; at += dimensions) {
    const row = centers.subarray(at, at + dimensions);
    let square = 0;
    for (const value of row) square += value * value;
    const inverse = 1 / Math.max(Math.sqrt(square), 1e-12);
    for (let d = 0; d < dimensions; d++) row[d] *= inverse;
  }
  return centers;
}

/**
 * Returns this rank's class centers as an enrollment bank for recognition: one embedding per class, its center at unit
 * length. Write it with `writeSafetensors(tensors, metadata)`. If it does not fit in memory, use `writeEnrollmentBank` of
 * `@unitsphere/partial-fc/file`.
 *
 * Rows are not caught up: each is as its last step left it.
 * @returns tensors: `embeddings`, float32 [rows, dimensions], and `labels`, int32 [rows], the class numbers.
 * @throws RangeError if there is not one name per class, or a class has sub-centers.
 */
export async function enrollmentBank(
  partialFC: PartialFC,
  options: EnrollmentBankOptions = {},
): Promise<{ tensors: StateDict; metadata: Record<string, string> }> {
  const { metadata } = bankLayout(partialFC, options);
  const { rows, dimensions } = partialFC.store.spec;
  const embeddings = await unitCenters(partialFC, 0, rows);
  const labels = Int32Array.from({ length: rows }, (_, row) => partialFC.firstClass + row);
  return {
    tensors: new Map([
      ['embeddings', { dtype: 'F32', shape: [rows, dimensions], data: embeddings }],
      ['labels', { dtype: 'I32', shape: [rows], data: labels }],
    ]),
    metadata,
  };
}
