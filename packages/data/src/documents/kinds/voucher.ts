import { css, mix, readableOn, white } from '../../drawing/color.js';
import type { Kind } from '../layout.js';
import { drawCodeForm } from '../parts/code-form.js';
import { drawDesign } from '../parts/design.js';
import { paintBarcode } from '../parts/marks.js';
import { patternNames, patterns } from '../parts/pattern.js';

/** A gift voucher: a bold color, an amount in large digits, a code. */
export const voucher: Kind = (style, random) => {
  const { issuer, title, emblem, palette, label, aspect, width } = drawDesign(style, random, {
    issuer: random.pick(['shop', 'club']),
    title: 'voucher',
    aspect: [1.7, 2.2],
  });
  const base = random.pick([
    palette.primary,
    palette.secondary,
    palette.accent,
    mix(palette.paper, palette.secondary, 0.2),
  ]);
  const other = random.pick([palette.accent, palette.primary, palette.secondary]);
  const on = readableOn(base);
  const pattern = patterns[style.pattern](random, random.pick([white, other, palette.ink]), 0.3);
  const pattern2 = patterns[random.pick(patternNames)](random, other, 0.35);
  const shape = random.pick(['burst', 'disc', 'panel', 'ribbon', 'diagonal'] as const);
  const shapeRight = random.boolean(0.6);
  const cx = shapeRight ? width * 0.76 : width * 0.24;
  const textX = shapeRight ? 10 : width * 0.48;
  const room = width * 0.46;
  const points = 10 + random.int(12);
  const dashed = random.boolean(0.5);
  const percent = random.boolean(0.4);
  const form = drawCodeForm(random, 7);
  const radius = random.uniform(30, 38);
  const onOther = readableOn(other);
  return {
    aspect,
    gloss: 0.4,
    paper: true,
    paintTemplate(pen) {
      const { context } = pen;
      pen.rect(0, 0, width, 100, base);
      pattern(pen);
      if (shape === 'burst' || shape === 'disc') {
        context.fillStyle = css(other);
        context.beginPath();
        for (let i = 0; i < points * 2; i++) {
          const r = shape === 'disc' || i % 2 ? radius : radius * 1.16;
          const angle = (Math.PI * i) / points;
          if (i === 0) context.moveTo(cx, 48 - r);
          else context.lineTo(cx + r * Math.sin(angle), 48 - r * Math.cos(angle));
        }
        context.fill();
        pen.ring(cx, 48, radius * 0.88, onOther, 0.7);
      } else if (shape === 'panel') {
        const x = shapeRight ? width * 0.53 : 0;
        pen.withClip(x, 0, width * 0.47, 100, 0, () => {
          pen.rect(x, 0, width * 0.47, 100, other);
          pattern2(pen);
        });
      } else if (shape === 'ribbon') {
        pen.rect(cx - 26, 0, 52, 100, other);
        pen.rect(cx - 30, 0, 1.6, 100, other);
        pen.rect(cx + 28.4, 0, 1.6, 100, other);
      } else {
        pen.polygon(
          shapeRight
            ? [
                [width * 0.62, 0],
                [width, 0],
                [width, 100],
                [width * 0.5, 100],
              ]
            : [
                [0, 0],
                [width * 0.38, 0],
                [width * 0.5, 100],
                [0, 100],
              ],
          other,
        );
      }
      if (dashed) {
        context.setLineDash([3, 2.4]);
        pen.frame(4, 4, width - 8, 92, on, 0.9);
        context.setLineDash([]);
      }
      emblem(pen, textX + 9, 22, 10, { main: on, second: other, ground: base });
      pen.text(issuer, textX + 23, 25.5, {
        font: style.heading,
        size: 9,
        color: on,
        bold: true,
        max: room - 24,
      });
      pen.text(title, textX, 52, {
        font: style.heading,
        size: 16,
        color: on,
        bold: true,
        max: room,
        capitals: true,
      });
      pen.text(label.expires, textX, 68, { font: style.text, size: 5.6, color: on });
    },
    paintValues(pen, fill) {
      const amount = fill.random.pick([5, 10, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200]);
      pen.text(percent ? `${Math.min(amount, 75)}%` : `${style.currency}${amount}`, cx, 60, {
        font: style.value,
        size: 36,
        color: onOther,
        bold: true,
        align: 'center',
        max: 54,
      });
      pen.text(fill.date(2025, 2028), textX + 34, 68, {
        font: style.value,
        size: 6.4,
        color: on,
        bold: true,
        max: room - 34,
      });
      pen.rect(textX, 75, room, 17, white);
      paintBarcode(pen, fill.random, textX + 4, 77, room * 0.5, 13, [20, 20, 24]);
      pen.text(fill.code(form), textX + room * 0.58, 86, {
        font: style.mono,
        size: 6.6,
        color: [20, 20, 24],
        max: room * 0.39,
      });
    },
  };
};
