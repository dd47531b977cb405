import { angularLoss } from './losses/angular.js';
import { circleLoss } from './losses/circle.js';
import { contrastiveLoss } from './losses/contrastive.js';
import { fastApLoss } from './losses/fast-ap.js';
import { liftedStructureLoss } from './losses/lifted-structure.js';
import { marginLoss } from './losses/margin.js';
import { multiSimilarityLoss } from './losses/multi-similarity.js';
import { nPairsLoss } from './losses/n-pairs.js';
import { ntxentLoss } from './losses/ntxent.js';
import { siglipLoss } from './losses/siglip.js';
import { smoothApLoss } from './losses/smooth-ap.js';
import { supconLoss } from './losses/supcon.js';
import { tripletMarginLoss } from './losses/triplet-margin.js';
import { angularMiner } from './miners/angular.js';
import { batchEasyHardMiner } from './miners/batch-easy-hard.js';
import { batchHardMiner } from './miners/batch-hard.js';
import { distanceWeightedMiner } from './miners/distance-weighted.js';
import type { Miner } from './miners/miner.js';
import { multiSimilarityMiner } from './miners/multi-similarity.js';
import { pairMarginMiner } from './miners/pair-margin.js';
import { tripletMarginMiner } from './miners/triplet-margin.js';
import type { EmbeddingLoss } from './pairs/pair-loss.js';
import { proxyAnchorLoss } from './proxies/proxy-anchor.js';
import { proxyNcaLoss } from './proxies/proxy-nca.js';
import { softTripleLoss } from './proxies/soft-triple.js';
import { subcenterArcfaceLoss } from './proxies/sub-center-arcface.js';
import type { Setting } from './registry/setting.js';

export type { BooleanSetting, ChoiceSetting, NumberSetting, Setting } from './registry/setting.js';

// A new loss is one file and one line here.
const losses = {
  contrastive: contrastiveLoss,
  'triplet-margin': tripletMarginLoss,
  'multi-similarity': multiSimilarityLoss,
  circle: circleLoss,
  ntxent: ntxentLoss,
  supcon: supconLoss,
  siglip: siglipLoss,
  'lifted-structure': liftedStructureLoss,
  'n-pairs': nPairsLoss,
  angular: angularLoss,
  margin: marginLoss,
  'fast-ap': fastApLoss,
  'smooth-ap': smoothApLoss,
  'proxy-anchor': proxyAnchorLoss,
  'proxy-nca': proxyNcaLoss,
  'soft-triple': softTripleLoss,
  'subcenter-arcface': subcenterArcfaceLoss,
};

// A new miner is one file and one line here.
const miners = {
  'batch-hard': batchHardMiner,
  'batch-easy-hard': batchEasyHardMiner,
  'triplet-margin': tripletMarginMiner,
  'pair-margin': pairMarginMiner,
  'multi-similarity': multiSimilarityMiner,
  angular: angularMiner,
  'distance-weighted': distanceWeightedMiner,
};

/** The name of a pair or proxy loss. */
export type PairLossName = keyof typeof losses;

/** The name of a miner. */
export type MinerName = keyof typeof miners;

type ValueOf<S> = S extends { type: 'number' }
  ? number
  : S extends { type: 'boolean' }
    ? boolean
    : S extends { enum: readonly (infer Choice)[] }
      ? Choice
      : never;

type Values<Settings> = { -readonly [Key in keyof Settings]?: ValueOf<Settings[Key]> };

/** The settings of each loss that a config can hold, by its name. */
export type PairLossSettings = { [Name in PairLossName]: Values<(typeof losses)[Name]['settings']> };

/** The settings of each miner that a config can hold, by its name. */
export type MinerSettings = { [Name in MinerName]: Values<(typeof miners)[Name]['settings']> };

/** A pair or proxy loss of the registry. */
export interface PairLossDescription {
  name: PairLossName;
  /** The loss in one line; d and s are a pair's distance and similarity, ⁺ and ⁻ mark positive and negative pairs. */
  description: string;
  /** In the order to show them. */
  settings: { readonly [key: string]: Setting };
  /** Whether the loss has learned proxies of the classes and requires `classes`, `dimensions` and labels below `classes`. */
  needsClasses: boolean;
  /** Whether the loss compares a batch with other embeddings too, as `CrossBatchMemory` requires. */
  acceptsReference: boolean;
}

