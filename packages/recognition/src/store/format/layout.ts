import { safetensorsHeader } from '@unitsphere/core/safetensors';
import { isJsonObject } from '../check-records.js';
import { GalleryStoreError } from '../errors.js';
import type { GalleryState } from '../gallery-state.js';
import type { GalleryHeader } from '../gallery-store.js';
import { crc32 } from './crc32.js';
import { hex } from './log-line.js';

/** Version of the file format that this package reads and writes. */
export const FORMAT_VERSION = 1;
const FORMAT = 'unitsphere-gallery';

/** Bytes of the safetensors header with its size. The log follows it. */
export const HEADER_BYTES = 4096;
const ZERO_CRC = '"crc":"00000000"';

/** Fixed positions of a file, which change only when it is rewritten. */
export interface Layout extends GalleryHeader {
  /** Bytes that are reserved for the log. */
  readonly logBytes: number;
  /** Number of labels for which there is room; even, so that embeddings begin at a multiple of 8 bytes. */
  readonly rowCapacity: number;
}

/** How much of the file is in use. */
export interface UsedParts {
  /** Bytes of the log in use. */
  logEnd: number;
  /** Rows in use, including those of removed templates. */
  rows: number;
}

/** Position of the first label. */
export const labelsAt = (layout: Layout) => HEADER_BYTES + layout.logBytes;

/** Position of a row of embeddings. */
export const rowAt = (layout: Layout, row: number) =>
  labelsAt(layout) + 4 * layout.rowCapacity + row * rowBytes(layout);

/** Bytes of an embedding. */
export const rowBytes = (layout: GalleryHeader) => 4 * layout.embeddingSize;

/**
 * Returns a layout with room for half as many templates and lines of the log again.
 * @param isPacked Whether to leave no room.
 */
export function planLayout(header: GalleryHeader, logEnd: number, rows: number, isPacked = false): Layout {
  const spareRows = isPacked ? 0 : Math.ceil(rows / 2) + 256;
  const spareLog = isPacked ? 0 : Math.ceil(logEnd / 2) + 160 * spareRows;
  return {
    embeddingSize: header.embeddingSize,
    embedder: header.embedder,
    logBytes: roundUp(logEnd + spareLog, isPacked ? 8 : 4096),
    rowCapacity: roundUp(rows + spareRows, isPacked ? 2 : 256),
  };
}

const roundUp = (n: number, step: number) => Math.ceil(n / step) * step;

/** Encodes the header of a file with a state. */
export function encodeHeader(
  layout: Layout,
  state: Pick<GalleryState, 'revision' | 'identities' | 'templates'>,
  { logEnd, rows }: UsedParts,
): Uint8Array {
  const start = safetensorsHeader(
    [
      { name: 'log', dtype: 'U8', shape: [logEnd] },
      { name: 'log.unused', dtype: 'U8', shape: [layout.logBytes - logEnd] },
      { name: 'labels', dtype: 'I32', shape: [rows] },
      { name: 'labels.unused', dtype: 'U8', shape: [4 * (layout.rowCapacity - rows)] },
      { name: 'embeddings', dtype: 'F32', shape: [rows, layout.embeddingSize] },
    ],
    {
      format: FORMAT,
      version: String(FORMAT_VERSION),
      embedder: layout.embedder,
      embedding_size: String(layout.embeddingSize),
      identities: String(state.identities.size),
      templates: String(state.templates.size),
      revision: String(state.revision),
      crc: '00000000',
    },
  );
  // Spaces after the JSON belong to the format; they reserve the space of longer numbers.
  const bytes = new Uint8Array(HEADER_BYTES).fill(0x20);
  bytes.set(start);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(HEADER_BYTES - 8), true);
  const at = new TextDecoder('latin1').decode(bytes).indexOf(ZERO_CRC) + ZERO_CRC.length - 9;
  bytes.set(new TextEncoder().encode(hex(crc32(bytes))), at);
  return bytes;
}

/**
 * Reads the header.
 * @returns Where the log and the rows at least reach; undefined if the header is damaged, as a loss of power leaves it when it
 *   is written halfway. The log has all it tells.
 * @throws GalleryStoreError for files of another kind or version.
 */
export function readHeader(bytes: Uint8Array, path: string): UsedParts | undefined {
  const size = bytes.length < 8 ? 0n : new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  const header = parseObject(bytes.subarray(8, 8 + Number(size < BigInt(bytes.length) ? size : 0n)));
  const metadata = isJsonObject(header?.['__metadata__']) ? header['__metadata__'] : {};
  if (metadata['format'] !== FORMAT) {
    // The log tells whether this is a gallery whose header is damaged.
    return undefined;
  }
  if (metadata['version'] !== String(FORMAT_VERSION) && typeof metadata['version'] === 'string') {
    throw new GalleryStoreError(
      'UNSUPPORTED_VERSION',
      `${path} is a gallery of version ${metadata['version'].slice(0, 20)}, but this package reads version ${FORMAT_VERSION}. Update @unitsphere/recognition.`,
    );
  }
  const { crc } = metadata;
  const [log, embeddings] = ['log', 'embeddings'].map((name) => {
    const shape = isJsonObject(header?.[name]) ? header[name]['shape'] : undefined;
    return Array.isArray(shape) && Number.isSafeInteger(shape[0]) && shape[0] >= 0
      ? (shape[0] as number)
      : undefined;
  });
  if (log === undefined || embeddings === undefined || bytes.length !== HEADER_BYTES) return undefined;
  const copy = new Uint8Array(bytes);
  const at = new TextDecoder('latin1').decode(bytes).indexOf(`"crc":"${crc}"`);
  if (at < 0) return undefined;
  copy.set(new TextEncoder().encode('00000000'), at + 7);
  return crc === hex(crc32(copy)) ? { logEnd: log, rows: embeddings } : undefined;
}

function parseObject(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
