import type { Random } from '@unitsphere/core/random';
import type { Filler } from './filler.js';
import type { Pen } from './pen.js';
import type { Style } from './style.js';

/** One identity's document: everything that does not change from copy to copy is settled in it. */
export interface Layout {
  /** Width over height. */
  readonly aspect: number;
  /** How strongly it mirrors a lamp, 0 (paper) … 1 (laminate). */
  readonly gloss: number;
  /** Whether it bends and creases as paper does. */
  readonly paper: boolean;
  /** Traces the document's edge; the whole rectangle if there is none. */
  readonly outline?: (pen: Pen) => void;
  /** Draws what every copy has. */
  fixed(pen: Pen): void;
  /** Draws what is filled in on one copy. */
  filled(pen: Pen, fill: Filler): void;
}

/** A kind of document: settles an identity's layout. */
export type Kind = (style: Style, random: Random) => Layout;

/** A rectangle in document units. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The edge of a card with rounded corners. */
export function roundedOutline(radius: number): (pen: Pen) => void {
  return (pen) => pen.context.roundRect(0, 0, pen.width, 100, radius);
}
