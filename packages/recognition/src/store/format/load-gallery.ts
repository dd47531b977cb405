import { GalleryStoreError } from '../errors.js';
import { type GalleryDelta, GalleryState } from '../gallery-state.js';
import { crc32 } from './crc32.js';
import { HEADER_BYTES, type Layout, readHeader, rowAt, rowBytes } from './layout.js';
import { parseDelta, parseFirstLine } from './log-content.js';
import { hasLineAfter, readLine } from './log-line.js';

/** Bytes that can be read by position. */
export interface ByteSource {
  /** For messages. */
  readonly path: string;
  readonly size: number;
  /** Reads exactly `length` bytes. @throws GalleryStoreError if the source ends first. */
  read(position: number, length: number): Promise<Uint8Array>;
}

/** The rows of a file in their order, with the template and the CRC-32 of each. */
export interface RowTable {
  readonly ids: number[];
  readonly crcs: number[];
}

/** What the log of a file tells. */
export interface LoadedGallery {
  layout: Layout;
  state: GalleryState;
  rows: RowTable;
  /** End of the last valid line in the log. */
  logEnd: number;
}

/** The first line fits in it: its longest part is the fingerprint of at most 256 characters. */
const FIRST_LINE_BYTES = 4096;
/** Bytes of rows that are read at once. */
const CHUNK_BYTES = 4 * 2 ** 20;

/** The error of stored bytes that are not those that were written. */
export function damaged(path: string, what: string): GalleryStoreError {
  return new GalleryStoreError('DAMAGED', `${path} is damaged: ${what}. Restore it from a copy.`);
}

/**
 * Reads the log of a gallery and checks that the rows it refers to are there. A transaction at the end that was interrupted
 * before it was acknowledged is left out.
 *
 * @throws GalleryStoreError if the bytes are not a gallery, have another version, or are damaged.
 */
export async function loadGallery(source: ByteSource): Promise<LoadedGallery> {
  const { path } = source;
  // The header is read before the log, so that a transaction in between cannot make it point beyond.
  const header = readHeader(await source.read(0, Math.min(HEADER_BYTES, source.size)), path);
  const start = await source.read(
    Math.min(HEADER_BYTES, source.size),
    Math.max(0, Math.min(FIRST_LINE_BYTES, source.size - HEADER_BYTES)),
  );
  const firstLine = readLine(start, 0);
  const first = firstLine && parseFirstLine(firstLine.content);
  if (!firstLine || !first) {
    if (header) throw damaged(path, 'the first line of its log is not valid');
    throw new GalleryStoreError(
      'NOT_A_GALLERY',
      `${path} is not a gallery file, or its beginning is damaged. Check the path, or restore the file from a copy.`,
    );
  }
  const { layout } = first;
  if (rowAt(layout, 0) > source.size) throw damaged(path, 'it is truncated');
  const log = await source.read(HEADER_BYTES, layout.logBytes);
  const state = new GalleryState();
  state.revision = first.revision;
  const rows: RowTable = { ids: [], crcs: [] };
  const reader = new RowReader(source, layout);
  let at = firstLine.end;
  for (;;) {
    const line = readLine(log, at);
    if (!line) break;
    const parsed = parseDelta(line.content);
    if (!parsed) throw damaged(path, `the log's line at byte ${at} has unknown content`);
    const { delta, revision, rowCrcs } = parsed;
    const isOfState = revision === state.revision && revision === first.revision;
    if (!isOfState && revision !== state.revision + 1) {
      throw damaged(path, `revision ${revision} follows revision ${state.revision} in its log`);
    }
    const problem = state.findProblem(delta);
    if (problem) throw damaged(path, `in its log, ${problem}`);
    const rowEnd = rows.ids.length + delta.templates.length;
    if (rowEnd > layout.rowCapacity) throw damaged(path, 'its log has more templates than there is room for');
    const isUnconfirmed = !header || at >= header.logEnd;
    // Only the last transaction can lack rows. Those of earlier ones are there, or were erased by a later one.
    if (
      isUnconfirmed &&
      !readLine(log, line.end) &&
      !(await reader.areIntact(rows.ids.length, delta, rowCrcs))
    )
      break;
    for (const { id } of delta.templates) rows.ids.push(id);
    for (const crc of rowCrcs) rows.crcs.push(crc);
    state.apply(delta);
    state.revision = revision;
    at = line.end;
  }
  const confirmedEnd = Math.max(firstLine.end + first.stateBytes, header?.logEnd ?? 0);
  if (at < confirmedEnd) throw damaged(path, `its log ends at byte ${at} instead of ${confirmedEnd}`);
  if (hasLineAfter(log, at)) throw damaged(path, `the log's line at byte ${at} is not valid`);
  if (rowAt(layout, rows.ids.length) > source.size) throw damaged(path, 'it is truncated');
  state.nextIdentityId = Math.max(state.nextIdentityId, first.nextIdentityId);
  state.nextTemplateId = Math.max(state.nextTemplateId, first.nextTemplateId);
  return { layout, state, rows, logEnd: at };
}

