import type { Random } from '@unitsphere/core/random';
import { css, type Rgb } from '../../drawing/color.js';
import type { Pen } from '../pen.js';

/** Paints a pattern over the whole document; all random numbers are already drawn. */
export type Painter = (pen: Pen) => void;
/** Draws the random numbers of a pattern in a color and returns its painter. */
export type Pattern = (random: Random, color: Rgb, alpha: number) => Painter;

/** Adjacent waves with increasing phase, as on banknotes. */
const guilloche: Pattern = (random, color, alpha) => {
  const count = 9 + random.int(8);
  const height = random.uniform(8, 30);
  const turns = random.uniform(1, 4.5);
  const second = random.uniform(2, 7);
  const slip = random.uniform(0.1, 0.5);
  const from = random.uniform(0, 70);
  const spread = random.uniform(0, 60);
  const line = random.uniform(0.25, 0.6);
  return (pen) => {
    const { context } = pen;
    context.strokeStyle = css(color, alpha);
    context.lineWidth = line;
    context.beginPath();
    for (let k = 0; k < count; k++) {
      const base = from + (spread * k) / count;
      for (let i = 0; i <= 40; i++) {
        const t = i / 40;
        const phase = 2 * Math.PI * turns * t + k * slip;
        const y =
          base + height * (0.5 + 0.35 * Math.sin(phase) + 0.15 * Math.sin(second * phase * 0.4 - k * slip));
        if (i === 0) context.moveTo(0, y);
        else context.lineTo(t * pen.width, y);
      }
    }
    context.stroke();
  };
};

/** Concentric rose curves. */
const rosette: Pattern = (random, color, alpha) => {
  const petals = 5 + random.int(14);
  const depth = random.uniform(0.2, 0.6);
  const rings = 3 + random.int(4);
  const x = random.uniform(0.15, 0.85);
  const y = random.uniform(20, 80);
  const radius = random.uniform(22, 48);
  const line = random.uniform(0.25, 0.55);
  return (pen) => {
    const { context } = pen;
    const steps = petals * 10;
    context.strokeStyle = css(color, alpha);
    context.lineWidth = line;
    context.beginPath();
    for (let ring = 0; ring < rings; ring++) {
      const size = radius * (0.45 + (0.55 * (ring + 1)) / rings);
      for (let i = 0; i <= steps; i++) {
        const angle = (2 * Math.PI * i) / steps;
        const r = size * (1 - depth * (0.5 + 0.5 * Math.cos(petals * angle + ring * 0.9)));
        const px = x * pen.width + r * Math.cos(angle);
        const py = y + r * Math.sin(angle);
        if (i === 0) context.moveTo(px, py);
        else context.lineTo(px, py);
      }
    }
    context.stroke();
  };
};

const stripes: Pattern = (random, color, alpha) => {
  const gap = random.uniform(3, 14);
  const width = gap * random.uniform(0.2, 0.6);
  const slant = random.pick([-1, -0.5, 0, 0.5, 1, 2]);
  return (pen) => {
    const { context } = pen;
    context.strokeStyle = css(color, alpha * 0.7);
    context.lineWidth = width;
    context.beginPath();
    const reach = Math.abs(slant) * 100;
    for (let x = -reach; x < pen.width + reach; x += gap) {
      context.moveTo(x, -2);
      context.lineTo(x + slant * 104, 102);
    }
    context.stroke();
  };
};

const rays: Pattern = (random, color, alpha) => {
  const count = 10 + random.int(16);
  const x = random.uniform(-0.1, 1.1);
  const y = random.pick([-10, 50, 110, random.uniform(0, 100)]);
  const turn = random.uniform(0, 1);
  return (pen) => {
    const { context } = pen;
    const reach = pen.width + 120;
    context.fillStyle = css(color, alpha * 0.6);
    context.beginPath();
    for (let i = 0; i < count; i++) {
      const a = (2 * Math.PI * (i + turn)) / count;
      const b = a + Math.PI / count;
      context.moveTo(x * pen.width, y);
      context.lineTo(x * pen.width + reach * Math.cos(a), y + reach * Math.sin(a));
      context.lineTo(x * pen.width + reach * Math.cos(b), y + reach * Math.sin(b));
      context.closePath();
    }
    context.fill();
  };
};

