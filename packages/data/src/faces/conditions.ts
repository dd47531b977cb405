import type { Random } from '@unitsphere/core/random';
import { hsl, mix, type Rgb } from '../drawing/color.js';

export type Eyewear = 'none' | 'glasses' | 'sunglasses';
export type Headwear = 'none' | 'cap' | 'beanie';

/** The conditions of one picture, independent of the identity. */
export interface Conditions {
  /** Rotation of the head in radians: to the side, up, and leaning. */
  readonly yaw: number;
  readonly pitch: number;
  readonly roll: number;
  /** Half the head's width and the position of its center, as fractions of the picture's side. */
  readonly scale: number;
  readonly x: number;
  readonly y: number;
  readonly expression: {
    /** −1 sad … 1 glad. */
    readonly smile: number;
    /** How far the mouth is open, 0 … 1. */
    readonly open: number;
    readonly browRaise: number;
    readonly squint: number;
  };
  /** Offset of the irises, in iris radii. */
  readonly gaze: readonly [number, number];
  readonly light: {
    /** Direction of the light in the picture. */
    readonly x: number;
    readonly y: number;
    /** Darkening of the side away from the light, 0 … 1. */
    readonly contrast: number;
    readonly color: Rgb;
  };
  readonly eyewear: {
    readonly kind: Eyewear;
    readonly color: Rgb;
    readonly round: number;
    readonly size: number;
  };
  readonly headwear: { readonly kind: Headwear; readonly color: Rgb };
  readonly cloth: Rgb;
  readonly collar: number;
  readonly background: {
    readonly low: Rgb;
    readonly high: Rgb;
    readonly turn: number;
    readonly blobs: number;
  };
  /** Exposure, contrast and color of the camera. */
  readonly exposure: number;
  readonly contrast: number;
  readonly gains: readonly [number, number, number];
  readonly saturation: number;
}

const randomColor = (random: Random) =>
  hsl(random.uniform(0, 360), random.uniform(0, 0.3), random.uniform(0.3, 0.8));

/** Draws the conditions of a picture. */
export function drawConditions(random: Random): Conditions {
  const clampedNormal = (std: number, limit: number) =>
    Math.max(-limit, Math.min(limit, random.normal(0, std)));
  const lightTurn = random.uniform(0, 2 * Math.PI);
  const warmth = random.normal(0, 0.02);
  const tint = random.normal(0, 0.012);
  const ground = randomColor(random);
  return {
    yaw: clampedNormal(0.12, 0.36),
    pitch: clampedNormal(0.08, 0.22),
    roll: clampedNormal(0.06, 0.18),
    scale: random.uniform(0.3, 0.325),
    x: 0.5 + random.normal(0, 0.012),
    y: 0.53 + random.normal(0, 0.012),
    expression: {
      smile: random.boolean(0.5) ? random.uniform(0.2, 1) : random.uniform(-0.4, 0.2),
      open: random.boolean(0.3) ? random.uniform(0.2, 1) : 0,
      browRaise: clampedNormal(0.4, 1),
      squint: random.boolean(0.06) ? random.uniform(0.4, 0.95) : random.uniform(-0.1, 0.25),
    },
    gaze: [clampedNormal(0.3, 0.7), clampedNormal(0.15, 0.4)],
    light: {
      x: Math.cos(lightTurn),
      y: -Math.abs(Math.sin(lightTurn)) * random.uniform(0.2, 1),
      contrast: random.uniform(0.1, 0.4),
      color: mix(
        [255, 255, 255],
        random.pick([
          [255, 208, 150],
          [170, 200, 255],
          [255, 255, 255],
        ]),
        random.uniform(0, 0.16),
      ),
    },
    eyewear: {
      kind: random.boolean(0.12) ? (random.boolean(0.2) ? 'sunglasses' : 'glasses') : 'none',
      color: random.pick([[28, 26, 28], [92, 58, 36], [150, 150, 156], randomColor(random)]),
      round: random.uniform(),
      size: random.uniform(0.2, 0.27),
    },
    headwear: {
      kind: random.boolean(0.05) ? random.pick(['cap', 'beanie']) : 'none',
      color: randomColor(random),
    },
    cloth: randomColor(random),
    collar: random.int(3),
    background: {
      low: mix(ground, [0, 0, 0], random.uniform(0, 0.35)),
      high: mix(ground, [255, 255, 255], random.uniform(0, 0.5)),
      turn: random.uniform(0, 2 * Math.PI),
      blobs: random.boolean(0.3) ? 2 + random.int(6) : 0,
    },
    exposure: random.uniform(0.92, 1.06),
    contrast: random.uniform(0.88, 1.08),
    gains: [1 + warmth, 1 + tint, 1 - warmth],
    saturation: random.uniform(0.85, 1.08),
  };
}

/** The conditions of an identity's clean picture: frontal, neutral expression, even light. */
export const PLAIN: Conditions = {
  yaw: 0,
  pitch: 0,
  roll: 0,
  scale: 0.31,
  x: 0.5,
  y: 0.53,
  expression: { smile: 0, open: 0, browRaise: 0, squint: 0 },
  gaze: [0, 0],
  light: { x: 0.3, y: -0.9, contrast: 0.15, color: [255, 255, 255] },
  eyewear: { kind: 'none', color: [0, 0, 0], round: 0, size: 0.2 },
  headwear: { kind: 'none', color: [0, 0, 0] },
  cloth: [96, 100, 108],
  collar: 0,
  background: { low: [206, 210, 214], high: [226, 230, 234], turn: 1.6, blobs: 0 },
  exposure: 1,
  contrast: 1,
  gains: [1, 1, 1],
  saturation: 1,
};