/** A miner of the registry. */
export interface MinerDescription {
  name: MinerName;
  /** What it chooses, in one line. */
  description: string;
  /** In the order to show them. */
  settings: { readonly [key: string]: Setting };
}

/** What losses require beyond their own settings. */
export interface PairLossContext {
  /** Number of classes; required by proxy losses. */
  classes?: number;
  /** Number of dimensions of an embedding; required by proxy losses. */
  dimensions?: number;
  /** Seed of the initial proxies. Default 0. */
  seed?: number;
}

/** Returns the name of every pair and proxy loss. */
export function listPairLosses(): PairLossName[] {
  return Object.keys(losses) as PairLossName[];
}

/** Returns the name of every miner. */
export function listMiners(): MinerName[] {
  return Object.keys(miners) as MinerName[];
}

/**
 * Returns a loss's settings with their defaults and limits, and what the loss requires.
 * @throws Error for a name that is not in `listPairLosses()`.
 */
export function describePairLoss(name: PairLossName): PairLossDescription {
  const entry = entryOf<LossEntry>('describePairLoss', 'loss', losses, name);
  const needsClasses = entry.needsClasses ?? false;
  return {
    name,
    description: entry.description,
    settings: entry.settings,
    needsClasses,
    acceptsReference: !needsClasses && !entry.refusesReference,
  };
}

/**
 * Returns a miner's settings with their defaults and limits.
 * @throws Error for a name that is not in `listMiners()`.
 */
export function describeMiner(name: MinerName): MinerDescription {
  const { description, settings } = entryOf<MinerEntry>('describeMiner', 'miner', miners, name);
  return { name, description, settings };
}

/**
 * Creates a loss by its name, with its default distance and reducer.
 * @throws Error for a name that is not in `listPairLosses()`, a setting that this loss does not have, or a proxy loss
 *   without `classes` and `dimensions`; RangeError for a setting that is out of range.
 */
export function createPairLoss<Name extends PairLossName>(
  name: Name,
  settings: PairLossSettings[Name] = {},
  { classes, dimensions, seed }: PairLossContext = {},
): EmbeddingLoss {
  const entry = entryOf<LossEntry>('createPairLoss', 'loss', losses, name);
  checkKeys('createPairLoss', `loss "${name}"`, entry.settings, settings);
  if (!entry.needsClasses) return entry.create(settings);
  if (classes === undefined || dimensions === undefined) {
    throw new Error(`createPairLoss: the loss "${name}" has proxies; pass classes and dimensions.`);
  }
  return entry.create({ ...settings, classes, dimensions, seed });
}

/**
 * Creates a miner by its name, with its default distance.
 * @param seed Seed of miners that draw. Default 0.
 * @throws Error for a name that is not in `listMiners()`, or a setting that this miner does not have; RangeError for a
 *   setting that is out of range.
 */
export function createMiner<Name extends MinerName>(
  name: Name,
  settings: MinerSettings[Name] = {},
  seed = 0,
): Miner {
  const entry = entryOf<MinerEntry>('createMiner', 'miner', miners, name);
  checkKeys('createMiner', `miner "${name}"`, entry.settings, settings);
  return entry.create({ ...settings, seed });
}

interface LossEntry {
  create(options: object): EmbeddingLoss;
  description: string;
  settings: { readonly [key: string]: Setting };
  needsClasses?: boolean;
  refusesReference?: boolean;
}

interface MinerEntry {
  create(options: object): Miner;
  description: string;
  settings: { readonly [key: string]: Setting };
}

function entryOf<Entry>(caller: string, kind: string, entries: object, name: string): Entry {
  if (!Object.hasOwn(entries, name)) {
    throw new Error(`${caller}: there is no ${kind} "${name}". Known: ${Object.keys(entries).join(', ')}.`);
  }
  return (entries as Record<string, Entry>)[name];
}

function checkKeys(caller: string, owner: string, known: object, settings: object): void {
  const unknown = Object.keys(settings).find((key) => !Object.hasOwn(known, key));
  if (unknown === undefined) return;
  const names = Object.keys(known);
  const own = names.length > 0 ? `Its settings are ${names.join(', ')}.` : 'It has none.';
  throw new Error(`${caller}: the ${owner} has no setting "${unknown}". ${own}`);
}
