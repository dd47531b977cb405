import { arrayTypeOf, type HostDtype, type HostTensor, type StateDict, sizeOf } from './host-tensor.js';

export type { HostTensor } from './host-tensor.js';

// The format's limit: https://github.com/huggingface/safetensors
const MAX_HEADER_BYTES = 100_000_000;

/** Thrown for a file that is not a valid safetensors file: truncated, damaged, or of another format. */
export class SafetensorsError extends Error {
  override name = 'SafetensorsError';
  /** Stable name of the error, for programs. */
  readonly code = 'SAFETENSORS_INVALID';
}

/** Content of a safetensors file. */
export interface SafetensorsFile {
  tensors: StateDict;
  metadata: Record<string, string>;
}

/** Options of {@link readSafetensors}. */
export interface ReadSafetensorsOptions {
  /** Called for each tensor of an unsupported dtype, which is then skipped. Default: such a tensor is an error. */
  onUnsupported?(name: string, dtype: string): void;
}

/**
 * Parses a safetensors file. Values are copied, so the bytes may be released afterward.
 * @throws SafetensorsError for a truncated file, a header that is not JSON, an unsupported dtype (unless `onUnsupported` is
 *   set), a shape that does not match its bytes, and ranges that overlap, leave gaps or lie outside the file.
 */
export function readSafetensors(
  bytes: Uint8Array,
  { onUnsupported }: ReadSafetensorsOptions = {},
): SafetensorsFile {
  if (bytes.byteLength < 8)
    throw new SafetensorsError(
      `The file has ${bytes.byteLength} bytes, but a safetensors file begins with an 8-byte header size.`,
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
      `The header claims ${headerBytes} bytes, but the file has ${bytes.byteLength}: it is truncated.`,
    );
  }
  const header = parseHeader(bytes.subarray(8, dataStart));
  let metadata: Record<string, string> = {};
  const entries: ({ name: string } & Entry)[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') metadata = checkMetadata(entry);
    else entries.push({ name, ...checkEntry(name, entry, onUnsupported !== undefined) });
  }
  // JavaScript objects put keys such as "0" first, so the writer's order is that of the data.
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  const dataBytes = bytes.byteLength - dataStart;
  checkRanges(entries, dataBytes);
  const tensors: StateDict = new Map();
  for (const { name, dtype, shape, type, begin, end } of entries) {
    if (!type) {
      onUnsupported?.(name, dtype);
      continue;
    }
    const start = bytes.byteOffset + dataStart + begin;
    const copy = bytes.buffer.slice(start, start + end - begin) as ArrayBuffer;
    tensors.set(name, { dtype: dtype as HostDtype, shape, data: new type(copy) });
  }
  return { tensors, metadata };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new SafetensorsError(
      `The header is not JSON (${(error as Error).message}): the file is damaged or not a safetensors file.`,
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
    throw new SafetensorsError(`__metadata__ must be an object of strings, not ${show(entry)}.`);
  }
  return entry as Record<string, string>;
}

/** A tensor's entry in the header. */
interface Entry {
  dtype: string;
  shape: number[];
  /** Class of the values; undefined for an unsupported dtype. */
  type: ReturnType<typeof arrayTypeOf> | undefined;
  /** Byte range in the data. */
  begin: number;
  end: number;
}

// Text that can be the name of a dtype of a later version of the format, such as F8_E4M3.
const DTYPE_NAME = /^[A-Z][A-Z0-9_]{0,31}$/;

function checkEntry(name: string, entry: unknown, allowsUnsupported: boolean): Entry {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const type = typeof dtype === 'string' ? arrayTypeOf(dtype) : undefined;
  if (typeof dtype !== 'string' || (!type && !(allowsUnsupported && DTYPE_NAME.test(dtype))))
    throw new SafetensorsError(`Tensor "${name}" has the unsupported dtype ${show(dtype)}.`);
  const isCount = (n: unknown) => Number.isSafeInteger(n) && (n as number) >= 0;
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw new SafetensorsError(`Tensor "${name}" has an invalid shape: ${show(shape)}.`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount) || offsets[1] < offsets[0]) {
    throw new SafetensorsError(`Tensor "${name}" has invalid data_offsets: ${show(offsets)}.`);
  }
  const [begin, end] = offsets as [number, number];
  const expected = type && sizeOf(shape) * type.BYTES_PER_ELEMENT;
  if (expected !== undefined && end - begin !== expected) {
    throw new SafetensorsError(
      `Tensor "${name}" of shape ${show(shape)} and dtype ${dtype} requires ${expected} bytes, but has ${end - begin}.`,
    );
  }
  return { dtype, shape: shape as number[], type, begin, end };
}

/** Formats a header value for a message. In a damaged file it may be long, or too deeply nested for JSON.stringify. */
function show(value: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(value) ?? 'undefined';
  } catch {
    text = 'a too deeply nested value';
  }
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** Checks that the entries, sorted by their ranges, cover the data without gaps or overlaps. */
function checkRanges(entries: { name: string; begin: number; end: number }[], dataBytes: number): void {
  let at = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== at)
      throw new SafetensorsError(
        `Tensor "${name}" begins at byte ${begin} of the data, but must begin at ${at}: ranges overlap or leave a gap.`,
      );
    if (end > dataBytes)
      throw new SafetensorsError(
        `Tensor "${name}" ends at byte ${end} of the data, but the file has ${dataBytes}: it is truncated.`,
      );
    at = end;
  }
  if (at !== dataBytes)
    throw new SafetensorsError(`The file has ${dataBytes} bytes of data, but its tensors take ${at}.`);
}

/**
 * Writes a safetensors file with the tensors in the given order. The header is padded to 8 bytes, as by the reference writer.
 * @param metadata Strings to store in `__metadata__`.
 * @throws Error if a tensor's values do not match its shape or dtype, or its name is the reserved "__metadata__".
 */
export function writeSafetensors(tensors: StateDict, metadata: Record<string, string> = {}): Uint8Array {
  for (const [name, { dtype, shape, data }] of tensors) {
    const type = arrayTypeOf(dtype);
    if (!type || !(data instanceof type)) {
      const expected = type ? `it requires a ${type.name}` : 'it is not a supported dtype';
      throw new Error(
        `writeSafetensors: "${name}" has a ${data.constructor.name} and the dtype ${dtype}; ${expected}.`,
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
 * Returns the start of a safetensors file, for files that are written in pieces: the tensors' values follow it in the
 * given order. Padded to 8 bytes, as by the reference writer.
 * @param metadata Strings to store in `__metadata__`.
 * @throws Error if a tensor has the reserved name "__metadata__" or an unsupported dtype.
 */
export function safetensorsHeader(
  tensors: readonly { name: string; dtype: HostDtype; shape: readonly number[] }[],
  metadata: Record<string, string> = {},
): Uint8Array {
  // Serialized entry by entry: a JavaScript object would reorder names such as "0" and lose "__proto__".
  const header: string[] = [];
  const add = (name: string, entry: unknown) =>
    header.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
  if (Object.keys(metadata).length) add('__metadata__', metadata);
  let at = 0;
  for (const { name, dtype, shape } of tensors) {
    if (name === '__metadata__')
      throw new Error('writeSafetensors: the tensor name "__metadata__" is reserved.');
    const type = arrayTypeOf(dtype);
    if (!type) throw new Error(`writeSafetensors: "${name}" has the unsupported dtype ${dtype}.`);
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

/** Returns a float32 host tensor. */
export function float32(shape: number[], data: Float32Array): HostTensor {
  return { dtype: 'F32', shape, data };
}
