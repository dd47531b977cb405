import { mix, readableOn, white } from '../../drawing/color.js';
import type { Kind } from '../layout.js';
import { drawCodeForm } from '../parts/code-form.js';
import { drawDesign } from '../parts/design.js';
import { drawPaperGround } from '../parts/ground.js';
import { drawHeader } from '../parts/header.js';
import { paintStamp } from '../parts/marks.js';
import { formatMoney } from '../style.js';
import { capitalize, drawLine } from '../words/prose.js';

/** An invoice: letterhead, customer, a table of items, the total, small print at the bottom. */
export const invoice: Kind = (style, random) => {
  const design = drawDesign(style, random, {
    issuer: 'company',
    title: 'invoice',
    ground: () => drawPaperGround(style, random, 0.15),
    aspect: [0.7, 0.78],
  });
  const { issuer, title, emblem, ground, palette, label, aspect, width } = design;
  const side = random.boolean(0.25);
  const sideWidth = side ? width * random.uniform(0.18, 0.26) : 0;
  const left = side ? sideWidth + 4 : 5;
  const headHeight = random.uniform(10, 15);
  const head = drawHeader(style, random, design, headHeight);
  const barColor = random.pick([palette.primary, palette.accent, palette.ink, palette.secondary]);
  const bar = random.pick(['filled', 'ruled', 'tinted'] as const);
  const zebra = random.boolean(0.4);
  const grid = !zebra && random.boolean(0.3);
  const swapped = random.boolean();
  const form = drawCodeForm(random);
  const tableTop = random.uniform(40, 46);
  const step = random.uniform(4.2, 5.2);
  const rows = Math.floor((80 - tableTop) / step) - 1;
  const totalBox = random.boolean(0.5);
  const small = [0, 1].map(() => capitalize(drawLine(random, style.language, 7 + random.int(4))));
  const stamped = random.boolean(0.25);
  const right = width - 5;
  const columns = [left, left + (right - left) * 0.45, left + (right - left) * 0.75, right];
  const cell = (right - left) * 0.22;
  return {
    aspect,
    gloss: 0.1,
    paper: true,
    paintTemplate(pen) {
      ground.paint(pen);
      if (side) {
        pen.rect(0, 0, sideWidth, 100, palette.primary);
        emblem(pen, sideWidth / 2, 14, sideWidth * 0.32, {
          main: readableOn(palette.primary),
          second: palette.accent,
          ground: palette.primary,
        });
        pen.text(issuer, left, 9, {
          font: style.heading,
          size: 6,
          color: palette.primary,
          bold: true,
          max: right - left,
        });
        pen.text(title, left, 16, { font: style.text, size: 5, color: ground.ink, capitals: true });
      } else head(pen);
      const textOn = bar === 'filled' ? readableOn(barColor) : ground.ink;
      if (bar === 'filled') pen.rect(left - 1, tableTop, right - left + 2, step * 1.1, barColor);
      else if (bar === 'tinted') pen.rect(left - 1, tableTop, right - left + 2, step * 1.1, barColor, 0.22);
      else pen.line(left - 1, tableTop + step, right + 1, tableTop + step, barColor, 0.7);
      const heads = [label.item, label.quantity, label.price, label.amount];
      heads.forEach((text, i) => {
        pen.text(text, columns[i], tableTop + step * 0.78, {
          font: style.text,
          size: 2.8,
          color: textOn,
          bold: true,
          align: i === 3 ? 'right' : i === 2 ? 'right' : 'left',
          max: i === 0 ? (right - left) * 0.4 : cell * 0.8,
        });
      });
      for (let i = 0; i < rows; i++) {
        const y = tableTop + step * (1.1 + i);
        if (zebra && i % 2) pen.rect(left - 1, y, right - left + 2, step, palette.secondary, 0.22);
        if (!zebra) pen.line(left - 1, y + step, right + 1, y + step, mix(ground.soft, white, 0.5), 0.25);
      }
      if (grid)
        for (const x of [columns[1] - 1.5, columns[2] - cell, columns[3] - cell])
          pen.line(x, tableTop, x, tableTop + step * (rows + 1.1), ground.soft, 0.3);
      pen.line(left, 92.5, right, 92.5, ground.main, 0.4);
      small.forEach((text, i) => {
        pen.text(text, side ? left : width / 2, 95.3 + i * 2.8, {
          font: style.text,
          size: 2.1,
          color: ground.soft,
          align: side ? 'left' : 'center',
          max: right - left,
        });
      });
    },
    paintValues(pen, fill) {
      const [a, b] = swapped ? [left + (right - left) * 0.55, left] : [left, left + (right - left) * 0.55];
      const y = side ? 24 : headHeight + 8;
      pen.text(label.billTo, a, y, { font: style.text, size: 2.8, color: ground.soft, bold: true });
      [fill.name(), fill.street(), fill.town()].forEach((text, i) => {
        pen.text(text, a, y + 4.4 + i * 4.2, {
          font: style.value,
          size: 3.3,
          color: ground.ink,
          bold: i === 0,
          max: (right - left) * 0.45,
        });
      });
      const facts = [
        `${label.number} ${fill.code(form)}`,
        `${label.date} ${fill.date(2021, 2025)}`,
        `${label.due} ${fill.date(2025, 2026)}`,
      ];
      facts.forEach((text, i) => {
        pen.text(text, b, y + 2 + i * 4.4, {
          font: style.value,
          size: 3.1,
          color: ground.ink,
          max: (right - left) * 0.44,
        });
      });
      let sum = 0;
      const count = 2 + fill.random.int(rows - 2);
      for (let i = 0; i < count; i++) {
        const line = tableTop + step * (1.82 + i);
        const many = 1 + fill.random.int(12);
        const price = fill.amount(4, 120);
        sum += many * price;
        pen.text(fill.goods(), columns[0], line, {
          font: style.value,
          size: 3,
          color: ground.ink,
          max: (right - left) * 0.42,
        });
        pen.text(String(many), columns[1], line, { font: style.value, size: 3, color: ground.ink });
        pen.text(price.toFixed(2), columns[2], line, {
          font: style.value,
          size: 3,
          color: ground.ink,
          align: 'right',
          max: cell,
        });
        pen.text((many * price).toFixed(2), columns[3], line, {
          font: style.value,
          size: 3,
          color: ground.ink,
          align: 'right',
          max: cell,
        });
      }
      const foot = tableTop + step * (rows + 1.1) + 2;
      if (totalBox) pen.rect(left + (right - left) * 0.48, foot, (right - left) * 0.52 + 1, 7.5, barColor);
      pen.text(label.total, left + (right - left) * 0.5, foot + 5.2, {
        font: style.text,
        size: 4,
        color: totalBox ? readableOn(barColor) : ground.main,
        bold: true,
        max: (right - left) * 0.17,
      });
      pen.text(formatMoney(style, sum), right, foot + 5.2, {
        font: style.value,
        size: 4.2,
        color: totalBox ? readableOn(barColor) : ground.ink,
        bold: true,
        align: 'right',
        max: (right - left) * 0.3,
      });
      if (stamped)
        paintStamp(
          pen,
          fill.random,
          left + 14,
          foot + 5,
          7.5,
          palette.accent,
          issuer,
          fill.date(2022, 2025),
          style.text,
        );
    },
  };
};
