import { mix, type Rgb, readableOn, white } from '../../drawing/color.js';
import type { Kind } from '../layout.js';
import { drawCodeForm } from '../parts/code-form.js';
import { drawDesign } from '../parts/design.js';
import { drawFields, type Field, fieldForms } from '../parts/fields.js';
import { drawPaperGround } from '../parts/ground.js';
import { drawHeader } from '../parts/header.js';
import { paintSignature, paintStamp } from '../parts/marks.js';
import type { Label } from '../words/labels.js';

/** An official form: sections of fields and check boxes, often filled in by hand. */
export const form: Kind = (style, random) => {
  const design = drawDesign(style, random, {
    issuer: random.pick(['state', 'school', 'bank', 'clinic']),
    title: 'form',
    ground: () => drawPaperGround(style, random, 0.12),
    aspect: [0.69, 0.76],
  });
  const { issuer, ground, palette, label, aspect, width } = design;
  const headHeight = random.uniform(11, 16);
  const head = drawHeader(style, random, design, headHeight);
  const byHand = random.boolean(0.45);
  const inkColor: Rgb = random.pick([
    [28, 48, 130],
    [24, 26, 40],
    [20, 60, 110],
  ]);
  const codeForm = drawCodeForm(random);
  const catalog: Field[] = [
    { label: 'birth', value: (f) => f.date(1950, 2006) },
    { label: 'phone', value: (f) => f.phone() },
    { label: 'nationality', value: (f) => f.code('AAA') },
    { label: 'personal', value: (f) => f.code(codeForm) },
    { label: 'birthPlace', value: (f) => f.place() },
    { label: 'department', value: (f) => f.profession() },
    { label: 'purpose', value: (f) => f.goods() },
    { label: 'reference', value: (f) => f.code(codeForm) },
    { label: 'date', value: (f) => f.date() },
    { label: 'plate', value: (f) => f.code('AA ### A') },
    { label: 'account', value: (f) => f.code('## #### ####') },
  ];
  random.shuffle(catalog);
  const sections = 2 + random.int(2);
  const fieldForm = random.pick(fieldForms);
  const sectionHead = random.pick(['band', 'tint', 'number', 'rule'] as const);
  const bottom = 82;
  const top = headHeight + 5;
  const height = (bottom - top) / sections;
  const columns = 2 + random.int(2);
  const names = random
    .shuffle([
      'document',
      'address',
      'account',
      'department',
      'purpose',
      'remarks',
      'service',
      'member',
    ] as Label[])
    .slice(0, sections)
    .map((name) => label[name]);
  const blocks = names.map((_, s) => {
    const own = catalog.splice(0, columns === 2 ? 3 : 2 + random.int(2));
    const fields: Field[] =
      s === 0
        ? [
            { label: 'surname', value: (f) => f.surname() },
            { label: 'given', value: (f) => f.given() },
            { label: 'address', value: (f) => `${f.street()}, ${f.place()}`, span: columns },
            ...own.slice(0, 2),
          ]
        : own;
    return drawFields(
      style,
      random,
      ground,
      { x: 5, y: top + s * height + 5, width: width - 10, height: height - 7 },
      fields,
      {
        columns,
        maxSize: 4.2,
        form: fieldForm,
        font: byHand ? style.hand : undefined,
        ink: byHand ? inkColor : undefined,
      },
    );
  });
  const ticks = random.int(3);
  const hasStamp = random.boolean(0.4);
  const sectionColor = random.pick([palette.primary, palette.secondary, palette.accent]);
  return {
    aspect,
    gloss: 0.1,
    paper: true,
    paintTemplate(pen) {
      ground.paint(pen);
      head(pen);
      names.forEach((name, s) => {
        const y = top + s * height;
        if (sectionHead === 'band') pen.rect(4, y, width - 8, 4.2, sectionColor);
        else if (sectionHead === 'tint')
          pen.rect(4, y, width - 8, height - 1.4, mix(white, sectionColor, 0.16));
        else if (sectionHead === 'rule') pen.line(4, y + 4.2, width - 4, y + 4.2, sectionColor, 0.6);
        else pen.disc(6.4, y + 2.1, 2.2, sectionColor);
        const on = sectionHead === 'band' ? readableOn(sectionColor) : ground.main;
        if (sectionHead === 'number')
          pen.text(String(s + 1), 6.4, y + 3.2, {
            font: style.text,
            size: 3.2,
            color: readableOn(sectionColor),
            align: 'center',
            bold: true,
          });
        pen.text(name, sectionHead === 'number' ? 10 : 5.5, y + 3.2, {
          font: style.text,
          size: 3.2,
          color: on,
          bold: true,
          max: width - 16,
        });
        blocks[s].paintTemplate(pen);
      });
      for (let i = 0; i < ticks; i++) {
        pen.frame(5, 84.4 + i * 4.6, 3, 3, ground.ink, 0.4);
        pen.text(`${i ? label.no : label.yes}, ${names[i % names.length]}`, 10, 87 + i * 4.6, {
          font: style.text,
          size: 2.7,
          color: ground.ink,
          max: width * 0.38,
        });
      }
      pen.line(width * 0.55, 94, width - 5, 94, ground.ink, 0.35);
      pen.text(label.signature, width * 0.55, 97.2, { font: style.text, size: 2.5, color: ground.soft });
    },
    paintValues(pen, fill) {
      for (const block of blocks) block.paintValues(pen, fill);
      for (let i = 0; i < ticks; i++) {
        if (fill.random.boolean()) {
          pen.line(5.3, 84.8 + i * 4.6, 7.8, 87.2 + i * 4.6, inkColor, 0.6);
          pen.line(7.8, 84.8 + i * 4.6, 5.3, 87.2 + i * 4.6, inkColor, 0.6);
        }
      }
      paintSignature(pen, fill.random, width * 0.58, 85.5, width * 0.32, 8, inkColor);
      if (hasStamp)
        paintStamp(
          pen,
          fill.random,
          width * 0.45,
          89,
          7.5,
          palette.accent,
          issuer,
          fill.date(2022, 2025),
          style.text,
        );
    },
  };
};
