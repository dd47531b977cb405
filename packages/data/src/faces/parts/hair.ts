import { Random } from '@unitsphere/core/random';
import { mix, type Rgb } from '../../drawing/color.js';
import type { Brush } from '../brush.js';
import type { Head, Pixel } from '../head.js';
import type { FaceIdentity } from '../identity.js';

/** The dimensions of a haircut. */
interface Haircut {
  /** Distance of the hair's outline from the head. */
  readonly off: number;
  /** Height at which the hair ends at the sides. */
  readonly sides: number;
  /** Length of the hair behind the head, relative to the height of the chin; undefined if there is none. */
  readonly behind?: number;
}

function haircut({ hair }: FaceIdentity): Haircut {
  const { style, volume, fall } = hair;
  switch (style) {
    case 'bald':
      return { off: 0, sides: 0 };
    case 'cropped':
      return { off: 0.025, sides: 0.05 };
    case 'short':
    case 'parted':
    case 'swept':
      return { off: 0.04 + 0.6 * volume, sides: 0.12 };
    case 'fringe':
      return { off: 0.06 + 0.5 * volume, sides: 0.3, behind: 0.35 + 0.4 * fall };
    case 'curly':
      return { off: 0.12 + 0.9 * volume, sides: 0.25, behind: 0.2 + 0.9 * fall };
    case 'bob':
      return { off: 0.08 + 0.5 * volume, sides: 0.5, behind: 0.75 + 0.35 * fall };
    case 'long':
      return { off: 0.07 + 0.5 * volume, sides: 0.48, behind: 1.5 + 0.9 * fall };
    case 'bun':
      return { off: 0.03 + 0.2 * volume, sides: 0.1 };
  }
}

/** Returns a function that draws the outward offset of each successive point of a hair outline. */
const drawCurls = (style: string, seed: number) => {
  const random = new Random(seed, 'curls');
  return () => (style === 'curly' ? random.uniform(-0.02, 0.09) : random.uniform(-0.008, 0.012));
};

/** Paints the hair behind the head and shoulders. Must be painted before them. */
export function paintHairBehind(brush: Brush, head: Head, face: FaceIdentity): void {
  const { hair } = face;
  const { off, behind } = haircut(face);
  if (hair.style === 'bun') {
    const [x, y] = head.project([0, head.crown * 1.02, -0.5]);
    const r = (0.24 + 0.14 * hair.fall) * brush.unit;
    brush.context.beginPath();
    brush.context.arc(x, y, r, 0, 2 * Math.PI);
    brush.shade([x, y], 0.4, hair.color);
  }
  if (behind === undefined) return;
  const curl = drawCurls(hair.style, hair.seed + 1);
  const end = Math.min(behind * head.chin, head.chin * 2.2);
  const side = (direction: number): Pixel[] =>
    [-0.9, -0.3, 0.2, 0.6, 1].map((share) => {
      const y = share < 0 ? -share * head.crown : share * end;
      const below = Math.max(0, y / head.chin);
      const out = off + 0.04 + 0.1 * Math.min(1, below) + curl();
      const at = head.edge(Math.min(y, 0.3), direction, out);
      return y > 0.3 ? [at[0], head.project([0, y, -0.35])[1]] : at;
    });
  brush.curve([...side(-1), ...side(1).reverse()]);
  brush.shade(head.at(0, 0), 1.4, mix(hair.color, [10, 8, 8], 0.35), 0.6);
}

