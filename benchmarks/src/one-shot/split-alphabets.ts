import { cp, mkdir, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Random } from '@unitsphere/core/random';
import sharp from 'sharp';
import { listAlphabets } from './alphabets.js';

/** Options of {@link splitAlphabets}. */
export interface SplitOptions {
  /** Folder of all alphabets. */
  data: string;
  /** Number of held-out alphabets. */
  heldOut: number;
  seed: number;
  /** Whether a training character turned by 90, 180 and 270 degrees is three classes more. */
  rotations?: boolean;
}

/** Turns of a training character, in degrees clockwise. Each is a class of its own. */
const TURNS = [90, 180, 270];

/**
 * Copies alphabets into the folders `train` and `test` of an empty folder, so that no alphabet is in both. The trainer takes
 * these folders as the split.
 * @see Santoro et al., "Meta-learning with memory-augmented neural networks", ICML 2016, for characters turned by 90 degrees as
 * new classes.
 * @returns The names of the held-out alphabets.
 * @throws Error if the folder is not empty or too few alphabets would remain.
 */
export async function splitAlphabets(
  directory: string,
  { data, heldOut, seed, rotations = false }: SplitOptions,
): Promise<string[]> {
  const alphabets = await listAlphabets(data);
  if (heldOut >= alphabets.length) {
    throw new Error(`--held-out must be below ${alphabets.length}, the number of alphabets in ${data}.`);
  }
  await mkdir(directory, { recursive: true });
  if ((await readdir(directory)).length > 0) throw new Error(`${directory} is not empty; pass a new folder.`);
  const names = alphabets.map(({ name }) => name);
  const held = new Set(new Random(seed, 'held-out alphabets').shuffle([...names]).slice(0, heldOut));
  for (const { name, characters } of alphabets) {
    const part = held.has(name) ? 'test' : 'train';
    for (const character of characters) {
      const folder = join(directory, part, name, character.name);
      await mkdir(folder, { recursive: true });
      for (const file of character.drawings) await cp(file, join(folder, basename(file)));
      if (part === 'test' || !rotations) continue;
      for (const turn of TURNS) {
        const turned = join(directory, part, name, `${character.name}_turned_${turn}`);
        await mkdir(turned);
        for (const file of character.drawings)
          await sharp(file)
            .rotate(turn)
            .toFile(join(turned, basename(file)));
      }
    }
  }
  return [...held].sort();
}
