import type { Random } from '@unitsphere/core/random';
import { css, mix, type Rgb } from '../../drawing/color.js';
import type { Font } from '../fonts.js';
import type { Pen } from '../pen.js';

/** Paints a bar code that fills a box, with vertical bars if `upright` and otherwise horizontal ones. */
export function paintBarcode(
  pen: Pen,
  random: Random,
  x: number,
  y: number,
  width: number,
  height: number,
  ink: Rgb,
  upright = true,
): void {
  const { context } = pen;
  const length = upright ? width : height;
  const module = length / 84;
  context.fillStyle = css(ink);
  context.beginPath();
  for (let at = 0; at < length - module; ) {
    const bar = module * (1 + random.int(3));
    if (upright) context.rect(x + at, y, Math.min(bar, length - at), height);
    else context.rect(x, y + at, width, Math.min(bar, length - at));
    at += bar + module * (1 + random.int(3));
  }
  context.fill();
}

/** Paints a square code that looks like a QR code but encodes nothing. */
export function paintMatrixCode(
  pen: Pen,
  random: Random,
  x: number,
  y: number,
  side: number,
  ink: Rgb,
): void {
  const { context } = pen;
  const count = 21;
  const m = side / count;
  const finders = [
    [0, 0],
    [count - 7, 0],
    [0, count - 7],
  ];
  context.fillStyle = css(ink);
  context.beginPath();
  for (let row = 0; row < count; row++) {
    let bits = random.uint32();
    for (let column = 0; column < count; column++, bits >>>= 1) {
      const inFinder =
        (row < 8 && column < 8) || (row < 8 && column > count - 9) || (row > count - 9 && column < 8);
      if (!inFinder && bits & 1) context.rect(x + column * m, y + row * m, m, m);
    }
  }
  for (const [fx, fy] of finders) context.rect(x + (fx + 2) * m, y + (fy + 2) * m, 3 * m, 3 * m);
  context.fill();
  context.strokeStyle = css(ink);
  context.lineWidth = m;
  for (const [fx, fy] of finders) context.strokeRect(x + (fx + 0.5) * m, y + (fy + 0.5) * m, 6 * m, 6 * m);
}

/** Paints the contacts of a smart card. @param plan Arrangement of the contacts, 0 … 2. */
export function paintChip(
  pen: Pen,
  x: number,
  y: number,
  width: number,
  height: number,
  plan: number,
  metal: Rgb,
): void {
  const { context } = pen;
  const gradient = context.createLinearGradient(x, y, x + width, y + height);
  gradient.addColorStop(0, css(mix(metal, [255, 255, 255], 0.5)));
  gradient.addColorStop(0.5, css(metal));
  gradient.addColorStop(1, css(mix(metal, [60, 40, 0], 0.25)));
  context.fillStyle = gradient;
  context.beginPath();
  context.roundRect(x, y, width, height, height * 0.18);
  context.fill();
  context.strokeStyle = css(mix(metal, [50, 30, 0], 0.6));
  context.lineWidth = 0.5;
  context.beginPath();
  for (const t of plan === 0 ? [0.33, 0.66] : [0.25, 0.5, 0.75]) {
    context.moveTo(x, y + height * t);
    context.lineTo(x + width * 0.34, y + height * t);
    context.moveTo(x + width * 0.66, y + height * t);
    context.lineTo(x + width, y + height * t);
  }
  if (plan === 2)
    context.ellipse(x + width / 2, y + height / 2, width * 0.2, height * 0.28, 0, 0, 2 * Math.PI);
  else context.rect(x + width * 0.34, y, width * 0.32, height);
  context.stroke();
}

