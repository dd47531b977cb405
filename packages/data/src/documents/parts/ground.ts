import type { Random } from '@unitsphere/core/random';
import { brightness, legible, mix, type Rgb, readableOn, white } from '../../drawing/color.js';
import type { Style } from '../style.js';
import { type Painter, patternNames, patterns } from './pattern.js';

/** A printed background and the colors that are legible on it. */
export interface Ground {
  readonly paint: Painter;
  readonly dark: boolean;
  /** Color of values and headings. */
  readonly ink: Rgb;
  /** Color of labels and small print. */
  readonly soft: Rgb;
  /** Color of lines and headings in the issuer's color, or a light color on a dark background. */
  readonly main: Rgb;
  /** Approximate background color under the text. */
  readonly base: Rgb;
}

/** Draws the background of a card: a tint or a strong color with one or two patterns. */
export function drawCardGround(style: Style, random: Random, darkShare = 0.3): Ground {
  const { palette } = style;
  const dark = random.boolean(darkShare);
  const strong = random.pick([
    palette.primary,
    palette.primary,
    palette.secondary,
    palette.ink,
    palette.accent,
  ]);
  const base = dark
    ? strong
    : mix(
        palette.paper,
        random.pick([palette.secondary, palette.accent, palette.primary]),
        random.uniform(0.03, 0.2),
      );
  const other = dark
    ? mix(base, random.pick([palette.secondary, palette.ink, palette.accent]), random.uniform(0.2, 0.7))
    : mix(base, random.pick([palette.secondary, palette.accent, white]), random.uniform(0.15, 0.55));
  const form = random.pick(['flat', 'blend', 'blend', 'three'] as const);
  const direction = random.pick([
    [1, 0],
    [0, 1],
    [1, 1],
    [1, -1],
  ] as const);
  const patternColor = dark
    ? mix(random.pick([white, palette.secondary, palette.accent]), base, 0.15)
    : random.pick([palette.primary, palette.secondary, palette.accent]);
  const first = patterns[style.pattern](
    random,
    patternColor,
    dark ? random.uniform(0.15, 0.35) : random.uniform(0.2, 0.45),
  );
  const second = random.boolean(0.35)
    ? patterns[random.pick(patternNames)](random, random.pick([palette.accent, palette.secondary]), 0.22)
    : undefined;
  const middle = mix(base, other, 0.5);
  const ink = dark ? readableOn(middle) : palette.ink;
  return {
    dark: dark && brightness(middle) <= 0.58,
    base,
    ink,
    soft: mix(ink, middle, 0.28),
    main: legible(
      dark ? mix(ink, palette.accent, random.boolean(0.4) ? 0.5 : 0) : palette.primary,
      middle,
      ink,
    ),
    paint(pen) {
      if (form === 'flat') pen.rect(0, 0, pen.width, 100, base);
      else pen.blend(0, 0, pen.width, 100, form === 'blend' ? [base, other] : [base, other, base], direction);
      first(pen);
      second?.(pen);
    },
  };
}

/**
 * Draws the background of a sheet of paper: plain, sometimes with a faint pattern.
 * @param patternShare Probability of a pattern.
 */
export function drawPaperGround(style: Style, random: Random, patternShare = 0.3): Ground {
  const { palette } = style;
  const pattern = random.boolean(patternShare)
    ? patterns[style.pattern](
        random,
        random.pick([palette.secondary, palette.accent]),
        random.uniform(0.12, 0.25),
      )
    : undefined;
  return {
    dark: false,
    base: palette.paper,
    ink: palette.ink,
    soft: mix(palette.ink, palette.paper, 0.35),
    main: palette.primary,
    paint(pen) {
      pen.rect(0, 0, pen.width, 100, palette.paper);
      pattern?.(pen);
    },
  };
}
