import type { Random } from '@unitsphere/core/random';
import type { Filler } from './filler.js';
import type { Pen } from './pen.js';
import type { Style } from './style.js';

/** The design of one identity's document: everything that is common to its copies. */
export interface Layout {
  /** Width over height. */
  readonly aspect: number;
  /** Strength of lamp reflections, 0 (paper) … 1 (laminate). */
  readonly gloss: number;
  /** Whether the document bends and creases like paper. */
  readonly paper: boolean;
  /** Traces the document's outline; default the whole rectangle. */
  readonly outline?: (pen: Pen) => void;
  /** Paints what is common to all copies. */
  paintTemplate(pen: Pen): void;
  /** Paints the values that are filled in on one copy. */
  paintValues(pen: Pen, fill: Filler): void;
}

/** A kind of document: a function that draws an identity's layout. */
export type Kind = (style: Style, random: Random) => Layout;

/** A rectangle in document units. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Aspect ratio of bank and identity cards (ISO/IEC 7810, ID-1). */
export const CARD_ASPECT = 1.586;

/** Returns the outline of a card with rounded corners. */
export function roundedOutline(radius: number): (pen: Pen) => void {
  return (pen) => pen.context.roundRect(0, 0, pen.width, 100, radius);
}
