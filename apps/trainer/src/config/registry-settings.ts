import { z } from 'zod';
import { listWords } from './list-words.js';

interface Described {
  readonly description: string;
}

/** A number setting of a registry's entry, under the names of JSON Schema. */
export interface NumberSetting extends Described {
  readonly type: 'number';
  readonly default: number;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
  /** Whether only integers are accepted. Default false. */
  readonly integer?: boolean;
}

interface BooleanSetting extends Described {
  readonly type: 'boolean';
  readonly default: boolean;
}

interface ChoiceSetting extends Described {
  readonly type: 'string';
  readonly enum: readonly string[];
  readonly default: string;
}

/** A setting as the registries describe it. */
export type Setting = NumberSetting | BooleanSetting | ChoiceSetting;

/** The settings of one entry, by key. */
export type EntrySettings = { readonly [key: string]: Setting };

/**
 * The settings of all entries of a registry. They are optional keys of one section of the config; another key of that
 * section, the selector, chooses the entry.
 */
export interface RegistrySettings {
  /** Path of the section, such as `loss`. */
  readonly section: string;
  /** Key that chooses the entry, such as `name`. */
  readonly selector: string;
  readonly entries: { readonly [entry: string]: EntrySettings };
}

type Values = { readonly [key: string]: unknown };

/** Lists the keys of all entries, without repetition. */
export function listKeys({ entries }: RegistrySettings): string[] {
  return [...new Set(Object.values(entries).flatMap((settings) => Object.keys(settings)))];
}

/** Creates an optional schema for each key. It accepts every value that one of the entries accepts. */
export function createShape(registry: RegistrySettings): Record<string, z.ZodOptional> {
  return Object.fromEntries(
    listKeys(registry).map((key) => {
      const owners = findOwners(registry, key);
      const schema = createSchema(key, [...owners.values()]);
      return [key, schema.optional().describe(describeKey(registry.selector, owners))];
    }),
  );
}

/** Returns the chosen entry's settings, with defaults for missing values. */
export function completeSettings(settings: EntrySettings, values: Values): Values {
  return Object.fromEntries(
    Object.entries(settings).map(([key, setting]) => [key, values[key] ?? setting.default]),
  );
}

/** Returns the values of a section that are settings of the chosen entry. */
export function pickSettings(settings: EntrySettings, values: Values): Values {
  return Object.fromEntries(
    Object.keys(settings).flatMap((key) => (values[key] === undefined ? [] : [[key, values[key]]])),
  );
}

/** Returns the values of a section that are not settings of any entry. */
export function omitSettings<T extends object, Key extends keyof T>(
  registry: RegistrySettings,
  values: T,
): Omit<T, Key> {
  const keys = listKeys(registry);
  return Object.fromEntries(Object.entries(values).filter(([key]) => !keys.includes(key))) as Omit<T, Key>;
}

/** Describes why the chosen entry does not accept a value of the section; undefined if it does. */
export function findSettingProblem(
  registry: RegistrySettings,
  entry: string,
  key: string,
  value: unknown,
): string | undefined {
  const settings = registry.entries[entry];
  if (Object.hasOwn(settings, key)) return findValueProblem(entry, settings[key], value);
  const own = Object.keys(settings);
  const owners = listWords([...findOwners(registry, key).keys()], 'or');
  return (
    `${entry} has no ${key}${own.length > 0 ? ` (only ${listWords(own, 'and')})` : ''}; ` +
    `use it with ${registry.selector}: ${owners}, or leave it out (--set ${registry.section}.${key}=)`
  );
}

/** Describes why an entry does not accept a value of one of its settings; undefined if it does. */
export function findValueProblem(entry: string, setting: Setting, value: unknown): string | undefined {
  if (setting.type === 'string' && !setting.enum.includes(String(value))) {
    return `"${value}" is not a choice for ${entry}; choose ${listWords(setting.enum, 'or')}`;
  }
  if (setting.type !== 'number') return undefined;
  if (setting.integer && !Number.isInteger(value)) return `must be an integer for ${entry}, not ${value}`;
  const limit = findBrokenLimit(setting, Number(value));
  return limit && `must be ${limit} for ${entry}, not ${value}`;
}

function findBrokenLimit(setting: NumberSetting, value: number): string | undefined {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum } = setting;
  if (minimum !== undefined && value < minimum) return `at least ${roundLimit(minimum)}`;
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum)
    return `above ${roundLimit(exclusiveMinimum)}`;
  if (maximum !== undefined && value > maximum) return `at most ${roundLimit(maximum)}`;
  if (exclusiveMaximum !== undefined && value >= exclusiveMaximum)
    return `below ${roundLimit(exclusiveMaximum)}`;
  return undefined;
}

/** Rounds a limit for a message: π is shown as 3.1416. */
export function roundLimit(limit: number): number {
  return Number.isInteger(limit) ? limit : Number(limit.toPrecision(5));
}

/** Finds the entries that have a key. */
function findOwners({ entries }: RegistrySettings, key: string): Map<string, Setting> {
  return new Map(
    Object.entries(entries).flatMap(([entry, settings]) =>
      Object.hasOwn(settings, key) ? [[entry, settings[key]]] : [],
    ),
  );
}

function describeKey(selector: string, owners: Map<string, Setting>): string {
  if (owners.size > 1) {
    return [...owners]
      .map(
        ([entry, { description, default: value }]) =>
          `${entry}: ${description.replace(/\.$/, '')}; default ${value}.`,
      )
      .join(' ');
  }
  return [...owners]
    .map(
      ([entry, { description, default: value }]) =>
        `${description} Only with ${selector}: ${entry}. Default ${value}.`,
    )
    .join('');
}

function createSchema(key: string, settings: readonly Setting[]): z.ZodType {
  const numbers = settings.filter((setting) => setting.type === 'number');
  if (numbers.length === settings.length) return createNumberSchema(numbers);
  const choices = settings.filter((setting) => setting.type === 'string');
  if (choices.length === settings.length)
    return z.enum([...new Set(choices.flatMap((setting) => setting.enum))]);
  if (settings.every((setting) => setting.type === 'boolean')) return z.boolean();
  throw new Error(`The entries of a registry have different types for "${key}"; rename one of the settings.`);
}

function createNumberSchema(settings: readonly NumberSetting[]): z.ZodType {
  const low = Math.min(
    ...settings.map(({ minimum, exclusiveMinimum }) => minimum ?? exclusiveMinimum ?? -Infinity),
  );
  const high = Math.max(
    ...settings.map(({ maximum, exclusiveMaximum }) => maximum ?? exclusiveMaximum ?? Infinity),
  );
  let schema = settings.every(({ integer }) => integer) ? z.int() : z.number();
  if (low > -Infinity)
    schema = settings.some(({ minimum }) => minimum === low) ? schema.min(low) : schema.gt(low);
  if (high < Infinity)
    schema = settings.some(({ maximum }) => maximum === high) ? schema.max(high) : schema.lt(high);
  return schema;
}
