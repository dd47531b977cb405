import { adaface } from './adaface.js';
import { arcface } from './arcface.js';
import { combinedMargin } from './combined-margin.js';
import { cosface } from './cosface.js';
import { curricularface } from './curricularface.js';
import type { MarginLossOptions } from './margin-loss.js';
import type {
  BooleanSetting,
  ChoiceSetting,
  MarginLossEntry,
  NumberSetting,
  OwnOptions,
} from './margin-loss-entry.js';
import { normalizedSoftmax } from './normalized-softmax.js';
import { sphereface } from './sphereface.js';
import { subcenterArcface } from './subcenter-arcface.js';

export type { MarginLossOptions } from './margin-loss.js';
export type { BooleanSetting, ChoiceSetting, NumberSetting } from './margin-loss-entry.js';

// A new loss is one file and one line here.
const entries = {
  cosface,
  arcface,
  combined: combinedMargin,
  softmax: normalizedSoftmax,
  adaface,
  curricularface,
  sphereface,
  'subcenter-arcface': subcenterArcface,
};

type Entries = typeof entries;

/** The name of a margin loss. */
export type MarginLossName = keyof Entries;

/** The class of a margin loss, by its name. */
export type MarginLossByName = { [Name in MarginLossName]: ReturnType<Entries[Name]['create']> };

/** The settings that each loss has beyond `MarginLossOptions`, by its name. */
export type MarginLossSettings = {
  [Name in MarginLossName]: OwnOptions<Parameters<Entries[Name]['create']>[0]>;
};

/** A setting of a loss: its type, default, limits and meaning, as a fragment of JSON Schema. */
export type MarginLossSetting = NumberSetting | BooleanSetting | ChoiceSetting;

/** A margin loss of the registry. */
export interface MarginLossDescription<Name extends MarginLossName = MarginLossName> {
  name: Name;
  /** The label's logit divided by the scale, one line. */
  description: string;
  /** The settings beyond `MarginLossOptions`, in the order to show them. */
  settings: { readonly [Key in keyof MarginLossSettings[Name]]: MarginLossSetting };
  /** Whether every call requires `norms`, the embeddings' lengths. */
  needsNorms: boolean;
  /** Whether the loss has `statistics`, which a checkpoint must keep. */
  hasStatistics: boolean;
}

/** Returns the name of every margin loss. */
export function listMarginLosses(): MarginLossName[] {
  return Object.keys(entries) as MarginLossName[];
}

/**
 * Returns a loss's settings with their defaults and limits, and what the loss requires.
 * @throws Error for a name that is not in `listMarginLosses()`.
 */
export function describeMarginLoss<Name extends MarginLossName>(name: Name): MarginLossDescription<Name> {
  const entry = entryOf('describeMarginLoss', name);
  return {
    name,
    description: entry.description,
    settings: entry.settings as MarginLossDescription<Name>['settings'],
    needsNorms: entry.needsNorms ?? false,
    hasStatistics: entry.hasStatistics ?? false,
  };
}

/**
 * Creates a margin loss by its name.
 * @param options Those of every margin loss, and the loss's own settings.
 * @throws Error for a name that is not in `listMarginLosses()`, or an option that this loss does not have; RangeError for
 *   an option that is out of range.
 */
export function createMarginLoss<Name extends MarginLossName>(
  name: Name,
  options: MarginLossOptions & Partial<MarginLossSettings[Name]> = {},
): MarginLossByName[Name] {
  const { create, settings } = entryOf('createMarginLoss', name);
  const known = [...SHARED_OPTIONS, ...Object.keys(settings)];
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new Error(
        `createMarginLoss: the loss "${name}" has no option "${key}". Its options are ${known.join(', ')}.`,
      );
    }
  }
  return create(options) as MarginLossByName[Name];
}

const SHARED_OPTIONS = Object.keys({
  scale: true,
  gradient: true,
  checkNumerics: true,
} satisfies { [Key in keyof Required<MarginLossOptions>]: true });

function entryOf(caller: string, name: MarginLossName): MarginLossEntry {
  if (!Object.hasOwn(entries, name)) {
    throw new Error(`${caller}: there is no loss "${name}". Known: ${listMarginLosses().join(', ')}.`);
  }
  return entries[name];
}
