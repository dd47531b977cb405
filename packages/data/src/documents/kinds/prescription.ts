import type { Random } from '@unitsphere/core/random';
import { mix, white } from '../../drawing/color.js';
import type { Kind } from '../layout.js';
import { drawCodeForm } from '../parts/code-form.js';
import { drawDesign } from '../parts/design.js';
import { drawFields } from '../parts/fields.js';
import { drawPaperGround, type Ground } from '../parts/ground.js';
import { drawHeader } from '../parts/header.js';
import { paintBarcode, paintSignature, paintStamp } from '../parts/marks.js';
import { type Style, withPaper } from '../style.js';

/** A doctor's prescription: the patient's fields, handwritten lines, a stamp. */
export const prescription: Kind = (style, random) => {
  const design = drawDesign(style, random, {
    issuer: 'clinic',
    title: 'prescription',
    ground: () => drawTintedPaper(style, random),
    aspect: [0.7, 1.35],
  });
  const { issuer, ground, palette, label, aspect, width } = design;
  const headHeight = random.uniform(14, 19);
  const head = drawHeader(style, random, design, headHeight);
  const form = drawCodeForm(random);
  const fields = drawFields(
    style,
    random,
    ground,
    { x: 5, y: headHeight + 5, width: width - 10, height: 22 },
    [
      { label: 'patient', value: (f) => f.name() },
      { label: 'birth', value: (f) => f.date(1935, 2018) },
      { label: 'address', value: (f) => f.street() },
      { label: 'personal', value: (f) => f.code(form) },
    ],
    { columns: 2 },
  );
  const symbol = random.pick(['Rp.', 'Rx', '+', 'Rp/']);
  const box = random.boolean(0.5);
  const ruled = random.boolean(0.5);
  const top = headHeight + 32;
  const ink = [26, 40, 110] as const;
  const code = random.boolean(0.5);
  const stampLeft = random.boolean();
  const stampInk = random.pick([palette.primary, palette.accent, [40, 60, 150] as const]);
  return {
    aspect,
    gloss: 0.1,
    paper: true,
    paintTemplate(pen) {
      ground.paint(pen);
      head(pen);
      fields.paintTemplate(pen);
      if (box) pen.frame(5, top - 2, width - 10, 84 - top, ground.main, 0.6);
      pen.text(symbol, 8, top + 7, { font: style.heading, size: 9, color: ground.main, bold: true });
      if (ruled)
        for (let i = 0; i < 4; i++)
          pen.line(8 + (i === 0 ? 16 : 0), top + 8 + i * 7.5, width - 8, top + 8 + i * 7.5, ground.soft, 0.3);
      pen.line(width * 0.58, 95, width - 5, 95, ground.ink, 0.4);
      pen.text(label.doctor, width * 0.58, 98.4, { font: style.text, size: 2.8, color: ground.soft });
    },
    paintValues(pen, fill) {
      fields.paintValues(pen, fill);
      const lines = 2 + fill.random.int(3);
      for (let i = 0; i < lines; i++) {
        pen.text(
          `${fill.medicine()} ${5 * (1 + fill.random.int(60))} mg  ${1 + fill.random.int(3)} x ${1 + fill.random.int(3)}`,
          10 + (i === 0 ? 14 : 0),
          top + 7 + i * 7.5,
          { font: style.hand, size: 5.4, color: ink, max: width * 0.72 },
        );
      }
      paintSignature(pen, fill.random, width * 0.62, 84, width * 0.3, 10, ink);
      paintStamp(
        pen,
        fill.random,
        stampLeft ? width * 0.3 : width * 0.46,
        85,
        9,
        stampInk,
        issuer,
        fill.date(2022, 2025),
        style.text,
      );
      if (code) paintBarcode(pen, fill.random, 5, 90, width * 0.28, 7, ground.ink);
    },
  };
};

function drawTintedPaper(style: Style, random: Random): Ground {
  const { secondary, accent, primary } = style.palette;
  const paper = mix(white, random.pick([secondary, accent, primary]), random.uniform(0.08, 0.38));
  return drawPaperGround(withPaper(style, paper), random, 0.3);
}
