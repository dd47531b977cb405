import { stringify } from 'yaml';
import { type Config, completeConfig } from './config.js';
import { type Issue, toIssues } from './issue.js';
import { applyOverride, type Override } from './overrides.js';
import { checkRules } from './rules.js';
import { configSchema } from './schema.js';
import { problems, YamlFile } from './yaml-file.js';

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
  const yaml = YamlFile.parse(text, file);
  const { settings } = yaml;
  for (const override of overrides) applyOverride(settings, override);

  const origin = (issue: Issue) => {
    const fromOption = overrides.findLast(
      (o) => isPrefix(o.path, issue.path) || isPrefix(issue.path, o.path),
    );
    if (fromOption && fromOption.value !== undefined) return fromOption.written;
    return yaml.where(issue);
  };
  const checked = configSchema.safeParse(settings, { reportInput: true });
  const issues = checked.success ? checkRules(checked.data) : toIssues(checked.error);
  if (issues.length > 0) {
    throw problems(
      'the config',
      issues.map((issue) => ({ ...issue, origin: origin(issue) })),
    );
  }
  return completeConfig(checked.data!);
}

/** A config as YAML that {@link parseConfig} reads back to the same. */
export function stringifyConfig(config: Config): string {
  return stringify(config, { lineWidth: 0 });
}

function isPrefix(short: readonly unknown[], long: readonly unknown[]): boolean {
  return short.length <= long.length && short.every((key, i) => key === long[i]);
}
