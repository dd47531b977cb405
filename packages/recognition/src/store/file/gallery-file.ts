import type { FileHandle } from 'node:fs/promises';
import { open, stat } from 'node:fs/promises';
import { replaceFile } from '@unitsphere/core/disk';
import { GalleryStoreError } from '../errors.js';
import { crc32 } from '../format/crc32.js';
import { encodeStart } from '../format/gallery-bytes.js';
import { encodeHeader, HEADER_BYTES, type Layout, labelsAt, rowAt, rowBytes } from '../format/layout.js';
import { type LoadedGallery, loadGallery, RowReader, readEmbeddings } from '../format/load-gallery.js';
import { deltaContent } from '../format/log-content.js';
import { encodeLine } from '../format/log-line.js';
import { type GalleryDelta, GalleryState, type PlannedWrite } from '../gallery-state.js';
import type { GalleryHeader } from '../gallery-store.js';
import { fileSource, writeAt } from './file-source.js';

const NO_IDENTITY = -1;
/** Removed rows beyond the number of present ones from which the file is rewritten without them. */
const SPARE_REMOVED_ROWS = 1024;

/**
 * A gallery file that is open for writing. A transaction is written in this order:
 *
 * 1. Its embeddings go to the end of the file and its line to the end of the log. Both are synced at once. The line has
 *    checksums of itself and of the embeddings, so the transaction counts from the moment that all of it is on the disk.
 * 2. Removed embeddings are overwritten by zeros and synced.
 * 3. Labels and header are brought up to date. They repeat what the log tells: `open` restores them if they are behind.
 */
export class GalleryFile {
  #file: FileHandle;
  #content: LoadedGallery;
  /** Whether a failed write may have left bytes that do not belong to the gallery. */
  #needsRepair = true;

  private constructor(
    readonly path: string,
    file: FileHandle,
    content: LoadedGallery,
  ) {
    this.#file = file;
    this.#content = content;
  }

