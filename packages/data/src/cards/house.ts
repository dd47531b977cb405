import type { Random } from '@unitsphere/core/random';
import { drawEmblem, type Emblem } from '../documents/parts/emblem.js';
import { drawStyle, type Style } from '../documents/style.js';
import { drawIssuer } from '../documents/words/issuers.js';
import { white } from '../drawing/color.js';

/** What all cards of one issuer have in common; only their grounds and details differ. */
export interface House {
  readonly style: Style;
  readonly issuer: string;
  readonly emblem: Emblem;
  /** Index of a picture that stands for the emblem; undefined for a drawn emblem. */
  readonly logo: number | undefined;
  readonly logoAtRight: boolean;
  /** Number of contacts' arrangement, and the metal of the chip. */
  readonly chip: {
    readonly x: number;
    readonly y: number;
    readonly plan: number;
    readonly metal: readonly [number, number, number];
  };
  readonly number: { readonly y: number; readonly size: number; readonly text: string };
  readonly network: number;
  readonly tier: string;
}

const NETWORKS = 8;

const metals = [
  [214, 178, 92],
  [206, 190, 130],
  [200, 202, 206],
  [226, 196, 120],
] as const;

const tiers = [
  '',
  '',
  'TITANIUM',
  'PLATINUM',
  'Signature',
  'WORLD',
  'INFINITE',
  'BUSINESS',
  'DEBIT',
  'Classic',
];

/** Card numbers of specimens: many cards show the same one, so that it identifies none. */
const numbers = [
  '4637 8888 8888 8888',
  '5412 7512 3456 7890',
  '3565 8888 1234 5678',
  '4000 1234 5678 9010',
  '5242 5513 1313 1313',
  '4213 7801 2345 6789',
  '3742 456789 01234',
];

/** One of an issuer's products that share a design. */
export interface Product {
  /** Number of the products of this design that were drawn before: no two of the first 72 have both the mark and the tier in common. */
  readonly rank: number;
  /** Stream of what else differs. */
  readonly random: Random;
}

/** Names of tiers, each once. */
const distinctTiers = [...new Set(tiers)];
/** Products in a row that have one payment mark, and differ in their tier. */
const PRODUCTS_OF_A_MARK = 3;

/** Number of products of one design that differ in payment mark or tier. */
export const DISTINCT_PRODUCTS = NETWORKS * distinctTiers.length;

/** Returns the house with the payment mark, tier and number of another product of the same issuer. */
export function varyHouse(house: House, { rank, random }: Product): House {
  const mark = Math.floor(rank / PRODUCTS_OF_A_MARK);
  const tier = (rank % PRODUCTS_OF_A_MARK) + PRODUCTS_OF_A_MARK * Math.floor(mark / NETWORKS);
  return {
    ...house,
    network: (house.network + mark) % NETWORKS,
    tier: distinctTiers[(distinctTiers.indexOf(house.tier) + tier) % distinctTiers.length],
    number: random.boolean() ? { ...house.number, text: random.pick(numbers) } : house.number,
    chip: random.boolean(0.2) ? { ...house.chip, metal: random.pick(metals) } : house.chip,
  };
}

/** Draws a house. @param pictures Number of pictures. */
export function drawHouse(random: Random, pictures: number): House {
  const style = drawStyle(random);
  const issuer = drawIssuer(
    random,
    style.language,
    random.pick(['bank', 'bank', 'shop', 'company', 'carrier', 'club'] as const),
  );
  const { primary, accent } = style.palette;
  const emblem = drawEmblem(random, { main: primary, second: accent, ground: white }, issuer, style.heading);
  return {
    style,
    issuer,
    emblem,
    logo: pictures > 0 && random.boolean(0.5) ? random.int(pictures) : undefined,
    logoAtRight: random.boolean(0.3),
    chip: {
      x: random.pick([11, 13, 15, 20]),
      y: random.uniform(32, 42),
      plan: random.int(3),
      metal: random.pick(metals),
    },
    number: {
      y: random.uniform(60, 70),
      size: random.uniform(11, 15),
      text: random.pick(numbers),
    },
    network: random.int(NETWORKS),
    tier: random.pick(tiers),
  };
}
