import { mix, readableOn, white } from '../../drawing/color.js';
import type { Kind } from '../layout.js';
import { drawCodeForm } from '../parts/code-form.js';
import { drawDesign } from '../parts/design.js';
import { drawPaperGround } from '../parts/ground.js';
import { drawHeader } from '../parts/header.js';
import { paintBarcode } from '../parts/marks.js';
import { formatMoney } from '../style.js';

/** An electricity or water bill: the amount due in a large box, a chart of the usage, a payment slip. */
export const utilityBill: Kind = (style, random) => {
  const design = drawDesign(style, random, {
    issuer: 'company',
    title: 'bill',
    ground: () => drawPaperGround(style, random, 0.1),
    aspect: [0.68, 0.8],
  });
  const { issuer, emblem, ground, palette, label, aspect, width } = design;
  const headHeight = random.uniform(12, 17);
  const head = drawHeader(style, random, design, headHeight);
  const boxRight = random.boolean();
  const boxColor = random.pick([palette.accent, palette.primary, palette.secondary]);
  const boxRound = random.pick([0, 2, 4]);
  const boxX = boxRight ? width * 0.52 : 5;
  const textX = boxRight ? 5 : width * 0.54;
  const chart = random.pick(['bars', 'bars', 'line', 'area', 'rings'] as const);
  const chartColor = random.pick([palette.primary, palette.accent, palette.secondary]);
  const bars = random.pick([6, 8, 12]);
  const chartTop = headHeight + random.uniform(34.5, 36);
  const form = drawCodeForm(random, 8);
  const slip = random.boolean(0.7);
  const slipColor = mix(white, palette.secondary, 0.35);
  const onBox = readableOn(boxColor);
  return {
    aspect,
    gloss: 0.1,
    paper: true,
    paintTemplate(pen) {
      ground.paint(pen);
      head(pen);
      pen.round(boxX, headHeight + 5, width * 0.43, 19, boxRound, boxColor);
      pen.text(label.total, boxX + 3, headHeight + 10, { font: style.text, size: 3.6, color: onBox });
      pen.text(label.usage, 5, chartTop - 3, {
        font: style.heading,
        size: 4.2,
        color: ground.main,
        bold: true,
      });
      pen.line(5, chartTop - 1.4, width - 5, chartTop - 1.4, palette.accent, 0.5);
      pen.line(6, chartTop + 24, width - 6, chartTop + 24, ground.soft, 0.4);
      for (let i = 0; i < 3; i++)
        pen.line(
          6,
          chartTop + 3 + i * 7,
          width - 6,
          chartTop + 3 + i * 7,
          mix(ground.soft, white, 0.7),
          0.25,
        );
      if (slip) {
        pen.rect(0, 79, width, 21, slipColor);
        pen.line(0, 79, width, 79, ground.ink, 0.4, [1.6, 1.2]);
        emblem(pen, 8, 85.5, 4);
        pen.text(issuer, 14, 87, {
          font: style.heading,
          size: 3.8,
          color: ground.main,
          bold: true,
          max: width * 0.5,
        });
      }
    },
    paintValues(pen, fill) {
      const amount = fill.amount(18, 480);
      pen.text(formatMoney(style, amount), boxX + 3, headHeight + 20, {
        font: style.value,
        size: 8.5,
        color: onBox,
        bold: true,
        max: width * 0.37,
      });
      [
        fill.name(),
        fill.street(),
        fill.town(),
        `${label.account} ${fill.code(form)}`,
        `${label.due} ${fill.date(2024, 2026)}`,
      ].forEach((text, i) => {
        pen.text(text, textX, headHeight + 8.4 + i * 4.3, {
          font: style.value,
          size: 3.1,
          color: ground.ink,
          bold: i === 0,
          max: width * 0.41,
        });
      });
      const values = Array.from({ length: bars }, () => fill.random.uniform(4, 22));
      const step = (width - 14) / bars;
      if (chart === 'rings') {
        values.slice(0, 4).forEach((value, i) => {
          const x = 7 + (i + 0.5) * ((width - 14) / 4);
          pen.ring(x, chartTop + 12, 6, mix(chartColor, white, 0.65), 2.4);
          pen.context.beginPath();
          pen.context.arc(x, chartTop + 12, 6, -Math.PI / 2, -Math.PI / 2 + (value / 24) * 2 * Math.PI);
          pen.context.strokeStyle = `rgb(${chartColor.map(Math.round).join(', ')})`;
          pen.context.stroke();
        });
      } else if (chart === 'bars') {
        values.forEach((value, i) => {
          pen.rect(
            7 + i * step,
            chartTop + 24 - value,
            step * 0.66,
            value,
            i === bars - 1 ? palette.accent : chartColor,
          );
        });
      } else {
        const points = values.map((value, i) => [7 + (i + 0.4) * step, chartTop + 24 - value] as const);
        if (chart === 'area')
          pen.polygon(
            [[points[0][0], chartTop + 24], ...points, [points[bars - 1][0], chartTop + 24]],
            chartColor,
            0.55,
          );
        for (let i = 1; i < bars; i++)
          pen.line(points[i - 1][0], points[i - 1][1], points[i][0], points[i][1], chartColor, 0.9);
        for (const [x, y] of points) pen.disc(x, y, 0.9, palette.accent);
      }
      if (slip) {
        paintBarcode(pen, fill.random, width * 0.42, 90, width * 0.53, 7, ground.ink);
        pen.text(fill.code(form), 5, 96, {
          font: style.mono,
          size: 4,
          color: ground.ink,
          max: width * 0.33,
        });
        pen.text(formatMoney(style, amount), width - 5, 87, {
          font: style.value,
          size: 4.4,
          color: ground.ink,
          bold: true,
          align: 'right',
          max: width * 0.26,
        });
      } else
        pen.text(fill.line(8), 5, 84, { font: style.text, size: 2.8, color: ground.soft, max: width - 10 });
    },
  };
};
