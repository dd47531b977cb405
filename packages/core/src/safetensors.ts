import { arrayTypeOf, type HostDtype, type HostTensor, type StateDict, sizeOf } from './host-tensor.js';

export type { HostTensor } from './host-tensor.js';

// The format's own limit: https://github.com/huggingface/safetensors
const MAX_HEADER_BYTES = 100_000_000;

/** A safetensors file that breaks the format: cut off, damaged, or not one at all. */
export class SafetensorsError extends Error {
  override name = 'SafetensorsError';
}

/** What a safetensors file holds. */
export interface SafetensorsFile {
  tensors: StateDict;
  metadata: Record<string, string>;
}

/**
 * Reads a safetensors file. Values are copied, so the bytes may be dropped afterward.
 * @throws SafetensorsError that names what is wrong: a file cut off, a header that is not JSON, an unknown dtype, a shape
 * that does not fit its bytes, ranges that overlap, leave gaps or lie outside the file.
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  if (bytes.byteLength < 8)
    throw new SafetensorsError(
      `The file has ${bytes.byteLength} bytes; a safetensors file begins with 8 for its header's size.`,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = view.getBigUint64(0, true);
  if (headerBytes > BigInt(MAX_HEADER_BYTES)) {
    throw new SafetensorsError(
      `The header claims ${headerBytes} bytes, more than the format allows: this is not a safetensors file.`,
    );
  }
  const dataStart = 8 + Number(headerBytes);
  if (dataStart > bytes.byteLength) {
    throw new SafetensorsError(
      `The header claims ${headerBytes} bytes, but the file has ${bytes.byteLength}: it is cut off.`,
    );
  }
  const header = parseHeader(bytes.subarray(8, dataStart));
  let metadata: Record<string, string> = {};
  const entries: { name: string; dtype: HostDtype; shape: number[]; begin: number; end: number }[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') metadata = checkMetadata(entry);
    else entries.push({ name, ...checkEntry(name, entry) });
  }
  // The order of the data is the writer's; the header's is not, as JavaScript puts names such as "0" first.
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  const dataBytes = bytes.byteLength - dataStart;
  checkRanges(entries, dataBytes);
  const tensors: StateDict = new Map();
  for (const { name, dtype, shape, begin, end } of entries) {
    const start = bytes.byteOffset + dataStart + begin;
    const copy = bytes.buffer.slice(start, start + end - begin) as ArrayBuffer;
    tensors.set(name, { dtype, shape, data: new (arrayTypeOf(dtype)!)(copy) });
  }
  return { tensors, metadata };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new SafetensorsError(
      `The header is not JSON (${(error as Error).message}): this is not a safetensors file, or it is damaged.`,
    );
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw new SafetensorsError('The header is not a JSON object.');
  }
  return header as Record<string, unknown>;
}

function checkMetadata(entry: unknown): Record<string, string> {
  const isObject = typeof entry === 'object' && entry !== null && !Array.isArray(entry);
  if (!isObject || Object.values(entry).some((value) => typeof value !== 'string')) {
    throw new SafetensorsError(`__metadata__ must hold strings by name, not ${show(entry)}.`);
  }
  return entry as Record<string, string>;
}

function checkEntry(name: string, entry: unknown) {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const type = typeof dtype === 'string' ? arrayTypeOf(dtype) : undefined;
  if (!type)
    throw new SafetensorsError(`Tensor "${name}" has the dtype ${show(dtype)}, which is not read here.`);
  const isCount = (n: unknown) => Number.isSafeInteger(n) && (n as number) >= 0;
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw new SafetensorsError(`Tensor "${name}" has no valid shape: ${show(shape)}.`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount) || offsets[1] < offsets[0]) {
    throw new SafetensorsError(`Tensor "${name}" has no valid data_offsets: ${show(offsets)}.`);
  }
  const [begin, end] = offsets as [number, number];
  const expected = sizeOf(shape) * type.BYTES_PER_ELEMENT;
  if (end - begin !== expected) {
    throw new SafetensorsError(
      `Tensor "${name}" of shape ${show(shape)} and dtype ${dtype} needs ${expected} bytes, but has ${end - begin}.`,
    );
  }
  return { dtype: dtype as HostDtype, shape: shape as number[], begin, end };
}

/** A value of the header for a message: of a damaged file it may be long, or nested deeper than JSON.stringify goes. */
function show(value: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(value) ?? 'undefined';
  } catch {
    text = 'something nested too deeply';
  }
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** Entries in the order of their data. */
function checkRanges(entries: { name: string; begin: number; end: number }[], dataBytes: number): void {
  let at = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== at)
      throw new SafetensorsError(
        `Tensor "${name}" begins at byte ${begin} of the data, but ${at} was expected: ranges overlap or leave a gap.`,
      );
    if (end > dataBytes)
      throw new SafetensorsError(
        `Tensor "${name}" ends at byte ${end} of the data, but the file holds ${dataBytes}: it is cut off.`,
      );
    at = end;
  }
  if (at !== dataBytes)
    throw new SafetensorsError(`The file holds ${dataBytes} bytes of data, but its tensors take ${at}.`);
}

