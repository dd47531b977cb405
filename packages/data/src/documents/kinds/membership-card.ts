import { mix, readableOn, white } from '../../drawing/color.js';
import { CARD_ASPECT, type Kind, roundedOutline } from '../layout.js';
import { drawCodeForm } from '../parts/code-form.js';
import { drawDesign } from '../parts/design.js';
import { drawCardGround } from '../parts/ground.js';
import { paintBarcode, paintMatrixCode } from '../parts/marks.js';
import { drawPhotoStyle, paintPortrait } from '../parts/portrait.js';
import type { Label } from '../words/labels.js';

/** A card of a club, library, school or shop: a large emblem, few words, a code. */
export const membershipCard: Kind = (style, random) => {
  const sort = random.pick(['club', 'club', 'shop', 'school'] as const);
  const { issuer, title, emblem, ground, palette, label, aspect, width } = drawDesign(style, random, {
    issuer: sort,
    title: sort === 'school' ? 'student' : 'membership',
    ground: () => drawCardGround(style, random, 0.6),
    aspect: CARD_ASPECT,
  });
  const emblemSize = random.uniform(13, 24);
  const [emblemX, emblemY] = random.pick([
    [emblemSize + 8, emblemSize + 8],
    [width - emblemSize - 8, emblemSize + 8],
    [width / 2, emblemSize + 6],
  ] as const);
  const centered = emblemX === width / 2;
  const radius = centered ? Math.min(emblemSize, 15) : emblemSize;
  const side = emblemX < width / 2 ? 'left' : 'right';
  const hasPhoto = !centered && (sort === 'school' || random.boolean(0.3));
  const photo = drawPhotoStyle(random, palette.primary);
  const photoX = side === 'left' ? width - 44 : 8;
  const code = random.pick(['barcode', 'matrix', 'barcode', 'none'] as const);
  const plate = random.boolean(0.5);
  const form = drawCodeForm(random, 8);
  const extra: Label = random.pick(['since', 'level', 'expires'] as const);
  const nameSize = random.uniform(8.5, 11);
  const plateHeight = random.uniform(18, 26);
  const showLevel = random.pick(['Gold', 'Plus', 'Club', 'Premium', '2025', 'Silver', 'Basic']);
  const colors = ground.dark
    ? { main: ground.ink, second: palette.accent, ground: ground.base }
    : { main: palette.primary, second: palette.accent, ground: white };
  const nameX = hasPhoto && side === 'right' ? photoX + 42 : 8;
  const codeWidth = random.uniform(50, 80);
  return {
    aspect,
    gloss: 0.9,
    paper: false,
    outline: roundedOutline(6),
    paintTemplate(pen) {
      ground.paint(pen);
      emblem(pen, emblemX, centered ? radius + 6 : emblemY, radius, colors);
      const x = centered ? width / 2 : side === 'left' ? emblemX + emblemSize + 6 : emblemX - emblemSize - 6;
      const align = centered ? 'center' : side;
      const max = hasPhoto ? width - emblemSize * 2 - 66 : width - emblemSize * 2 - 26;
      const y = centered ? radius * 2 + 17 : emblemY;
      pen.text(issuer, x, y, {
        font: style.heading,
        size: 12,
        color: ground.main,
        bold: true,
        align,
        max: centered ? width - 12 : max,
      });
      pen.text(title, x, y + 9, {
        font: style.text,
        size: 6.6,
        color: ground.soft,
        align,
        max: centered ? width - 12 : max,
        capitals: true,
      });
      if (plate)
        pen.rect(
          0,
          100 - plateHeight,
          width,
          plateHeight,
          ground.dark ? mix(ground.base, white, 0.85) : palette.primary,
          0.92,
        );
    },
    paintValues(pen, fill) {
      const face = fill.random.fork('face');
      const ink = plate ? readableOn(ground.dark ? white : palette.primary) : ground.ink;
      if (hasPhoto) paintPortrait(pen, face, photo, photoX, 10, 36, 44);
      const y = plate ? 100 - plateHeight - 6 : 80;
      pen.text(fill.name(), nameX, Math.min(y, 74), {
        font: style.value,
        size: nameSize,
        color: ground.ink,
        bold: true,
        max: width - nameX - (code === 'matrix' ? 36 : 8),
      });
      pen.text(`${label.member} ${fill.code(form)}`, 8, 95, {
        font: style.mono,
        size: 6.6,
        color: ink,
        max: 70,
      });
      const value =
        extra === 'level'
          ? showLevel
          : extra === 'since'
            ? String(2004 + fill.random.int(21))
            : fill.date(2026, 2030);
      if (!plate)
        pen.text(`${label[extra]}: ${value}`, 8, 85, {
          font: style.text,
          size: 5.6,
          color: ground.soft,
          max: 66,
        });
      if (code === 'barcode') {
        pen.rect(width - codeWidth - 8, 80, codeWidth + 4, 16, white);
        paintBarcode(pen, fill.random, width - codeWidth - 6, 82, codeWidth, 12, [20, 20, 24]);
      } else if (code === 'matrix') {
        pen.rect(width - 35, 64, 30, 32, white);
        paintMatrixCode(pen, fill.random, width - 33, 67, 26, [20, 20, 24]);
      }
    },
  };
};
