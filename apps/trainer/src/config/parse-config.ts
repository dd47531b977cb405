import { type Document, isMap, isScalar, LineCounter, parseDocument, stringify } from 'yaml';
import { UserError } from '../user-error.js';
import { type Config, completeConfig } from './config.js';
import { type Issue, toIssues } from './issue.js';
import { applyOverride, type Override } from './overrides.js';
import { checkRules } from './rules.js';
import { configSchema } from './schema.js';

/** What {@link parseConfig} is told beside the text. */
export interface ParseConfigOptions {
  /** The file's name, for messages. */
  file?: string;
  /** Settings from the command line; later ones win. */
  overrides?: readonly Override[];
}

/**
 * Reads a config from YAML (1.2, so JSON too), applies the command line's settings, checks all of it and fills in the
 * defaults. Uses nothing of Node: the same in a browser.
 *
 * @throws UserError that names every problem with its line and column, or the option it came from.
 */
export function parseConfig(
  text: string,
  { file = 'config', overrides = [] }: ParseConfigOptions = {},
): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines });
  const where = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    const { message, pos } = document.errors[0];
    throw new UserError(`${where(pos[0])}: this is not YAML: ${firstLine(message)}`);
  }
  const settings = readSettings(document, file);
  for (const override of overrides) applyOverride(settings, override);

  const origin = (issue: Issue) => {
    const fromOption = overrides.findLast(
      (o) => isPrefix(o.path, issue.path) || isPrefix(issue.path, o.path),
    );
    if (fromOption && fromOption.value !== undefined) return fromOption.written;
    const offset = offsetOf(document, issue);
    return offset === undefined ? file : where(offset);
  };
  const checked = configSchema.safeParse(settings, { reportInput: true });
  const issues = checked.success ? checkRules(checked.data) : toIssues(checked.error);
  if (issues.length > 0) throw problems(issues.map((issue) => ({ ...issue, origin: origin(issue) })));
  return completeConfig(checked.data!);
}

/** A config as YAML that {@link parseConfig} reads back to the same. */
export function stringifyConfig(config: Config): string {
  return stringify(config, { lineWidth: 0 });
}

function readSettings(document: Document, file: string): Record<string, unknown> {
  if (document.contents === null) return {};
  // A file of comments, or "~", is a config of defaults.
  if (isScalar(document.contents) && document.contents.value === null) return {};
  if (!isMap(document.contents)) {
    throw new UserError(`${file}: a config is a list of "key: value" lines, such as "seed: 1"`);
  }
  const settings = document.toJS() as Record<string, unknown>;
  // A section whose keys are all commented out.
  for (const [key, value] of Object.entries(settings)) if (value === null) delete settings[key];
  return settings;
}

function problems(issues: (Issue & { origin: string })[]): UserError {
  const line = ({ origin, path, message }: Issue & { origin: string }) =>
    `${origin}: ${path.join('.')}: ${message}`;
  if (issues.length === 1) return new UserError(line(issues[0]));
  return new UserError(
    `the config has ${issues.length} problems\n${issues.map((i) => `  ${line(i)}`).join('\n')}`,
  );
}

/** Where in the file a key or value stands, or the nearest section around it. */
function offsetOf(document: Document, { path, key }: Issue): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const around = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    if (!isMap(around)) continue;
    const pair = around.items.find((item) => isScalar(item.key) && item.key.value === path[length - 1]);
    if (!pair) continue;
    const node = key || length < path.length || !pair.value ? pair.key : pair.value;
    return (node as { range?: [number, number, number] }).range?.[0];
  }
  return undefined;
}

function isPrefix(short: readonly unknown[], long: readonly unknown[]): boolean {
  return short.length <= long.length && short.every((key, i) => key === long[i]);
}

const firstLine = (text: string) => text.split('\n')[0];
