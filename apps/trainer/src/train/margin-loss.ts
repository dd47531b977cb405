import {
  ArcFace,
  CombinedMargin,
  CosFace,
  type LabelMarginLoss,
  linearRamp,
  NormalizedSoftmax,
} from '@unitsphere/margin-losses';
import type { LossConfig } from '../config/config.js';

/** The loss of a config, its margin and scale set for each step. */
export interface ScheduledLoss {
  readonly loss: LabelMarginLoss;
  /** Sets margin and scale for a step; returns what the log shows. */
  at(step: number): { margin?: number; scale: number };
}

/** Makes the margin loss of a config, with its warm-up. */
export function createLoss(config: LossConfig): ScheduledLoss {
  const { scale, warmup } = config;
  const ramp = (step: number, from: number, to: number) =>
    warmup ? linearRamp(step, { from, to, steps: warmup.steps }) : to;
  const scaleAt = (step: number) => ramp(step, warmup?.scaleFrom ?? scale, scale);
  if (config.name === 'cosface' || config.name === 'arcface') {
    const loss = config.name === 'cosface' ? new CosFace(config) : new ArcFace(config);
    return {
      loss,
      at(step) {
        loss.scale = scaleAt(step);
        loss.margin = ramp(step, warmup?.marginFrom ?? 0, config.margin);
        return { margin: loss.margin, scale: loss.scale };
      },
    };
  }
  const loss = config.name === 'combined' ? new CombinedMargin(config) : new NormalizedSoftmax(config);
  return {
    loss,
    at(step) {
      loss.scale = scaleAt(step);
      return { scale: loss.scale };
    },
  };
}
