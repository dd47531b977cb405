import { mix, readableOn, white } from '../../drawing/color.js';
import type { Filler } from '../filler.js';
import type { Kind } from '../layout.js';
import { drawDesign } from '../parts/design.js';
import { drawPaperGround } from '../parts/ground.js';
import { drawHeader } from '../parts/header.js';
import type { Label } from '../words/labels.js';

/** Column heading by kind of value. */
const columnHeadings: readonly Label[] = ['time', 'number', 'weight', 'level'];

/** A timetable or a report of results: a page of rows and columns. */
export const table: Kind = (style, random) => {
  const isTimetable = random.boolean();
  const design = drawDesign(style, random, {
    issuer: isTimetable ? 'carrier' : random.pick(['school', 'clinic', 'company']),
    title: isTimetable ? 'timetable' : 'report',
    ground: () => drawPaperGround(style, random, 0.08),
    aspect: () => random.pick([random.uniform(0.7, 0.8), random.uniform(1.3, 1.45)]),
  });
  const { issuer, ground, palette, label, aspect, width } = design;
  const headHeight = random.uniform(13, 19);
  const head = drawHeader(style, random, design, headHeight);
  const columns = aspect < 1 ? 3 + random.int(2) : 4 + random.int(3);
  const step = random.uniform(4.2, 6.2);
  const top = headHeight + random.uniform(5, 8);
  const rows = Math.floor((92 - top - step * 1.2) / step);
  const headColor = random.pick([palette.primary, palette.ink, palette.accent, palette.secondary]);
  const look = random.pick(['zebra', 'grid', 'lines', 'columns'] as const);
  const firstWide = random.uniform(0.26, 0.4);
  const kinds = Array.from({ length: columns }, () => random.int(4));
  // The columns of a timetable are services, those of a report are kinds of value.
  const services = `${'ABCEGKLMNRST'[random.int(12)]}${isTimetable ? '' : 'C'} `;
  const heads = kinds.map((kind, c) =>
    c === 0
      ? label[isTimetable ? 'to' : 'name']
      : isTimetable
        ? services + (10 + random.int(90))
        : label[columnHeadings[kind]],
  );
  const left = 4;
  const full = width - 8;
  const xOf = (c: number) =>
    c === 0 ? left : left + full * (firstWide + ((1 - firstWide) * (c - 1)) / (columns - 1));
  const size = Math.min(step * 0.62, 3.6);
  const tallHead = random.boolean(0.3);
  const headStep = tallHead ? step * 1.5 : step * 1.15;
  const strong = random.boolean(0.4) ? 1 + random.int(columns - 1) : -1;
  const boldFirst = random.boolean();
  const value = (f: Filler, kind: number) =>
    isTimetable || kind === 0
      ? f.time()
      : kind === 1
        ? String(f.random.int(1000))
        : kind === 2
          ? f.amount(1, 99).toFixed(1)
          : f.random.pick(['A', 'B', 'C', '+', '–', '1', '2']);
  return {
    aspect,
    gloss: 0.1,
    paper: true,
    paintTemplate(pen) {
      ground.paint(pen);
      head(pen);
      if (look === 'columns')
        for (let c = 1; c < columns; c += 2)
          pen.rect(xOf(c) - 1, top, xOf(c + 1) - xOf(c), headStep + rows * step, palette.secondary, 0.28);
      if (strong > 0)
        pen.rect(
          xOf(strong) - 1,
          top,
          (full * (1 - firstWide)) / (columns - 1),
          headStep + rows * step,
          palette.accent,
          0.25,
        );
      for (let r = 0; r < rows; r++) {
        const y = top + headStep + r * step;
        if (look === 'zebra' && r % 2) pen.rect(left, y, full, step, palette.secondary, 0.3);
        if (look === 'lines' || look === 'grid')
          pen.line(left, y + step, left + full, y + step, mix(ground.soft, white, 0.4), 0.3);
      }
      if (look === 'grid') {
        for (let c = 1; c < columns; c++)
          pen.line(xOf(c) - 1, top, xOf(c) - 1, top + headStep + rows * step, ground.soft, 0.3);
        pen.frame(left, top, full, headStep + rows * step, ground.ink, 0.5);
      }
      pen.rect(left, top, full, headStep, headColor);
      for (let c = 0; c < columns; c++) {
        pen.text(heads[c], xOf(c) + 1, top + headStep * 0.68, {
          font: style.text,
          size: Math.min(size * 0.95, 3.2),
          color: readableOn(headColor),
          bold: true,
          max: (c === 0 ? full * firstWide : (full * (1 - firstWide)) / (columns - 1)) - 3,
        });
      }
      pen.text(issuer, left, 97, { font: style.text, size: 2.6, color: ground.soft });
    },
    paintValues(pen, fill) {
      for (let r = 0; r < rows; r++) {
        const y = top + headStep + (r + 0.72) * step;
        pen.text(isTimetable ? fill.place() : fill.surname(), xOf(0) + 1, y, {
          font: style.value,
          size,
          color: ground.ink,
          bold: boldFirst,
          max: full * firstWide - 3,
        });
        for (let c = 1; c < columns; c++) {
          pen.text(value(fill, kinds[c]), xOf(c) + 1, y, {
            font: style.value,
            size,
            color: ground.ink,
            max: (full * (1 - firstWide)) / (columns - 1) - 2,
          });
        }
      }
      pen.text(fill.date(2020, 2025), width - 4, 97, {
        font: style.text,
        size: 2.6,
        color: ground.soft,
        align: 'right',
      });
    },
  };
};
