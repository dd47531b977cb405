import {
  AdaFace,
  ArcFace,
  CombinedMargin,
  CosFace,
  CurricularFace,
  type LabelMarginLoss,
  linearRamp,
  NormalizedSoftmax,
  SphereFace,
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
  if (config.name === 'combined' || config.name === 'softmax') {
    const loss = config.name === 'combined' ? new CombinedMargin(config) : new NormalizedSoftmax(config);
    return {
      loss,
      at(step) {
        loss.scale = scaleAt(step);
        return { scale: loss.scale };
      },
    };
  }
  const loss = withOneMargin(config);
  return {
    loss,
    at(step) {
      loss.scale = scaleAt(step);
      loss.margin = ramp(step, warmup?.marginFrom ?? config.margin, config.margin);
      return { margin: loss.margin, scale: loss.scale };
    },
  };
}

function withOneMargin(config: Extract<LossConfig, { margin: number }>) {
  switch (config.name) {
    case 'cosface':
      return new CosFace(config);
    case 'arcface':
      return new ArcFace(config);
    case 'adaface':
      return new AdaFace(config);
    case 'curricularface':
      return new CurricularFace(config);
    case 'sphereface':
      return new SphereFace(config);
  }
}
