/** A row of a list of images. */
export interface ListRow {
  /** Place of the row for messages: `Line 3 of "list.csv"`. */
  readonly at: string;
  /** Values by column: text in CSV, and whatever the file has in JSON and Parquet. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** Columns that can name the image, in order of preference: open-metric-learning's, and that of Hugging Face's `imagefolder`. */
export const PATH_COLUMNS = ['path', 'file_name'] as const;

/** Thrown for a list without the columns that name the images and their identities. */
export class MissingColumnError extends Error {
  override readonly name = 'MissingColumnError';
  /** Stable name of the error, for programs. */
  readonly code = 'LIST_COLUMN_MISSING';
}

/** @throws MissingColumnError unless the columns of a list name the images and their identities. */
export function checkColumns(list: string, columns: readonly string[]): void {
  const lacks = !PATH_COLUMNS.some((column) => columns.includes(column))
    ? 'path'
    : columns.includes('label')
      ? undefined
      : 'label';
  if (lacks === undefined) return;
  const shown = columns.slice(0, 20).join(', ') || 'nothing';
  const hint = columns.length === 1 && /[;\t]/.test(columns[0]) ? ' Separate the columns by commas.' : '';
  throw new MissingColumnError(`${list} has no column "${lacks}"; its columns are ${shown}.${hint}`);
}

/** Returns a value as text; undefined if it is empty. @throws Error if it is neither text nor a number. */
export function textOf({ at, values }: ListRow, column: string): string | undefined {
  const value = values[column];
  if (isEmpty(value)) return undefined;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') {
    return String(value);
  }
  const hint = typeof value === 'object' ? '; images inside a list are not read, so write them to files' : '';
  throw new Error(`${at}: "${column}" is neither text nor a number${hint}.`);
}

/** Returns a value as a number; undefined if it is empty. @throws Error if it is no finite number. */
export function numberOf({ at, values }: ListRow, column: string): number | undefined {
  const value = values[column];
  if (isEmpty(value)) return undefined;
  const number =
    typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
      ? Number(value)
      : Number.NaN;
  if (Number.isFinite(number)) return number;
  throw new Error(`${at}: "${column}" is ${printable(value)}, not a number.`);
}

const FLAGS: Readonly<Record<string, boolean>> = {
  true: true,
  false: false,
  1: true,
  0: false,
  // Pandas writes a column of flags with gaps as floating-point numbers.
  '1.0': true,
  '0.0': false,
};

/** Returns a value as true or false; undefined if it is empty. @throws Error if it is neither. */
export function flagOf({ at, values }: ListRow, column: string): boolean | undefined {
  const value = values[column];
  if (isEmpty(value)) return undefined;
  const key = String(value).toLowerCase();
  if (Object.hasOwn(FLAGS, key)) return FLAGS[key];
  throw new Error(`${at}: "${column}" is ${printable(value)}, neither true nor false.`);
}

/** Returns whether there is no value; Pandas has NaN, and writes nothing in CSV. */
function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '' || Number.isNaN(value);
}

function printable(value: unknown): string {
  return JSON.stringify(typeof value === 'bigint' ? String(value) : value)?.slice(0, 60) ?? typeof value;
}
