import { css, mix } from '../../drawing/color.js';
import { CARD_ASPECT, type Kind, roundedOutline } from '../layout.js';
import { drawDesign } from '../parts/design.js';
import { drawCardGround } from '../parts/ground.js';
import { paintChip } from '../parts/marks.js';

/** A payment card: chip, embossed number, holder, date, and the logo of an invented network. */
export const bankCard: Kind = (style, random) => {
  const { issuer, emblem, ground, palette, aspect, width } = drawDesign(style, random, {
    issuer: 'bank',
    title: 'membership',
    ground: () => drawCardGround(style, random, 0.85),
    aspect: CARD_ASPECT,
  });
  const metal = random.pick([
    [214, 178, 92],
    [200, 202, 206],
    [226, 196, 120],
  ] as const);
  const chipX = random.pick([12, 12, 14, width - 36]);
  const chipY = random.uniform(29, 36);
  const plan = random.int(3);
  const numberY = random.uniform(62, 70);
  const numberSize = random.uniform(11, 13);
  const grouping = random.pick(['4444', '4444', '465', '55'] as const);
  const network = random.int(5);
  const [networkX, networkY] = random.pick([
    [width - 24, 84],
    [width - 24, 84],
    [width - 24, 16],
  ] as const);
  const titleRight = networkY > 50 && random.boolean(0.35);
  const inks = [palette.accent, mix(palette.secondary, [255, 255, 255], 0.2)] as const;
  const waves = random.boolean(0.6);
  const word = random.pick(['debit', 'credit', 'business', 'platinum', 'world', 'junior']);
  const initials = random.pick(['ORBI', 'NOVA', 'PAX', 'VELO', 'UNIO']);
  const big = random.boolean(0.25);
  return {
    aspect,
    gloss: 1,
    paper: false,
    outline: roundedOutline(6),
    paintTemplate(pen) {
      const { context } = pen;
      ground.paint(pen);
      const colors = { main: ground.ink, second: palette.accent, ground: ground.base };
      if (big) {
        context.globalAlpha = 0.18;
        emblem(pen, width * 0.72, 52, 44, colors);
        context.globalAlpha = 1;
      }
      emblem(pen, titleRight ? width - 16 : 17, 15, 9, colors);
      pen.text(issuer, titleRight ? width - 29 : 30, 18, {
        font: style.heading,
        size: 11,
        color: ground.ink,
        bold: true,
        align: titleRight ? 'right' : 'left',
        max: networkY < 50 ? width - 76 : width - 44,
      });
      paintChip(pen, chipX, chipY, 23, 18, plan, metal);
      if (waves) {
        for (let i = 0; i < 3; i++) {
          context.strokeStyle = css(ground.ink, 0.9);
          context.lineWidth = 1.1;
          context.beginPath();
          context.arc(chipX < 50 ? chipX + 27 : chipX - 16, chipY + 9, 4 + i * 3, -0.7, 0.7);
          context.stroke();
        }
      }
      const [x, y] = [networkX, networkY];
      if (network === 0) {
        pen.disc(x - 6, y, 10, inks[0], 0.95);
        pen.disc(x + 6, y, 10, inks[1], 0.8);
      } else if (network === 1) {
        pen.text(initials, x + 16, y + 6, {
          font: style.heading.letters === 'mixed' ? style.text : style.heading,
          size: 17,
          color: ground.ink,
          bold: true,
          align: 'right',
        });
      } else if (network === 2) {
        for (let i = 0; i < 3; i++) pen.round(x - 14 + i * 10, y - 9, 8, 18, 3, i === 1 ? inks[1] : inks[0]);
      } else if (network === 3) {
        pen.polygon(
          [
            [x - 14, y + 8],
            [x, y - 10],
            [x + 14, y + 8],
          ],
          inks[0],
        );
        pen.disc(x, y + 3, 5, ground.ink);
      } else {
        pen.ring(x, y, 9, ground.ink, 2.4);
        pen.ring(x, y, 4.5, inks[0], 2.4);
      }
      pen.text(word, width - 9, networkY > 50 ? 62 : 91, {
        font: style.text,
        size: 5.6,
        color: ground.soft,
        align: 'right',
        max: 30,
      });
    },
    paintValues(pen, fill) {
      const groups =
        grouping === '4444'
          ? '#### #### #### ####'
          : grouping === '465'
            ? '#### ###### #####'
            : '##### ##### #####';
      const number = fill.code(groups);
      const at = [12, numberY + 6] as const;
      // The embossed number has a shadow below and a light edge above.
      pen.text(number, at[0] + 0.5, at[1] + 0.7, {
        font: style.mono,
        size: numberSize,
        color: [0, 0, 0],
        alpha: 0.4,
        max: width - 50,
      });
      pen.text(number, at[0], at[1], {
        font: style.mono,
        size: numberSize,
        color: ground.ink,
        max: width - 50,
      });
      pen.text(fill.code('0#/2#'), 60, 83, { font: style.mono, size: 7, color: ground.ink });
      pen.text(fill.name(), 12, 92, {
        font: style.mono,
        size: 7.4,
        color: ground.ink,
        capitals: true,
        max: width - 60,
      });
    },
  };
};
