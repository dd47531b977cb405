import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** A character: its folder and its drawings in the order of their drawers. */
export interface Character {
  name: string;
  /** Paths of the drawings. Drawing k of every character of an alphabet is by the same drawer. */
  drawings: string[];
}

/** An alphabet and its characters. */
export interface Alphabet {
  name: string;
  characters: Character[];
}

/**
 * Lists alphabets in Omniglot's layout: ALPHABET/CHARACTER/NUMBER_DRAWER.png.
 * @throws Error if a folder has no alphabet, or the characters of an alphabet have different numbers of drawings.
 */
export async function listAlphabets(directory: string): Promise<Alphabet[]> {
  const alphabets: Alphabet[] = [];
  for (const name of await listFolders(directory)) {
    const characters: Character[] = [];
    for (const character of await listFolders(join(directory, name))) {
      const files = (await readdir(join(directory, name, character))).filter((file) => file.endsWith('.png'));
      const drawings = files.sort().map((file) => join(directory, name, character, file));
      characters.push({ name: character, drawings });
    }
    const counts = new Set(characters.map(({ drawings }) => drawings.length));
    if (counts.size > 1) {
      throw new Error(
        `The characters of ${name} have ${[...counts].join(' or ')} drawings; every drawer must have drawn each character.`,
      );
    }
    if (characters.length > 0) alphabets.push({ name, characters });
  }
  if (alphabets.length === 0) {
    throw new Error(`${directory} has no alphabets; it needs folders ALPHABET/CHARACTER with PNG files.`);
  }
  return alphabets;
}

async function listFolders(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}
