import { mix, readableOn, white } from '../../drawing/color.js';
import type { Kind } from '../layout.js';
import { drawDesign } from '../parts/design.js';
import { drawPaperGround } from '../parts/ground.js';
import { paintBarcode, paintMatrixCode } from '../parts/marks.js';
import { patterns } from '../parts/pattern.js';
import { drawPhotoStyle, paintPortrait } from '../parts/portrait.js';

/** A badge of a company or conference: portrait format, a slot at the top, a large name. */
export const badge: Kind = (style, random) => {
  const { issuer, title, emblem, ground, palette, aspect, width } = drawDesign(style, random, {
    issuer: random.pick(['company', 'school', 'stage']),
    title: 'badge',
    ground: () => drawPaperGround(style, random, 0.2),
    aspect: [0.66, 0.76],
  });
  const top = random.uniform(24, 38);
  const headColor = random.pick([palette.primary, palette.primary, palette.accent, palette.ink]);
  const head = patterns[style.pattern](random, mix(headColor, white, 0.5), 0.4);
  const foot = random.uniform(10, 18);
  const footColor = random.pick([palette.accent, palette.secondary, palette.primary]);
  const hasPhoto = random.boolean(0.65);
  const photo = drawPhotoStyle(random, palette.primary);
  const photoSize = random.uniform(26, 33);
  const overlap = top > 32 && random.boolean(0.7);
  const curve = random.pick([0, 6, -6, 10]);
  const code = random.pick(['barcode', 'matrix', 'none'] as const);
  const slot = random.pick(['slot', 'hole', 'none'] as const);
  const on = readableOn(headColor);
  const nameSize = random.uniform(7, 9.5);
  const photoTop = overlap ? Math.max(top - photoSize * 0.4, 24) : top + 4;
  // Both lines of the name must fit between the photograph and the footer.
  const photoHeight = Math.min(photoSize * 1.2, 97 - foot - photoTop - nameSize * 2.3);
  const photoWidth = photoHeight / 1.2;
  const nameY = hasPhoto ? photoTop + photoHeight + nameSize * 1.1 : top + 20;
  return {
    aspect,
    gloss: 0.7,
    paper: false,
    outline(pen) {
      const { context } = pen;
      context.roundRect(0, 0, width, 100, 4);
      // A subpath of opposite direction is excluded from the fill.
      if (slot === 'slot') {
        context.moveTo(width / 2 - 9, 4);
        context.lineTo(width / 2 - 9, 7);
        context.lineTo(width / 2 + 9, 7);
        context.lineTo(width / 2 + 9, 4);
        context.closePath();
      } else if (slot === 'hole') context.arc(width / 2, 6, 3, 0, 2 * Math.PI, true);
    },
    paintTemplate(pen) {
      ground.paint(pen);
      const { context } = pen;
      context.save();
      context.beginPath();
      context.moveTo(0, 0);
      context.lineTo(width, 0);
      context.lineTo(width, top);
      context.quadraticCurveTo(width / 2, top + curve * 2, 0, top);
      context.closePath();
      context.clip();
      pen.rect(0, 0, width, top + 20, headColor);
      head(pen);
      context.restore();
      const emblemY = overlap && hasPhoto ? 14 : top * 0.42 + 4;
      emblem(pen, 13, emblemY, 7.5, { main: on, second: palette.accent, ground: headColor });
      pen.text(issuer, 23, emblemY + 2.4, {
        font: style.heading,
        size: 6.6,
        color: on,
        bold: true,
        max: width - 27,
      });
      pen.rect(0, 100 - foot, width, foot, footColor);
      pen.text(title, width / 2, 100 - foot * 0.3, {
        font: style.heading,
        size: foot * 0.62,
        color: readableOn(footColor),
        bold: true,
        align: 'center',
        capitals: true,
        max: width - 8,
      });
    },
    paintValues(pen, fill) {
      const face = fill.random.fork('face');
      if (hasPhoto)
        paintPortrait(pen, face, photo, width / 2 - photoWidth / 2, photoTop, photoWidth, photoHeight);
      pen.text(fill.given(), width / 2, nameY, {
        font: style.value,
        size: nameSize,
        color: ground.ink,
        bold: true,
        align: 'center',
        max: width - 8,
      });
      pen.text(fill.surname(), width / 2, nameY + nameSize, {
        font: style.value,
        size: nameSize * 0.8,
        color: ground.main,
        align: 'center',
        max: width - 8,
      });
      const y = 100 - foot - 15;
      if (nameY + nameSize < y - 1) {
        if (code === 'barcode') paintBarcode(pen, fill.random, 12, y + 3, width - 24, 8, palette.ink);
        else if (code === 'matrix') paintMatrixCode(pen, fill.random, width / 2 - 7, y, 13, palette.ink);
        else
          pen.text(fill.place(), width / 2, y + 9, {
            font: style.text,
            size: 4.6,
            color: ground.soft,
            align: 'center',
          });
      }
    },
  };
};
