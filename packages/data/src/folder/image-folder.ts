import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { EncodedImages } from '../encoded/encoded-images.js';
import { type ListRow, MissingColumnError, PATH_COLUMNS } from '../lists/list-row.js';
import { listRows } from '../lists/list-rows.js';
import { readCsv } from '../lists/read-csv.js';
import { readJsonLines } from '../lists/read-json-lines.js';
import { readParquet } from '../lists/read-parquet.js';

const READERS = { 'metadata.csv': readCsv, 'metadata.jsonl': readJsonLines, 'metadata.parquet': readParquet };

/** Names of the folders that hold the parts of a split. */
const SPLIT = /^(train|training|val|valid|validation|dev|test|testing)$/i;

/** A metadata file of a folder. */
export interface Metadata {
  /** Path of its folder, relative to the root; empty for the root itself. */
  readonly below: string;
  readonly name: keyof typeof READERS;
}

/** Returns the metadata files of Hugging Face's `imagefolder`: in the folder, or in its subfolders for the parts of a split. */
export function findMetadata(root: string): Metadata[] {
  const names = Object.keys(READERS) as Metadata['name'][];
  const within = (below: string) => {
    const name = names.find((name) => statSync(join(root, below, name), { throwIfNoEntry: false })?.isFile());
    return name ? [{ below, name }] : [];
  };
  const own = within('');
  if (own.length > 0) return own;
  return readdirSync(root)
    .filter((name) => SPLIT.test(name))
    .sort()
    .flatMap(within);
}

/** Returns why a metadata file does not name identities, as that of a data set with captions; undefined if it does. */
export async function findMissingColumn(
  dir: string,
  root: string,
  { below, name }: Metadata,
): Promise<string | undefined> {
  try {
    for await (const _ of READERS[name](join(root, below, name), join(dir, below, name))) break;
  } catch (error) {
    if (error instanceof MissingColumnError) return `${error.message} The folders are the identities.`;
    throw error;
  }
  return undefined;
}

/**
 * Lists the images of a folder with metadata files, as Hugging Face's `imagefolder` has them: the columns `file_name`, relative to
 * the metadata file, and `label`. An image in a folder for a part of a split belongs to that part. Images without a row are not used.
 * @throws Error as `listRows` does.
 */
export function listImageFolder(
  dir: string,
  root: string,
  metadata: readonly Metadata[],
): Promise<EncodedImages> {
  async function* rows(): AsyncGenerator<ListRow> {
    for (const { below, name } of metadata) {
      const file = join(root, below, name);
      for await (const row of READERS[name](file, join(dir, below, name))) {
        yield below === '' ? row : { ...row, values: inFolder(below, row.values) };
      }
    }
  }
  return listRows({
    name: `the folder "${dir}"`,
    place: `folder ${root}`,
    dir: root,
    rows: rows(),
    splitOf: (file) => SPLIT.exec(file.split(/[/\\]/)[0])?.[0],
  });
}

/** Makes the path of a row relative to the root. */
function inFolder(below: string, values: ListRow['values']): ListRow['values'] {
  const column = PATH_COLUMNS.find((name) => typeof values[name] === 'string');
  return column ? { ...values, [column]: `${below}/${values[column]}` } : values;
}
