import { parseDocument } from 'yaml';
import { UserError } from '../user-error.js';
import { sourceOfPath } from './file-sources.js';

/** A setting from the command line. */
export interface Override {
  path: string[];
  /** Undefined removes the setting, so that its default applies. */
  value: unknown;
  /** The option as written, for messages: `--set loss.margin=0.3`. */
  written: string;
}

/**
 * Parses `loss.margin=0.3`; the value is YAML. An empty value removes the setting.
 * @throws UserError if there is no `=`, the key has an empty part or the value is not YAML.
 */
export function parseOverride(text: string): Override {
  const written = `--set ${text}`;
  const equals = text.indexOf('=');
  const hint = 'Write KEY=VALUE, such as --set loss.margin=0.3 or --set optimizer.betas=[0.9,0.99].';
  if (equals < 1) throw new UserError(`${written}: expected KEY=VALUE`, { hint });
  const path = text.slice(0, equals).trim().split('.');
  if (path.some((key) => key === '')) throw new UserError(`${written}: a part of the key is empty`, { hint });
  const source = text.slice(equals + 1);
  if (source.trim() === '') return { path, value: undefined, written };
  const document = parseDocument(source, { prettyErrors: false });
  if (document.errors.length > 0) {
    const problem = document.errors[0].message;
    throw new UserError(`${written}: the value is not YAML: ${problem}`, { hint });
  }
  return { path, value: document.toJS(), written };
}

/** Parses several settings as {@link parseOverride}. @throws UserError that lists every problem. */
export function parseOverrides(texts: readonly string[]): Override[] {
  const problems: UserError[] = [];
  const overrides = texts.flatMap((text) => {
    try {
      return [parseOverride(text)];
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(error);
      return [];
    }
  });
  if (problems.length === 1) throw problems[0];
  if (problems.length > 1) {
    const lines = problems.map(({ message }) => `  ${message}`).join('\n');
    throw new UserError(`${problems.length} settings are invalid\n${lines}`, { hint: problems[0].hint });
  }
  return overrides;
}

/** The options of the command line that stand for settings. */
interface SettingOptions {
  data?: string;
  strictData?: boolean;
  backend?: string;
  output?: string;
}

/** Returns the settings that `--data`, `--strict-data`, `--backend` and `--output` stand for. */
export function optionOverrides(options: SettingOptions): Override[] {
  const overrides: Override[] = [];
  if (options.data !== undefined) {
    const written = `--data ${options.data}`;
    overrides.push(
      { path: ['data', 'source'], value: sourceOfPath(options.data), written },
      { path: ['data', 'path'], value: options.data, written },
      // Images with a path do not have the generator's setting, which the config may contain.
      { path: ['data', 'identities'], value: undefined, written },
    );
  }
  if (options.strictData) {
    overrides.push({ path: ['data', 'strict'], value: true, written: '--strict-data' });
  }
  if (options.backend !== undefined) {
    overrides.push({ path: ['backend'], value: options.backend, written: `--backend ${options.backend}` });
  }
  if (options.output !== undefined) {
    overrides.push({
      path: ['output', 'directory'],
      value: options.output,
      written: `--output ${options.output}`,
    });
  }
  return overrides;
}

/** Applies a setting to a tree of settings in place, creating missing sections. */
export function applyOverride(settings: Record<string, unknown>, { path, value }: Override): void {
  let section = settings;
  for (const key of path.slice(0, -1)) {
    const next = Object.hasOwn(section, key) ? section[key] : undefined;
    if (typeof next === 'object' && next !== null) {
      section = next as Record<string, unknown>;
      continue;
    }
    if (value === undefined) return;
    const made = {};
    define(section, key, made);
    section = made;
  }
  const last = path[path.length - 1];
  if (value === undefined) delete section[last];
  else define(section, last, value);
}

// Assigning to "__proto__" would change the prototype instead of creating an unknown key.
function define(section: object, key: string, value: unknown): void {
  Object.defineProperty(section, key, { value, enumerable: true, configurable: true, writable: true });
}
