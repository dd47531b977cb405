import { Random } from '@unitsphere/core/random';
import { Filler } from '../documents/filler.js';
import { type DocumentKind, kinds } from '../documents/kinds/index.js';
import type { Pen } from '../documents/pen.js';
import { drawStyle } from '../documents/style.js';
import { white } from '../drawing/color.js';

/** Kinds of document that are among the cards. `SceneSource` has none of them, so that its kinds stay unseen. */
export const PASS_KINDS = [
  'identity-card',
  'driving-license',
  'passport',
  'business-card',
] as const satisfies readonly DocumentKind[];

/** Number of forms. Passes of one form differ only in their values: names, numbers and portrait. */
const FORMS = 1000;

/** A flat document of one person. */
export interface Pass {
  /** Width over height. */
  readonly aspect: number;
  paint(pen: Pen): void;
}

/** Draws a pass: a form that others share, and values of its own. */
export function drawPass(seed: number, identity: number): Pass {
  const form = new Random(seed, 'pass', identity).int(FORMS);
  const random = new Random(seed, 'pass', 'form', form);
  const kind = random.pick(PASS_KINDS);
  const style = drawStyle(random);
  const layout = kinds[kind](style, random);
  return {
    aspect: layout.aspect,
    paint(pen) {
      pen.rect(0, 0, pen.width, 100, white);
      if (layout.outline) {
        pen.context.beginPath();
        layout.outline(pen);
        pen.context.clip();
      }
      layout.paintTemplate(pen);
      layout.paintValues(
        pen,
        new Filler(new Random(seed, 'pass', identity, 'values'), style.language, style.dateForm),
      );
    },
  };
}
