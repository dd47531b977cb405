import { parseDocument } from 'yaml';
import { UserError } from '../user-error.js';

/** One setting from the command line. */
export interface Override {
  path: string[];
  /** Undefined takes the setting out, so that its default holds. */
  value: unknown;
  /** How it was written, for messages: `--set loss.margin=0.3`. */
  written: string;
}

/**
 * Reads `loss.margin=0.3`, the value as YAML reads it; nothing after the `=` takes the setting out.
 * @throws UserError if it has no `=`, an empty key or a value that is not YAML.
 */
export function parseOverride(text: string): Override {
  const written = `--set ${text}`;
  const equals = text.indexOf('=');
  const hint = 'Write KEY=VALUE, such as --set loss.margin=0.3 or --set optimizer.betas=[0.9,0.99].';
  if (equals < 1) throw new UserError(`${written}: expected KEY=VALUE`, { hint });
  const path = text.slice(0, equals).trim().split('.');
  if (path.some((key) => key === '')) throw new UserError(`${written}: the key has an empty part`, { hint });
  const source = text.slice(equals + 1);
  if (source.trim() === '') return { path, value: undefined, written };
  const document = parseDocument(source, { prettyErrors: false });
  if (document.errors.length > 0) {
    const problem = document.errors[0].message;
    throw new UserError(`${written}: the value is not YAML: ${problem}`, { hint });
  }
  return { path, value: document.toJS(), written };
}

/** The settings that `--data`, `--backend` and `--output` stand for. */
export function optionOverrides(options: { data?: string; backend?: string; output?: string }): Override[] {
  const overrides: Override[] = [];
  if (options.data !== undefined) {
    const written = `--data ${options.data}`;
    overrides.push(
      { path: ['data', 'source'], value: 'folder', written },
      { path: ['data', 'path'], value: options.data, written },
      // The generator's setting means nothing for a folder, and --data is how its config is turned to one.
      { path: ['data', 'identities'], value: undefined, written },
    );
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

/** Puts a setting into a tree of settings, in place; sections that are not there are made. */
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
  const last = path.at(-1)!;
  if (value === undefined) delete section[last];
  else define(section, last, value);
}

// An assignment to "__proto__" would change the prototype in place of making an unknown key.
function define(section: object, key: string, value: unknown): void {
  Object.defineProperty(section, key, { value, enumerable: true, configurable: true, writable: true });
}
