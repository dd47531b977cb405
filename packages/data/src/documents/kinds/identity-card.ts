import { CARD_ASPECT, type Kind, roundedOutline } from '../layout.js';
import { drawCodeForm } from '../parts/code-form.js';
import { drawDesign } from '../parts/design.js';
import { drawFields, type Field } from '../parts/fields.js';
import { drawCardGround } from '../parts/ground.js';
import { drawHeader } from '../parts/header.js';
import { paintChip, paintMatrixCode, paintSignature } from '../parts/marks.js';
import { drawPhotoStyle, paintPortrait } from '../parts/portrait.js';

/** A national identity card: photograph, personal fields, signature, sometimes a chip and a ghost image. */
export const identityCard: Kind = (style, random) => {
  const design = drawDesign(style, random, {
    issuer: 'state',
    title: 'identity',
    ground: () => drawCardGround(style, random, 0.15),
    aspect: CARD_ASPECT,
  });
  const { emblem, ground, palette, label, aspect, width } = design;
  const left = random.boolean(0.7);
  const headHeight = random.uniform(18, 26);
  const head = drawHeader(style, random, design, headHeight);
  const photo = drawPhotoStyle(random, palette.primary);
  const photoWidth = random.uniform(36, 46);
  const photoTop = headHeight + random.uniform(5, 9);
  const photoHeight = Math.min(random.uniform(48, 58), 92 - photoTop);
  const photoX = left ? random.uniform(5, 9) : width - photoWidth - random.uniform(5, 9);
  const numberForm = drawCodeForm(random);
  const personal: Field[] = random.shuffle([
    { label: 'birth', value: (f) => f.date(1950, 2004) },
    { label: 'nationality', value: (f) => f.code('AAA') },
    { label: 'sex', value: (f) => f.random.pick(['F', 'M']) },
    { label: 'birthPlace', value: (f) => f.place() },
    { label: 'expires', value: (f) => f.date(2025, 2036) },
    { label: 'height', value: (f) => f.code('1.##').replace(/1\.\d/, (m) => `1.${5 + (Number(m[2]) % 5)}`) },
  ] as Field[]);
  const columns = 1 + random.int(2);
  const fields: Field[] = [
    { label: 'surname', value: (f) => f.surname(), span: 2 },
    { label: 'given', value: (f) => f.given(), span: 2 },
    ...personal.slice(0, columns === 1 ? 2 + random.int(2) : 4),
  ];
  const ghost = random.boolean(0.4);
  const block = {
    x: left ? photoX + photoWidth + 6 : 7,
    y: headHeight + random.uniform(5, 8),
    width: width - photoWidth - 22,
    height: 0,
  };
  block.height = 80 - block.y;
  const body = drawFields(style, random, ground, block, fields, { columns });
  const numberAt = random.pick(['under-photo', 'foot'] as const);
  const chip = random.boolean(0.3) && (left || numberAt !== 'foot');
  const chipPlan = random.int(3);
  // The chip must not overlap the photograph or the number at the bottom.
  const chipX = left ? (numberAt === 'foot' ? width - 82 : width - 30) : block.x + block.width - 20;
  const matrix = !chip && random.boolean(0.3);
  const signX = block.x + random.uniform(0, numberAt === 'foot' || chip ? 0.02 : 0.3) * block.width;
  const hasWatermark = random.boolean(0.4);
  return {
    aspect,
    gloss: 0.9,
    paper: false,
    outline: roundedOutline(5),
    paintTemplate(pen) {
      ground.paint(pen);
      if (hasWatermark) {
        pen.context.globalAlpha = 0.13;
        emblem(pen, block.x + block.width * 0.6, 62, 26);
        pen.context.globalAlpha = 1;
      }
      head(pen);
      body.paintTemplate(pen);
      if (chip) paintChip(pen, chipX, 78, 18, 14, chipPlan, [214, 178, 92]);
      pen.text(label.signature, signX, 96.5, {
        font: style.text,
        size: 3.6,
        color: ground.soft,
      });
      pen.line(signX, 93, signX + 40, 93, ground.soft, 0.3);
    },
    paintValues(pen, fill) {
      const face = fill.random.fork('face');
      paintPortrait(pen, face, photo, photoX, photoTop, photoWidth, photoHeight);
      if (ghost) {
        pen.context.globalAlpha = 0.35;
        const again = fill.random.fork('face');
        paintPortrait(pen, again, photo, left ? width - 24 : block.x + block.width - 18, 58, 16, 21);
        pen.context.globalAlpha = 1;
      }
      body.paintValues(pen, fill);
      const number = fill.code(numberForm);
      if (numberAt === 'foot') {
        pen.text(number, left ? width - 6 : block.x + block.width, 95.5, {
          font: style.mono,
          size: 7,
          color: palette.accent,
          bold: true,
          align: 'right',
        });
      } else {
        pen.text(number, photoX + photoWidth / 2, photoTop + photoHeight + 7, {
          font: style.mono,
          size: 6.4,
          color: ground.ink,
          align: 'center',
          max: photoWidth,
        });
      }
      if (matrix)
        paintMatrixCode(pen, fill.random, left ? width - 25 : block.x + block.width - 18, 62, 18, ground.ink);
      paintSignature(pen, fill.random, signX + 2, 82, 34, 11, ground.ink);
    },
  };
};
