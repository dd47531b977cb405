import type { Random } from '@unitsphere/core/random';
import { mix, white } from '../../drawing/color.js';
import type { Kind } from '../layout.js';
import { drawCodeForm } from '../parts/code-form.js';
import { drawDesign } from '../parts/design.js';
import { drawFields } from '../parts/fields.js';
import { drawPaperGround, type Ground } from '../parts/ground.js';
import { paintSignature } from '../parts/marks.js';
import { patternNames, patterns } from '../parts/pattern.js';
import { drawPhotoStyle, paintPortrait } from '../parts/portrait.js';
import { type Style, withPaper } from '../style.js';

/** The data page of a passport, with two machine-readable lines at the bottom. */
export const passport: Kind = (style, random) => {
  const { issuer, title, emblem, ground, palette, aspect, width } = drawDesign(style, random, {
    issuer: 'state',
    title: 'passport',
    ground: () => drawPage(style, random),
    aspect: [1.35, 1.45],
  });
  const photo = drawPhotoStyle(random, palette.primary);
  const photoWidth = random.uniform(34, 42);
  const left = random.boolean(0.8);
  const photoX = left ? 6 : width - photoWidth - 6;
  const head = random.uniform(12, 17);
  const centered = random.boolean();
  const numberForm = drawCodeForm(random, 7);
  const code = issuer
    .replace(/[^A-Za-z]/g, '')
    .slice(-3)
    .toUpperCase()
    .padEnd(3, 'X');
  const body = drawFields(
    style,
    random,
    ground,
    { x: left ? photoX + photoWidth + 5 : 6, y: head + 2, width: width - photoWidth - 18, height: 74 - head },
    [
      { label: 'surname', value: (f) => f.surname(), span: 2 },
      { label: 'given', value: (f) => f.given(), span: 2 },
      { label: 'nationality', value: () => code },
      { label: 'document', value: (f) => f.code(numberForm) },
      { label: 'birth', value: (f) => f.date(1950, 2006) },
      { label: 'birthPlace', value: (f) => f.place() },
      { label: 'issued', value: (f) => f.date(2015, 2024) },
      { label: 'expires', value: (f) => f.date(2025, 2034) },
    ],
    { columns: 2, form: random.pick(['above', 'ruled', 'above', 'boxed'] as const) },
  );
  const strip = mix(white, palette.paper, random.uniform(0.2, 0.9));
  const watermark = random.uniform(0.1, 0.22);
  return {
    aspect,
    gloss: 0.6,
    paper: true,
    paintTemplate(pen) {
      ground.paint(pen);
      pen.context.globalAlpha = watermark;
      emblem(pen, width * 0.62, 45, 30);
      pen.context.globalAlpha = 1;
      const x = centered ? width / 2 : 6;
      pen.text(issuer, x, head * 0.62, {
        font: style.heading,
        size: head * 0.5,
        color: palette.primary,
        bold: true,
        capitals: true,
        align: centered ? 'center' : 'left',
        max: width * (centered ? 0.48 : 0.64),
      });
      pen.text(title, width - 6, head * 0.62, {
        font: style.text,
        size: head * 0.36,
        color: palette.primary,
        align: 'right',
        max: width * 0.22,
      });
      pen.line(6, head * 0.82, width - 6, head * 0.82, palette.primary, 0.5);
      body.paintTemplate(pen);
      pen.rect(0, 80, width, 20, strip, 0.85);
    },
    paintValues(pen, fill) {
      paintPortrait(pen, fill.random.fork('face'), photo, photoX, head + 3, photoWidth, 68 - head);
      body.paintValues(pen, fill);
      paintSignature(pen, fill.random, photoX + 2, 71, photoWidth - 4, 8, ground.ink);
      const pad = (text: string) => text.padEnd(30, '<').slice(0, 30);
      const lines = [
        pad(`P<${code}${fill.code('AAAAAA<<AAAAA')}`),
        pad(`${fill.code('AA#######')}${code}${fill.code('#######AA######')}`),
      ];
      lines.forEach((line, i) => {
        pen.text(line, width / 2, 88 + i * 8.5, {
          font: style.mono,
          size: 8.2,
          color: [30, 30, 34],
          align: 'center',
          max: width - 10,
        });
      });
    },
  };
};

/** Draws a tinted page with two patterns. */
function drawPage(style: Style, random: Random): Ground {
  const { secondary, primary, accent } = style.palette;
  const paper = mix(white, secondary, random.uniform(0.12, 0.35));
  const ground = drawPaperGround(withPaper(style, paper), random, 0);
  const name = random.pick(['guilloche', 'rosette', 'contours', 'arcs'] as const);
  const first = patterns[name](random, primary, 0.4);
  const second = patterns[random.pick(patternNames)](random, accent, 0.2);
  return {
    ...ground,
    paint(pen) {
      ground.paint(pen);
      first(pen);
      second(pen);
    },
  };
}
