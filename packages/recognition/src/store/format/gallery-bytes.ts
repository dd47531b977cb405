import type { GalleryState } from '../gallery-state.js';
import type { GalleryHeader } from '../gallery-store.js';
import { crc32 } from './crc32.js';
import { encodeHeader, HEADER_BYTES, type Layout, labelsAt, planLayout, rowAt, rowBytes } from './layout.js';
import { damaged, loadGallery, readEmbeddings } from './load-gallery.js';
import { firstLineContent, stateContents } from './log-content.js';
import { encodeLine } from './log-line.js';

/** A file without its embeddings: all bytes before the first row. */
export interface FileStart {
  layout: Layout;
  /** Header, log and labels, and the room that is reserved between them. */
  parts: { position: number; bytes: Uint8Array }[];
}

/**
 * Encodes a state as the start of a file whose rows are its templates by ascending id.
 * @param rowCrcs CRC-32 of each row.
 * @param isPacked Whether to reserve no room for later transactions.
 * @param extraLog Bytes of the log to reserve in any case.
 * @param extraRows Rows to reserve in any case.
 */
export function encodeStart(
  header: GalleryHeader,
  state: GalleryState,
  rowCrcs: readonly number[],
  { isPacked = false, extraLog = 0, extraRows = 0 } = {},
): FileStart {
  const rows = rowCrcs.length;
  // The first line states the size of the log, on which its own length depends: assume the longest.
  const widest = { ...header, logBytes: 1e15, rowCapacity: 1e15 };
  const lines = [...stateContents(state, rowCrcs)];
  const reserved = encodeLine(firstLineContent(widest, state, 1e15), 0).length;
  const stateBytes = lines.reduce((sum, line) => sum + encodeLine(line, 0).length, 0);
  const layout = planLayout(header, reserved + stateBytes + extraLog, rows + extraRows, isPacked);
  const log: Uint8Array[] = [encodeLine(firstLineContent(layout, state, stateBytes), 0)];
  let logEnd = log[0].length;
  for (const line of lines) {
    log.push(encodeLine(line, logEnd));
    logEnd += log[log.length - 1].length;
  }
  const labels = Int32Array.from(state.sortedTemplates(), ({ identityId }) => identityId);
  let position = HEADER_BYTES;
  return {
    layout,
    parts: [
      { position: 0, bytes: encodeHeader(layout, state, { logEnd, rows }) },
      ...log.map((bytes) => {
        const part = { position, bytes };
        position += bytes.length;
        return part;
      }),
      { position: labelsAt(layout), bytes: new Uint8Array(labels.buffer) },
    ],
  };
}

/** Encodes a gallery as a file without spare room. @param embeddings By ascending template id. */
export function encodeGallery(
  header: GalleryHeader,
  state: GalleryState,
  embeddings: Float32Array,
): Uint8Array {
  const data = new Uint8Array(embeddings.buffer, embeddings.byteOffset, embeddings.byteLength);
  const bytes = rowBytes(header);
  const crcs = Array.from({ length: state.templates.size }, (_, i) =>
    crc32(data.subarray(i * bytes, (i + 1) * bytes)),
  );
  const { layout, parts } = encodeStart(header, state, crcs, { isPacked: true });
  const out = new Uint8Array(rowAt(layout, crcs.length));
  for (const part of parts) out.set(part.bytes, part.position);
  out.set(data, rowAt(layout, 0));
  return out;
}

/** Decodes the bytes of a gallery file. @throws GalleryStoreError if they are not an intact gallery. */
export async function decodeGallery(bytes: Uint8Array): Promise<{
  header: GalleryHeader;
  state: GalleryState;
  embeddings: Float32Array;
}> {
  const path = 'the gallery';
  const source = {
    path,
    size: bytes.length,
    read: async (position: number, length: number) => {
      if (position + length > bytes.length) throw damaged(path, 'it is truncated');
      return bytes.subarray(position, position + length);
    },
  };
  const loaded = await loadGallery(source);
  const { embeddingSize, embedder } = loaded.layout;
  return {
    header: { embeddingSize, embedder },
    state: loaded.state,
    embeddings: await readEmbeddings(source, loaded),
  };
}
