import { type Document, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { UserError } from '../user-error.js';
import type { Issue } from './issue.js';

/** A file of settings in YAML 1.2, which includes JSON, with the position of each setting. */
export class YamlFile {
  readonly settings: Record<string, unknown>;

  readonly #name: string;
  readonly #document: Document;
  readonly #lines: LineCounter;

  private constructor(name: string, document: Document, lines: LineCounter) {
    this.#name = name;
    this.#document = document;
    this.#lines = lines;

    this.settings = readSettings(document, name);
  }

  /**
   * Parses a file.
   * @param name Name of the file for messages.
   * @throws UserError if the text is not YAML or not a list of settings.
   */
  static parse(text: string, name: string): YamlFile {
    const lines = new LineCounter();
    const document = parseDocument(text, { prettyErrors: false, lineCounter: lines });
    if (document.errors.length > 0) {
      // The parser reports one mistake under several names at the same place.
      const byPlace = new Map(
        document.errors.toReversed().map(({ message, pos }) => [place(name, lines, pos[0]), message]),
      );
      const problems = [...byPlace]
        .reverse()
        .map(([at, message]) => `${at}: this is not YAML: ${message.split('\n')[0]}`);
      throw new UserError(problems.join('\n'));
    }
    return new YamlFile(name, document, lines);
  }

  /** Returns the position of an issue's key or value, or of the nearest enclosing section: `cards.yaml:3:9`. */
  where(issue: Issue): string {
    const offset = offsetOf(this.#document, issue);
    return offset === undefined ? this.#name : place(this.#name, this.#lines, offset);
  }
}

/** Creates an error that lists all issues, one per line. */
export function toUserError(what: string, issues: readonly (Issue & { origin: string })[]): UserError {
  const line = ({ origin, path, message }: Issue & { origin: string }) =>
    `${origin}: ${path.join('.')}: ${message}`;
  if (issues.length === 1) return new UserError(line(issues[0]));
  return new UserError(
    `${what} has ${issues.length} problems\n${issues.map((i) => `  ${line(i)}`).join('\n')}`,
  );
}

function place(name: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `${name}:${line}:${col}`;
}

function readSettings(document: Document, file: string): Record<string, unknown> {
  if (document.contents === null) return {};
  // A file with only comments, or "~", contains no settings.
  if (isScalar(document.contents) && document.contents.value === null) return {};
  if (!isMap(document.contents)) {
    throw new UserError(`${file}: a config must be a list of "key: value" lines, such as "seed: 1"`);
  }
  let settings: Record<string, unknown>;
  try {
    settings = document.toJS() as Record<string, unknown>;
  } catch (cause) {
    // The parser stops at aliases that multiply.
    throw new UserError(`${file}: the settings cannot be read: ${(cause as Error).message}`, {
      hint: 'Write the values out instead of using aliases (*name).',
      cause,
    });
  }
  // A section whose keys are all commented out is null.
  for (const [key, value] of Object.entries(settings)) if (value === null) delete settings[key];
  return settings;
}

function offsetOf(document: Document, { path, key }: Issue): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const around = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    if (isSeq(around)) {
      const item = around.items[path[length - 1] as number];
      if (item) return (item as { range?: [number, number, number] }).range?.[0];
      continue;
    }
    if (!isMap(around)) continue;
    const pair = around.items.find((item) => isScalar(item.key) && item.key.value === path[length - 1]);
    if (!pair) continue;
    const node = key || length < path.length || !pair.value ? pair.key : pair.value;
    return (node as { range?: [number, number, number] }).range?.[0];
  }
  return undefined;
}
