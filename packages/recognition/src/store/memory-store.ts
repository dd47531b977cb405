import { CallQueue } from './call-queue.js';
import { checkHeader } from './check-records.js';
import { decodeGallery, encodeGallery } from './format/gallery-bytes.js';
import { GalleryState } from './gallery-state.js';
import type {
  GalleryChange,
  GalleryHeader,
  GallerySnapshot,
  GalleryStore,
  WriteResult,
} from './gallery-store.js';

/**
 * Keeps a gallery in memory, in Node and in pages. It takes 4 bytes per value of an embedding, up to half as much again as
 * spare capacity, and about 300 bytes per template.
 */
export class MemoryStore implements GalleryStore {
  readonly header: GalleryHeader;
  readonly isReadOnly = false;
  readonly #queue = new CallQueue();
  #state = new GalleryState();
  /** Embeddings by row, in the order of template ids. Rows of removed templates are zero. */
  #rows: Float32Array = new Float32Array(0);
  #rowIds: number[] = [];

  /** Creates an empty gallery. @throws GalleryStoreError with code `INVALID_RECORD` for a header out of range. */
  constructor(header: GalleryHeader) {
    checkHeader(header);
    this.header = { ...header };
  }

  /** Opens the bytes of a gallery file. @throws GalleryStoreError if they are not an intact gallery. */
  static async fromBytes(bytes: Uint8Array): Promise<MemoryStore> {
    const { header, state, embeddings } = await decodeGallery(bytes);
    const store = new MemoryStore(header);
    store.#state = state;
    store.#rows = embeddings;
    store.#rowIds = state.sortedTemplates().map(({ id }) => id);
    return store;
  }

  /** Returns the gallery as the bytes of a gallery file, without spare room. */
  async toBytes(): Promise<Uint8Array> {
    return this.#queue.run(() => encodeGallery(this.header, this.#state, this.#embeddings()));
  }

  async read(): Promise<GallerySnapshot> {
    return this.#queue.run(() => this.#state.snapshot(this.header, this.#embeddings()));
  }

  async revision(): Promise<number> {
    return this.#queue.run(() => this.#state.revision);
  }

  async write(changes: readonly GalleryChange[]): Promise<WriteResult> {
    return this.#queue.run(() => {
      const size = this.header.embeddingSize;
      const { delta, embeddings, result } = this.#state.plan(changes, size);
      const count = this.#rowIds.length + embeddings.length;
      if (count * size > this.#rows.length) {
        const larger = new Float32Array(Math.ceil(count * 1.5) * size);
        larger.set(this.#rows.subarray(0, this.#rowIds.length * size));
        this.#rows = larger;
      }
      for (const [i, { id }] of delta.templates.entries()) {
        this.#rows.set(embeddings[i], this.#rowIds.length * size);
        this.#rowIds.push(id);
      }
      this.#state.apply(delta);
      if (this.#rowIds.length > 2 * this.#state.templates.size + 64) this.#compact();
      return result;
    });
  }

  async compact(): Promise<void> {
    return this.#queue.run(() => this.#compact());
  }

  async close(): Promise<void> {
    return this.#queue.close(() => {
      this.#rows = new Float32Array(0);
    });
  }

  #compact(): void {
    this.#rows = this.#embeddings();
    this.#rowIds = this.#rowIds.filter((id) => this.#state.templates.has(id));
  }

  /** Returns a copy of the embeddings, by ascending template id. */
  #embeddings(): Float32Array {
    const { embeddingSize: size } = this.header;
    const out = new Float32Array(this.#state.templates.size * size);
    let to = 0;
    for (const [row, id] of this.#rowIds.entries()) {
      if (!this.#state.templates.has(id)) continue;
      out.set(this.#rows.subarray(row * size, (row + 1) * size), to);
      to += size;
    }
    return out;
  }
}
