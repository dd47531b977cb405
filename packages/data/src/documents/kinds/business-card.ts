import { mix, readableOn, white } from '../../drawing/color.js';
import type { Kind } from '../layout.js';
import { drawDesign } from '../parts/design.js';
import { drawCardGround, drawPaperGround } from '../parts/ground.js';

/** A business card: the company's emblem, a name and contact details. */
export const businessCard: Kind = (style, random) => {
  const { issuer, emblem, ground, palette, aspect, width } = drawDesign(style, random, {
    issuer: random.pick(['company', 'shop', 'clinic']),
    title: 'membership',
    ground: () =>
      random.boolean(0.6) ? drawPaperGround(style, random, 0.25) : drawCardGround(style, random, 0.6),
    aspect: [1.55, 1.75],
  });
  const split = random.pick(['none', 'left', 'right', 'foot', 'corner'] as const);
  const share = random.uniform(0.3, 0.42);
  const block = random.pick([palette.primary, palette.primary, palette.accent, palette.ink]);
  const onBlock = readableOn(block);
  const align =
    split === 'left'
      ? 'left'
      : split === 'right'
        ? 'left'
        : random.pick(['left', 'center', 'right'] as const);
  const x =
    split === 'left'
      ? width * share + 9
      : align === 'left'
        ? 10
        : align === 'center'
          ? width / 2
          : width - 10;
  const room = split === 'left' || split === 'right' ? width * (1 - share) - 16 : width - 20;
  const emblemSize = random.uniform(11, 19);
  const slug =
    issuer
      .toLowerCase()
      .normalize('NFD')
      .replace(/[^a-z]/g, '')
      .slice(0, 12) || 'office';
  const top = split === 'none' || split === 'corner' ? 52 : split === 'foot' ? 24 : 34;
  const rule = random.boolean(0.5);
  const upright = split === 'left' || split === 'right';
  const marks = random.pick(['T', '+', '·', '•'] as const);
  return {
    aspect,
    gloss: 0.3,
    paper: false,
    paintTemplate(pen) {
      ground.paint(pen);
      const colors = { main: onBlock, second: mix(onBlock, palette.accent, 0.4), ground: block };
      if (upright) {
        const bx = split === 'left' ? 0 : width * (1 - share);
        pen.rect(bx, 0, width * share, 100, block);
        emblem(pen, bx + (width * share) / 2, 44, emblemSize, colors);
        pen.text(issuer, bx + (width * share) / 2, 44 + emblemSize + 13, {
          font: style.heading,
          size: 7.5,
          color: onBlock,
          align: 'center',
          bold: true,
          max: width * share - 6,
        });
      } else if (split === 'foot') {
        pen.rect(0, 74, width, 26, block);
        emblem(pen, 18, 87, 10, colors);
        pen.text(issuer, 32, 90, {
          font: style.heading,
          size: 9,
          color: onBlock,
          bold: true,
          max: width - 40,
        });
      } else {
        if (split === 'corner') {
          pen.polygon(
            [
              [width, 0],
              [width, 60],
              [width - 70, 0],
            ],
            block,
          );
        }
        const ex =
          align === 'right' ? width - 10 - emblemSize : align === 'center' ? width / 2 : 10 + emblemSize;
        const own = ground.dark
          ? { main: ground.ink, second: palette.accent, ground: ground.base }
          : { main: palette.primary, second: palette.accent, ground: white };
        emblem(pen, ex, 24, emblemSize * 0.8, split === 'corner' && align === 'right' ? colors : own);
        if (align === 'center')
          pen.text(issuer, ex, 24 + emblemSize * 0.8 + 8, {
            font: style.heading,
            size: 7,
            color: ground.main,
            bold: true,
            align,
            max: width - 20,
          });
        else {
          pen.text(issuer, align === 'left' ? 15 + emblemSize * 2 : width - 15 - emblemSize * 2, 27, {
            font: style.heading,
            size: 8.5,
            color: ground.main,
            bold: true,
            align,
            max: width - 60,
          });
        }
      }
      if (rule) {
        const from = align === 'left' ? x : align === 'center' ? x - 20 : x - 40;
        pen.line(from, top + 17, from + 40, top + 17, palette.accent, 1);
      }
    },
    paintValues(pen, fill) {
      const name = fill.name();
      pen.text(name, x, top + 6, {
        font: style.value,
        size: 11,
        color: ground.ink,
        bold: true,
        align,
        max: room,
      });
      pen.text(fill.profession(), x, top + 14, {
        font: style.text,
        size: 6,
        color: ground.soft,
        align,
        max: room,
      });
      const lines = [
        `${marks} ${fill.phone()}`,
        `${fill.code('AA').toLowerCase()}@${slug}.example`,
        `${fill.street()}, ${fill.place()}`,
      ];
      lines.forEach((line, i) => {
        pen.text(line, x, top + 24.5 + i * 8, {
          font: style.text,
          size: 6,
          color: ground.ink,
          align,
          max: room,
        });
      });
    },
  };
};
