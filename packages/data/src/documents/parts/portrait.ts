import type { Random } from '@unitsphere/core/random';
import { brightness, css, hsl, mix, type Rgb } from '../../drawing/color.js';
import type { Pen } from '../pen.js';

/** Style of an issuer's portrait photographs. */
export interface PhotoStyle {
  readonly ground: Rgb;
  /** Color, gray, or a single ink. */
  readonly tone: 'color' | 'gray' | 'tinted';
  readonly ink: Rgb;
  readonly border?: Rgb;
  readonly shape: 'rectangle' | 'round' | 'oval';
}

/** Draws the style of an issuer's portrait photographs. */
export function drawPhotoStyle(random: Random, ink: Rgb): PhotoStyle {
  return {
    ground: random.pick([
      [226, 230, 234],
      [205, 218, 230],
      [238, 238, 236],
      [196, 214, 210],
      [222, 210, 200],
      mix([255, 255, 255], ink, 0.25),
    ] as Rgb[]),
    tone: random.pick(['color', 'color', 'color', 'gray', 'tinted'] as const),
    ink,
    border: random.boolean(0.5) ? random.pick([[255, 255, 255], ink] as Rgb[]) : undefined,
    shape: random.pick(['rectangle', 'rectangle', 'rectangle', 'round', 'oval'] as const),
  };
}

const skins: Rgb[] = [
  [247, 216, 192],
  [236, 194, 162],
  [219, 170, 132],
  [190, 136, 98],
  [146, 98, 68],
  [104, 68, 48],
];
const hairs: Rgb[] = [
  [32, 26, 24],
  [58, 38, 28],
  [96, 62, 38],
  [150, 104, 60],
  [204, 168, 112],
  [150, 60, 34],
  [150, 150, 152],
];

