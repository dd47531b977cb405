import type { Random } from '@unitsphere/core/random';
import type { Rgb } from '../drawing/color.js';
import { type Font, fontsFor } from './fonts.js';
import { drawPalette, type Palette, shiftPalette } from './palettes.js';
import { type PatternName, patternNames } from './parts/pattern.js';
import { drawLanguage, type Language, scriptOf } from './words/language.js';

/** Separator of the parts of a date. */
export type DateForm = 'dots' | 'slashes' | 'dashes' | 'spaces';

/** The visual style of an issuer's documents. */
export interface Style {
  readonly language: Language;
  readonly palette: Palette;
  readonly heading: Font;
  readonly text: Font;
  readonly value: Font;
  readonly mono: Font;
  readonly hand: Font;
  readonly pattern: PatternName;
  readonly dateForm: DateForm;
  readonly currency: string;
}

/** Draws a style from the shared pools. */
export function drawStyle(random: Random): Style {
  const language = drawLanguage(random);
  const script = scriptOf(language);
  const pick = (role: Parameters<typeof fontsFor>[0]) => random.pick(fontsFor(role, script));
  const text = pick('text');
  return {
    language,
    palette: drawPalette(random),
    heading: pick('heading'),
    text,
    value: random.boolean(0.4) ? text : pick('value'),
    mono: pick('mono'),
    hand: pick('hand'),
    pattern: random.pick(patternNames),
    dateForm: random.pick(['dots', 'slashes', 'dashes', 'spaces'] as const),
    currency: random.pick(['€', '$', '£']),
  };
}

/** Varies a house style for another document: same language and fonts, slightly different colors. */
export function varyHouseStyle(house: Style, random: Random): Style {
  return {
    ...house,
    palette: shiftPalette(house.palette, random, 14),
    pattern: random.boolean(0.6) ? house.pattern : random.pick(patternNames),
  };
}

/** Returns the style on paper of another color. */
export function withPaper(style: Style, paper: Rgb): Style {
  return { ...style, palette: { ...style.palette, paper } };
}

/** Formats an amount of money in the style's language and currency. */
export function formatMoney(style: Style, value: number): string {
  const [whole, cents] = value.toFixed(2).split('.');
  return style.language === 'en'
    ? `${style.currency}${whole}.${cents}`
    : `${whole},${cents} ${style.currency}`;
}
