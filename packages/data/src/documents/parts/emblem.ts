import type { Random } from '@unitsphere/core/random';
import { css, type Rgb } from '../../drawing/color.js';
import type { Font } from '../fonts.js';
import type { Pen } from '../pen.js';

/** Draws an emblem centered at (x, y) within `radius`. */
export type Emblem = (pen: Pen, x: number, y: number, radius: number, colors?: EmblemColors) => void;

/** Colors of an emblem. */
export interface EmblemColors {
  readonly main: Rgb;
  readonly second: Rgb;
  readonly ground: Rgb;
}

/** Traces a shape of radius r around the origin as the current path. */
type Shape = (pen: Pen, r: number) => void;

/** Traces a closed path through points in polar coordinates: angle in turns, distance. */
function tracePolar(pen: Pen, points: readonly (readonly [number, number])[]): void {
  const { context } = pen;
  context.beginPath();
  points.forEach(([turn, distance], i) => {
    const x = distance * Math.sin(2 * Math.PI * turn);
    const y = -distance * Math.cos(2 * Math.PI * turn);
    if (i === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  });
  context.closePath();
}

const regular = (sides: number, turn = 0): Shape => {
  const corners = Array.from({ length: sides }, (_, i) => [turn + i / sides, 1] as const);
  return (pen, r) =>
    tracePolar(
      pen,
      corners.map(([t, d]) => [t, d * r] as const),
    );
};

const star = (points: number, depth: number): Shape => {
  const corners = Array.from(
    { length: points * 2 },
    (_, i) => [i / (points * 2), i % 2 ? depth : 1] as const,
  );
  return (pen, r) =>
    tracePolar(
      pen,
      corners.map(([t, d]) => [t, d * r] as const),
    );
};

const circle: Shape = (pen, r) => {
  pen.context.beginPath();
  pen.context.arc(0, 0, r, 0, 2 * Math.PI);
};

const shield: Shape = ({ context }, r) => {
  context.beginPath();
  context.moveTo(-r * 0.85, -r * 0.9);
  context.lineTo(r * 0.85, -r * 0.9);
  context.lineTo(r * 0.85, 0);
  context.bezierCurveTo(r * 0.8, r * 0.55, r * 0.35, r * 0.85, 0, r);
  context.bezierCurveTo(-r * 0.35, r * 0.85, -r * 0.8, r * 0.55, -r * 0.85, 0);
  context.closePath();
};

const tile: Shape = ({ context }, r) => {
  context.beginPath();
  context.roundRect(-r * 0.88, -r * 0.88, r * 1.76, r * 1.76, r * 0.3);
};

const drop: Shape = ({ context }, r) => {
  context.beginPath();
  context.moveTo(0, -r);
  context.bezierCurveTo(r * 1.1, -r * 0.1, r * 0.8, r, 0, r);
  context.bezierCurveTo(-r * 0.8, r, -r * 1.1, -r * 0.1, 0, -r);
  context.closePath();
};

/** Draws a motif of equal, randomly shaped petals around a center. */
function drawPetals(random: Random): Shape {
  const count = 3 + random.int(6);
  const [w, inner, top, bend] = [
    random.uniform(0.12, 0.5),
    random.uniform(0, 0.3),
    random.uniform(0.75, 1),
    random.uniform(-0.5, 0.5),
  ];
  const kind = random.int(3);
  return ({ context }, r) => {
    context.beginPath();
    for (let i = 0; i < count; i++) {
      const angle = (2 * Math.PI * i) / count;
      const [s, c] = [Math.sin(angle), -Math.cos(angle)];
      const at = (along: number, aside: number): [number, number] => [
        r * (along * s - aside * c),
        r * (along * c + aside * s),
      ];
      context.moveTo(...at(inner, 0));
      if (kind === 0) {
        context.bezierCurveTo(
          ...at(top * 0.4, w + bend * 0.4),
          ...at(top * 0.9, w * 0.8),
          ...at(top, bend * 0.4),
        );
        context.bezierCurveTo(...at(top * 0.9, -w * 0.8), ...at(top * 0.4, -w + bend * 0.4), ...at(inner, 0));
      } else if (kind === 1) {
        context.lineTo(...at(top * 0.6, w));
        context.lineTo(...at(top, bend * 0.5));
        context.lineTo(...at(top * 0.6, -w * 0.6));
      } else {
        context.lineTo(...at(top * 0.95, w * 0.7));
        context.quadraticCurveTo(...at(top * 1.1, bend * 0.3), ...at(top * 0.95, -w * 0.7));
      }
      context.closePath();
    }
  };
}

const mountain: Shape = ({ context }, r) => {
  context.beginPath();
  context.moveTo(-r, r * 0.6);
  context.lineTo(-r * 0.35, -r * 0.5);
  context.lineTo(0, r * 0.05);
  context.lineTo(r * 0.35, -r * 0.75);
  context.lineTo(r, r * 0.6);
  context.closePath();
};

const tree: Shape = ({ context }, r) => {
  context.beginPath();
  context.moveTo(0, -r);
  context.lineTo(r * 0.6, -r * 0.1);
  context.lineTo(r * 0.3, -r * 0.1);
  context.lineTo(r * 0.75, r * 0.55);
  context.lineTo(r * 0.13, r * 0.55);
  context.lineTo(r * 0.13, r);
  context.lineTo(-r * 0.13, r);
  context.lineTo(-r * 0.13, r * 0.55);
  context.lineTo(-r * 0.75, r * 0.55);
  context.lineTo(-r * 0.3, -r * 0.1);
  context.lineTo(-r * 0.6, -r * 0.1);
  context.closePath();
};

const crescent: Shape = ({ context }, r) => {
  context.beginPath();
  context.arc(0, 0, r * 0.95, 0.5, 2 * Math.PI - 0.5);
  context.arc(r * 0.38, 0, r * 0.68, 2 * Math.PI - 0.75, 0.75, true);
  context.closePath();
};

const cross: Shape = ({ context }, r) => {
  context.beginPath();
  context.rect(-r * 0.28, -r * 0.9, r * 0.56, r * 1.8);
  context.rect(-r * 0.9, -r * 0.28, r * 1.8, r * 0.56);
};

const waves: Shape = ({ context }, r) => {
  context.beginPath();
  for (const y of [-0.55, 0, 0.55]) {
    context.moveTo(-r * 0.9, r * y);
    context.bezierCurveTo(-r * 0.4, r * (y - 0.5), r * 0.3, r * (y + 0.5), r * 0.9, r * y);
    context.lineTo(r * 0.9, r * (y + 0.26));
    context.bezierCurveTo(r * 0.3, r * (y + 0.76), -r * 0.4, r * (y - 0.24), -r * 0.9, r * (y + 0.26));
    context.closePath();
  }
};

const bars: Shape = ({ context }, r) => {
  context.beginPath();
  [0.5, 0.9, 1.4, 1.8].forEach((height, i) => {
    context.rect(r * (-0.9 + i * 0.48), r * (0.9 - height), r * 0.34, r * height);
  });
};

const tower: Shape = ({ context }, r) => {
  context.beginPath();
  for (const [x, w, top] of [
    [-0.9, 0.45, -0.4],
    [-0.3, 0.6, -0.95],
    [0.45, 0.45, -0.4],
  ]) {
    context.rect(r * x, r * top, r * w, r * (0.9 - top));
  }
  context.rect(-r * 0.9, r * 0.3, r * 1.8, r * 0.6);
};

const bird: Shape = ({ context }, r) => {
  context.beginPath();
  context.moveTo(-r, -r * 0.55);
  context.quadraticCurveTo(-r * 0.35, -r * 0.55, 0, r * 0.05);
  context.quadraticCurveTo(r * 0.35, -r * 0.55, r, -r * 0.55);
  context.quadraticCurveTo(r * 0.55, -r * 0.1, r * 0.3, r * 0.3);
  context.lineTo(0, r * 0.75);
  context.lineTo(-r * 0.3, r * 0.3);
  context.quadraticCurveTo(-r * 0.55, -r * 0.1, -r, -r * 0.55);
  context.closePath();
};

/** Draws an issuer's emblem: an optional frame and ring around a motif or a monogram. */
export function drawEmblem(random: Random, own: EmblemColors, name: string, font: Font): Emblem {
  const frames: Shape[] = [
    circle,
    shield,
    tile,
    drop,
    regular(6),
    regular(4),
    regular(8, 1 / 16),
    star(12, 0.88),
    regular(5),
  ];
  const motifs: Shape[] = [mountain, tree, crescent, cross, waves, bars, tower, bird];
  const frame = random.boolean(0.7) ? random.pick(frames) : undefined;
  const roll = random.uniform();
  const motif: Shape | undefined =
    roll < 0.36
      ? drawPetals(random)
      : roll < 0.52
        ? star(4 + random.int(7), random.uniform(0.3, 0.65))
        : roll < 0.84
          ? random.pick(motifs)
          : undefined;
  const initial = font.letters === 'any' ? name.charAt(0).toUpperCase() : name.charAt(0);
  const ring = frame !== undefined && random.boolean(0.35);
  const hollow = frame !== undefined && random.boolean(0.3);
  const pip = motif !== undefined && random.boolean(0.3);
  const swap = random.boolean(0.3);

  return (pen, x, y, radius, colors = own) => {
    const { context } = pen;
    const main = swap && frame ? colors.second : colors.main;
    const second = swap && frame ? colors.main : colors.second;
    context.save();
    context.translate(x, y);
    if (frame) {
      frame(pen, radius);
      if (hollow) {
        context.strokeStyle = css(main);
        context.lineWidth = radius * 0.13;
        context.stroke();
      } else {
        context.fillStyle = css(main);
        context.fill();
      }
      if (ring) {
        frame(pen, radius * 0.82);
        context.strokeStyle = css(hollow ? second : colors.ground);
        context.lineWidth = radius * 0.07;
        context.stroke();
      }
    }
    const inner = frame ? radius * (ring ? 0.56 : 0.64) : radius;
    const on = frame && !hollow ? colors.ground : main;
    if (motif) {
      motif(pen, inner);
      context.fillStyle = css(on);
      context.fill();
      if (pip) {
        circle(pen, inner * 0.22);
        context.fillStyle = css(second);
        context.fill();
      }
    } else {
      pen.text(initial, 0, inner * 0.68, {
        font,
        size: inner * 1.9,
        color: on,
        align: 'center',
        bold: true,
      });
    }
    context.restore();
  };
}
