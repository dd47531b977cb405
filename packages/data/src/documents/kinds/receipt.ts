import type { Kind } from '../layout.js';
import { drawCodeForm } from '../parts/code-form.js';
import { drawDesign } from '../parts/design.js';
import { paintBarcode, paintMatrixCode } from '../parts/marks.js';
import { formatMoney } from '../style.js';
import { drawPlace } from '../words/places.js';

/** A till receipt on a narrow roll with a torn lower edge. */
export const receipt: Kind = (style, random) => {
  const { issuer, title, emblem, label, aspect, width } = drawDesign(style, random, {
    issuer: 'shop',
    title: 'receipt',
    aspect: [0.5, 0.62],
  });
  const paper = random.pick([
    [252, 252, 250],
    [246, 244, 238],
    [240, 244, 248],
    [253, 248, 226],
  ] as const);
  const ink = random.pick([
    [40, 40, 46],
    [52, 48, 70],
    [30, 32, 34],
  ] as const);
  const font = random.boolean(0.75) ? style.mono : style.value;
  const centered = random.boolean(0.7);
  const withEmblem = random.boolean(0.75);
  const reversed = random.boolean(0.3);
  const rule = random.pick(['dashes', 'stars', 'line', 'double'] as const);
  const letters = random.uniform(3, 3.6);
  const spacing = letters * random.uniform(1.3, 1.55);
  const columns = random.boolean(0.4);
  const code = random.pick(['barcode', 'matrix', 'none', 'barcode'] as const);
  const torn = random.pick([0, 1.2, 1.8]);
  const town = drawPlace(random, style.language);
  const street = `${drawPlace(random, style.language)} ${1 + random.int(99)}`;
  const totalSize = random.uniform(4.4, 6.5);
  const least = 3 + random.int(2);
  const idForm = drawCodeForm(random);
  const boxedTotal = random.boolean(0.35);
  const x = centered ? width / 2 : 4;
  const align = centered ? 'center' : 'left';
  const top = withEmblem ? 20 : 6;
  const listTop = top + 20;
  return {
    aspect,
    gloss: 0.15,
    paper: true,
    outline({ context }) {
      context.moveTo(0, 0);
      context.lineTo(width, 0);
      context.lineTo(width, 100 - torn);
      for (let i = 15; i >= 0; i--) context.lineTo((i / 16) * width, i % 2 || torn === 0 ? 100 : 100 - torn);
      context.closePath();
    },
    paintTemplate(pen) {
      pen.rect(0, 0, width, 100, paper);
      if (withEmblem)
        emblem(pen, centered ? width / 2 : 12, 11, 7.5, { main: ink, second: ink, ground: paper });
      if (reversed) pen.rect(3, top - 1.5, width - 6, 8.4, ink);
      pen.text(issuer, reversed && !centered ? 5 : x, top + 4.8, {
        font: style.heading,
        size: 6,
        color: reversed ? paper : ink,
        bold: true,
        align,
        max: width - 9,
      });
      pen.text(`${street}, ${town}`, x, top + 10.6, { font, size: 3, color: ink, align, max: width - 8 });
      pen.text(title, x, top + 15, { font, size: 3.6, color: ink, align, bold: true, capitals: true });
      if (columns) {
        pen.text(label.item, 4, listTop, { font, size: 2.9, color: ink });
        pen.text(label.price, width - 4, listTop, { font, size: 2.9, color: ink, align: 'right' });
      }
    },
    paintValues(pen, fill) {
      const across = (y: number) => {
        if (rule === 'stars')
          pen.text('*'.repeat(28), width / 2, y + 1.2, {
            font,
            size: 3,
            color: ink,
            align: 'center',
            max: width - 8,
          });
        else if (rule === 'dashes') pen.line(4, y, width - 4, y, ink, 0.45, [1.6, 1]);
        else pen.line(4, y, width - 4, y, ink, 0.4);
        if (rule === 'double') pen.line(4, y + 0.9, width - 4, y + 0.9, ink, 0.4);
      };
      across(top + 17);
      let y = listTop + (columns ? spacing : 1.6);
      let sum = 0;
      const count = least + fill.random.int(5);
      // A long list has tighter lines, so that the total and the closing line fit on the paper.
      const step = Math.min(spacing, (88 - listTop - totalSize) / (count + 3.6));
      const size = Math.min(letters, step * 0.85);
      for (let i = 0; i < count; i++, y += step) {
        const price = fill.amount(0.9, 29);
        const many = fill.random.boolean(0.3) ? 2 + fill.random.int(3) : 1;
        sum += price * many;
        pen.text(many > 1 ? `${many} x ${fill.goods()}` : fill.goods(), 4, y, {
          font,
          size,
          color: ink,
          max: width * 0.62,
        });
        pen.text((price * many).toFixed(2), width - 4, y, { font, size, color: ink, align: 'right' });
      }
      across(y - step * 0.4);
      y += step * 0.6;
      pen.text(label.tax, 4, y, { font, size, color: ink });
      pen.text((sum * 0.19).toFixed(2), width - 4, y, { font, size, color: ink, align: 'right' });
      y += totalSize * 1.35;
      if (boxedTotal) pen.frame(3, y - totalSize * 0.95, width - 6, totalSize * 1.25, ink, 0.5);
      pen.text(label.total, 4.6, y, {
        font,
        size: totalSize,
        color: ink,
        bold: true,
        capitals: true,
        max: width * 0.42,
      });
      pen.text(formatMoney(style, sum), width - 4.6, y, {
        font,
        size: totalSize,
        color: ink,
        bold: true,
        align: 'right',
        max: width * 0.48,
      });
      y += step * 1.25;
      pen.text(`${fill.date(2022, 2025)} ${fill.time()}  ${label.cashier} ${1 + fill.random.int(9)}`, x, y, {
        font,
        size: 2.9,
        color: ink,
        align,
        max: width - 8,
      });
      y += 3;
      if (code === 'barcode' && y < 87) {
        paintBarcode(pen, fill.random, 7, y, width - 14, Math.min(8, 91 - y), ink);
        pen.text(fill.code(idForm), width / 2, Math.min(y + 11, 94), {
          font,
          size: 2.8,
          color: ink,
          align: 'center',
        });
      } else if (code === 'matrix' && y < 80) {
        const side = Math.min(16, 94 - y);
        paintMatrixCode(pen, fill.random, width / 2 - side / 2, y, side, ink);
      }
      pen.text(`${label.thanks}!`, width / 2, 97, { font, size: 3.4, color: ink, align: 'center' });
    },
  };
};
