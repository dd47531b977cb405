import type { FontFile } from '../drawing/canvas.js';

/** An alphabet. Every font has Latin; the others only some. */
export type Script = 'latin' | 'cyrillic' | 'greek';

/** A family as the generator uses it. */
export interface Font {
  readonly name: string;
  /** The value of a canvas's `font` after the size: the family, then its files for other scripts. */
  readonly css: string;
  readonly scripts: readonly Script[];
  /** Whether a bold file is there; without one, bold is not asked for. */
  readonly bold: boolean;
  /** Factor that brings the family's letters to about the same height as the others'. */
  readonly scale: number;
  /** Capitals only, or never capitals only (blackletter and script are unreadable in capitals). */
  readonly letters: 'any' | 'capitals' | 'mixed';
}

interface Entry {
  readonly scripts?: readonly Script[];
  readonly bold?: boolean;
  readonly scale?: number;
  readonly letters?: Font['letters'];
}

/**
 * The families, each in the npm package @fontsource/<name>. All are under the SIL Open Font License 1.1 but
 * special-elite and homemade-apple, which are under the Apache License 2.0.
 */
const entries = {
  'pt-sans': { scripts: ['cyrillic'], bold: true },
  'pt-serif': { scripts: ['cyrillic'], bold: true },
  'pt-sans-narrow': { scripts: ['cyrillic'], bold: true, scale: 1.05 },
  arvo: { bold: true, scale: 0.95 },
  'share-tech-mono': { scale: 1 },
  'special-elite': { scale: 0.95 },
  lobster: { scripts: ['cyrillic'], letters: 'mixed' },
  'marck-script': { scripts: ['cyrillic'], scale: 1.15, letters: 'mixed' },
  'homemade-apple': { scale: 0.8, letters: 'mixed' },
  unifrakturmaguntia: { scale: 1.05, letters: 'mixed' },
  'gfs-didot': { scripts: ['greek'] },
  'abril-fatface': { scale: 0.95 },
  'bebas-neue': { scale: 1.1, letters: 'capitals' },
  'russo-one': { scripts: ['cyrillic'], scale: 0.92 },
  'kelly-slab': { scripts: ['cyrillic'], scale: 1 },
  'poiret-one': { scripts: ['cyrillic'], scale: 1.02 },
} satisfies Record<string, Entry>;

export type FontName = keyof typeof entries;

const alias = (name: string, script: Script) =>
  script === 'latin' ? `unitsphere ${name}` : `unitsphere ${name} ${script}`;

/** Every family, by name. */
export const fonts = Object.fromEntries(
  Object.entries(entries as Record<FontName, Entry>).map(([name, entry]) => {
    const scripts: Script[] = ['latin', ...(entry.scripts ?? [])];
    const font: Font = {
      name,
      scripts,
      // PT Sans stands in for the odd sign a family lacks, so that no installed font is ever asked.
      css: [...scripts.map((script) => alias(name, script)), alias('pt-sans', 'latin')]
        .map((family) => `"${family}"`)
        .join(', '),
      bold: entry.bold ?? false,
      scale: entry.scale ?? 1,
      letters: entry.letters ?? 'any',
    };
    return [name, font];
  }),
) as Record<FontName, Font>;

/** Every font file the generator draws with, for a `CanvasFactory` to load. */
export const fontFiles: readonly FontFile[] = Object.values(fonts).flatMap((font) =>
  font.scripts.flatMap((script) =>
    (font.bold ? ([400, 700] as const) : ([400] as const)).map((weight) => ({
      family: alias(font.name, script),
      weight,
      package: `@fontsource/${font.name}`,
      file: `files/${font.name}-${script}-${weight}-normal.woff`,
    })),
  ),
);

/** What a document may use a family for. Each list has a family for every script. */
export const fontRoles = {
  heading: [
    'pt-sans',
    'pt-serif',
    'pt-sans-narrow',
    'arvo',
    'lobster',
    'unifrakturmaguntia',
    'gfs-didot',
    'abril-fatface',
    'bebas-neue',
    'russo-one',
    'kelly-slab',
    'poiret-one',
    'special-elite',
  ],
  text: ['pt-sans', 'pt-sans', 'pt-serif', 'pt-sans-narrow', 'arvo', 'gfs-didot', 'kelly-slab'],
  value: [
    'pt-sans',
    'pt-serif',
    'pt-sans-narrow',
    'arvo',
    'share-tech-mono',
    'special-elite',
    'gfs-didot',
    'kelly-slab',
  ],
  mono: ['share-tech-mono', 'special-elite', 'pt-sans-narrow', 'gfs-didot'],
  hand: ['marck-script', 'homemade-apple', 'gfs-didot'],
} as const satisfies Record<string, readonly FontName[]>;

/** The families of a role that can write a script. */
export function fontsFor(role: keyof typeof fontRoles, script: Script): Font[] {
  const able = fontRoles[role].map((name) => fonts[name]).filter((font) => font.scripts.includes(script));
  // In the last three roles Didot only stands in where no other family has the script.
  const others = able.filter((font) => font.name !== 'gfs-didot');
  return role === 'heading' || role === 'text' || others.length === 0 ? able : others;
}
