import type { EncodedImages } from './encoded/encoded-images.js';
import { imageCount, repeatedId, TableBuilder } from './encoded/image-table.js';

/** An encoded image that a program hands in. */
export interface LabeledImage {
  /** Name of its identity. */
  readonly identity: string;
  /** The encoded image: a `File` that a visitor of a page has picked, a `Blob`, or bytes. */
  readonly image: Blob | Uint8Array;
  /** Name of the image, unique among all; default the path or the name of a `File`, otherwise its number. */
  readonly id?: string;
}

/**
 * Lists images that a program hands in, in Node or in a page. Files stay on the disk until they are needed.
 * @throws TypeError for an entry without an identity, or whose image is neither a Blob nor bytes.
 * @throws Error if there are fewer than two identities, or two images have the same id.
 */
export async function listLabeledImages(
  images: Iterable<LabeledImage> | AsyncIterable<LabeledImage>,
): Promise<EncodedImages> {
  const builder = new TableBuilder();
  const blobs: Blob[] = [];
  for await (const { identity, image, id } of images) {
    const at = `Image ${blobs.length} of the list`;
    if (typeof identity !== 'string' || identity === '') {
      throw new TypeError(`${at} has no identity; give each entry the name of its identity.`);
    }
    if (!(image instanceof Blob) && !(image instanceof Uint8Array)) {
      throw new TypeError(`${at}, of the identity "${identity}", is neither a Blob nor a Uint8Array.`);
    }
    const blob = image instanceof Blob ? image : new Blob([image as Uint8Array<ArrayBuffer>]);
    builder.add(identity.normalize('NFC'), id ?? nameOf(blob) ?? String(blobs.length), blob.size);
    blobs.push(blob);
  }
  const { table, order } = builder.finish('as-added');
  if (table.starts.length < 3) {
    throw new Error(
      `The list has ${imageCount(table)} images of ${table.starts.length - 1} identities; at least 2 identities are required.`,
    );
  }
  const repeated = repeatedId(table);
  if (repeated !== undefined) {
    throw new Error(`Two images of the list have the id "${repeated}"; give each entry an id of its own.`);
  }
  return {
    name: 'the list of images',
    place: undefined,
    table,
    reader: { kind: 'blobs', blobs: Array.from(order, (position) => blobs[position]) },
    skipped: [],
  };
}

function nameOf(blob: Blob): string | undefined {
  const { webkitRelativePath, name } = blob as Partial<File>;
  return webkitRelativePath || name || undefined;
}
