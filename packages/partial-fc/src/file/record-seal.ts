import { crc32 } from 'node:zlib';

/** Contiguous records in memory. The last two int32 of a record are its row number plus 1 and its CRC-32. */
export interface RecordMemory {
  readonly bytes: Uint8Array;
  /** The same memory. */
  readonly integers: Int32Array;
}

/** Writes the row number and the CRC of record i. */
export function sealRecord(memory: RecordMemory, recordBytes: number, i: number, row: number): void {
  const end = ((i + 1) * recordBytes) / 4;
  memory.integers[end - 2] = row + 1;
  memory.integers[end - 1] = crcOf(memory.bytes, recordBytes, i);
}

/** Whether record i is sealed for this row and its CRC is right. */
export function isSealed(memory: RecordMemory, recordBytes: number, i: number, row: number): boolean {
  const end = ((i + 1) * recordBytes) / 4;
  return (
    memory.integers[end - 2] === row + 1 && memory.integers[end - 1] === crcOf(memory.bytes, recordBytes, i)
  );
}

function crcOf(bytes: Uint8Array, recordBytes: number, i: number): number {
  return crc32(bytes.subarray(i * recordBytes, (i + 1) * recordBytes - 4)) | 0;
}
