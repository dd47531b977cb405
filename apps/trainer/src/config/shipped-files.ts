import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nearest } from '../nearest.js';
import { UserError } from '../user-error.js';

const ENDING = '.yaml';

/** YAML files that come with the trainer, had by their names. */
export class ShippedFiles {
  /** Without their ending, in order. */
  readonly names: readonly string[];

  readonly #what: string;

  /**
   * @param what What one of them is: `study`.
   * @param folder What they are in, or undefined where they are not there.
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
   * The file that is meant: one that is there as it is given, or else one of these, given by its name, with its ending or
   * without, and perhaps with that of their folder.
   * @param folderHint What to do where a folder is given.
   * @throws UserError that names them, and the nearest.
   */
  find(given: string, folderHint?: string): string {
    if (statSync(given, { throwIfNoEntry: false })?.isFile()) return given;
    const name = basename(given, ENDING);
    const isOurs = dirname(given) === '.' || dirname(given) === basename(this.folder ?? '');
    if (isOurs && this.names.includes(name)) return join(this.folder!, name + ENDING);
    if (statSync(given, { throwIfNoEntry: false })) {
      throw new UserError(`${given} is a folder, not a ${this.#what} file`, { hint: folderHint });
    }
    const near = nearest(name, this.names);
    throw new UserError(`there is no ${this.#what} ${given}${near ? `; did you mean ${near}?` : ''}`, {
      hint: `By name there are ${this.names.join(', ')}.`,
    });
  }
}

/** The folder at the first of some addresses, relative to a module, that there is. */
export function firstFolder(base: string, addresses: readonly string[]): string | undefined {
  return addresses
    .map((address) => fileURLToPath(new URL(address, base)))
    .find((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory());
}
