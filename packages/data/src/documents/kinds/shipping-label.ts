import { mix, readableOn, white } from '../../drawing/color.js';
import type { Kind } from '../layout.js';
import { drawCodeForm } from '../parts/code-form.js';
import { drawDesign } from '../parts/design.js';
import { paintBarcode, paintMatrixCode } from '../parts/marks.js';

/** A parcel label: boxes with black lines, an address, a large route code, bar codes. */
export const shippingLabel: Kind = (style, random) => {
  const { issuer, title, emblem, palette, label, aspect, width } = drawDesign(style, random, {
    issuer: 'post',
    title: 'label',
    aspect: [0.68, 1.1],
  });
  const ink = [24, 24, 28] as const;
  const paper = random.boolean(0.7)
    ? white
    : mix(white, random.pick([palette.secondary, palette.accent]), random.uniform(0.2, 0.6));
  const head = random.uniform(14, 19);
  const headFill = random.pick(['ink', 'color', 'none', 'color'] as const);
  const headColor = headFill === 'ink' ? ink : random.pick([palette.primary, palette.accent]);
  const route = random.uniform(13, 18.5);
  const line = random.uniform(0.5, 1.2);
  const routeReversed = random.boolean(0.4);
  const order = random.shuffle(['from', 'to', 'route', 'facts', 'code']);
  // The sender must not come last, where it is hard to find.
  if (order[4] === 'from') order.reverse();
  const heights: Record<string, number> = { from: 12, to: 20.5, route, facts: 10, code: 0 };
  const inset = random.pick([0, 2.5]);
  heights.code = 100 - inset - head - 42.5 - route;
  const split = random.uniform(0.55, 0.7);
  const forms = [drawCodeForm(random, 8), drawCodeForm(random, 3)];
  const bigLetter = 'PXERSBC'[random.int(7)];
  const matrix = random.boolean(0.5);
  const routeForm = random.pick(['AA-##', '##A', 'A##-#', '###']);
  const titleBand = random.boolean(0.4);
  const tops: Record<string, number> = {};
  let y = head;
  for (const part of order) {
    tops[part] = y;
    y += heights[part];
  }
  return {
    aspect,
    gloss: 0.4,
    paper: true,
    paintTemplate(pen) {
      pen.rect(0, 0, width, 100, paper);
      if (headFill !== 'none') pen.rect(0, 0, width, head, headColor);
      const on = headFill === 'none' ? ink : readableOn(headColor);
      emblem(pen, head * 0.55 + 1, head / 2, head * 0.36, {
        main: on,
        second: on,
        ground: headFill === 'none' ? paper : headColor,
      });
      pen.text(issuer, head * 1.1 + 2, head * 0.55, {
        font: style.heading,
        size: head * 0.42,
        color: on,
        bold: true,
        max: width - head * 1.2 - 20,
      });
      pen.text(title, head * 1.1 + 2, head * 0.86, {
        font: style.text,
        size: head * 0.24,
        color: on,
        max: width - head * 1.2 - 20,
      });
      pen.frame(width - head * 0.95, head * 0.14, head * 0.74, head * 0.72, on, line);
      pen.text(bigLetter, width - head * 0.58, head * 0.72, {
        font: style.text,
        size: head * 0.66,
        color: on,
        bold: true,
        align: 'center',
      });
      for (const part of order) pen.line(inset, tops[part], width - inset, tops[part], ink, line);
      if (inset) pen.frame(inset, inset, width - inset * 2, 100 - inset * 2, ink, line);
      if (routeReversed) pen.rect(inset, tops.route, width * split, route, ink);
      pen.line(width * split, tops.route, width * split, tops.route + route, ink, line);
      if (titleBand)
        pen.rect(
          width * split + line / 2,
          tops.route,
          width * (1 - split) - inset,
          route,
          palette.accent,
          0.8,
        );
      pen.text(label.from, 4.5, tops.from + 4, { font: style.text, size: 3, color: ink });
      pen.text(label.to, 4.5, tops.to + 5, { font: style.text, size: 4, color: ink, bold: true });
      pen.text(label.weight, 4.5, tops.facts + 4, { font: style.text, size: 3, color: ink });
      pen.text(label.date, width * 0.38, tops.facts + 4, { font: style.text, size: 3, color: ink });
      pen.text(label.reference, width * 0.66, tops.facts + 4, {
        font: style.text,
        size: 3,
        color: ink,
        max: width * 0.3,
      });
      for (const x of [0.36, 0.64])
        pen.line(width * x, tops.facts, width * x, tops.facts + 10, ink, line * 0.7);
      pen.text(label.tracking, 4.5, tops.code + 3.8, { font: style.text, size: 2.8, color: ink });
    },
    paintValues(pen, fill) {
      [fill.name(), `${fill.street()}, ${fill.place()}`].forEach((text, i) => {
        pen.text(text, width * 0.22, tops.from + 4.8 + i * 5, {
          font: style.value,
          size: 3.8,
          color: ink,
          max: width * 0.7,
        });
      });
      [fill.name(), fill.street(), fill.town()].forEach((text, i) => {
        pen.text(text, width * 0.2, tops.to + 6 + i * 6.1, {
          font: style.value,
          size: 5.4,
          color: ink,
          bold: i === 2,
          max: width * 0.74,
        });
      });
      pen.text(fill.code(routeForm), (inset + width * split) / 2, tops.route + route * 0.8, {
        font: style.text,
        size: route * 0.85,
        color: routeReversed ? white : ink,
        bold: true,
        align: 'center',
        max: width * split - 8,
      });
      if (matrix) {
        const side = Math.min(route - 3, width * (1 - split) - 5);
        pen.rect(
          width * (split + (1 - split) / 2) - side / 2 - 1,
          tops.route + route / 2 - side / 2 - 1,
          side + 2,
          side + 2,
          white,
        );
        paintMatrixCode(
          pen,
          fill.random,
          width * (split + (1 - split) / 2) - side / 2,
          tops.route + route / 2 - side / 2,
          side,
          ink,
        );
      } else
        pen.text(fill.code('##'), width * (split + (1 - split) / 2), tops.route + route * 0.78, {
          font: style.text,
          size: route * 0.8,
          color: ink,
          bold: true,
          align: 'center',
        });
      const [weight, day, id] = [
        `${fill.amount(0.2, 28).toFixed(1)} kg`,
        fill.date(2023, 2025),
        fill.code(forms[1]),
      ];
      [weight, day, id].forEach((text, i) => {
        pen.text(text, [4.5, width * 0.38, width * 0.66][i], tops.facts + 8.4, {
          font: style.value,
          size: 4.2,
          color: ink,
          max: width * 0.27,
        });
      });
      const codeHeight = heights.code;
      paintBarcode(pen, fill.random, 7, tops.code + 5, width - 14, codeHeight - 11, ink);
      pen.text(fill.code(`${forms[0]} ##`), width / 2, tops.code + codeHeight - 2, {
        font: style.mono,
        size: 4,
        color: ink,
        align: 'center',
        max: width - 14,
      });
    },
  };
};
