import { unzipSync } from 'fflate';
import type { LoadedModel } from '../../state/studio-state.js';
import { TEXTS } from '../../texts.js';
import { LoadFailure } from './load-failure.js';

/** Files of a model folder that recognition requires. */
const REQUIRED = ['config.json', 'preprocessor_config.json', 'model.safetensors'];

/**
 * Reads a model folder that a visitor picks: a zip file, or the files of the folder.
 * @throws LoadFailure if a file is missing, or the archive cannot be read.
 */
export async function readModelFiles(picked: readonly File[]): Promise<LoadedModel> {
  const [first] = picked;
  const isZip = picked.length === 1 && first.name.toLowerCase().endsWith('.zip');
  const found = isZip ? await unpack(first) : await Promise.all(picked.map(read));
  const files = Object.fromEntries(found.map(([path, bytes]) => [path.split('/').at(-1) ?? path, bytes]));
  const missing = REQUIRED.filter((name) => !files[name]);
  if (missing.length > 0) throw new LoadFailure(TEXTS.load.incomplete(missing), TEXTS.load.incompleteHint);
  const name = isZip ? first.name.replace(/\.zip$/i, '') : folderOf(first);
  const kept = [...REQUIRED, 'README.md'].filter((file) => files[file]);
  return { name, files: Object.fromEntries(kept.map((file) => [file, files[file]])) };
}

async function unpack(archive: File): Promise<[string, Uint8Array][]> {
  try {
    return Object.entries(unzipSync(new Uint8Array(await archive.arrayBuffer())));
  } catch (cause) {
    throw new LoadFailure(TEXTS.data.zipDamaged(archive.name), TEXTS.load.incompleteHint, { cause });
  }
}

async function read(file: File): Promise<[string, Uint8Array]> {
  return [file.name, new Uint8Array(await file.arrayBuffer())];
}

const folderOf = ({ webkitRelativePath }: File) => webkitRelativePath.split('/')[0] || TEXTS.load.folder;
