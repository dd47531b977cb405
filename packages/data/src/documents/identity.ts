import { Random } from '@unitsphere/core/random';
import { type DocumentKind, documentKinds, kinds } from './kinds/index.js';
import type { Layout } from './layout.js';
import { drawStyle, inHouseStyle, type Style } from './style.js';

/** Houses whose style several identities share: the hard negatives of verification. */
const HOUSES = 48;
const IN_HOUSE = 0.4;

/** What an identity is: its kind, its style, and the layout settled from them. */
export interface DocumentIdentity {
  readonly kind: DocumentKind;
  readonly style: Style;
  readonly layout: Layout;
}

interface Start {
  readonly kind: DocumentKind;
  readonly random: Random;
  readonly house?: Random;
}

function begin(seed: number, identity: number): Start {
  const random = new Random(seed, 'document', identity);
  if (!random.boolean(IN_HOUSE)) return { kind: random.pick(documentKinds), random };
  const house = new Random(seed, 'document', 'house', random.int(HOUSES));
  return { kind: house.pick(documentKinds), random, house };
}

/** The kind alone, which is cheap. */
export function drawKind(seed: number, identity: number): DocumentKind {
  return begin(seed, identity).kind;
}

/** The identity of a number under a seed; the same whatever else was drawn. */
export function drawIdentity(seed: number, identity: number): DocumentIdentity {
  const { kind, random, house } = begin(seed, identity);
  const style = house ? inHouseStyle(drawStyle(house), random) : drawStyle(random);
  return { kind, style, layout: kinds[kind](style, random) };
}
