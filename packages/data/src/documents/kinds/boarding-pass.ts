import { mix, readableOn, white } from '../../drawing/color.js';
import type { Kind } from '../layout.js';
import { drawCodeForm } from '../parts/code-form.js';
import { drawDesign } from '../parts/design.js';
import { drawPaperGround } from '../parts/ground.js';
import { paintBarcode, paintMatrixCode } from '../parts/marks.js';
import { patterns } from '../parts/pattern.js';

/** A boarding pass or rail ticket with a tear-off stub. */
export const boardingPass: Kind = (style, random) => {
  const { issuer, title, emblem, ground, palette, label, aspect, width } = drawDesign(style, random, {
    issuer: 'carrier',
    title: 'boarding',
    ground: () => drawPaperGround(style, random, 0.3),
    aspect: [1.9, 2.3],
  });
  const stub = width * random.uniform(0.24, 0.31);
  const stubLeft = random.boolean(0.2);
  const main = { x: stubLeft ? stub : 0, width: width - stub };
  const stubX = stubLeft ? 0 : width - stub;
  const head = random.uniform(19, 27);
  const headColor = random.pick([palette.primary, palette.primary, palette.accent, palette.ink]);
  const on = readableOn(headColor);
  const pattern = patterns[style.pattern](random, mix(headColor, white, 0.4), 0.35);
  const foot = random.boolean(0.5);
  const code = random.pick(['barcode', 'matrix', 'side'] as const);
  const big = random.uniform(17, 23);
  const symbol = random.pick(['arrow', 'dots', 'triangle', 'emblem'] as const);
  const facts = random
    .shuffle(['seat', 'gate', 'coach', 'time', 'service', 'date'] as (
      | 'seat'
      | 'gate'
      | 'coach'
      | 'time'
      | 'service'
      | 'date'
    )[])
    .slice(0, 4);
  const factStyle = random.pick(['plain', 'boxed', 'tinted'] as const);
  const notched = random.boolean(0.5);
  const serviceForm = `${drawCodeForm(random, 3).replace(/[^A#]/g, '').slice(0, 2)}###`;
  const codeWidth = code === 'matrix' ? 34 : code === 'side' ? 20 : 0;
  const room = main.width - 16 - codeWidth;
  const factTop = 68;
  return {
    aspect,
    gloss: 0.35,
    paper: true,
    outline(pen) {
      const { context } = pen;
      const tear = stubLeft ? stub : width - stub;
      context.moveTo(0, 0);
      if (notched) context.arc(tear, 0, 4.5, Math.PI, 0, true);
      context.lineTo(width, 0);
      context.lineTo(width, 100);
      if (notched) context.arc(tear, 100, 4.5, 0, Math.PI, true);
      context.lineTo(0, 100);
      context.closePath();
    },
    paintTemplate(pen) {
      ground.paint(pen);
      pen.withClip(0, 0, width, head, 0, () => {
        pen.rect(0, 0, width, head, headColor);
        pattern(pen);
      });
      if (foot) pen.rect(0, 93, width, 7, palette.accent);
      emblem(pen, main.x + 14, head / 2, head * 0.36, {
        main: on,
        second: palette.accent,
        ground: headColor,
      });
      pen.text(issuer, main.x + 28, head * 0.68, {
        font: style.heading,
        size: head * 0.5,
        color: on,
        bold: true,
        max: main.width * 0.62 - 28,
      });
      pen.text(title, main.x + main.width - 6, head * 0.66, {
        font: style.text,
        size: head * 0.32,
        color: on,
        align: 'right',
        capitals: true,
        max: main.width * 0.3,
      });
      pen.text(title, stubX + 6, head * 0.66, {
        font: style.text,
        size: head * 0.3,
        color: on,
        max: stub - 12,
      });
      const tear = stubLeft ? stub : width - stub;
      pen.line(tear, notched ? 5 : 0, tear, notched ? 95 : 100, mix(ground.ink, white, 0.3), 0.8, [2.4, 2.2]);
      facts.forEach((fact, i) => {
        const w = room / facts.length;
        const x = main.x + 8 + i * w;
        if (factStyle === 'boxed') pen.frame(x, factTop - 3, w - 2.5, 22, ground.main, 0.6);
        else if (factStyle === 'tinted') pen.round(x, factTop - 3, w - 2.5, 22, 3, palette.secondary, 0.3);
        pen.text(label[fact], x + 2, factTop + 3, {
          font: style.text,
          size: 5,
          color: ground.soft,
          max: w - 6,
        });
      });
      pen.text(label.from, main.x + 8, head + 9, { font: style.text, size: 5, color: ground.soft });
      pen.text(label.to, main.x + 8 + room * 0.6, head + 9, {
        font: style.text,
        size: 5,
        color: ground.soft,
      });
      pen.text(label.passenger, stubX + 6, head + 9, {
        font: style.text,
        size: 4.6,
        color: ground.soft,
        max: stub - 12,
      });
      const x = main.x + 8 + room * 0.5;
      const y = head + 20;
      if (symbol === 'arrow') {
        pen.line(x - 7, y, x + 4, y, palette.accent, 1.6);
        pen.polygon(
          [
            [x + 3, y - 5],
            [x + 9, y],
            [x + 3, y + 5],
          ],
          palette.accent,
        );
      } else if (symbol === 'dots')
        for (let i = 0; i < 4; i++) pen.disc(x - 7 + i * 5, y, 1 + i * 0.5, palette.accent);
      else if (symbol === 'triangle') {
        pen.polygon(
          [
            [x - 6, y - 7],
            [x + 7, y],
            [x - 6, y + 7],
          ],
          palette.accent,
        );
      } else emblem(pen, x, y, 7);
    },
    paintValues(pen, fill) {
      const name = fill.name();
      const [from, to] = [fill.place(), fill.place()];
      pen.text(from, main.x + 8, head + 9 + big * 0.8, {
        font: style.value,
        size: big * 0.75,
        color: ground.ink,
        bold: true,
        max: room * 0.38,
      });
      pen.text(to, main.x + 8 + room * 0.6, head + 9 + big * 0.8, {
        font: style.value,
        size: big * 0.75,
        color: ground.ink,
        bold: true,
        max: room * 0.38,
      });
      pen.text(name, main.x + 8, 60, {
        font: style.value,
        size: 7.5,
        color: ground.ink,
        capitals: true,
        max: room,
      });
      const seat = `${1 + fill.random.int(38)}${'ABCDEF'[fill.random.int(6)]}`;
      const service = fill.code(serviceForm);
      const value = {
        seat,
        gate: `${'ABCD'[fill.random.int(4)]}${1 + fill.random.int(30)}`,
        coach: String(1 + fill.random.int(14)),
        time: fill.time(),
        service,
        date: fill.date(2023, 2025),
      };
      facts.forEach((fact, i) => {
        const w = room / facts.length;
        pen.text(value[fact], main.x + 10 + i * w, factTop + 15, {
          font: style.value,
          size: 10,
          color: ground.ink,
          bold: true,
          max: w - 7,
        });
      });
      const edge = main.x + main.width;
      if (code === 'matrix') paintMatrixCode(pen, fill.random, edge - 37, head + 10, 30, ground.ink);
      else if (code === 'side')
        paintBarcode(pen, fill.random, edge - 21, head + 6, 14, 58, ground.ink, false);
      pen.text(name, stubX + 6, head + 17, {
        font: style.value,
        size: 6.6,
        color: ground.ink,
        bold: true,
        max: stub - 12,
      });
      pen.text(`${from} – ${to}`, stubX + 6, head + 27, {
        font: style.value,
        size: 5.6,
        color: ground.ink,
        max: stub - 12,
      });
      pen.text(seat, stubX + 6, head + 45, {
        font: style.value,
        size: 15,
        color: ground.main,
        bold: true,
        max: stub * 0.36,
      });
      pen.text(service, stubX + stub - 6, head + 44, {
        font: style.mono,
        size: 7,
        color: ground.ink,
        align: 'right',
        max: stub * 0.36,
      });
      paintBarcode(pen, fill.random, stubX + 7, head + 50, stub - 14, 88 - head - 50, ground.ink);
    },
  };
};