const dots: Pattern = (random, color, alpha) => {
  const gap = random.uniform(6, 12);
  const radius = gap * random.uniform(0.12, 0.3);
  const stagger = random.boolean();
  const fade = random.boolean();
  return (pen) => {
    const { context } = pen;
    context.fillStyle = css(color, alpha);
    context.beginPath();
    let row = 0;
    for (let y = 0; y < 100 + gap; y += gap, row++) {
      const size = fade ? radius * (0.3 + (1.4 * y) / 100) : radius;
      for (let x = stagger && row % 2 ? gap / 2 : 0; x < pen.width + gap; x += gap) {
        context.rect(x - size, y - size, 2 * size, 2 * size);
      }
    }
    context.fill();
  };
};

/** Contour lines of a hill. */
const contours: Pattern = (random, color, alpha) => {
  const x = random.uniform(0, 1);
  const y = random.uniform(0, 100);
  const lobes = [2, 3, 5].map((n) => [n, random.uniform(0.04, 0.2), random.uniform(0, 6.28)] as const);
  const gap = random.uniform(6, 12);
  return (pen) => {
    const { context } = pen;
    context.strokeStyle = css(color, alpha);
    context.lineWidth = 0.5;
    context.beginPath();
    for (let radius = gap; radius < pen.width * 0.9; radius += gap) {
      for (let i = 0; i <= 32; i++) {
        const angle = (2 * Math.PI * i) / 32;
        let r = radius;
        for (const [n, size, phase] of lobes)
          r += radius * size * Math.sin(n * angle + phase + radius * 0.01);
        if (i === 0) context.moveTo(x * pen.width + r * Math.cos(angle), y + r * Math.sin(angle));
        else context.lineTo(x * pen.width + r * Math.cos(angle), y + r * Math.sin(angle));
      }
    }
    context.stroke();
  };
};

/** Large, translucent discs. */
const bubbles: Pattern = (random, color, alpha) => {
  const discs = Array.from({ length: 3 + random.int(5) }, () => ({
    x: random.uniform(-0.1, 1.1),
    y: random.uniform(-10, 110),
    r: random.uniform(10, 48),
  }));
  return (pen) => {
    for (const { x, y, r } of discs) pen.disc(x * pen.width, y, r, color, alpha * 0.5);
  };
};

const chevrons: Pattern = (random, color, alpha) => {
  const gap = random.uniform(9, 22);
  const point = random.uniform(8, 26);
  const line = gap * random.uniform(0.12, 0.5);
  return (pen) => {
    const { context } = pen;
    context.strokeStyle = css(color, alpha * 0.7);
    context.lineWidth = line;
    context.beginPath();
    for (let x = -point; x < pen.width + gap; x += gap) {
      context.moveTo(x, -2);
      context.lineTo(x + point, 50);
      context.lineTo(x, 102);
    }
    context.stroke();
  };
};

/** A field of triangles of different opacity. */
const facets: Pattern = (random, color, alpha) => {
  const columns = 4 + random.int(3);
  const rows = 3 + random.int(2);
  const points = Array.from({ length: (columns + 1) * (rows + 1) }, () => [
    random.uniform(-0.35, 0.35),
    random.uniform(-0.35, 0.35),
  ]);
  const strengths = Array.from({ length: columns * rows * 2 }, () => random.uniform(0, 1));
  return (pen) => {
    const at = (c: number, r: number) => {
      const [dx, dy] = points[r * (columns + 1) + c];
      return [
        ((c === 0 || c === columns ? c : c + dx) * pen.width) / columns,
        ((r === 0 || r === rows ? r : r + dy) * 100) / rows,
      ] as const;
    };
    let k = 0;
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        pen.polygon([at(c, r), at(c + 1, r), at(c, r + 1)], color, alpha * 1.1 * strengths[k++]);
        pen.polygon([at(c + 1, r), at(c + 1, r + 1), at(c, r + 1)], color, alpha * 1.1 * strengths[k++]);
      }
    }
  };
};

