import { mix, readableOn, white } from '../../drawing/color.js';
import type { Filler } from '../filler.js';
import { CARD_ASPECT, type Kind, roundedOutline } from '../layout.js';
import { drawCodeForm } from '../parts/code-form.js';
import { drawDesign } from '../parts/design.js';
import { drawCardGround } from '../parts/ground.js';
import { paintBarcode, paintSignature } from '../parts/marks.js';
import { drawPhotoStyle, paintPortrait } from '../parts/portrait.js';

/** A driving license: numbered lines, a country code on a disc or plate, the classes along the bottom. */
export const drivingLicense: Kind = (style, random) => {
  const { issuer, title, emblem, ground, palette, aspect, width } = drawDesign(style, random, {
    issuer: 'state',
    title: 'license',
    ground: () => drawCardGround(style, random, 0.08),
    aspect: CARD_ASPECT,
  });
  const right = random.boolean(0.3);
  const photo = drawPhotoStyle(random, palette.primary);
  const photoWidth = random.uniform(38, 48);
  const photoX = right ? width - photoWidth - 6 : 6;
  const photoTop = random.uniform(26, 34);
  const photoHeight = 84 - photoTop;
  const linesX = right ? 8 : photoX + photoWidth + 6;
  const linesWidth = width - photoWidth - 20;
  const numbered = random.pick(['1.', '(1)', '1 ', 'a)'] as const);
  const numberForm = drawCodeForm(random, 8);
  const sign = issuer.replace(/[^\p{Lu}]/gu, '').slice(-2) || 'N';
  const mark = random.pick(['plate', 'disc', 'emblem'] as const);
  const band = random.boolean(0.5);
  const classes = random.shuffle(['A', 'A1', 'B', 'BE', 'C', 'D', 'T', 'M']).slice(0, 4 + random.int(4));
  const foot = random.pick(['boxes', 'line', 'barcode'] as const);
  const size = random.uniform(6, 7);
  const rowValues: ((f: Filler) => string)[] = [
    (f) => f.surname(),
    (f) => f.given(),
    (f) => `${f.date(1950, 2004)} ${f.place()}`,
    (f) => `${f.date(2012, 2023)}   ${f.date(2026, 2036)}`,
    (f) => f.code(numberForm),
    (f) => `${f.street()}, ${f.place()}`,
  ];
  const rows = rowValues.slice(0, 5 + random.int(2));
  const number = (i: number) =>
    numbered === 'a)' ? `${'abcdef'[i]})` : numbered.replace('1', String(i + 1));
  const headColor = band ? readableOn(palette.primary) : ground.main;
  const top = 24;
  const step = (84 - top) / rows.length;
  return {
    aspect,
    gloss: 0.9,
    paper: false,
    outline: roundedOutline(5),
    paintTemplate(pen) {
      ground.paint(pen);
      if (band) pen.rect(0, 0, width, 20, palette.primary, 0.92);
      const markX = right ? width - 17 : 17;
      if (mark === 'plate') {
        pen.round(markX - 12, 3, 24, 14, 2, band ? mix(palette.primary, [0, 0, 0], 0.4) : palette.primary);
        pen.text(sign, markX, 14, { font: style.text, size: 12, color: white, bold: true, align: 'center' });
      } else if (mark === 'disc') {
        pen.disc(markX, 10.5, 8, palette.accent);
        pen.text(sign, markX, 13.6, {
          font: style.text,
          size: 9,
          color: readableOn(palette.accent),
          bold: true,
          align: 'center',
        });
      } else
        emblem(
          pen,
          markX,
          10.5,
          8.5,
          band ? { main: headColor, second: palette.accent, ground: palette.primary } : undefined,
        );
      const textX = right ? 8 : 36;
      pen.text(title, textX, 10.5, {
        font: style.heading,
        size: 9,
        color: headColor,
        bold: true,
        capitals: true,
        max: width - 50,
      });
      pen.text(issuer, textX, 17.5, {
        font: style.text,
        size: 5.4,
        color: band ? headColor : ground.soft,
        max: width - 50,
      });
      rows.forEach((_, i) => {
        pen.text(number(i), linesX, top + step * (i + 0.75), {
          font: style.text,
          size: size * 0.72,
          color: ground.main,
          bold: true,
        });
      });
      if (foot === 'boxes') {
        classes.forEach((letter, i) => {
          const w = (width - 14) / classes.length;
          pen.round(7 + i * w + 1, 88, w - 2, 9, 1.2, palette.secondary, 0.55);
          pen.text(letter, 7 + (i + 0.5) * w, 94.8, {
            font: style.text,
            size: 6.5,
            color: palette.ink,
            bold: true,
            align: 'center',
          });
        });
      } else pen.rect(0, 88, width, 12, palette.secondary, 0.35);
    },
    paintValues(pen, fill) {
      paintPortrait(pen, fill.random.fork('face'), photo, photoX, photoTop, photoWidth, photoHeight);
      rows.forEach((make, i) => {
        pen.text(make(fill), linesX + 9, top + step * (i + 0.75), {
          font: style.value,
          size,
          color: ground.ink,
          bold: i < 2,
          capitals: i < 2,
          max: i === 5 ? linesWidth * 0.5 : linesWidth - 10,
        });
      });
      paintSignature(pen, fill.random, linesX + linesWidth * 0.62, 72, 34, 13, ground.ink);
      if (foot === 'barcode') paintBarcode(pen, fill.random, 8, 90, width - 16, 7.5, palette.ink);
      if (foot === 'line')
        pen.text(classes.slice(0, 2 + fill.random.int(3)).join('  '), width / 2, 96.5, {
          font: style.mono,
          size: 7,
          color: ground.ink,
          align: 'center',
        });
    },
  };
};
