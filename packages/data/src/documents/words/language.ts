import type { Random } from '@unitsphere/core/random';
import type { Script } from '../fonts.js';

/** Languages of the documents. */
export const languages = ['en', 'fr', 'de', 'es', 'it', 'pt', 'ru', 'el'] as const;
export type Language = (typeof languages)[number];

/** Returns the script of a language. */
export function scriptOf(language: Language): Script {
  return language === 'ru' ? 'cyrillic' : language === 'el' ? 'greek' : 'latin';
}

/** Probability of each language. */
const shares: readonly (readonly [Language, number])[] = [
  ['en', 0.3],
  ['fr', 0.12],
  ['de', 0.12],
  ['es', 0.12],
  ['it', 0.1],
  ['pt', 0.1],
  ['ru', 0.09],
  ['el', 0.05],
];

/** Draws a language with the probabilities of `shares`. */
export function drawLanguage(random: Random): Language {
  let at = random.uniform();
  for (const [language, share] of shares) {
    at -= share;
    if (at < 0) return language;
  }
  return 'en';
}

/**
 * Splits a table with rows `key: en | fr | de | es | it | pt | ru | el` by language.
 * @throws Error if a row does not have one cell per language.
 */
export function languageTable<K extends string>(
  rows: Readonly<Record<K, string>>,
): Record<Language, Record<K, string>> {
  const table = Object.fromEntries(languages.map((l) => [l, {}])) as Record<Language, Record<K, string>>;
  for (const [key, row] of Object.entries(rows) as [K, string][]) {
    const cells = row.split('|').map((cell) => cell.trim());
    if (cells.length !== languages.length)
      throw new Error(`languageTable: row "${key}" has ${cells.length} cells, not ${languages.length}.`);
    languages.forEach((language, i) => {
      table[language][key] = cells[i];
    });
  }
  return table;
}
