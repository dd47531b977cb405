import {
  describeMarginLoss,
  listMarginLosses,
  type MarginLossName,
  type MarginLossSettings,
} from '@unitsphere/margin-losses/registry';
import type { z } from 'zod';
import {
  createShape,
  type EntrySettings,
  type NumberSetting,
  type RegistrySettings,
  type Setting,
} from './registry-settings.js';

type LossKey<Name extends MarginLossName> = keyof MarginLossSettings[Name];

/** Settings of the registry that a config does not have. */
const EXCLUDED = {
  arcface: ['easyMargin', 'monotonic'],
  'subcenter-arcface': ['easyMargin', 'monotonic'],
  combined: ['form'],
} as const satisfies { [Name in MarginLossName]?: readonly LossKey<Name>[] };

/** Defaults and limits that differ from the registry's: they suit a scale of 16, the registry's a scale of 64. */
const CHANGES: { [Name in MarginLossName]?: { [Key in LossKey<Name>]?: Partial<NumberSetting> } } = {
  cosface: { margin: { default: 0.2 } },
  arcface: { margin: { default: 0.2 } },
  'subcenter-arcface': { margin: { default: 0.2 } },
  combined: {
    m1: { minimum: 1, exclusiveMinimum: undefined },
    m2: { default: 0.3 },
    m3: { default: 0.2 },
  },
};

type ExcludedKey<Name> = Name extends keyof typeof EXCLUDED ? (typeof EXCLUDED)[Name][number] : never;

/** The settings of each margin loss in a config, by the loss's name. */
export type LossSettings = {
  [Name in MarginLossName]: Omit<MarginLossSettings[Name], ExcludedKey<Name>>;
};

/** A margin loss, or none. */
export type LossName = MarginLossName | 'none';

/** The keys of `LossSettings`. */
export type LossSettingKey = { [Name in MarginLossName]: keyof LossSettings[Name] }[MarginLossName];

type SettingValue<Key> = {
  [Name in MarginLossName]: Key extends keyof LossSettings[Name] ? LossSettings[Name][Key] : never;
}[MarginLossName];

/** The settings of the margin losses, from the registry of @unitsphere/margin-losses. */
export const LOSS_REGISTRY: RegistrySettings = {
  section: 'loss',
  selector: 'name',
  entries: {
    ...Object.fromEntries(listMarginLosses().map((name) => [name, describeSettings(name)])),
    none: {},
  },
};

/** Schemas of the settings, all optional. */
export const LOSS_SHAPE = createShape(LOSS_REGISTRY) as {
  [Key in LossSettingKey]: z.ZodOptional<z.ZodType<SettingValue<Key>, SettingValue<Key>>>;
};

/** Returns the setting that the warm-up raises; undefined for a loss without one. */
export function findMargin(name: LossName): NumberSetting | undefined {
  const margin = LOSS_REGISTRY.entries[name]['margin'];
  return margin?.type === 'number' ? margin : undefined;
}

function describeSettings(name: MarginLossName): EntrySettings {
  const excluded: readonly string[] = name in EXCLUDED ? EXCLUDED[name as keyof typeof EXCLUDED] : [];
  const changes: { [key: string]: Partial<NumberSetting> | undefined } = CHANGES[name] ?? {};
  return Object.fromEntries(
    Object.entries<Setting>(describeMarginLoss(name).settings)
      .filter(([key]) => !excluded.includes(key))
      .map(([key, setting]) => [key, { ...setting, ...changes[key] } as Setting]),
  );
}
