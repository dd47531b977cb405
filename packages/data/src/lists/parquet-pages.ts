import type { ColumnMetaData, Compressors, PageHeader } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { decompressPage } from 'hyparquet/src/datapage.js';

/** A column of one row group. */
export interface ColumnChunk {
  readonly bytes: ArrayBuffer;
  readonly column: ColumnMetaData;
  /** Number of rows of the group. */
  readonly rows: number;
  /** Whether values may be missing. */
  readonly isOptional: boolean;
}

/** Most bytes that a byte of a compressed page may become. Real lists stay below 100. */
const MOST_EXPANSION = 1100;
const MOST_PAGE = 2 ** 28;

/**
 * Checks the pages of a column before hyparquet decodes them. It trusts their counts, and a damaged file could make it allocate
 * gigabytes for a few bytes.
 * @throws Error for a page whose counts do not fit, and an encoding that is not supported.
 */
export function checkPages({ bytes, column, rows, isOptional }: ColumnChunk, compressors: Compressors): void {
  const reader = { view: new DataView(bytes), offset: 0 };
  let seen = 0;
  while (seen < rows) {
    if (reader.offset >= bytes.byteLength) throw new Error(`a column ends after ${seen} of ${rows} rows`);
    const header = parquetHeader(reader);
    const packed = header.compressed_page_size;
    const unpacked = header.uncompressed_page_size;
    const isSize = (size: number) => Number.isInteger(size) && size >= 0;
    if (!isSize(packed) || !isSize(unpacked) || reader.offset + packed > bytes.byteLength) {
      throw new Error('a page is larger than its column');
    }
    if (unpacked > MOST_PAGE || unpacked > MOST_EXPANSION * (packed + 16)) {
      throw new Error(`a page of ${packed} bytes announces ${unpacked}`);
    }
    const data = new Uint8Array(bytes, reader.offset, packed);
    reader.offset += packed;
    seen += checkPage(header, data, column, rows - seen, isOptional, compressors);
  }
}

/** Checks a page. @returns The number of its rows. */
function checkPage(
  header: PageHeader,
  data: Uint8Array,
  { codec }: ColumnMetaData,
  most: number,
  isOptional: boolean,
  compressors: Compressors,
): number {
  const unpacked = header.uncompressed_page_size;
  if (header.type === 'DICTIONARY_PAGE') {
    const count = header.dictionary_page_header?.num_values ?? -1;
    // Every value takes a bit at least.
    if (count < 0 || count > 8 * unpacked)
      throw new Error(`a dictionary of ${unpacked} bytes announces ${count} values`);
    return 0;
  }
  const v1 = header.data_page_header;
  const v2 = header.data_page_header_v2;
  const count = (header.type === 'DATA_PAGE_V2' ? v2 : v1)?.num_values ?? 0;
  const encoding = (header.type === 'DATA_PAGE_V2' ? v2 : v1)?.encoding;
  if (!(count > 0 && count <= most))
    throw new Error(`a page announces ${count} values, of ${most} that are left`);
  if (
    encoding !== 'PLAIN' &&
    encoding !== 'PLAIN_DICTIONARY' &&
    encoding !== 'RLE_DICTIONARY' &&
    encoding !== 'RLE'
  ) {
    throw new Error(
      `the encoding ${encoding} is not supported; write the list with pyarrow, pandas or DuckDB`,
    );
  }
  let levels: Uint8Array = new Uint8Array(0);
  let values: Uint8Array;
  if (header.type === 'DATA_PAGE_V2' && v2) {
    const { definition_levels_byte_length: definition, repetition_levels_byte_length: repetition } = v2;
    if (repetition !== 0 || definition < 0 || definition > data.length)
      throw new Error('a page has levels beyond its end');
    levels = data.subarray(0, definition);
    const packed = data.subarray(definition);
    values = v2.is_compressed ? decompressPage(packed, unpacked - definition, codec, compressors) : packed;
  } else {
    const page = decompressPage(data, unpacked, codec, compressors);
    const length = isOptional ? prefixedLength(page) : 0;
    levels = isOptional ? page.subarray(4, 4 + length) : levels;
    values = isOptional ? page.subarray(4 + length) : page;
  }
  if (isOptional) checkRuns(levels, 1, count, false);
  if (encoding === 'PLAIN') return count;
  if (encoding === 'RLE') {
    checkRuns(values.subarray(4, 4 + prefixedLength(values)), 1, count, true);
    return count;
  }
  const width = values.length === 0 ? 0 : values[0];
  if (width > 32) throw new Error(`a dictionary has indices of ${width} bits`);
  if (width > 0) checkRuns(values.subarray(1), width, count, true);
  return count;
}

function prefixedLength(page: Uint8Array): number {
  if (page.length < 4) throw new Error('a page ends before its levels');
  const length = new DataView(page.buffer, page.byteOffset, 4).getUint32(0, true);
  if (4 + length > page.length) throw new Error('a page has levels beyond its end');
  return length;
}

/** Checks the runs of the hybrid of run lengths and packed bits: together they may be no longer than the page. */
function checkRuns(bytes: Uint8Array, width: number, count: number, mayBeShorter: boolean): void {
  let [at, seen] = [0, 0];
  while (at < bytes.length && seen < count) {
    let [header, shift] = [0, 0];
    for (;;) {
      if (at >= bytes.length || shift > 28) throw new Error('a page has a damaged run');
      const byte = bytes[at++];
      header += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
      shift += 7;
    }
    const isPacked = header % 2 === 1;
    const length = Math.floor(header / 2) * (isPacked ? 8 : 1);
    // Packed runs are padded to 8 values.
    if (seen + length > count + (isPacked ? 7 : 0))
      throw new Error(`a page of ${count} values has a run of ${length}`);
    seen += length;
    at += isPacked ? (length / 8) * width : Math.ceil(width / 8);
  }
  // Missing values are not stored, so that there may be fewer.
  if (seen < count && !mayBeShorter) throw new Error(`a page has ${seen} of ${count} levels`);
}
