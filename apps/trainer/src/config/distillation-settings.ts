import {
  type DistillationLossName,
  type DistillationLossOptions,
  describeDistillationLoss,
  listDistillationLosses,
} from '@unitsphere/clip-distiller';
import type { z } from 'zod';
import { createShape, type RegistrySettings } from './registry-settings.js';

/** The keys of the distillation losses' settings. */
export type DistillationSettingKey = {
  [Name in DistillationLossName]: keyof DistillationLossOptions[Name];
}[DistillationLossName];

type SettingValue<Key> = {
  [Name in DistillationLossName]: Key extends keyof DistillationLossOptions[Name]
    ? NonNullable<DistillationLossOptions[Name][Key]>
    : never;
}[DistillationLossName];

/** The settings of the distillation losses, from the registry of @unitsphere/clip-distiller. */
export const DISTILLATION_REGISTRY: RegistrySettings = {
  section: 'distillation',
  selector: 'loss',
  entries: Object.fromEntries(
    listDistillationLosses().map((name) => [name, { ...describeDistillationLoss(name).settings }]),
  ),
};

/** Schemas of the settings, all optional. */
export const DISTILLATION_SHAPE = createShape(DISTILLATION_REGISTRY) as {
  [Key in DistillationSettingKey]: z.ZodOptional<z.ZodType<SettingValue<Key>, SettingValue<Key>>>;
};