/**
 * Reads the embeddings of all present templates, by ascending template id.
 * @throws GalleryStoreError with code `DAMAGED` if a row does not have its checksum, or a value is not finite.
 */
export async function readEmbeddings(
  source: ByteSource,
  { layout, state, rows }: LoadedGallery,
): Promise<Float32Array> {
  const out = new Float32Array(state.templates.size * layout.embeddingSize);
  let to = 0;
  await new RowReader(source, layout).forEach(
    rows,
    (id) => state.templates.has(id),
    (row) => {
      out.set(row, to);
      to += row.length;
    },
  );
  return out;
}

/** Reads rows in chunks and checks them. */
export class RowReader {
  constructor(
    readonly source: ByteSource,
    readonly layout: Layout,
  ) {}

  /** Calls `use` with each wanted row in order; the array is valid during the call. @throws GalleryStoreError if one is damaged. */
  async forEach(
    rows: RowTable,
    isWanted: (id: number) => boolean,
    use: (row: Float32Array, i: number) => void | Promise<void>,
  ): Promise<void> {
    const bytes = rowBytes(this.layout);
    const perChunk = Math.max(1, Math.floor(CHUNK_BYTES / bytes));
    for (let from = 0; from < rows.ids.length; from += perChunk) {
      const count = Math.min(perChunk, rows.ids.length - from);
      const chunk = await this.source.read(rowAt(this.layout, from), count * bytes);
      // The source may return bytes at any alignment.
      const aligned = chunk.byteOffset % 4 === 0 ? chunk : new Uint8Array(chunk);
      for (let i = 0; i < count; i++) {
        const id = rows.ids[from + i];
        if (!isWanted(id)) continue;
        if (crc32(aligned.subarray(i * bytes, (i + 1) * bytes)) !== rows.crcs[from + i]) {
          throw damaged(this.source.path, `the embedding of template ${id} does not match its checksum`);
        }
        const row = new Float32Array(aligned.buffer, aligned.byteOffset + i * bytes, bytes / 4);
        if (!isFiniteRow(row)) {
          throw damaged(this.source.path, `the embedding of template ${id} is not finite`);
        }
        const used = use(row, from + i);
        if (used) await used;
      }
    }
  }

  /** Returns whether the rows of a transaction are in the file from `first`, except for those that it removes itself. */
  async areIntact(first: number, delta: GalleryDelta, crcs: readonly number[]): Promise<boolean> {
    if (rowAt(this.layout, first + crcs.length) > this.source.size) return false;
    const bytes = rowBytes(this.layout);
    const removed = new Set(delta.removedTemplates);
    for (let i = 0; i < crcs.length; i++) {
      if (removed.has(delta.templates[i].id)) continue;
      const row = await this.source.read(rowAt(this.layout, first + i), bytes);
      if (crc32(row) !== crcs[i]) return false;
    }
    return true;
  }
}

function isFiniteRow(row: Float32Array): boolean {
  // A float64 sum of finite float32 values cannot overflow.
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += row[i];
  return Number.isFinite(sum);
}
