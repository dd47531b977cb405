/** First word of every part of a record. */
export const MAGIC = 0xced7230a;
/** Bytes before the data of a part: the magic number, and a word with the kind of part (3 bits) and its length (29 bits). */
export const PART_HEADER = 8;
/** Bytes of mxnet's IRHeader: flag, label, id, id2. */
const IMAGE_HEADER = 24;

/** Kinds of parts. A record that contains the magic number at a multiple of 4 bytes is split there, and the number left out. */
export const PART = { whole: 0, first: 1, middle: 2, last: 3 } as const;

/** An image in a record, as mxnet's `recordio.pack` writes it. */
export interface ImageRecord {
  /** The labels: one, or as many as the header's flag says. */
  readonly labels: readonly number[];
  /** The encoded image; empty in a record of labels alone. */
  readonly image: Uint8Array;
}

/** Returns the kind and the length of the part whose header starts at `at`; undefined if there is none. */
export function readPartHeader(
  view: DataView,
  at: number,
): { readonly kind: number; readonly length: number } | undefined {
  if (at + PART_HEADER > view.byteLength || view.getUint32(at, true) !== MAGIC) return undefined;
  const word = view.getUint32(at + 4, true);
  return { kind: word >>> 29, length: word & 0x1fffffff };
}

/** Returns the length that a part takes in a file: parts start at multiples of 4 bytes. */
export const paddedLength = (length: number): number => PART_HEADER + Math.ceil(length / 4) * 4;

/**
 * Returns the image and the labels of a record.
 * @param bytes All parts of the record.
 * @throws Error if the bytes are not a record, or end inside it.
 */
export function unpackRecord(bytes: Uint8Array): ImageRecord {
  const data = joinParts(bytes);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (data.length < IMAGE_HEADER) throw new Error(`a record of ${data.length} bytes has no image header`);
  const flag = view.getUint32(0, true);
  const end = IMAGE_HEADER + 4 * flag;
  if (end > data.length) throw new Error(`a record announces ${flag} labels, but ends before them`);
  const labels =
    flag === 0
      ? [view.getFloat32(4, true)]
      : Array.from({ length: flag }, (_, i) => view.getFloat32(IMAGE_HEADER + 4 * i, true));
  return { labels, image: data.subarray(end) };
}

/** Joins the parts of a record, with the magic number between them that was left out. */
function joinParts(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = partAt(view, 0);
  if (first.kind === PART.whole) return bytes.subarray(PART_HEADER, PART_HEADER + first.length);
  if (first.kind !== PART.first) throw new Error('the bytes start in the middle of a record');
  const parts: { at: number; length: number }[] = [{ at: PART_HEADER, length: first.length }];
  for (let at = paddedLength(first.length), kind = first.kind as number; kind !== PART.last; ) {
    const part = partAt(view, at);
    if (part.kind !== PART.middle && part.kind !== PART.last) throw new Error('a record lacks its last part');
    parts.push({ at: at + PART_HEADER, length: part.length });
    at += paddedLength(part.length);
    kind = part.kind;
  }
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length + 4, -4));
  let to = 0;
  for (const [i, { at, length }] of parts.entries()) {
    if (i > 0) {
      new DataView(joined.buffer).setUint32(to, MAGIC, true);
      to += 4;
    }
    joined.set(bytes.subarray(at, at + length), to);
    to += length;
  }
  return joined;
}

function partAt(view: DataView, at: number): { readonly kind: number; readonly length: number } {
  const part = readPartHeader(view, at);
  if (!part) throw new Error('the bytes are not a RecordIO record');
  if (at + PART_HEADER + part.length > view.byteLength) throw new Error('a record ends inside its data');
  return part;
}

/** Packs an image and its labels into the bytes of a record, as mxnet's `recordio.pack` and `MXRecordIO.write` do. */
export function packRecord({ labels, image }: ImageRecord, id: number): Uint8Array {
  const isScalar = labels.length === 1;
  const data = new Uint8Array(IMAGE_HEADER + (isScalar ? 0 : 4 * labels.length) + image.length);
  const view = new DataView(data.buffer);
  view.setUint32(0, isScalar ? 0 : labels.length, true);
  view.setFloat32(4, isScalar ? labels[0] : 0, true);
  view.setBigUint64(8, BigInt(id), true);
  if (!isScalar)
    for (const [i, label] of labels.entries()) view.setFloat32(IMAGE_HEADER + 4 * i, label, true);
  data.set(image, data.length - image.length);
  const cuts: number[] = [];
  for (let at = 0; at + 4 <= data.length; at += 4) {
    if (view.getUint32(at, true) === MAGIC) cuts.push(at);
  }
  const ends = [...cuts, data.length];
  const starts = [0, ...cuts.map((cut) => cut + 4)];
  const record = new Uint8Array(ends.reduce((sum, end, i) => sum + paddedLength(end - starts[i]), 0));
  const out = new DataView(record.buffer);
  let to = 0;
  for (const [i, end] of ends.entries()) {
    const length = end - starts[i];
    const kind =
      ends.length === 1 ? PART.whole : i === 0 ? PART.first : i === ends.length - 1 ? PART.last : PART.middle;
    out.setUint32(to, MAGIC, true);
    out.setUint32(to + 4, ((kind << 29) | length) >>> 0, true);
    record.set(data.subarray(starts[i], end), to + PART_HEADER);
    to += paddedLength(length);
  }
  return record;
}
