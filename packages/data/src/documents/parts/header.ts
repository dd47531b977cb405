import type { Random } from '@unitsphere/core/random';
import { brightness, mix, type Rgb, readableOn, white } from '../../drawing/color.js';
import type { Pen } from '../pen.js';
import type { Style } from '../style.js';
import type { Design } from './design.js';

/** Arrangements of the header. */
const forms = ['band', 'blend', 'slant', 'wave', 'rules', 'block', 'flag', 'bare'] as const;

/** Draws the header across the top of a document: issuer, title and emblem in one of several arrangements. */
export function drawHeader(style: Style, random: Random, design: Design, height: number): (pen: Pen) => void {
  const { issuer, title, emblem, ground, palette, width } = design;
  const form = random.pick(forms);
  const strong = ground.dark
    ? mix(ground.base, [0, 0, 0], 0.35)
    : random.pick([palette.primary, palette.primary, palette.accent, palette.secondary]);
  const bold = random.boolean(0.7);
  const titleFirst = random.boolean(0.4);
  const capitals = random.boolean(0.5);
  const align = random.pick(['left', 'left', 'center', 'right'] as const);
  const emblemRight =
    align === 'right' ? false : align === 'center' ? random.boolean() : random.boolean(0.35);
  const twin = align === 'center' && random.boolean(0.3);
  const open = form === 'rules' || form === 'bare' || form === 'flag';
  const on: Rgb = open ? ground.ink : readableOn(strong);
  const titleColor: Rgb = open ? ground.main : on;
  const emblemColors = open
    ? { main: ground.main, second: palette.accent, ground: ground.dark ? ground.base : white }
    : {
        main: on,
        second: mix(on, palette.accent, 0.5),
        ground: brightness(on) > 0.5 ? strong : white,
      };
  const flag = random.shuffle([palette.primary, palette.accent, palette.secondary]);
  const large = random.uniform(0.36, 0.44);

  return (pen) => {
    const { context } = pen;
    if (form === 'band') pen.rect(0, 0, width, height, strong);
    else if (form === 'blend')
      pen.blend(0, 0, width, height, [strong, mix(strong, palette.secondary, 0.7)], [1, 0]);
    else if (form === 'slant') {
      pen.polygon(
        [
          [0, 0],
          [width, 0],
          [width, height * 0.75],
          [0, height * 1.12],
        ],
        strong,
      );
    } else if (form === 'wave') {
      context.fillStyle = `rgb(${strong.map(Math.round).join(', ')})`;
      context.beginPath();
      context.moveTo(0, 0);
      context.lineTo(width, 0);
      context.lineTo(width, height * 0.9);
      context.bezierCurveTo(width * 0.6, height * 1.3, width * 0.4, height * 0.7, 0, height * 1.08);
      context.fill();
    } else if (form === 'rules') {
      pen.line(0, height, width, height, ground.main, height * 0.07);
      pen.line(0, height * 1.07, width, height * 1.07, palette.accent, height * 0.03);
    } else if (form === 'block') {
      pen.rect(0, 0, width, height, strong);
      pen.rect(
        emblemRight ? width - height * 1.15 : 0,
        0,
        height * 1.15,
        height,
        mix(strong, [0, 0, 0], 0.25),
      );
    } else if (form === 'flag') {
      const part = width / 3;
      flag.forEach((color, i) => {
        pen.rect(i * part, 0, part, height * 0.1, color);
      });
    }
    const radius = height * 0.37;
    const inset = height * 0.58;
    const middle = height * 0.52;
    emblem(pen, emblemRight ? width - inset : inset, middle, radius, emblemColors);
    if (twin) emblem(pen, emblemRight ? inset : width - inset, middle, radius, emblemColors);
    const pad = height * 0.28;
    const left = emblemRight && !twin ? pad : height * 1.2;
    const right = width - (emblemRight || twin ? height * 1.2 : pad);
    const at = align === 'left' ? left : align === 'right' ? right : (left + right) / 2;
    const max = right - left;
    const [first, second] = titleFirst ? [title, issuer] : [issuer, title];
    pen.text(first, at, height * 0.46, {
      font: style.heading,
      size: height * large,
      color: titleColor,
      bold,
      align,
      max,
      capitals,
    });
    pen.text(second, at, height * 0.82, {
      font: style.text,
      size: height * 0.27,
      color: mix(on, titleColor, 0.4),
      bold: !bold,
      align,
      max,
      capitals: !capitals,
    });
  };
}
