import { CombinedMargin, type LabelMarginLoss, linearRamp } from '@unitsphere/margin-losses';
import { createMarginLoss } from '@unitsphere/margin-losses/registry';
import type { MarginLossConfig } from '../config/config.js';
import { LOSS_REGISTRY } from '../config/loss-settings.js';
import { pickSettings } from '../config/registry-settings.js';

/** The loss of a config, whose margin and scale follow the warm-up. */
export interface ScheduledLoss {
  readonly loss: LabelMarginLoss;
  /** Sets margin and scale for a step, counted from 0; returns their values for the log. */
  at(step: number): { margin?: number; scale: number };
}

/** The margins at which the combined loss is a softmax. Its warm-up raises all three from there. */
const NO_MARGIN = { m1: 1, m2: 0, m3: 0 };
const COMBINED = ['m1', 'm2', 'm3'] as const;

/** Creates the margin loss of a config with its warm-up. */
export function createLoss(config: MarginLossConfig): ScheduledLoss {
  const { name, scale, gradient, warmup } = config;
  const settings = pickSettings(LOSS_REGISTRY.entries[name], { ...config });
  const loss = createMarginLoss(name, { scale, gradient, ...settings });
  const ramp = (step: number, from: number, to: number) =>
    warmup ? linearRamp(step, { from, to, steps: warmup.steps }) : to;
  return {
    loss,
    at(step) {
      loss.scale = ramp(step, warmup?.scaleFrom ?? scale, scale);
      if (config.name === 'combined' && loss instanceof CombinedMargin) {
        for (const key of COMBINED) loss[key] = ramp(step, NO_MARGIN[key], config[key]);
      }
      if (!('margin' in config && 'margin' in loss)) return { scale: loss.scale };
      loss.margin = ramp(step, warmup?.marginFrom ?? config.margin, config.margin);
      return { margin: loss.margin, scale: loss.scale };
    },
  };
}