/** Paints a signature: slanted loops, with a stroke beneath in half of the cases. */
export function paintSignature(
  pen: Pen,
  random: Random,
  x: number,
  y: number,
  width: number,
  height: number,
  ink: Rgb,
): void {
  const { context } = pen;
  const loops = 4 + random.int(5);
  const lean = random.uniform(0, 0.4);
  context.strokeStyle = css(ink, 0.9);
  context.lineWidth = height * random.uniform(0.05, 0.09);
  context.lineCap = 'round';
  context.beginPath();
  let px = x;
  let py = y + height * 0.6;
  context.moveTo(px, py);
  for (let i = 0; i < loops; i++) {
    const nx = x + (width * (i + 1)) / loops;
    const ny = y + height * random.uniform(0.45, 0.7);
    const up = height * random.uniform(0.15, i === 0 ? 1 : 0.7);
    const swing = (width / loops) * random.uniform(0.2, 1.3);
    context.bezierCurveTo(px + swing, py - up, px + swing + lean * up, py - up, px + swing * 0.4, py);
    context.bezierCurveTo(px + swing * 0.2, py + up * 0.6, nx - swing * 0.3, ny + up * 0.5, nx, ny);
    px = nx;
    py = ny;
  }
  if (random.boolean(0.5)) {
    context.moveTo(x + width * random.uniform(0, 0.2), y + height * random.uniform(0.8, 0.95));
    context.quadraticCurveTo(
      x + width * 0.5,
      y + height * random.uniform(0.7, 1.1),
      x + width * random.uniform(0.8, 1.05),
      y + height * random.uniform(0.7, 0.85),
    );
  }
  context.stroke();
  context.lineCap = 'butt';
}

/** Paints a rubber stamp: two rings, words along a circle, a date in the middle. */
export function paintStamp(
  pen: Pen,
  random: Random,
  x: number,
  y: number,
  radius: number,
  ink: Rgb,
  words: string,
  date: string,
  font: Font,
): void {
  pen.withRotation(x, y, random.uniform(-0.5, 0.5), () => {
    pen.context.globalAlpha = random.uniform(0.5, 0.8);
    pen.ring(0, 0, radius, ink, radius * 0.08);
    pen.ring(0, 0, radius * 0.62, ink, radius * 0.045);
    pen.arcText(words.slice(0, 18).toUpperCase(), 0, 0, radius * 0.72, 0, {
      font,
      size: radius * 0.28,
      color: ink,
      bold: true,
    });
    pen.text(date, 0, radius * 0.12, {
      font,
      size: radius * 0.36,
      color: ink,
      bold: true,
      align: 'center',
      max: radius * 1.15,
    });
    pen.context.globalAlpha = 1;
  });
}

/** Paints a wax or foil seal, optionally with ribbons. @param points Number of points of its edge. */
export function paintSeal(
  pen: Pen,
  x: number,
  y: number,
  radius: number,
  points: number,
  color: Rgb,
  ribbon?: Rgb,
): void {
  const { context } = pen;
  if (ribbon) {
    for (const side of [-1, 1]) {
      pen.polygon(
        [
          [x + side * radius * 0.15, y + radius * 0.5],
          [x + side * radius * 0.75, y + radius * 0.4],
          [x + side * radius * 0.95, y + radius * 2],
          [x + side * radius * 0.62, y + radius * 1.75],
          [x + side * radius * 0.35, y + radius * 2.05],
        ],
        mix(ribbon, [0, 0, 0], side > 0 ? 0.15 : 0),
      );
    }
  }
  context.fillStyle = css(color);
  context.beginPath();
  for (let i = 0; i < points * 2; i++) {
    const r = i % 2 ? radius * 0.88 : radius;
    const angle = (Math.PI * i) / points;
    if (i === 0) context.moveTo(x + r * Math.sin(angle), y - r * Math.cos(angle));
    else context.lineTo(x + r * Math.sin(angle), y - r * Math.cos(angle));
  }
  context.closePath();
  context.fill();
  const light = context.createRadialGradient(x - radius * 0.3, y - radius * 0.3, 0, x, y, radius * 0.8);
  light.addColorStop(0, css(mix(color, [255, 255, 255], 0.5)));
  light.addColorStop(1, css(mix(color, [0, 0, 0], 0.12)));
  context.fillStyle = light;
  context.beginPath();
  context.arc(x, y, radius * 0.74, 0, 2 * Math.PI);
  context.fill();
}
