import type { ImageSource } from '@unitsphere/data';
import { squash } from '@unitsphere/images';
import { type RetrievalMetrics, retrievalMetrics } from '@unitsphere/verification';
import { UserError } from '../user-error.js';
import { type ImageEmbedder, joinEmbeddings } from './embed.js';

/** Images that are in memory at once. */
const CHUNK = 128;

/** How well the queries of a list are found in its gallery. */
export interface RetrievalSummary extends RetrievalMetrics {
  /** Number of identities with a query or an image of the gallery. */
  identities: number;
}

/** An image of a retrieval. */
interface Item {
  readonly identity: number;
  readonly sample: number;
  readonly isQuery: boolean;
  readonly isGallery: boolean;
}

/** Options of {@link measureRetrieval}. */
export interface RetrievalOptions {
  /** Side of the network's input in pixels. */
  readonly imageSize: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Searches the queries of a list (`is_query`) in its gallery (`is_gallery`). An image that is both does not find itself.
 * @param identities The identities to use, as indices of the source.
 * @returns Undefined if their images name no query or no gallery.
 * @throws UserError if no query has another image of its identity in the gallery.
 */
export async function measureRetrieval(
  embedder: ImageEmbedder,
  source: ImageSource,
  identities: readonly number[],
  { imageSize, onProgress }: RetrievalOptions,
): Promise<RetrievalSummary | undefined> {
  const items = listItems(source, identities);
  if (!items.some(({ isQuery }) => isQuery) || !items.some(({ isGallery }) => isGallery)) return undefined;
  const parts: Float32Array[] = [];
  let dimensions = 0;
  for (let from = 0; from < items.length; from += CHUNK) {
    const pixels: Uint8Array[] = [];
    for (const item of items.slice(from, from + CHUNK)) pixels.push(await load(source, item, imageSize));
    const embedded = await embedder.embed(pixels);
    parts.push(embedded.embeddings);
    dimensions = embedded.dimensions;
    onProgress?.(from + pixels.length, items.length);
  }
  const embeddings = joinEmbeddings(parts);
  const pick = (rows: readonly number[]) => {
    const out = new Float32Array(rows.length * dimensions);
    for (const [i, row] of rows.entries()) {
      out.set(embeddings.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions);
    }
    return out;
  };
  const rowsOf = (role: 'isQuery' | 'isGallery') => items.flatMap((item, row) => (item[role] ? [row] : []));
  const labelsOf = (rows: readonly number[]) => Int32Array.from(rows, (row) => items[row].identity);
  const [queries, gallery] = [rowsOf('isQuery'), rowsOf('isGallery')];
  const placeOf = new Map(gallery.map((row, place) => [row, place]));
  try {
    const metrics = retrievalMetrics(
      pick(queries),
      labelsOf(queries),
      pick(gallery),
      labelsOf(gallery),
      dimensions,
      { k: [1, 5, 10], exclude: Int32Array.from(queries, (row) => placeOf.get(row) ?? -1) },
    );
    return { ...metrics, identities: new Set(items.map(({ identity }) => identity)).size };
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new UserError(`the queries cannot be searched in the gallery: ${cause.message}`, { cause });
  }
}

function listItems(source: ImageSource, identities: readonly number[]): Item[] {
  return identities.flatMap((identity) =>
    (source.contents?.(identity) ?? []).flatMap(({ isQuery = false, isGallery = false }, sample) =>
      isQuery || isGallery ? [{ identity, sample, isQuery, isGallery }] : [],
    ),
  );
}

async function load(source: ImageSource, { identity, sample }: Item, side: number): Promise<Uint8Array> {
  const image = source.loadResized
    ? await source.loadResized(identity, sample, side)
    : squash(await source.load(identity, sample), side);
  return image.data;
}
