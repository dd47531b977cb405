import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { decodeBytes } from '@unitsphere/images';
import { type PairFile, readPairFile, validationRate } from '@unitsphere/verification';
import { UserError } from '../user-error.js';
import type { PairSource } from './pair-source.js';

/**
 * Opens verification sets in insightface's format. Each is read once, so that a broken one is reported before anything is trained.
 * @param files Paths of `lfw.bin` and the like.
 * @throws UserError if a file cannot be read or verified by 10 folds.
 */
export async function openPairFiles(files: readonly string[]): Promise<PairSource[]> {
  const sources: PairSource[] = [];
  for (const file of files) {
    const source = { name: basename(file).replace(/\.bin$/i, ''), read: () => readPairs(file) };
    if (sources.some(({ name }) => name === source.name)) {
      throw new UserError(`two verification sets are named "${source.name}"; rename ${file}`);
    }
    await checkPairs(file, await source.read());
    sources.push(source);
  }
  return sources;
}

async function readPairs(file: string): Promise<PairFile> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw new UserError(`the verification set ${file} cannot be read: ${(cause as Error).message}`, {
      hint: 'Give the path of a .bin file of insightface: --set evaluation.pairFiles=[lfw.bin]',
      cause,
    });
  }
  try {
    return readPairFile(bytes);
  } catch (cause) {
    throw new UserError(`${file}: ${(cause as Error).message}`, { cause });
  }
}

async function checkPairs(file: string, { images, isSame }: PairFile): Promise<void> {
  try {
    // Distances do not matter to whether every fold has both kinds of pairs.
    validationRate(new Float64Array(isSame.length), isSame);
    if (images.length > 0) await decodeBytes(images[0]);
  } catch (cause) {
    throw new UserError(`${file} cannot be verified by 10 folds: ${(cause as Error).message}`, { cause });
  }
}
