import { Random } from '@unitsphere/core/random';
import { hsl, mix, type Rgb } from '../drawing/color.js';

/** Hair styles. */
export const hairStyles = [
  'bald',
  'cropped',
  'short',
  'parted',
  'swept',
  'fringe',
  'curly',
  'bob',
  'long',
  'bun',
] as const;
export type HairStyle = (typeof hairStyles)[number];

export type Beard = 'none' | 'stubble' | 'moustache' | 'goatee' | 'full';

/** A mole, in the face's coordinates. */
export interface Mole {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

/**
 * A person: what all of their pictures have in common. Lengths are in half widths of an average head. In the face's
 * coordinates x points to the right of the picture, y down, z to the viewer; the eyes are near the origin.
 */
export interface FaceIdentity {
  /** Factors on the width and depth of the head and on its length above and below the eyes. */
  readonly head: {
    readonly width: number;
    readonly depth: number;
    readonly crown: number;
    readonly chin: number;
    /** Half widths of the temples, cheekbones, jaw and chin. */
    readonly temple: number;
    readonly cheek: number;
    readonly jaw: number;
    readonly chinWidth: number;
  };
  readonly skin: Rgb;
  /** Redness of cheeks and lips, 0 … 1. */
  readonly flush: number;
  readonly eyes: {
    readonly apart: number;
    readonly y: number;
    readonly width: number;
    readonly open: number;
    /** Height of the outer corner above the inner one. */
    readonly tilt: number;
    readonly iris: Rgb;
    readonly irisRadius: number;
    /** Depth of the eye sockets and heaviness of the upper lid, 0 … 1. */
    readonly depth: number;
    readonly lid: number;
    readonly lashes: number;
  };
  readonly brows: {
    readonly y: number;
    readonly length: number;
    readonly thickness: number;
    readonly arch: number;
    readonly tilt: number;
    readonly color: Rgb;
  };
  readonly nose: {
    readonly length: number;
    readonly width: number;
    readonly bridge: number;
    readonly height: number;
    readonly tip: number;
  };
  readonly mouth: {
    readonly y: number;
    readonly width: number;
    readonly upper: number;
    readonly lower: number;
    readonly bow: number;
    readonly color: Rgb;
  };
  readonly ears: { readonly y: number; readonly size: number; readonly out: number };
  readonly hair: {
    readonly style: HairStyle;
    readonly color: Rgb;
    readonly line: number;
    readonly volume: number;
    readonly side: number;
    readonly fall: number;
    /** Seed of the strands and curls. */
    readonly seed: number;
  };
  readonly beard: Beard;
  readonly moles: readonly Mole[];
  /** A patch of another color; optional. */
  readonly birthmark?: Mole & { readonly color: Rgb };
  readonly freckles: number;
  /** Strength of wrinkles, 0 … 1. */
  readonly age: number;
  readonly seed: number;
}

const SKINS: readonly Rgb[] = [
  [250, 222, 204],
  [240, 202, 172],
  [224, 178, 140],
  [196, 146, 106],
  [152, 104, 72],
  [112, 74, 52],
  [80, 54, 40],
];
const HAIRS: readonly Rgb[] = [
  [26, 22, 22],
  [48, 34, 28],
  [82, 54, 36],
  [122, 82, 50],
  [176, 132, 84],
  [220, 190, 136],
  [158, 72, 40],
  [136, 136, 140],
  [222, 220, 216],
];
const IRISES: readonly Rgb[] = [
  [62, 38, 26],
  [96, 60, 36],
  [128, 96, 52],
  [96, 112, 70],
  [86, 116, 140],
  [112, 142, 176],
  [120, 126, 132],
];

const LIPS: readonly Rgb[] = [
  [176, 62, 62],
  [150, 40, 86],
  [196, 92, 66],
  [112, 52, 54],
  [206, 110, 120],
];
const BIRTHMARKS: readonly Rgb[] = [
  [120, 34, 46],
  [92, 58, 40],
  [244, 226, 212],
];

/** Draws a color between two neighbors of a list and varies its brightness and hue. */
function drawColorBetween(colors: readonly Rgb[], random: Random, deviation: number): Rgb {
  const at = random.uniform(0, colors.length - 1);
  const from = Math.min(colors.length - 2, Math.floor(at));
  const light = random.normal(0, deviation);
  const [r, g, b] = mix(colors[from], colors[from + 1], at - from).map((value) =>
    clamp(value + light + random.normal(0, deviation / 4), 8, 250),
  );
  return [r, g, b];
}

/** Draws the person of an identity; depends only on the seed and the identity. */
export function drawFace(seed: number, identity: number): FaceIdentity {
  const random = new Random(seed, 'face', identity);
  const about = (mean: number, std: number) => mean + 1.6 * std * clamp(random.normal(), -1.9, 1.9);
  const skin = drawColorBetween(SKINS, random, 8);
  // Each part is placed relative to the one above, so that parts never overlap.
  const noseLength = about(0.45, 0.04);
  const mouthY = noseLength + about(0.3, 0.03);
  const flush = random.uniform(0.1, 0.9);
  const hairColor = random.boolean(0.25)
    ? hsl(random.uniform(0, 360), 0.5, random.uniform(0.3, 0.55))
    : drawColorBetween(HAIRS, random, 10);
  const age = random.boolean(0.45) ? random.uniform(0.2, 1) : 0;
  const style = random.pick(hairStyles);
  const beard: Beard = random.boolean(0.6)
    ? 'none'
    : random.pick(['stubble', 'moustache', 'goatee', 'full'] as const);
  const moles = Array.from({ length: random.boolean(0.6) ? 1 + random.int(4) : 0 }, () => ({
    x: random.uniform(-0.7, 0.7),
    y: random.uniform(-0.6, 1),
    radius: random.uniform(0.03, 0.065),
  }));
  return {
    head: {
      width: about(1, 0.035),
      depth: about(1, 0.04),
      crown: about(1, 0.05),
      chin: (mouthY + about(0.43, 0.045)) / 1.2,
      temple: about(0.95, 0.025),
      cheek: about(0.96, 0.035),
      jaw: about(0.77, 0.065),
      chinWidth: about(0.34, 0.06),
    },
    skin,
    flush,
    eyes: {
      apart: about(0.43, 0.03),
      y: about(0, 0.03),
      width: about(0.22, 0.02),
      open: about(0.105, 0.018),
      tilt: about(0.015, 0.028),
      iris: drawColorBetween(IRISES, random, 8),
      irisRadius: about(0.1, 0.007),
      depth: random.uniform(),
      lid: random.uniform(),
      lashes: random.uniform(),
    },
    brows: {
      y: about(-0.25, 0.03),
      length: about(0.27, 0.028),
      thickness: about(0.062, 0.02),
      arch: about(0.05, 0.03),
      tilt: about(0, 0.035),
      color: mix(hairColor, [30, 24, 22], random.uniform(0.1, 0.7)),
    },
    nose: {
      length: noseLength,
      width: about(0.18, 0.028),
      bridge: about(0.075, 0.015),
      height: about(0.24, 0.04),
      tip: random.uniform(),
    },
    mouth: {
      y: mouthY,
      width: about(0.3, 0.035),
      upper: about(0.062, 0.018),
      lower: about(0.085, 0.02),
      bow: random.uniform(),
      color: mix(mix(skin, random.pick(LIPS), 0.4 + 0.35 * flush), [90, 30, 30], random.uniform(0, 0.25)),
    },
    ears: { y: about(0.12, 0.04), size: about(0.27, 0.03), out: about(0.11, 0.035) },
    hair: {
      style,
      color: hairColor,
      line: about(-0.8, 0.07),
      volume: random.uniform(0.03, 0.26),
      side: random.boolean() ? 1 : -1,
      fall: random.uniform(0, 1),
      seed: random.uint32(),
    },
    beard,
    moles,
    birthmark: random.boolean(0.3)
      ? {
          x: random.uniform(-0.65, 0.65),
          y: random.pick([random.uniform(-0.7, -0.35), random.uniform(0.2, 0.7)]),
          radius: random.uniform(0.12, 0.24),
          color: random.pick(BIRTHMARKS),
        }
      : undefined,
    freckles: random.boolean(0.25) ? random.uniform(0.3, 1) : 0,
    age,
    seed: random.uint32(),
  };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
