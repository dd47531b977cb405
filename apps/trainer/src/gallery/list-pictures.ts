import { readdir, stat } from 'node:fs/promises';
import { extname, join, parse } from 'node:path';
import { IMAGE_EXTENSIONS } from '@unitsphere/images';
import { UserError } from '../user-error.js';

/**
 * Lists the images of each identity in a folder: those of each subfolder, by its name, and each image directly in the folder, by
 * its name without the extension. Names and files are in the order of their characters. Hidden files are left out.
 * @throws UserError if there is no such folder, or no image in it.
 */
export async function listPictures(dir: string): Promise<Map<string, string[]>> {
  const info = await stat(dir).catch(() => undefined);
  if (!info?.isDirectory()) {
    throw new UserError(`${dir} is not a folder`, { hint: 'Give a folder of images.' });
  }
  const identities = new Map<string, string[]>();
  const add = (name: string, file: string) => {
    const files = identities.get(name);
    if (files) files.push(file);
    else identities.set(name, [file]);
  };
  const isImage = (name: string) => IMAGE_EXTENSIONS.includes(extname(name).toLowerCase());
  for (const entry of await readSorted(dir)) {
    if (!entry.isDirectory) {
      if (isImage(entry.name)) add(parse(entry.name).name.normalize('NFC'), join(dir, entry.name));
      continue;
    }
    for (const inside of await readSorted(join(dir, entry.name))) {
      if (inside.isDirectory || !isImage(inside.name)) continue;
      add(entry.name.normalize('NFC'), join(dir, entry.name, inside.name));
    }
  }
  if (identities.size === 0) {
    throw new UserError(`${dir} has no images`, {
      hint: `Each subfolder with images is an identity, and so is each image directly in the folder (${IMAGE_EXTENSIONS.join(' ')}).`,
    });
  }
  return identities;
}

async function readSorted(dir: string): Promise<{ name: string; isDirectory: boolean }[]> {
  const names = (await readdir(dir)).filter((name) => !name.startsWith('.')).sort();
  return Promise.all(
    names.map(async (name) => ({
      name,
      isDirectory: (await stat(join(dir, name)).catch(() => undefined))?.isDirectory() ?? false,
    })),
  );
}