  /** Opens a file and restores what an interruption left. The caller holds the lock of the file. */
  static async open(path: string): Promise<GalleryFile> {
    const file = await open(path, 'r+');
    try {
      const opened = new GalleryFile(path, file, await loadGallery(await fileSource(path, file)));
      await opened.#repair();
      return opened;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Creates a file with an empty gallery. It appears under its name when it is complete. */
  static async create(path: string, header: GalleryHeader): Promise<void> {
    await replaceFile(path, async (file) => {
      await writeStart(file, header, new GalleryState(), []);
    });
  }

  get header(): GalleryHeader {
    const { embeddingSize, embedder } = this.#content.layout;
    return { embeddingSize, embedder };
  }

  get state(): GalleryState {
    return this.#content.state;
  }

  /** Reads the embeddings by ascending template id. */
  async readEmbeddings(): Promise<Float32Array> {
    return readEmbeddings(await fileSource(this.path, this.#file), this.#content);
  }

  /** Writes a planned transaction. It is durable when the promise resolves, and absent if it rejects. */
  async append({ delta, embeddings }: PlannedWrite): Promise<void> {
    if (this.#needsRepair) await this.#repair();
    const rows = joinRows(embeddings, this.header.embeddingSize);
    const bytes = rowBytes(this.#content.layout);
    const crcs = embeddings.map((_, i) => crc32(rows.subarray(i * bytes, (i + 1) * bytes)));
    const line = await this.#makeRoom(deltaContent(delta, this.state.revision + 1, crcs), crcs.length);
    await this.#checkUnchanged();
    const { layout, rows: table, logEnd } = this.#content;
    // Until the transaction is acknowledged, what was written of it has to go.
    this.#needsRepair = true;
    await writeAt(this.#file, rows, rowAt(layout, table.ids.length));
    await writeAt(this.#file, line, HEADER_BYTES + logEnd);
    await this.#file.datasync();
    this.#content.logEnd += line.length;
    for (const { id } of delta.templates) table.ids.push(id);
    for (const crc of crcs) table.crcs.push(crc);
    this.state.apply(delta);
    try {
      await this.#follow(delta);
      this.#needsRepair = false;
      const removed = table.ids.length - this.state.templates.size;
      if (removed > this.state.templates.size + SPARE_REMOVED_ROWS) await this.rewrite();
    } catch {
      // The transaction is durable. What failed is repeated before the next one, and by the next `open`.
    }
  }

  /** Rewrites the file without removed records and outdated lines of the log. */
  async rewrite(extra: { extraLog?: number; extraRows?: number } = {}): Promise<void> {
    if (this.#needsRepair) await this.#repair();
    await this.#checkUnchanged();
    const { mode } = await this.#file.stat();
    const { rows, state } = this.#content;
    const isPresent = (id: number) => state.templates.has(id);
    const reader = new RowReader(await fileSource(this.path, this.#file), this.#content.layout);
    let isClosed = false;
    try {
      await replaceFile(this.path, async (target) => {
        await target.chmod(mode);
        const crcs = rows.crcs.filter((_, i) => isPresent(rows.ids[i]));
        const layout = await writeStart(target, this.header, state, crcs, extra);
        const block = new RowBlock(target, rowAt(layout, 0), rowBytes(layout));
        await reader.forEach(rows, isPresent, (row) => block.add(row));
        await block.flush();
        // Windows does not replace an open file. The lock keeps other writers out.
        await this.#file.close();
        isClosed = true;
      });
    } finally {
      // If the file was not replaced, the path still leads to the old one.
      if (isClosed) await this.#reopen();
    }
  }

  async #reopen(): Promise<void> {
    this.#file = await open(this.path, 'r+');
    this.#content = await loadGallery(await fileSource(this.path, this.#file));
  }

  /** Waits until labels and header are on the disk too, and closes the file. */
  async close(): Promise<void> {
    try {
      if (this.#needsRepair) await this.#repair();
      await this.#file.sync();
    } finally {
      await this.#file.close();
    }
  }

  /** Returns the transaction's line, after rewriting the file with more room if it does not fit. */
  async #makeRoom(content: object, newRows: number): Promise<Uint8Array> {
    const { layout, rows, logEnd } = this.#content;
    const line = encodeLine(content, logEnd);
    const hasRoom =
      logEnd + line.length <= layout.logBytes && rows.ids.length + newRows <= layout.rowCapacity;
    if (hasRoom) return line;
    await this.rewrite({ extraLog: line.length, extraRows: newRows });
    return encodeLine(content, this.#content.logEnd);
  }

  /** Brings the parts of the file that repeat the log up to date with a transaction. */
  async #follow(delta: GalleryDelta): Promise<void> {
    const { layout, rows } = this.#content;
    const removed = delta.removedTemplates.map((id) => findRow(rows.ids, id));
    await this.#erase(removed);
    const changed = [...delta.templates.map(({ id }) => id), ...delta.moved.map(([id]) => id)]
      .map((id) => findRow(rows.ids, id))
      .concat(removed);
    if (changed.length > 0) {
      const first = changed.reduce((a, b) => Math.min(a, b));
      const end = changed.reduce((a, b) => Math.max(a, b)) + 1;
      await writeAt(this.#file, this.#labels(first, end), labelsAt(layout) + 4 * first);
    }
    await writeAt(this.#file, this.#header(), 0);
  }

  /** Overwrites rows by zeros, on the disk. */
  async #erase(rows: readonly number[]): Promise<void> {
    if (rows.length === 0) return;
    const { layout } = this.#content;
    const zeros = new Uint8Array(rowBytes(layout));
    for (const row of rows) await writeAt(this.#file, zeros, rowAt(layout, row));
    await this.#file.datasync();
  }

  /** Returns the labels of rows as bytes. */
  #labels(first: number, end: number): Uint8Array {
    const { rows, state } = this.#content;
    const labels = Int32Array.from(
      { length: end - first },
      (_, i) => state.templates.get(rows.ids[first + i])?.identityId ?? NO_IDENTITY,
    );
    return new Uint8Array(labels.buffer);
  }

  /** Returns the header that the file should have. */
  #header(): Uint8Array {
    const { layout, rows, logEnd, state } = this.#content;
    return encodeHeader(layout, state, { logEnd, rows: rows.ids.length });
  }

  /** Removes what an unfinished transaction left, and restores what repeats the log. */
  async #repair(): Promise<void> {
    const { layout, rows, logEnd } = this.#content;
    const source = await fileSource(this.path, this.#file);
    const unused = await source.read(HEADER_BYTES + logEnd, layout.logBytes - logEnd);
    const garbage = usedLength(unused);
    if (garbage > 0) await writeAt(this.#file, new Uint8Array(garbage), HEADER_BYTES + logEnd);
    const end = rowAt(layout, rows.ids.length);
    if (source.size > end) await this.#file.truncate(end);
    const labels = this.#labels(0, rows.ids.length);
    const stored = await source.read(labelsAt(layout), labels.length);
    if (!isSame(labels, stored)) {
      const present = new Int32Array(labels.buffer);
      const before = new Int32Array(stored.buffer);
      // A label of a removed template is written after its row was erased, so a wrong one tells that the row may be there.
      const removed = [...present.keys()].filter(
        (row) => present[row] === NO_IDENTITY && before[row] !== NO_IDENTITY,
      );
      await this.#erase(removed);
      await writeAt(this.#file, labels, labelsAt(layout));
    }
    if (garbage > 0 || source.size > end) await this.#file.datasync();
    const header = this.#header();
    if (!isSame(header, await source.read(0, HEADER_BYTES))) await writeAt(this.#file, header, 0);
    this.#needsRepair = false;
  }

  /** @throws GalleryStoreError if the path no longer leads to the open file, or another program changed its size. */
  async #checkUnchanged(): Promise<void> {
    const [held, there] = await Promise.all([this.#file.stat(), stat(this.path)]);
    const { layout, rows } = this.#content;
    const isSameFile = held.ino === there.ino && held.dev === there.dev;
    if (isSameFile && held.size === rowAt(layout, rows.ids.length)) return;
    throw new GalleryStoreError(
      'UNAVAILABLE',
      `${this.path} was replaced or changed by another program. Close the gallery and open it again.`,
    );
  }
}

/** Collects rows and writes them in large blocks. */
class RowBlock {
  readonly #file: FileHandle;
  readonly #bytes: Uint8Array;
  #position: number;
  #used = 0;

  constructor(file: FileHandle, position: number, rowSize: number) {
    this.#file = file;
    this.#position = position;
    this.#bytes = new Uint8Array(rowSize * Math.max(1, Math.floor(2 ** 22 / rowSize)));
  }

  add(row: Float32Array): Promise<void> | undefined {
    this.#bytes.set(new Uint8Array(row.buffer, row.byteOffset, row.byteLength), this.#used);
    this.#used += row.byteLength;
    return this.#used === this.#bytes.length ? this.flush() : undefined;
  }

  async flush(): Promise<void> {
    await writeAt(this.#file, this.#bytes.subarray(0, this.#used), this.#position);
    this.#position += this.#used;
    this.#used = 0;
  }
}

/** Writes header, log and labels of a new file, and reserves the room between them. @returns The layout. */
async function writeStart(
  file: FileHandle,
  header: GalleryHeader,
  state: GalleryState,
  rowCrcs: readonly number[],
  extra = {},
): Promise<Layout> {
  const { layout, parts } = encodeStart(header, state, rowCrcs, extra);
  for (const { position, bytes } of parts) await writeAt(file, bytes, position);
  await file.truncate(rowAt(layout, rowCrcs.length));
  return layout;
}

function joinRows(embeddings: readonly Float32Array[], size: number): Uint8Array {
  const rows = new Float32Array(embeddings.length * size);
  for (const [i, embedding] of embeddings.entries()) rows.set(embedding, i * size);
  return new Uint8Array(rows.buffer);
}

/** Returns the position of an id in ascending ids that have it. */
function findRow(ids: readonly number[], id: number): number {
  let [low, high] = [0, ids.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ids[middle] < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Returns the length of bytes without zeros at their end. */
function usedLength(bytes: Uint8Array): number {
  let length = bytes.length;
  while (length > 0 && bytes[length - 1] === 0) length--;
  return length;
}
