import type { HostDtype, StateDict } from '@unitsphere/core';
import type { PartialFC } from './partial-fc.js';

/** How an enrollment bank is made. */
export interface EnrollmentBankOptions {
  /** The name of each of this rank's classes, in order. Default: none is stored. */
  names?: readonly string[];
}

/** What a bank's file says of itself. */
export const BANK_FORMAT = 'unitsphere enrollment bank';

/** The tensors and the metadata of a bank of so many classes. */
export function bankLayout(head: PartialFC, { names }: EnrollmentBankOptions) {
  const { rows, dimensions } = head.store.spec;
  if (names && names.length !== rows) {
    throw new RangeError(`enrollment bank: ${names.length} names came for ${rows} classes.`);
  }
  const tensors: { name: string; dtype: HostDtype; shape: number[] }[] = [
    { name: 'embeddings', dtype: 'F32', shape: [rows, dimensions] },
    { name: 'labels', dtype: 'I32', shape: [rows] },
  ];
  const metadata: Record<string, string> = { format: BANK_FORMAT, version: '1' };
  if (names) metadata.names = JSON.stringify(names);
  return { tensors, metadata };
}

/** This rank's class centers from … to − 1 at unit length, float32 [to − from, dimensions]; a center of zeros stays. */
export async function unitCenters(head: PartialFC, from: number, to: number): Promise<Float32Array> {
  const { dimensions } = head.store.spec;
  const centers = await head.store.readCenters(from, to);
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
 * This rank's class centers as a bank to recognize by: each class enrolled with its center at unit length, which is
 * where its embeddings were drawn to. Write it with writeSafetensors(tensors, metadata); for more than memory holds,
 * see writeEnrollmentBank of `@unitsphere/partial-fc/file`.
 *
 * Rows are as their last step left them, also where the optimizer would catch them up.
 * @returns tensors: `embeddings`, float32 [rows, dimensions], and `labels`, int32 [rows]: class numbers.
 * @throws RangeError where the number of names differs.
 */
export async function enrollmentBank(
  head: PartialFC,
  options: EnrollmentBankOptions = {},
): Promise<{ tensors: StateDict; metadata: Record<string, string> }> {
  const { metadata } = bankLayout(head, options);
  const { rows, dimensions } = head.store.spec;
  const embeddings = await unitCenters(head, 0, rows);
  const labels = Int32Array.from({ length: rows }, (_, row) => head.firstClass + row);
  return {
    tensors: new Map([
      ['embeddings', { dtype: 'F32', shape: [rows, dimensions], data: embeddings }],
      ['labels', { dtype: 'I32', shape: [rows], data: labels }],
    ]),
    metadata,
  };
}
