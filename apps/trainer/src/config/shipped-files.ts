import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nearest } from '../nearest.js';
import { UserError } from '../user-error.js';

const ENDING = '.yaml';

/** Built-in YAML files of the trainer, available by their names. */
export class ShippedFiles {
  /** The names without extension, sorted. */
  readonly names: readonly string[];

  readonly #what: string;

  /**
   * @param what The kind of file for messages, such as `study`.
   * @param folder The folder of the files; undefined if it does not exist.
   */
  constructor(
    what: string,
    readonly folder: string | undefined,
  ) {
    this.#what = what;

    this.names = (folder ? readdirSync(folder) : [])
      .filter((file) => file.endsWith(ENDING))
      .map((file) => basename(file, ENDING))
      .sort();
  }

  /**
   * Finds a file by its path, or a built-in file by its name, with or without extension and folder.
   * @param folderHint Hint of the error for a folder.
   * @throws UserError that lists the built-in names and suggests the nearest one.
   */
  find(given: string, folderHint?: string): string {
    if (statSync(given, { throwIfNoEntry: false })?.isFile()) return given;
    const name = basename(given, ENDING);
    const { folder = '' } = this;
    const isBuiltIn = dirname(given) === '.' || dirname(given) === basename(folder);
    if (isBuiltIn && this.names.includes(name)) return join(folder, name + ENDING);
    if (statSync(given, { throwIfNoEntry: false })) {
      throw new UserError(`${given} is a folder, not a ${this.#what} file`, { hint: folderHint });
    }
    const near = nearest(name, this.names);
    throw new UserError(`there is no ${this.#what} ${given}${near ? `; did you mean ${near}?` : ''}`, {
      hint: `Built-in names: ${this.names.join(', ')}.`,
    });
  }
}

/** Returns the first existing folder of a list of addresses relative to a module. */
export function findFolder(base: string, addresses: readonly string[]): string | undefined {
  return addresses
    .map((address) => fileURLToPath(new URL(address, base)))
    .find((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory());
}
