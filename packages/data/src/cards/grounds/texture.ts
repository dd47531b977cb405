import type { Random } from '@unitsphere/core/random';
import type { Pen } from '../../documents/pen.js';
import { brightness, css, hsl, mix, type Rgb } from '../../drawing/color.js';

/** A printed ground without a photograph. */
export interface TextureGround {
  /** Mean color, which decides the color of text. */
  readonly base: Rgb;
  paint(pen: Pen): void;
}

/** Colors of a texture, from the base to the lightest ornament. */
type Inks = readonly Rgb[];

/** Paints ornaments over the whole card. Everything is drawn before, so that painting is repeatable. */
type Ornament = (random: Random, width: number, inks: Inks) => (pen: Pen) => void;

const stripes: Ornament = (random, width, inks) => {
  const angle = random.uniform(0, Math.PI);
  const step = random.uniform(2, 16);
  const bars = Array.from({ length: Math.ceil(400 / step) }, () => ({
    line: step * random.uniform(0.15, 1),
    ink: random.pick(inks),
    alpha: random.uniform(0.15, 0.9),
  }));
  return (pen) =>
    pen.withRotation(width / 2, 50, angle, () => {
      for (const [i, { line, ink, alpha }] of bars.entries())
        pen.rect(-200, -200 + i * step, 400, line, ink, alpha);
    });
};

const waves: Ornament = (random, width, inks) => {
  const lines = 3 + random.int(22);
  const length = random.uniform(40, 240);
  const height = random.uniform(6, 40);
  const phase = random.uniform(0, 6);
  const drift = random.uniform(-0.3, 0.3);
  const step = random.uniform(1.5, 100 / lines);
  const start = random.uniform(-10, 60);
  const line = random.uniform(0.3, 2.5);
  const ink = random.pick(inks);
  const filled = random.boolean(0.3);
  return ({ context }) => {
    for (let i = 0; i < lines; i++) {
      context.strokeStyle = css(ink, 0.3 + (0.6 * i) / lines);
      context.fillStyle = css(inks[i % inks.length], 0.35);
      context.lineWidth = line;
      context.beginPath();
      for (let x = -5; x <= width + 5; x += 6) {
        const y = start + i * step + height * Math.sin((x / length) * 6.28 + phase + i * drift);
        if (x < 0) context.moveTo(x, y);
        else context.lineTo(x, y);
      }
      if (filled) {
        context.lineTo(width + 5, 105);
        context.lineTo(-5, 105);
        context.fill();
      } else context.stroke();
    }
  };
};

const discs: Ornament = (random, width, inks) => {
  const hollow = random.boolean(0.3);
  const largest = random.uniform(4, 45);
  const spots = Array.from({ length: 4 + random.int(50) }, () => ({
    x: random.uniform(-10, width + 10),
    y: random.uniform(-10, 110),
    radius: largest * random.uniform(0.1, 1) ** 1.5,
    ink: random.pick(inks),
    alpha: random.uniform(0.15, 0.85),
  }));
  return (pen) => {
    for (const { x, y, radius, ink, alpha } of spots) {
      if (hollow) pen.ring(x, y, radius, ink, 0.4 + radius * 0.06);
      else pen.disc(x, y, radius, ink, alpha);
    }
  };
};

const facets: Ornament = (random, width, inks) => {
  const corners = random.boolean() ? 3 : 4;
  const reach = random.uniform(10, 70);
  const shapes = Array.from({ length: 6 + random.int(40) }, () => {
    const [x, y] = [random.uniform(0, width), random.uniform(0, 100)];
    const points = Array.from(
      { length: corners },
      () => [x + random.uniform(-reach, reach), y + random.uniform(-reach, reach)] as const,
    );
    return { points, ink: random.pick(inks), alpha: random.uniform(0.15, 0.7) };
  });
  return (pen) => {
    for (const { points, ink, alpha } of shapes) pen.polygon(points, ink, alpha);
  };
};

const rays: Ornament = (random, width, inks) => {
  const [x, y] = [random.uniform(-20, width + 20), random.uniform(-20, 120)];
  const count = 5 + random.int(40);
  const turn = random.uniform(0, 6.28);
  const part = random.uniform(0.2, 0.8);
  const ink = random.pick(inks);
  const alpha = random.uniform(0.2, 0.8);
  return (pen) => {
    for (let i = 0; i < count; i++) {
      const a = turn + (i / count) * 6.2832;
      const b = a + (part / count) * 6.2832;
      pen.polygon(
        [
          [x, y],
          [x + 300 * Math.cos(a), y + 300 * Math.sin(a)],
          [x + 300 * Math.cos(b), y + 300 * Math.sin(b)],
        ],
        ink,
        alpha,
      );
    }
  };
};

