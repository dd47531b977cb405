import {
  builtinModule,
  createFile,
  explainWriteError,
  replaceFolder,
  syncFolder,
  temporaryPath,
  writeFileAtomic,
} from '@unitsphere/core/disk';
import { OnnxExportError } from './errors.js';

/**
 * Writes a file atomically, and its folders if they are missing.
 * @throws OnnxExportError with the reason if the disk refuses; an existing file is then unchanged.
 */
export async function saveFile(file: string, bytes: Uint8Array): Promise<void> {
  try {
    await builtinModule('node:fs/promises').mkdir(builtinModule('node:path').dirname(file), {
      recursive: true,
    });
    await writeFileAtomic(file, bytes);
  } catch (error) {
    throw describeFailure(file, error);
  }
}

/**
 * Writes a folder with all of its files or not at all: into a temporary folder beside it, which then replaces the folder.
 * @param files Contents by paths relative to the folder, with forward slashes.
 * @throws OnnxExportError with the reason if the disk refuses; an existing folder is then unchanged.
 */
export async function saveFolder(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const { mkdir, rm } = builtinModule('node:fs/promises');
  const { dirname, join, resolve } = builtinModule('node:path');
  const target = resolve(folder);
  const temporary = temporaryPath(target);
  try {
    await mkdir(temporary, { recursive: true });
    const folders = new Set([temporary]);
    for (const [path, bytes] of files) {
      const file = join(temporary, path);
      await mkdir(dirname(file), { recursive: true });
      await createFile(file, bytes);
      folders.add(dirname(file));
    }
    for (const written of folders) await syncFolder(written);
    await replaceFolder(temporary, target);
    await syncFolder(dirname(target));
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw describeFailure(folder, error);
  }
}

function describeFailure(path: string, error: unknown): OnnxExportError {
  const reason = explainWriteError(path, error) ?? (error as Error).message;
  return new OnnxExportError(`${path} cannot be written: ${reason}.`, { cause: error });
}
