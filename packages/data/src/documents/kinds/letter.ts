import { readableOn } from '../../drawing/color.js';
import type { Kind } from '../layout.js';
import { drawCodeForm } from '../parts/code-form.js';
import { drawDesign } from '../parts/design.js';
import { drawPaperGround } from '../parts/ground.js';
import { drawHeader } from '../parts/header.js';
import { paintSignature } from '../parts/marks.js';
import { capitalize, drawLine } from '../words/prose.js';

/** A letter with a letterhead and a body that differs between copies. */
export const letter: Kind = (style, random) => {
  const design = drawDesign(style, random, {
    issuer: random.pick(['company', 'state', 'school', 'bank', 'clinic']),
    title: 'report',
    ground: () => drawPaperGround(style, random, 0.15),
    aspect: [0.7, 0.78],
  });
  const { issuer, title, emblem, ground, palette, label, aspect, width } = design;
  const head = random.pick(['header', 'center', 'right', 'side', 'header'] as const);
  const headHeight = random.uniform(11, 17);
  const header = drawHeader(style, random, design, headHeight);
  const sideWidth = width * random.uniform(0.2, 0.28);
  const left = head === 'side' ? sideWidth + 4 : random.uniform(6, 9);
  const right = width - random.uniform(5, 8);
  const size = random.uniform(2.5, 2.9);
  const step = size * random.uniform(1.35, 1.6);
  const paragraphs = 2 + random.int(3);
  const indent = random.boolean(0.4) ? 4 : 0;
  const addressRight = random.boolean(0.4);
  const footRule = random.pick(['line', 'band', 'none'] as const);
  const foot = `${capitalize(drawLine(random, style.language, 3))} · ${drawCodeForm(random).replace(/[#A]/g, () => String(random.int(10)))}`;
  const reference = drawCodeForm(random);
  const signLeft = random.boolean(0.6);
  const words = Math.round((right - left) / (size * 2.7));
  const bodyFont = random.boolean(0.2) ? style.mono : style.text;
  return {
    aspect,
    gloss: 0.1,
    paper: true,
    paintTemplate(pen) {
      ground.paint(pen);
      if (head === 'header') header(pen);
      else if (head === 'center') {
        emblem(pen, width / 2, 7.5, 5);
        pen.text(issuer, width / 2, 17, {
          font: style.heading,
          size: 5,
          color: ground.main,
          bold: true,
          align: 'center',
          max: width - 14,
        });
        pen.line(left, 19.5, right, 19.5, palette.accent, 0.5);
      } else if (head === 'right') {
        emblem(pen, width - 11, 9, 6);
        pen.text(issuer, width - 19, 9, {
          font: style.heading,
          size: 5,
          color: ground.main,
          bold: true,
          align: 'right',
          max: width - 26,
        });
        pen.text(title, width - 19, 13.6, {
          font: style.text,
          size: 2.8,
          color: ground.soft,
          align: 'right',
        });
      } else {
        pen.rect(0, 0, sideWidth, 100, palette.primary);
        const on = readableOn(palette.primary);
        emblem(pen, sideWidth / 2, 12, sideWidth * 0.3, {
          main: on,
          second: palette.accent,
          ground: palette.primary,
        });
        pen.text(issuer, sideWidth / 2, 26, {
          font: style.heading,
          size: 3.4,
          color: on,
          align: 'center',
          bold: true,
          max: sideWidth - 2,
        });
        for (let i = 0; i < 4; i++)
          pen.rect(2.5, 33 + i * 3.4, (sideWidth - 5) * (i === 3 ? 0.5 : 0.9), 0.8, on, 0.6);
      }
      if (footRule === 'band')
        pen.rect(head === 'side' ? sideWidth : 0, 95, width, 5, palette.secondary, 0.6);
      else if (footRule === 'line') pen.line(left, 95, right, 95, ground.main, 0.4);
      pen.text(foot, (left + right) / 2, 98.4, {
        font: style.text,
        size: 2.2,
        color: ground.soft,
        align: 'center',
        max: right - left,
      });
    },
    paintValues(pen, fill) {
      const text = { font: bodyFont, size, color: ground.ink, max: right - left };
      let y = Math.max(headHeight, 20) + 5;
      const name = fill.name();
      const ax = addressRight ? right - 24 : left;
      [name, fill.street(), fill.town()].forEach((line, i) => {
        pen.text(line, ax, y + i * step, { ...text, max: 28 });
      });
      pen.text(fill.date(2020, 2025), addressRight ? left : right, y, {
        ...text,
        align: addressRight ? 'left' : 'right',
      });
      y += step * 4;
      pen.text(`${label.reference}: ${fill.code(reference)}`, left, y, {
        ...text,
        bold: true,
        color: ground.main,
      });
      y += step * 1.8;
      pen.text(`${label.dear} ${name},`, left, y, text);
      y += step * 1.5;
      for (let p = 0; p < paragraphs && y < 76; p++) {
        const lines = 2 + fill.random.int(4);
        for (let i = 0; i < lines && y < 78; i++, y += step) {
          const last = i === lines - 1;
          const count = last ? Math.max(2, Math.round(words * fill.random.uniform(0.3, 0.9))) : words;
          pen.text(i === 0 ? fill.line(count) : fill.words(count), left + (i === 0 ? indent : 0), y, text);
        }
        y += step * 0.6;
      }
      const sx = signLeft ? left : right - 26;
      pen.text(label.regards, sx, y + 1, text);
      paintSignature(pen, fill.random, sx, y + 2, 22, 7, [26, 40, 110]);
      pen.text(fill.name(), sx, Math.min(y + 12, 93.5), text);
    },
  };
};