/** Paints the hair on the head, which frames the face. */
export function paintHair(brush: Brush, head: Head, face: FaceIdentity): void {
  const { hair, skin } = face;
  const { style, line, side } = hair;
  if (style === 'bald') {
    brush.glow(head.at(0.2, head.crown * 0.8), 0.45, mix(skin, [255, 255, 255], 0.7), 0.25);
    return;
  }
  const { off, sides } = haircut(face);
  const curl = drawCurls(style, hair.seed);
  const outer = (direction: number): Pixel[] =>
    head.edges(sides, head.crown, direction, 9, (share) => off * (0.35 + 0.65 * share) + curl());
  const [left, right] = [outer(-1), outer(1)];
  // The two sides meet above the crown, at the distance of the hair from the head.
  const top = head.project([0, head.crown - off, 0]);
  const inner = hairline(head, face, sides);
  const color: Rgb = style === 'cropped' ? mix(hair.color, skin, 0.25) : hair.color;
  const shape = [...left.slice(0, -1), top, ...right.slice(0, -1).reverse(), ...[...inner].reverse()];
  brush.curve(shape);
  brush.shade(head.at(0, head.crown * 0.7), 1.1, color, 0.8);
  brush.curve(shape);
  brush.withClip(() => paintStrands(brush, head, face));
  // The shadow of the hair on the forehead.
  brush.line(inner.slice(2, -2), mix(skin, [50, 26, 22], 0.7), 0.05, 0.22);
  if (style === 'parted') {
    const part = [0, 0.4, 0.8, 1].map((t) =>
      head.at(side * 0.32, line - 0.02 + (head.crown * 0.93 - line) * t),
    );
    brush.line(part, mix(skin, hair.color, 0.35), 0.035, 0.8);
  }
}

/** Returns the hairline on the face, from left to right. */
function hairline(head: Head, { hair }: FaceIdentity, sides: number): Pixel[] {
  const { style, line, side, fall } = hair;
  const height = (u: number): number => {
    switch (style) {
      case 'fringe':
      case 'bob':
        return style === 'fringe' || fall > 0.5 ? -0.42 + 0.06 * u * u : line + 0.32 * u ** 4;
      case 'swept':
        return line + 0.05 + 0.22 * u * side + 0.2 * u ** 4;
      case 'parted':
        return line + 0.3 * Math.abs(u - side * 0.32) ** 1.5;
      case 'cropped':
      case 'short':
        // The line is higher over the temples, which leaves a peak in the middle.
        return line + 0.05 - 0.16 * fall * Math.sin(Math.PI * Math.min(1, Math.abs(u) * 1.4)) + 0.28 * u ** 6;
      default:
        return line + 0.34 * u ** 4;
    }
  };
  const across = [-0.85, -0.6, -0.3, 0, 0.3, 0.6, 0.85].map((u) => {
    const y = height(u);
    return head.at(u * head.width(y), y, 0.02);
  });
  const inward = style === 'long' || style === 'bob' ? 0.86 : 0.965;
  const temple = (direction: number): Pixel[] =>
    [sides, sides * 0.4 - 0.15, -0.42].map((y) => head.at(direction * head.width(y) * inward, y, 0.02));
  return [...temple(-1), ...across, ...temple(1).reverse()];
}

/** Paints lighter and darker strands, the same in every picture of a person. */
function paintStrands(brush: Brush, head: Head, { hair }: FaceIdentity): void {
  const random = new Random(hair.seed, 'strands');
  const count = hair.style === 'cropped' ? 10 : 22;
  for (let k = 0; k < count; k++) {
    const u = random.uniform(-0.95, 0.95);
    const lean =
      hair.style === 'swept' || hair.style === 'parted'
        ? hair.side * random.uniform(0.2, 0.5)
        : random.uniform(-0.1, 0.1);
    const from = head.at(u * 0.6, head.crown * 0.94, 0.05);
    const middle = head.at((u + lean * 0.5) * 0.85, hair.line * 1.15, 0.06);
    const to =
      hair.style === 'long' || hair.style === 'bob'
        ? head.at(Math.sign(u) * 0.93, random.uniform(0, 0.7), 0.05)
        : head.at((u + lean) * 0.95, hair.line + random.uniform(-0.1, 0.25), 0.06);
    const tone: Rgb = random.boolean()
      ? mix(hair.color, [255, 240, 220], 0.28)
      : mix(hair.color, [0, 0, 0], 0.4);
    brush.line([from, middle, to], tone, random.uniform(0.02, 0.06), 0.35);
  }
}