/** Paints a portrait photograph: a face, hair and shoulders drawn from `random`. */
export function paintPortrait(
  pen: Pen,
  random: Random,
  style: PhotoStyle,
  x: number,
  y: number,
  width: number,
  height: number,
): void {
  const { context } = pen;
  const tone = (color: Rgb): Rgb => {
    if (style.tone === 'color') return color;
    const light = brightness(color);
    return style.tone === 'gray'
      ? [light * 255, light * 255, light * 255]
      : mix(style.ink, [255, 255, 255], light);
  };
  const fill = (color: Rgb) => {
    context.fillStyle = css(tone(color));
    context.fill();
  };
  const skin = random.pick(skins);
  const shade = mix(skin, [60, 30, 20], 0.22);
  const hair = random.pick(hairs);
  const cloth = hsl(random.uniform(0, 360), random.uniform(0.1, 0.6), random.uniform(0.18, 0.6));
  const long = random.boolean(0.45);
  const bald = !long && random.boolean(0.12);
  const beard = !long && random.boolean(0.3);
  const glasses = random.boolean(0.3);
  const parting = random.uniform(-0.5, 0.5);
  const fringe = random.uniform(0.15, 0.5);
  const jaw = random.uniform(0.82, 1.08);
  const collar = random.int(3);
  const unit = Math.min(width, height * 0.8);
  const fw = unit * random.uniform(0.24, 0.28);
  const fh = fw * random.uniform(1.2, 1.38);
  const cx = x + width * (0.5 + random.uniform(-0.03, 0.03));
  const cy = y + height * random.uniform(0.4, 0.46);

  const trace = () => {
    context.beginPath();
    if (style.shape === 'rectangle') context.rect(x, y, width, height);
    else if (style.shape === 'round') context.roundRect(x, y, width, height, Math.min(width, height) * 0.18);
    else context.ellipse(x + width / 2, y + height / 2, width / 2, height / 2, 0, 0, 2 * Math.PI);
  };
  context.save();
  trace();
  context.save();
  context.clip();
  const ground = context.createLinearGradient(x, y, x + width, y + height);
  ground.addColorStop(0, css(tone(mix(style.ground, [255, 255, 255], 0.35))));
  ground.addColorStop(1, css(tone(mix(style.ground, [0, 0, 0], 0.1))));
  context.fillStyle = ground;
  context.fillRect(x, y, width, height);

  if (long) {
    context.beginPath();
    context.moveTo(cx - fw * 1.2, cy - fh * 0.2);
    context.bezierCurveTo(
      cx - fw * 1.3,
      cy - fh * 1.6,
      cx + fw * 1.3,
      cy - fh * 1.6,
      cx + fw * 1.2,
      cy - fh * 0.2,
    );
    const fall = random.uniform(0.9, 2.1);
    context.bezierCurveTo(
      cx + fw * 1.35,
      cy + fh * fall * 0.6,
      cx + fw * 1.2,
      cy + fh * fall,
      cx + fw,
      cy + fh * fall,
    );
    context.lineTo(cx - fw, cy + fh * fall);
    context.bezierCurveTo(
      cx - fw * 1.2,
      cy + fh * fall,
      cx - fw * 1.35,
      cy + fh * fall * 0.6,
      cx - fw * 1.2,
      cy - fh * 0.2,
    );
    fill(mix(hair, [0, 0, 0], 0.15));
  }
  // Shoulders, neck and collar.
  const shoulder = unit * random.uniform(0.42, 0.52);
  const top = cy + fh * 1.25;
  context.beginPath();
  context.moveTo(cx - shoulder, y + height + 1);
  context.bezierCurveTo(
    cx - shoulder,
    top + fh * 0.25,
    cx - fw * 0.8,
    top + fh * 0.1,
    cx - fw * 0.5,
    top - fh * 0.1,
  );
  context.lineTo(cx + fw * 0.5, top - fh * 0.1);
  context.bezierCurveTo(
    cx + fw * 0.8,
    top + fh * 0.1,
    cx + shoulder,
    top + fh * 0.25,
    cx + shoulder,
    y + height + 1,
  );
  context.closePath();
  fill(cloth);
  context.beginPath();
  context.rect(cx - fw * 0.48, cy + fh * 0.5, fw * 0.96, fh * 0.7);
  fill(shade);
  context.beginPath();
  context.moveTo(cx - fw * 0.55, top - fh * 0.12);
  context.lineTo(cx, top + fh * (collar === 0 ? 0.15 : 0.6));
  context.lineTo(cx + fw * 0.55, top - fh * 0.12);
  context.closePath();
  fill(collar === 2 ? [245, 245, 245] : shade);
  if (collar === 2) {
    context.beginPath();
    context.moveTo(cx - fw * 0.12, top + fh * 0.05);
    context.lineTo(cx + fw * 0.12, top + fh * 0.05);
    context.lineTo(cx + fw * 0.18, y + height);
    context.lineTo(cx - fw * 0.18, y + height);
    fill(mix(cloth, [10, 10, 20], 0.6));
  }
  // Ears and face.
  for (const side of [-1, 1]) {
    context.beginPath();
    context.ellipse(cx + side * fw * 0.98, cy + fh * 0.08, fw * 0.16, fh * 0.2, 0, 0, 2 * Math.PI);
    fill(shade);
  }
  context.beginPath();
  context.moveTo(cx - fw, cy - fh * 0.2);
  context.bezierCurveTo(cx - fw, cy - fh * 1.15, cx + fw, cy - fh * 1.15, cx + fw, cy - fh * 0.2);
  context.bezierCurveTo(cx + fw, cy + fh * 0.6, cx + fw * 0.55 * jaw, cy + fh, cx, cy + fh);
  context.bezierCurveTo(cx - fw * 0.55 * jaw, cy + fh, cx - fw, cy + fh * 0.6, cx - fw, cy - fh * 0.2);
  context.save();
  const cheek = context.createLinearGradient(cx - fw, cy, cx + fw, cy);
  const lit = random.boolean() ? 1 : 0;
  cheek.addColorStop(lit, css(tone(skin)));
  cheek.addColorStop(1 - lit, css(tone(mix(skin, shade, 0.75))));
  context.fillStyle = cheek;
  context.fill();
  context.clip();
  if (beard) {
    context.beginPath();
    context.ellipse(cx, cy + fh * 0.85, fw * 0.95, fh * 0.5, 0, 0, 2 * Math.PI);
    fill(mix(hair, skin, 0.25));
    context.beginPath();
    context.ellipse(cx, cy + fh * 0.3, fw * 0.62, fh * 0.38, 0, 0, 2 * Math.PI);
    fill(mix(skin, shade, 0.3));
  }
  context.restore();
  // Eyes, brows, nose, mouth.
  const eyeY = cy - fh * 0.08;
  const apart = fw * random.uniform(0.4, 0.5);
  for (const side of [-1, 1]) {
    context.beginPath();
    context.ellipse(cx + side * apart, eyeY, fw * 0.17, fh * 0.075, 0, 0, 2 * Math.PI);
    fill([250, 248, 244]);
    context.beginPath();
    context.arc(cx + side * apart, eyeY, fw * 0.085, 0, 2 * Math.PI);
    fill([44, 34, 30]);
    context.beginPath();
    context.rect(cx + side * apart - fw * 0.24, eyeY - fh * random.uniform(0.2, 0.26), fw * 0.48, fh * 0.06);
    fill(mix(hair, shade, 0.25));
    if (glasses) {
      context.strokeStyle = css(tone([40, 36, 40]));
      context.lineWidth = fw * 0.07;
      context.beginPath();
      context.roundRect(cx + side * apart - fw * 0.33, eyeY - fh * 0.17, fw * 0.66, fh * 0.34, fw * 0.15);
      context.stroke();
    }
  }
  context.beginPath();
  context.moveTo(cx, eyeY);
  context.lineTo(cx + fw * 0.15, cy + fh * 0.32);
  context.lineTo(cx - fw * 0.12, cy + fh * 0.32);
  fill(mix(skin, shade, 0.6));
  const smile = random.uniform(-0.02, 0.12);
  context.beginPath();
  context.moveTo(cx - fw * 0.34, cy + fh * 0.55);
  context.quadraticCurveTo(cx, cy + fh * (0.58 + smile), cx + fw * 0.34, cy + fh * 0.55);
  context.quadraticCurveTo(cx, cy + fh * (0.66 + smile * 1.4), cx - fw * 0.34, cy + fh * 0.55);
  fill(mix(skin, [150, 50, 50], 0.6));
  if (!bald) {
    context.beginPath();
    context.moveTo(cx - fw * 1.06, cy - fh * 0.05);
    context.bezierCurveTo(
      cx - fw * 1.25,
      cy - fh * 1.45,
      cx + fw * 1.25,
      cy - fh * 1.45,
      cx + fw * 1.06,
      cy - fh * 0.05,
    );
    context.quadraticCurveTo(
      cx + fw * 0.95,
      cy - fh * (0.3 + fringe * 0.6),
      cx + fw * parting,
      cy - fh * (0.75 - fringe * 0.3),
    );
    context.quadraticCurveTo(cx - fw * 0.95, cy - fh * (0.3 + fringe * 0.6), cx - fw * 1.06, cy - fh * 0.05);
    fill(hair);
  }
  context.restore();
  if (style.border) {
    trace();
    context.strokeStyle = css(style.border);
    context.lineWidth = 0.9;
    context.stroke();
  }
  context.restore();
}