const hexagons: Pattern = (random, color, alpha) => {
  const size = random.uniform(6, 12);
  const line = random.uniform(0.35, 0.9);
  return (pen) => {
    const { context } = pen;
    context.strokeStyle = css(color, alpha);
    context.lineWidth = line;
    context.beginPath();
    const stepY = size * 1.5;
    const stepX = size * Math.sqrt(3);
    let row = 0;
    for (let y = 0; y < 100 + size; y += stepY, row++) {
      for (let x = row % 2 ? stepX / 2 : 0; x < pen.width + stepX; x += stepX) {
        context.moveTo(x, y - size);
        context.lineTo(x + stepX / 2, y - size / 2);
        context.lineTo(x + stepX / 2, y + size / 2);
        context.lineTo(x, y + size);
      }
    }
    context.stroke();
  };
};

/** Concentric arcs around a corner or the middle of an edge. */
const arcs: Pattern = (random, color, alpha) => {
  const x = random.pick([0, 0.5, 1]);
  const y = random.pick([0, 100]);
  const gap = random.uniform(4, 11);
  const line = gap * random.uniform(0.15, 0.6);
  const reach = random.uniform(50, 130);
  return (pen) => {
    for (let r = gap; r < reach; r += gap) {
      const { context } = pen;
      context.strokeStyle = css(color, alpha * 0.8);
      context.lineWidth = line;
      context.beginPath();
      context.arc(x * pen.width, y, r, 0, 2 * Math.PI);
      context.stroke();
    }
  };
};

/** Ribbons of color with a curved edge. */
const swoosh: Pattern = (random, color, alpha) => {
  const ribbons = Array.from({ length: 2 + random.int(2) }, () => [
    random.uniform(20, 110),
    random.uniform(-20, 90),
    random.uniform(20, 120),
    random.uniform(10, 100),
  ]);
  const below = random.boolean(0.7);
  return (pen) => {
    const { context } = pen;
    for (const [a, b, c, d] of ribbons) {
      context.fillStyle = css(color, alpha * 0.6);
      context.beginPath();
      context.moveTo(-1, a);
      context.bezierCurveTo(pen.width * 0.33, b, pen.width * 0.66, c, pen.width + 1, d);
      context.lineTo(pen.width + 1, below ? 101 : -1);
      context.lineTo(-1, below ? 101 : -1);
      context.closePath();
      context.fill();
    }
  };
};

/** Fine horizontal lines, sometimes crossed by vertical ones. */
const ruled: Pattern = (random, color, alpha) => {
  const gap = random.uniform(2, 5);
  const cross = random.boolean(0.4);
  return (pen) => {
    const { context } = pen;
    context.strokeStyle = css(color, alpha * 0.8);
    context.lineWidth = 0.35;
    context.beginPath();
    for (let y = gap; y < 100; y += gap) {
      context.moveTo(0, y);
      context.lineTo(pen.width, y);
    }
    if (cross) {
      for (let x = gap; x < pen.width; x += gap) {
        context.moveTo(x, 0);
        context.lineTo(x, 100);
      }
    }
    context.stroke();
  };
};

/** All patterns by name. */
export const patterns = {
  guilloche,
  rosette,
  stripes,
  rays,
  dots,
  contours,
  bubbles,
  chevrons,
  facets,
  hexagons,
  arcs,
  swoosh,
  ruled,
} as const;

export type PatternName = keyof typeof patterns;
export const patternNames = Object.keys(patterns) as PatternName[];
