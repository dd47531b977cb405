import type { FontFile } from '../drawing/canvas.js';

/** A script. Every font covers Latin; only some cover the others. */
export type Script = 'latin' | 'cyrillic' | 'greek';

/** A font family. */
export interface Font {
  readonly name: string;
  /** Family list for a canvas's `font`: the family, followed by its files for other scripts. */
  readonly css: string;
  readonly scripts: readonly Script[];
  /** Whether a bold file exists; otherwise bold text is drawn regular. */
  readonly bold: boolean;
  /** Factor that gives all families about the same letter height. */
  readonly scale: number;
  /** `capitals`: capitals only; `mixed`: never all capitals, which are unreadable in blackletter and script fonts. */
  readonly letters: 'any' | 'capitals' | 'mixed';
}

/** Properties of a family that differ from the defaults. */
interface Entry {
  readonly scripts?: readonly Script[];
  readonly bold?: boolean;
  readonly scale?: number;
  readonly letters?: Font['letters'];
}

/**
 * The families, each in the npm package @fontsource/<name>. All are under the SIL Open Font License 1.1 except
 * special-elite and homemade-apple (Apache License 2.0).
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

/** All families by name. */
export const fonts = Object.fromEntries(
  Object.entries(entries as Record<FontName, Entry>).map(([name, entry]) => {
    const scripts: Script[] = ['latin', ...(entry.scripts ?? [])];
    const font: Font = {
      name,
      scripts,
      // PT Sans is the fallback for missing characters, so that no installed font is ever used.
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

/** All font files of the document generator, for `CanvasFactory.loadFonts`. */
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

/** Families by role in a document. Each list has at least one family per script. */
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

/** Returns the families of a role that cover a script. */
export function fontsFor(role: keyof typeof fontRoles, script: Script): Font[] {
  const candidates = fontRoles[role]
    .map((name) => fonts[name])
    .filter((font) => font.scripts.includes(script));
  // For value, mono and hand, Didot is only a fallback for scripts that no other family covers.
  const others = candidates.filter((font) => font.name !== 'gfs-didot');
  return role === 'heading' || role === 'text' || others.length === 0 ? candidates : others;
}
