import {
  describeMiner,
  describePairLoss,
  listMiners,
  listPairLosses,
  type MinerName,
  type MinerSettings,
  type PairLossName,
  type PairLossSettings,
} from '@unitsphere/pair-losses/registry';
import type { z } from 'zod';
import { createShape, type RegistrySettings } from './registry-settings.js';

/** The keys of the settings of pair losses. */
export type PairLossKey = { [Name in PairLossName]: keyof PairLossSettings[Name] }[PairLossName];

/** The keys of the settings of miners. */
export type MinerKey = { [Name in MinerName]: keyof MinerSettings[Name] }[MinerName];

type ValueIn<Settings, Key> = {
  [Name in keyof Settings]: Key extends keyof Settings[Name] ? NonNullable<Settings[Name][Key]> : never;
}[keyof Settings];

type Shape<Settings, Key extends PropertyKey> = {
  [K in Key]: z.ZodOptional<z.ZodType<ValueIn<Settings, K>, ValueIn<Settings, K>>>;
};

/** The settings of the pair and proxy losses, from the registry of @unitsphere/pair-losses. */
export const PAIR_LOSS_REGISTRY: RegistrySettings = {
  section: 'loss.pairs',
  selector: 'name',
  entries: Object.fromEntries(listPairLosses().map((name) => [name, describePairLoss(name).settings])),
};

/** The settings of the miners, from the same registry. */
export const MINER_REGISTRY: RegistrySettings = {
  section: 'loss.pairs.miner',
  selector: 'name',
  entries: Object.fromEntries(listMiners().map((name) => [name, describeMiner(name).settings])),
};

/** Schemas of the losses' settings, all optional. */
export const PAIR_LOSS_SHAPE = createShape(PAIR_LOSS_REGISTRY) as Shape<PairLossSettings, PairLossKey>;

/** Schemas of the miners' settings, all optional. */
export const MINER_SHAPE = createShape(MINER_REGISTRY) as Shape<MinerSettings, MinerKey>;
