import { Random } from '@unitsphere/core/random';
import { type DocumentKind, documentKinds, kinds } from './kinds/index.js';
import type { Layout } from './layout.js';
import { drawStyle, type Style, varyHouseStyle } from './style.js';

/** Number of house styles. Identities that share one are hard negatives in verification. */
const HOUSE_COUNT = 48;
/** Probability that an identity uses a house style. */
const HOUSE_PROBABILITY = 0.4;

/** An identity: its kind, its style and the layout drawn from them. */
export interface DocumentIdentity {
  readonly kind: DocumentKind;
  readonly style: Style;
  readonly layout: Layout;
}

interface Start {
  readonly kind: DocumentKind;
  /** Stream of the identity. */
  readonly random: Random;
  /** Stream of the house style; undefined for an identity with its own style. */
  readonly house?: Random;
}

/** Draws the kind and creates the streams that the rest is drawn from. */
function startIdentity(seed: number, identity: number): Start {
  const random = new Random(seed, 'document', identity);
  if (!random.boolean(HOUSE_PROBABILITY)) return { kind: random.pick(documentKinds), random };
  const house = new Random(seed, 'document', 'house', random.int(HOUSE_COUNT));
  return { kind: house.pick(documentKinds), random, house };
}

/** Draws only the kind of an identity, which is cheap. */
export function drawKind(seed: number, identity: number): DocumentKind {
  return startIdentity(seed, identity).kind;
}

/** Draws an identity; depends only on the seed and the identity. */
export function drawIdentity(seed: number, identity: number): DocumentIdentity {
  const { kind, random, house } = startIdentity(seed, identity);
  const style = house ? varyHouseStyle(drawStyle(house), random) : drawStyle(random);
  return { kind, style, layout: kinds[kind](style, random) };
}
