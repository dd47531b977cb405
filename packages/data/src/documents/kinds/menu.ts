import { legible, readableOn } from '../../drawing/color.js';
import type { Kind } from '../layout.js';
import { drawDesign } from '../parts/design.js';
import { drawCardGround, drawPaperGround } from '../parts/ground.js';
import { formatMoney } from '../style.js';
import { drawTheme } from '../words/prose.js';

/** The menu of a café, with dishes that differ between copies. */
export const menu: Kind = (style, random) => {
  const { issuer, title, emblem, ground, palette, aspect, width } = drawDesign(style, random, {
    issuer: 'shop',
    title: 'menu',
    ground: () =>
      random.boolean(0.5) ? drawPaperGround(style, random, 0.4) : drawCardGround(style, random, 0.75),
    aspect: [0.6, 0.78],
  });
  const frame = random.pick(['none', 'single', 'double', 'corners', 'band'] as const);
  const top = random.uniform(32, 38);
  const sections = 2 + random.int(2);
  const names = Array.from({ length: sections }, () => drawTheme(random, style.language).split(' ')[0]);
  const leaders = random.pick(['dots', 'none', 'line'] as const);
  const centered = leaders === 'none' && random.boolean(0.6);
  const step = random.uniform(4.6, 5.4);
  const per = Math.max(2, Math.floor(((93 - top) / sections - 6) / step));
  const height = (94 - top) / sections;
  const accent = legible(palette.accent, ground.base, ground.ink);
  const emblemY = random.boolean(0.75) ? 12 : -1;
  const itemFont = random.boolean(0.2) ? style.hand : style.value;
  const colors = ground.dark ? { main: ground.ink, second: accent, ground: ground.base } : undefined;
  const bandOn = readableOn(palette.primary);
  return {
    aspect,
    gloss: 0.3,
    paper: true,
    paintTemplate(pen) {
      ground.paint(pen);
      if (frame === 'single' || frame === 'double') pen.frame(3, 3, width - 6, 94, ground.main, 0.8);
      if (frame === 'double') pen.frame(4.8, 4.8, width - 9.6, 90.4, accent, 0.4);
      if (frame === 'corners') {
        for (const [x, y, sx, sy] of [
          [3, 3, 1, 1],
          [width - 3, 3, -1, 1],
          [3, 97, 1, -1],
          [width - 3, 97, -1, -1],
        ]) {
          pen.line(x, y, x + sx * 11, y, accent, 1);
          pen.line(x, y, x, y + sy * 11, accent, 1);
        }
      }
      if (frame === 'band') pen.rect(0, 0, width, top - 7, palette.primary);
      const on = frame === 'band' ? bandOn : ground.main;
      if (emblemY > 0)
        emblem(
          pen,
          width / 2,
          emblemY,
          6.4,
          frame === 'band' ? { main: bandOn, second: palette.accent, ground: palette.primary } : colors,
        );
      pen.text(issuer, width / 2, emblemY > 0 ? 24.5 : 14, {
        font: style.heading,
        size: 6.2,
        color: on,
        bold: true,
        align: 'center',
        max: width - 12,
      });
      pen.text(title, width / 2, emblemY > 0 ? 29.4 : 23.5, {
        font: style.text,
        size: emblemY > 0 ? 3.6 : 6,
        color: frame === 'band' ? bandOn : ground.soft,
        align: 'center',
        capitals: true,
      });
      names.forEach((name, s) => {
        const y = top + s * height;
        pen.text(name, centered ? width / 2 : 8, y + 3.4, {
          font: style.heading,
          size: 4.8,
          color: accent,
          bold: true,
          align: centered ? 'center' : 'left',
        });
      });
    },
    paintValues(pen, fill) {
      for (let s = 0; s < sections; s++) {
        for (let i = 0; i < per; i++) {
          const y = top + s * height + 8.4 + i * step;
          const dish = `${fill.goods()}, ${fill.goods().toLowerCase()}`;
          const price = formatMoney(style, 2 + fill.random.int(30) + 0.5);
          if (centered)
            pen.text(`${dish}  ${price}`, width / 2, y, {
              font: itemFont,
              size: 3.4,
              color: ground.ink,
              align: 'center',
              max: width - 14,
            });
          else {
            pen.text(dish, 8, y, { font: itemFont, size: 3.4, color: ground.ink, max: width * 0.58 });
            pen.text(price, width - 8, y, {
              font: style.value,
              size: 3.4,
              color: ground.ink,
              align: 'right',
            });
            if (leaders !== 'none')
              pen.line(
                width * 0.64,
                y,
                width - 22,
                y,
                ground.soft,
                0.4,
                leaders === 'dots' ? [0.5, 1.2] : undefined,
              );
          }
        }
      }
    },
  };
};
