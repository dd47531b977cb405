import { mix, white } from '../../drawing/color.js';
import type { Kind } from '../layout.js';
import { drawCodeForm } from '../parts/code-form.js';
import { drawDesign } from '../parts/design.js';
import { drawCardGround } from '../parts/ground.js';
import { paintSignature } from '../parts/marks.js';
import { formatMoney } from '../style.js';
import { drawPlace } from '../words/places.js';

/** A bank cheque on patterned paper, filled in by hand. */
export const cheque: Kind = (style, random) => {
  const { issuer, title, emblem, ground, palette, label, aspect, width } = drawDesign(style, random, {
    issuer: 'bank',
    title: 'cheque',
    ground: () => drawCardGround(style, random, 0),
    aspect: [2, 2.35],
  });
  const ink = [24, 36, 92] as const;
  const emblemX = random.pick([16, 16, width - 18, width / 2]);
  const issuerX = emblemX < 20 ? 30 : 10;
  const boxRight = random.boolean(0.8);
  const frame = random.pick(['double', 'band', 'none', 'side'] as const);
  const boxTop = random.uniform(36, 42);
  const town = drawPlace(random, style.language);
  const form = drawCodeForm(random, 6);
  const ghost = random.boolean(0.5);
  const micr = random.pick([
    '<######< ####: ########<',
    ':######: <########< ##',
    '######  ####-##  #######',
  ]);
  const sideColor = random.pick([palette.primary, palette.accent]);
  const boxX = boxRight ? width - 62 : 10;
  const lineX = boxRight ? 10 : 76;
  const lineEnd = boxRight ? width - 68 : width - 10;
  return {
    aspect,
    gloss: 0.2,
    paper: true,
    paintTemplate(pen) {
      ground.paint(pen);
      if (ghost) {
        pen.context.globalAlpha = 0.14;
        emblem(pen, width * 0.46, 52, 40);
        pen.context.globalAlpha = 1;
      }
      if (frame === 'double') {
        pen.frame(3, 3, width - 6, 94, palette.primary, 1.2);
        pen.frame(5.5, 5.5, width - 11, 89, palette.primary, 0.4);
      } else if (frame === 'band') pen.rect(0, 0, width, 4, sideColor);
      else if (frame === 'side') pen.rect(0, 0, 5, 100, sideColor);
      emblem(pen, emblemX, 18, 10);
      pen.text(issuer, issuerX, 19, {
        font: style.heading,
        size: 10.5,
        color: palette.primary,
        bold: true,
        max: emblemX === width / 2 ? width / 2 - 24 : width * 0.42,
      });
      pen.text(town, issuerX, 27, { font: style.text, size: 5.6, color: ground.soft });
      pen.text(title, width * 0.58, 27, {
        font: style.text,
        size: 6,
        color: ground.soft,
        capitals: true,
        max: 40,
      });
      pen.text(label.pay, lineX, 46, { font: style.text, size: 6, color: ground.soft, max: 20 });
      pen.line(lineX + 22, 47, lineEnd, 47, ground.ink, 0.5);
      pen.line(lineX, 62, lineEnd, 62, ground.ink, 0.5);
      pen.round(boxX, boxTop, 52, 16, 1.5, white, 0.85);
      pen.frame(boxX, boxTop, 52, 16, palette.primary, 0.7, 1.5);
      pen.line(width - 82, 84, width - 12, 84, ground.ink, 0.5);
      pen.text(label.signature, width - 82, 89.5, { font: style.text, size: 4.4, color: ground.soft });
      pen.text(label.date, 10, 76, { font: style.text, size: 5, color: ground.soft, max: 20 });
      pen.rect(0, 90.5, width - 90, 9.5, mix(ground.base, white, 0.7));
    },
    paintValues(pen, fill) {
      const amount = fill.amount(20, 9800);
      const hand = { font: style.hand, color: ink };
      pen.text(fill.name(), lineX + 24, 45.5, { ...hand, size: 9.5, max: lineEnd - lineX - 26 });
      pen.text(fill.numerals(4), lineX + 2, 60.5, { ...hand, size: 8.5, max: lineEnd - lineX - 4 });
      pen.text(formatMoney(style, amount), boxX + 26, boxTop + 11.4, {
        ...hand,
        size: 10.5,
        align: 'center',
        max: 48,
      });
      pen.text(fill.date(2015, 2025), 32, 76, { ...hand, size: 8.5, max: 60 });
      paintSignature(pen, fill.random, width - 76, 64, 54, 20, ink);
      pen.text(fill.code(form), emblemX > width * 0.6 ? width - 34 : width - 10, 20, {
        font: style.mono,
        size: 7,
        color: palette.accent,
        bold: true,
        align: 'right',
      });
      pen.text(fill.code(micr), 10, 97.6, {
        font: style.mono,
        size: 7.4,
        color: [30, 30, 34],
        max: width - 106,
      });
    },
  };
};
