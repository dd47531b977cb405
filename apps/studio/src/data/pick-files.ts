import { TEXTS } from '../texts.js';
import { AddFailure } from './add-failure.js';
import { withPath } from './with-path.js';

/** The part of the File System Access API that is used; TypeScript does not declare it. */
interface PickerWindow {
  showDirectoryPicker?(options?: { id?: string; mode?: 'read' }): Promise<FileSystemDirectoryHandle>;
}

/** Returns whether the browser can open a folder by the File System Access API. */
export const hasFolderPicker = () => 'showDirectoryPicker' in window;

/** Lets the visitor pick a folder. @returns Its files; undefined if the visitor cancels. @throws AddFailure if it cannot be opened. */
export async function pickFolder(): Promise<File[] | undefined> {
  try {
    const folder = await (window as PickerWindow).showDirectoryPicker?.({ id: 'pictures', mode: 'read' });
    return folder && (await filesOf(folder, folder.name));
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') return undefined;
    throw new AddFailure(TEXTS.data.folderDenied, (cause as Error).message, { cause });
  }
}

async function filesOf(folder: FileSystemDirectoryHandle, path: string): Promise<File[]> {
  const files: File[] = [];
  for await (const entry of folder.values() as AsyncIterable<
    FileSystemDirectoryHandle | FileSystemFileHandle
  >) {
    if (entry.name.startsWith('.')) continue;
    const at = `${path}/${entry.name}`;
    if (entry.kind === 'directory') files.push(...(await filesOf(entry, at)));
    else files.push(withPath(await entry.getFile(), at));
  }
  return files;
}

/** Returns the files of a drop, with those of dropped folders. Must be called in the handler: the browser forgets them afterwards. */
export function droppedFiles(transfer: DataTransfer): Promise<File[]> {
  const items = [...transfer.items].filter(({ kind }) => kind === 'file');
  const taken = items.map((item) => ({ entry: item.webkitGetAsEntry?.(), file: item.getAsFile() }));
  // One dropped folder is the picked folder; of several, each is an identity below the drop.
  const isPicked = taken.length === 1;
  return Promise.all(
    taken.map(async ({ entry, file }) => {
      if (entry?.isDirectory) return walk(entry as FileSystemDirectoryEntry, isPicked ? '' : 'drop/');
      return file ? [file] : [];
    }),
  ).then((all) => all.flat());
}

async function walk(folder: FileSystemDirectoryEntry, above: string): Promise<File[]> {
  const path = `${above}${folder.name}/`;
  const reader = folder.createReader();
  const files: File[] = [];
  for (;;) {
    // A call returns at most 100 entries, and none at the end.
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (entries.length === 0) return files;
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory) files.push(...(await walk(entry as FileSystemDirectoryEntry, path)));
      else {
        const file = await new Promise<File>((resolve, reject) =>
          (entry as FileSystemFileEntry).file(resolve, reject),
        );
        files.push(withPath(file, path + entry.name));
      }
    }
  }
}