/**
 * Writes a safetensors file: the tensors in the order given, the header padded to 8 bytes as the reference writer does.
 * @param metadata strings to store beside them.
 * @throws Error when a tensor's values do not fit its shape or its dtype, or its name is the reserved "__metadata__".
 */
export function writeSafetensors(tensors: StateDict, metadata: Record<string, string> = {}): Uint8Array {
  for (const [name, { dtype, shape, data }] of tensors) {
    const type = arrayTypeOf(dtype);
    if (!type || !(data instanceof type)) {
      const expected = type ? `${dtype} needs a ${type.name}` : 'there is no such dtype';
      throw new Error(
        `writeSafetensors: "${name}" has the dtype ${dtype} and a ${data.constructor.name}; ${expected}.`,
      );
    }
    if (data.length !== sizeOf(shape)) {
      throw new Error(`writeSafetensors: "${name}" has ${data.length} values, but its shape is [${shape}].`);
    }
  }
  const header = safetensorsHeader(
    [...tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
    metadata,
  );
  const dataBytes = [...tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
  const out = new Uint8Array(header.length + dataBytes);
  out.set(header);
  let to = header.length;
  for (const { data } of tensors.values()) {
    out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), to);
    to += data.byteLength;
  }
  return out;
}

/**
 * The start of a safetensors file, behind which the tensors' values follow in the order given: for files that are
 * written piece by piece. Padded to 8 bytes as the reference writer does.
 * @param metadata strings to store beside them.
 * @throws Error when a tensor has the reserved name "__metadata__" or an unknown dtype.
 */
export function safetensorsHeader(
  tensors: readonly { name: string; dtype: HostDtype; shape: readonly number[] }[],
  metadata: Record<string, string> = {},
): Uint8Array {
  // Written out entry by entry: an object would reorder names such as "0" and lose "__proto__".
  const header: string[] = [];
  const add = (name: string, entry: unknown) =>
    header.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
  if (Object.keys(metadata).length) add('__metadata__', metadata);
  let at = 0;
  for (const { name, dtype, shape } of tensors) {
    if (name === '__metadata__')
      throw new Error('writeSafetensors: a tensor cannot have the name "__metadata__".');
    const type = arrayTypeOf(dtype);
    if (!type) throw new Error(`writeSafetensors: "${name}" has the dtype ${dtype}; there is no such dtype.`);
    const end = at + sizeOf(shape) * type.BYTES_PER_ELEMENT;
    add(name, { dtype, shape, data_offsets: [at, end] });
    at = end;
  }
  const json = new TextEncoder().encode(`{${header.join(',')}}`);
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const out = new Uint8Array(8 + headerBytes).fill(0x20, 8 + json.length);
  new DataView(out.buffer).setBigUint64(0, BigInt(headerBytes), true);
  out.set(json, 8);
  return out;
}

/** A float32 host tensor, the common case. */
export function float32(shape: number[], data: Float32Array): HostTensor {
  return { dtype: 'F32', shape, data };
}