const rings: Ornament = (random, width, inks) => {
  const [x, y] = [random.uniform(0, width), random.uniform(0, 100)];
  const step = random.uniform(2, 14);
  const line = step * random.uniform(0.1, 0.7);
  const count = 4 + random.int(22);
  const ink = random.pick(inks);
  return (pen) => {
    for (let i = 1; i <= count; i++) pen.ring(x, y, i * step, mix(ink, inks[0], i / (count + 4)), line);
  };
};

const mesh: Ornament = (random, width, inks) => {
  const step = random.uniform(3, 22);
  const size = step * random.uniform(0.2, 0.95);
  const form = random.int(3);
  const turn = random.uniform(0, 1.57);
  const fade = random.boolean();
  const ink = random.pick(inks);
  return (pen) =>
    pen.withRotation(width / 2, 50, turn, () => {
      for (let y = -110; y < 110; y += step) {
        for (let x = -110; x < 110; x += step) {
          const alpha = fade ? 0.15 + 0.7 * Math.abs(((x + y) / 220) % 1) : 0.6;
          if (form === 0) pen.rect(x, y, size, size, ink, alpha);
          else if (form === 1) pen.disc(x, y, size / 2, ink, alpha);
          else pen.line(x, y, x + size, y + size, mix(inks[0], ink, alpha), size * 0.3);
        }
      }
    });
};

const curves: Ornament = (random, width, inks) => {
  const strokes = Array.from({ length: 2 + random.int(10) }, () => ({
    at: Array.from({ length: 4 }, () => [random.uniform(-20, width + 20), random.uniform(-20, 120)] as const),
    ink: random.pick(inks),
    line: random.uniform(0.5, 14),
    alpha: random.uniform(0.3, 0.95),
  }));
  return ({ context }) => {
    context.lineCap = 'round';
    for (const { at, ink, line, alpha } of strokes) {
      context.strokeStyle = css(ink, alpha);
      context.lineWidth = line;
      context.beginPath();
      context.moveTo(at[0][0], at[0][1]);
      context.bezierCurveTo(at[1][0], at[1][1], at[2][0], at[2][1], at[3][0], at[3][1]);
      context.stroke();
    }
    context.lineCap = 'butt';
  };
};

const bands: Ornament = (random, width, inks) => {
  const upright = random.boolean(0.4);
  const lean = random.boolean(0.5) ? random.uniform(-50, 50) : 0;
  let from = random.uniform(-30, 50);
  const parts = Array.from({ length: 1 + random.int(5) }, () => {
    const start = from;
    const length = random.uniform(5, 60);
    from += length + random.uniform(0, 15);
    return { start, length, ink: random.pick(inks), alpha: random.uniform(0.4, 1) };
  });
  return (pen) => {
    for (const { start: s, length: l, ink, alpha } of parts) {
      const points = upright
        ? ([
            [s, 0],
            [s + l, 0],
            [s + l + lean, 100],
            [s + lean, 100],
          ] as const)
        : ([
            [0, s],
            [0, s + l],
            [width, s + l + lean],
            [width, s + lean],
          ] as const);
      pen.polygon(points, ink, alpha);
    }
  };
};

const ornaments: readonly Ornament[] = [stripes, waves, discs, facets, rays, rings, mesh, curves, bands];

/**
 * Draws a ground of a blended color and up to three ornaments.
 * @param hueShift Degrees by which all hues differ from those drawn, which gives the same ground in other colors.
 */
export function drawTextureGround(random: Random, width: number, hueShift = 0): TextureGround {
  const hue = random.uniform(0, 360) + hueShift;
  const gray = random.boolean(0.25);
  const lightness = random.boolean(0.45) ? random.uniform(0.03, 0.25) : random.uniform(0.25, 0.95);
  const saturation = gray ? random.uniform(0, 0.12) : random.uniform(0.3, 1);
  const base = hsl(hue, saturation, lightness);
  const other = hsl(
    hue + random.normal(0, 35),
    saturation * random.uniform(0.5, 1),
    Math.min(0.97, Math.max(0.02, lightness + random.normal(0, 0.18))),
  );
  const inks = [
    base,
    ...Array.from({ length: 1 + random.int(4) }, () =>
      hsl(
        random.boolean(0.7) ? hue + random.normal(0, 30) : random.uniform(0, 360) + hueShift,
        random.boolean(0.2) ? 0 : random.uniform(0.2, 1),
        random.uniform(0.1, 0.95),
      ),
    ),
  ];
  const count = random.pick([0, 1, 1, 2, 2, 3]);
  const chosen = Array.from({ length: count }, () => random.pick(ornaments)(random, width, inks));
  const direction = random.pick([
    [1, 0],
    [0, 1],
    [1, 1],
    [-1, 1],
  ] as const);
  return {
    base: mix(base, other, 0.5),
    paint(pen) {
      pen.blend(0, 0, width, 100, [base, other], direction);
      for (const paint of chosen) paint(pen);
    },
  };
}

/** Returns whether text on a ground should be light. */
export function isDark(base: Rgb): boolean {
  return brightness(base) < 0.55;
}
