import type { Random } from '@unitsphere/core/random';
import { brightness, mix, type Rgb, readableOn, white } from '../../drawing/color.js';
import type { Box } from '../layout.js';
import type { Pen } from '../pen.js';
import type { Style } from '../style.js';
import type { Emblem } from './emblem.js';
import type { Ground } from './ground.js';

const forms = ['band', 'blend', 'slant', 'wave', 'rules', 'block', 'flag', 'bare'] as const;

/** The head of a document: who issues it and what it is, in one of several arrangements. */
export function drawHeader(
  style: Style,
  random: Random,
  ground: Ground,
  box: Box,
  issuer: string,
  title: string,
  emblem: Emblem,
): (pen: Pen) => void {
  const { palette } = style;
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
  const { x, y, width, height } = box;
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
    if (form === 'band') pen.rect(x, y, width, height, strong);
    else if (form === 'blend')
      pen.blend(x, y, width, height, [strong, mix(strong, palette.secondary, 0.7)], [1, 0]);
    else if (form === 'slant') {
      pen.polygon(
        [
          [x, y],
          [x + width, y],
          [x + width, y + height * 0.75],
          [x, y + height * 1.12],
        ],
        strong,
      );
    } else if (form === 'wave') {
      context.fillStyle = `rgb(${strong.map(Math.round).join(', ')})`;
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(x + width, y);
      context.lineTo(x + width, y + height * 0.9);
      context.bezierCurveTo(
        x + width * 0.6,
        y + height * 1.3,
        x + width * 0.4,
        y + height * 0.7,
        x,
        y + height * 1.08,
      );
      context.fill();
    } else if (form === 'rules') {
      pen.line(x, y + height, x + width, y + height, ground.main, height * 0.07);
      pen.line(x, y + height * 1.07, x + width, y + height * 1.07, palette.accent, height * 0.03);
    } else if (form === 'block') {
      pen.rect(x, y, width, height, strong);
      pen.rect(
        emblemRight ? x + width - height * 1.15 : x,
        y,
        height * 1.15,
        height,
        mix(strong, [0, 0, 0], 0.25),
      );
    } else if (form === 'flag') {
      const part = width / 3;
      flag.forEach((color, i) => {
        pen.rect(x + i * part, y, part, height * 0.1, color);
      });
    }
    const radius = height * 0.37;
    const inset = height * 0.58;
    const middle = y + height * 0.52;
    emblem(pen, emblemRight ? x + width - inset : x + inset, middle, radius, emblemColors);
    if (twin) emblem(pen, emblemRight ? x + inset : x + width - inset, middle, radius, emblemColors);
    const pad = height * 0.28;
    const left = x + (emblemRight && !twin ? pad : height * 1.2);
    const right = x + width - (emblemRight || twin ? height * 1.2 : pad);
    const at = align === 'left' ? left : align === 'right' ? right : (left + right) / 2;
    const max = right - left;
    const [first, second] = titleFirst ? [title, issuer] : [issuer, title];
    pen.text(first, at, y + height * 0.46, {
      font: style.heading,
      size: height * large,
      color: titleColor,
      bold,
      align,
      max,
      capitals,
    });
    pen.text(second, at, y + height * 0.82, {
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
