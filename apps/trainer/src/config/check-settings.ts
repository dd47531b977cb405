import { type Issue, toIssues } from './issue.js';
import { checkRules } from './rules.js';
import { type CheckedConfig, configSchema } from './schema.js';

/** Checked settings, or every problem of them. */
export type CheckResult =
  | { config: CheckedConfig; issues?: undefined }
  | { config?: undefined; issues: Issue[] };

/** Checks each value and the values together, and finds all problems at once. */
export function checkSettings(settings: Record<string, unknown>): CheckResult {
  const checked = configSchema.safeParse(settings, { reportInput: true });
  if (checked.success) {
    const issues = checkRules(checked.data);
    return issues.length > 0 ? { issues } : { config: checked.data };
  }
  const issues = toIssues(checked.error);
  const { config, replaced } = replaceInvalid(settings, issues);
  return { issues: [...issues, ...checkRules(config, replaced)] };
}

/** Replaces invalid values by their defaults. A section without a required key is left out. */
function replaceInvalid(settings: Record<string, unknown>, issues: readonly Issue[]) {
  const valid = structuredClone(settings);
  const replaced: Issue['path'][] = [];
  let paths = issues.map(({ path }) => path);
  for (;;) {
    for (const path of paths) replaced.push(removeInnermost(valid, path));
    const checked = configSchema.safeParse(valid, { reportInput: true });
    if (checked.success) return { config: checked.data, replaced };
    paths = toIssues(checked.error).map(({ path }) => path);
  }
}

/** Removes the value at a path, or the innermost section above it that exists. Returns the path of what was removed. */
function removeInnermost(settings: Record<string, unknown>, path: Issue['path']): Issue['path'] {
  let section = settings;
  let depth = 0;
  while (depth < path.length - 1) {
    const next = section[path[depth]];
    // An item of a list is not replaced alone.
    if (typeof next !== 'object' || next === null || Array.isArray(next)) break;
    section = next as Record<string, unknown>;
    depth++;
  }
  if (depth > 0 && !Object.hasOwn(section, path[depth]))
    return removeInnermost(settings, path.slice(0, depth));
  delete section[path[depth]];
  return path.slice(0, depth + 1);
}
