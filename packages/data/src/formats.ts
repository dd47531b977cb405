import type { EncodedImages } from './encoded/encoded-images.js';
import type { DecodingOptions } from './encoded/open-decoded.js';
import { type IdentityGrouping, listFolder } from './folder/list-folder.js';
import { type LabeledImage, listLabeledImages } from './labeled-images.js';
import { listFile } from './lists/list-file.js';
import { listRecords } from './recordio/list-records.js';
import { listShards } from './webdataset/list-shards.js';

/** How images are decoded and cached, as plain data; see `DecodingOptions`. */
export type DecodingSpec = Pick<DecodingOptions, 'side' | 'memory' | 'cacheDir' | 'cacheLimit'>;

/** Specification of a folder of images (Node only); see `openFolder`. */
export interface FolderSpec extends DecodingSpec {
  readonly kind: 'folder';
  readonly dir: string;
  /** How files are grouped into identities; default `auto`. */
  readonly identityPer?: IdentityGrouping;
}

/** Specification of images in RecordIO, as insightface's `train.rec` (Node only); see `listRecords`. */
export interface RecordsSpec extends DecodingSpec {
  readonly kind: 'recordio';
  /** The file `NAME.rec`, with `NAME.idx` beside it, or the folder of `train.rec`. */
  readonly path: string;
}

/** Specification of tar shards of WebDataset (Node only); see `listShards`. */
export interface ShardsSpec extends DecodingSpec {
  readonly kind: 'webdataset';
  /** A tar file, a folder of them, an http(s) address, or a pattern such as `train-{000..015}.tar`. */
  readonly path: string;
}

/** Specification of a CSV list of images (Node only); see `listFile`. */
export interface CsvSpec extends DecodingSpec {
  readonly kind: 'csv';
  readonly path: string;
}

/** Specification of a Parquet list of images (Node only); see `listFile`. */
export interface ParquetSpec extends DecodingSpec {
  readonly kind: 'parquet';
  readonly path: string;
}

/** Specification of images that a program hands in; see `listLabeledImages`. */
export interface LabeledImagesSpec extends DecodingSpec {
  readonly kind: 'images';
  /** To send the specification to a worker, the images must be an array. */
  readonly images: Iterable<LabeledImage> | AsyncIterable<LabeledImage>;
}

/** Specification of encoded images. */
export type FormatSpec = FolderSpec | RecordsSpec | ShardsSpec | CsvSpec | ParquetSpec | LabeledImagesSpec;

/** One entry for each format: a function that lists its images. */
const FORMATS: {
  [Kind in FormatSpec['kind']]: (
    spec: FormatSpec & { kind: Kind },
    onListed?: (files: number) => void,
  ) => Promise<EncodedImages>;
} = {
  folder: ({ dir, identityPer }, onListed) => listFolder(dir, identityPer, onListed),
  recordio: ({ path }) => listRecords(path),
  webdataset: ({ path, cacheDir }) => listShards(path, cacheDir),
  csv: ({ path }) => listFile(path, 'csv'),
  parquet: ({ path }) => listFile(path, 'parquet'),
  images: ({ images }) => listLabeledImages(images),
};

/** The kinds of sources that are encoded images. */
export const FORMAT_KINDS = Object.keys(FORMATS) as readonly FormatSpec['kind'][];

/** Returns whether a specification is one of encoded images. */
export function isFormatSpec(spec: { readonly kind: string }): spec is FormatSpec {
  return Object.hasOwn(FORMATS, spec.kind);
}

/**
 * Lists the images of a specification.
 * @param onListed Called with the number of image files found so far, for folders.
 * @throws Error if they cannot be read.
 */
export function listImages(spec: FormatSpec, onListed?: (files: number) => void): Promise<EncodedImages> {
  const list = FORMATS[spec.kind] as (
    spec: FormatSpec,
    onListed?: (files: number) => void,
  ) => Promise<EncodedImages>;
  return list(spec, onListed);
}
