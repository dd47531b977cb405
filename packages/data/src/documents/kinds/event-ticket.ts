import { brightness, mix, readableOn, white } from '../../drawing/color.js';
import type { Kind } from '../layout.js';
import { drawCodeForm } from '../parts/code-form.js';
import { drawDesign } from '../parts/design.js';
import { paintBarcode } from '../parts/marks.js';
import { patternNames, patterns } from '../parts/pattern.js';
import { formatMoney } from '../style.js';
import { drawTheme } from '../words/prose.js';

/** A ticket to a concert or play: a small poster and a stub with the seat. */
export const eventTicket: Kind = (style, random) => {
  const { issuer, title, emblem, palette, label, aspect, width } = drawDesign(style, random, {
    issuer: 'stage',
    title: 'event',
    aspect: [1.9, 2.5],
  });
  const stub = width * random.uniform(0.22, 0.3);
  const poster = width - stub;
  const base = random.pick([palette.primary, palette.accent, palette.ink, palette.secondary]);
  const other = random.pick([palette.secondary, palette.accent, palette.primary]);
  const layers = [0, 1, 2].map((i) =>
    patterns[i === 0 ? style.pattern : random.pick(patternNames)](
      random,
      random.pick([white, palette.accent, palette.secondary, palette.ink]),
      random.uniform(0.2, 0.6),
    ),
  );
  const depth = 1 + random.int(3);
  const event = drawTheme(random, style.language);
  const middle = mix(base, other, 0.35);
  const on = readableOn(middle);
  const stubColor = random.boolean(0.6) ? mix(white, base, 0.14) : mix(base, [0, 0, 0], 0.3);
  const onStub = readableOn(stubColor);
  const edge = random.pick(['holes', 'notch', 'plain', 'scallop'] as const);
  const plaque = random.boolean(0.4);
  const align = random.pick(['left', 'center'] as const);
  const x = align === 'left' ? 12 : poster / 2;
  const facts = ['row', 'seat', 'gate'] as const;
  const emblemX = align === 'left' ? poster - 28 : 24;
  const form = drawCodeForm(random);
  const codeUpright = random.boolean(0.4);
  const size = random.uniform(20, 26);
  return {
    aspect,
    gloss: 0.5,
    paper: true,
    outline({ context }) {
      if (edge === 'notch') {
        context.moveTo(0, 0);
        context.lineTo(width, 0);
        context.arc(width, 50, 9, -Math.PI / 2, Math.PI / 2, true);
        context.lineTo(width, 100);
        context.lineTo(0, 100);
        context.arc(0, 50, 9, Math.PI / 2, -Math.PI / 2, true);
        context.closePath();
      } else if (edge === 'scallop') {
        context.moveTo(0, 0);
        context.lineTo(width, 0);
        for (let i = 0; i < 8; i++) context.arc(width, 6.25 + i * 12.5, 4, -Math.PI / 2, Math.PI / 2, true);
        context.lineTo(width, 100);
        context.lineTo(0, 100);
        for (let i = 7; i >= 0; i--) context.arc(0, 6.25 + i * 12.5, 4, Math.PI / 2, -Math.PI / 2, true);
        context.closePath();
      } else context.roundRect(0, 0, width, 100, edge === 'holes' ? 5 : 0);
    },
    paintTemplate(pen) {
      pen.withClip(0, 0, poster, 100, 0, () => {
        pen.blend(0, 0, poster, 100, [base, mix(base, other, 0.8)], [1, 1]);
        for (const layer of layers.slice(0, depth)) layer(pen);
      });
      pen.rect(poster, 0, stub, 100, stubColor);
      if (plaque) pen.rect(align === 'left' ? 6 : poster * 0.12, 24, poster * 0.76, 46, middle, 0.85);
      emblem(pen, emblemX, align === 'left' ? 24 : 20, 13, {
        main: on,
        second: palette.accent,
        ground: brightness(on) > 0.5 ? base : white,
      });
      pen.text(issuer, x, 18, {
        font: style.text,
        size: 8,
        color: on,
        align,
        max: poster * 0.6,
        capitals: true,
      });
      pen.text(event, x, 50, {
        font: style.heading,
        size,
        color: on,
        bold: true,
        align,
        max: poster * 0.72,
      });
      pen.text(title, x, 65, { font: style.text, size: 9.5, color: on, align, max: poster * 0.6 });
      if (edge === 'holes')
        for (let i = 0; i < 9; i++) pen.disc(poster, 6 + i * 11, 1.6, mix(stubColor, [0, 0, 0], 0.5));
      else pen.line(poster, 0, poster, 100, onStub, 0.8, [2.5, 2.5]);
      pen.text(label.admit, poster + stub / 2, 14, {
        font: style.heading,
        size: 8,
        color: onStub,
        align: 'center',
        max: stub - 8,
      });
      facts.forEach((fact, i) => {
        const cx = poster + (stub * (i + 0.5)) / 3;
        pen.text(label[fact], cx, 25, {
          font: style.text,
          size: 5,
          color: onStub,
          align: 'center',
          alpha: 0.8,
          max: stub / 3 - 2,
        });
      });
    },
    paintValues(pen, fill) {
      pen.text(`${fill.date(2023, 2025)}   ${fill.time()}`, x, 81, {
        font: style.value,
        size: 9.5,
        color: on,
        bold: true,
        align,
        max: poster * 0.6,
      });
      pen.text(formatMoney(style, 8 + fill.random.int(90)), align === 'left' ? poster - 10 : poster / 2, 94, {
        font: style.value,
        size: 8,
        color: on,
        align: align === 'left' ? 'right' : 'center',
      });
      const values = [1 + fill.random.int(30), 1 + fill.random.int(60), 'ABCDEFG'[fill.random.int(7)]];
      facts.forEach((_, i) => {
        pen.text(String(values[i]), poster + (stub * (i + 0.5)) / 3, 37, {
          font: style.value,
          size: 12,
          color: onStub,
          bold: true,
          align: 'center',
          max: stub / 3 - 2,
        });
      });
      pen.rect(poster + 6, 46, stub - 12, 36, white);
      paintBarcode(pen, fill.random, poster + 9, 49, stub - 18, 30, [20, 20, 26], codeUpright);
      pen.text(fill.code(form), poster + stub / 2, 93, {
        font: style.mono,
        size: 6.4,
        color: onStub,
        align: 'center',
        max: stub - 10,
      });
    },
  };
};
