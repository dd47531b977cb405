import { type Stats, statSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { IMAGE_EXTENSIONS } from '@unitsphere/images';
import type { EncodedImages } from '../encoded/encoded-images.js';
import { REGION_VALUES } from '../encoded/image-region.js';
import { repeatedId, TableBuilder } from '../encoded/image-table.js';
import { listSkipped } from '../encoded/open-decoded.js';
import { NamePacker, nameAt, type PackedNames, reserve, sharedArray } from '../encoded/packed-names.js';
import { STAT_VALUES } from '../encoded/reader-specs.js';
import { ROLE } from '../encoded/roles.js';
import type { SkippedFile } from '../source.js';
import { flagOf, type ListRow, PATH_COLUMNS, textOf } from './list-row.js';
import { regionOfRow } from './row-region.js';

const ROWS_PER_TURN = 5000;

/** Where the rows of {@link listRows} come from. */
export interface RowSource {
  /** The list for messages: `the list "list.csv"`. */
  readonly name: string;
  /** Key in the cache; see `EncodedImages`. */
  readonly place: string;
  /** Folder that the paths are relative to. */
  readonly dir: string;
  readonly rows: AsyncIterable<ListRow>;
  /** Returns the part of the split that a path stands for, if the row names none. */
  readonly splitOf?: (file: string) => string | undefined;
}

/**
 * Lists the images of rows with open-metric-learning's columns: `path` (or `file_name`) and `label`, and optionally `split`,
 * `is_query`, `is_gallery`, `category`, a box, corners or landmarks; see `regionOfRow`. An identity is a label; with a split it is
 * named `SPLIT/LABEL`, as in a folder with subfolders for the parts. Its category is its super-class.
 *
 * @throws Error for a row without a path or a label, an image that is listed twice, an identity with two categories, or fewer than
 *   two identities.
 */
export async function listRows({ name, place, dir, rows, splitOf }: RowSource): Promise<EncodedImages> {
  const builder = new TableBuilder();
  const skipped: SkippedFile[] = [];
  const columns = new Columns();
  const categories = new Map<string, string>();
  let count = 0;
  for await (const row of rows) {
    const path = PATH_COLUMNS.map((column) => textOf(row, column)).find((text) => text !== undefined);
    const label = textOf(row, 'label');
    if (path === undefined || label === undefined) {
      throw new Error(`${row.at} lacks its ${path === undefined ? 'path' : 'label'}.`);
    }
    const region = regionOfRow(row);
    const found = findFile(dir, path);
    if (typeof found === 'string') skipped.push({ file: path, reason: found });
    else {
      const split = textOf(row, 'split') ?? splitOf?.(found.file);
      const identity = (split === undefined ? label : `${split}/${label}`).normalize('NFC');
      addCategory(categories, identity, row);
      // A file may hold several images.
      const id = region ? `${found.file}#${region.subarray(0, 4).join()}` : found.file;
      const position = builder.add(identity, id, found.info.size);
      columns.add(position, found.file, found.info, region, rolesOf(row));
    }
    if (++count % ROWS_PER_TURN === 0) await new Promise((next) => setTimeout(next));
  }
  const { table, order } = builder.finish('as-added');
  const repeated = repeatedId(table);
  if (repeated !== undefined) {
    const title = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    throw new Error(`${title} has "${repeated}" twice; remove one of the rows.`);
  }
  const identities = table.starts.length - 1;
  if (identities < 2) {
    throw new Error(
      `There are ${builder.count} images of ${identities} identities in ${name}; at least 2 identities are required. ${listSkipped(skipped)}`.trim(),
    );
  }
  const { stats, paths, regions, roles } = columns.sort(order);
  return {
    name,
    place,
    table,
    reader: { kind: 'folder', dir, stats, ...(regions && { paths }) },
    skipped,
    ...(regions && { regions }),
    ...(roles && { roles }),
    ...(categories.size > 0 && { superClasses: packCategories(categories, table.identities) }),
  };
}

function addCategory(categories: Map<string, string>, identity: string, row: ListRow): void {
  const category = textOf(row, 'category');
  if (category === undefined) return;
  const known = categories.get(identity) ?? category;
  if (known !== category) {
    throw new Error(
      `${row.at}: the category of "${identity}" is "${category}", but another row says "${known}". Give an identity one category.`,
    );
  }
  categories.set(identity, category);
}

/** Returns the category of each identity, in their order; empty text if it has none. */
function packCategories(categories: ReadonlyMap<string, string>, identities: PackedNames): PackedNames {
  const packer = new NamePacker();
  const order = Array.from(identities.ends, (_, i) => i);
  for (const i of order) packer.add(categories.get(nameAt(identities, i)) ?? '');
  return packer.pack(order);
}

/** Values of the images beside their names, in the order of the rows. */
class Columns {
  readonly #paths = new NamePacker();
  #stats = new Float64Array(64);
  #regions = new Float64Array(0);
  #roles = new Uint8Array(0);

  add(
    position: number,
    file: string,
    { mtimeMs, ctimeMs, ino }: Stats,
    region: Float64Array | undefined,
    roles: number,
  ): void {
    this.#paths.add(file);
    this.#stats = reserve(this.#stats, (position + 1) * STAT_VALUES);
    this.#stats.set([mtimeMs, ctimeMs, ino], position * STAT_VALUES);
    if (region) {
      const filled = this.#regions.length;
      this.#regions = reserve(this.#regions, (position + 1) * REGION_VALUES);
      this.#regions.fill(Number.NaN, filled);
      this.#regions.set(region, position * REGION_VALUES);
    }
    if (roles === 0) return;
    this.#roles = reserve(this.#roles, position + 1);
    this.#roles[position] = roles;
  }

  /** Returns the values in another order. Regions and roles are undefined if no image has any. */
  sort(order: Uint32Array) {
    const pick = (values: Float64Array, size: number, none: number) => {
      const sorted = sharedArray(Float64Array, order.length * size).fill(none);
      for (let i = 0; i < order.length; i++) {
        sorted.set(values.subarray(order[i] * size, (order[i] + 1) * size), i * size);
      }
      return sorted;
    };
    const roles = sharedArray(Uint8Array, order.length);
    for (let i = 0; i < order.length; i++) roles[i] = this.#roles[order[i]] ?? 0;
    return {
      stats: pick(this.#stats, STAT_VALUES, 0),
      paths: this.#paths.pack(order),
      regions: this.#regions.length > 0 ? pick(this.#regions, REGION_VALUES, Number.NaN) : undefined,
      roles: this.#roles.length > 0 ? roles : undefined,
    };
  }
}

function rolesOf(row: ListRow): number {
  return (flagOf(row, 'is_query') ? ROLE.query : 0) | (flagOf(row, 'is_gallery') ? ROLE.gallery : 0);
}

/** Finds an image file. @returns Its path relative to the folder and its attributes, or why it cannot be used. */
function findFile(dir: string, path: string): { file: string; info: Stats } | string {
  const found = describeFile(dir, path);
  if (typeof found !== 'string' || !path.includes('\\')) return found;
  // Lists made on Windows separate folders by backslashes.
  const other = describeFile(dir, path.replaceAll('\\', '/'));
  return typeof other === 'string' ? found : other;
}

function describeFile(dir: string, file: string): { file: string; info: Stats } | string {
  if (!IMAGE_EXTENSIONS.includes(extname(file).toLowerCase())) {
    return `not an image extension; supported are ${IMAGE_EXTENSIONS.join(' ')}`;
  }
  if (file.includes('\0')) return 'not a valid path';
  try {
    const info = statSync(resolve(dir, file));
    return info.isFile() ? { file, info } : 'not a file';
  } catch (error) {
    return (error as Error).message;
  }
}
