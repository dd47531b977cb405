import { stringify } from 'yaml';
import { checkSettings } from './check-settings.js';
import { type Config, completeConfig } from './config.js';
import type { Issue } from './issue.js';
import { applyOverride, type Override } from './overrides.js';
import { applyShippedArchitecture } from './shipped-architecture.js';
import { isPrefix } from './watch-reads.js';
import { toUserError, YamlFile } from './yaml-file.js';

/** Options of {@link parseConfig}. */
export interface ParseConfigOptions {
  /** Name of the file for messages. */
  file?: string;
  /** Settings from the command line; later ones override earlier ones. */
  overrides?: readonly Override[];
}

/**
 * Parses a config from YAML 1.2, which includes JSON. Applies the command line's settings, checks the config and fills in
 * the defaults. Works in Node and in browsers.
 *
 * @throws UserError that lists every problem with its line and column, or its command-line option.
 */
export function parseConfig(
  text: string,
  { file = 'config', overrides = [] }: ParseConfigOptions = {},
): Config {
  const yaml = YamlFile.parse(text, file);
  const { settings } = yaml;
  for (const override of overrides) applyOverride(settings, override);
  applyShippedArchitecture(settings, overrides);

  const origin = (issue: Issue) => {
    const fromOption = overrides.findLast(
      (o) => isPrefix(o.path, issue.path) || isPrefix(issue.path, o.path),
    );
    if (fromOption && fromOption.value !== undefined) return fromOption.written;
    return yaml.where(issue);
  };
  const { config, issues } = checkSettings(settings);
  if (issues) {
    throw toUserError(
      'the config',
      issues.map((issue) => ({ ...issue, origin: origin(issue) })),
    );
  }
  return completeConfig(config);
}

/** Writes a config as YAML from which {@link parseConfig} reads the same config. */
export function stringifyConfig(config: Config): string {
  return stringify(config, { lineWidth: 0 });
}
