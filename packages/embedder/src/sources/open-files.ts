import { builtinModule } from '@unitsphere/core/disk';
import { openRemoteFiles, parseSource, type RemoteFilesOptions } from '@unitsphere/pretrained';
import { EmbedderError } from '../embedder-error.js';
import { filesOfModelFolder, filesOfRun } from './checkpoint.js';
import { filesOfObject, type ModelFileContents, type ModelFiles } from './model-files.js';

/** Where an embedder is loaded from; see `loadEmbedder`. */
export type EmbedderSource = string | URL | ModelFileContents;

/** Opens the files of a source. @throws EmbedderError if there is none; SourceError if it cannot be fetched. */
export async function openFiles(source: EmbedderSource, options: RemoteFilesOptions): Promise<ModelFiles> {
  if (typeof source !== 'string' && !(source instanceof URL)) return filesOfObject(source);
  const fs = builtinModule('node:fs');
  if (source instanceof URL && source.protocol === 'file:' && fs) {
    return openFolder(builtinModule('node:url').fileURLToPath(source));
  }
  const text = String(source);
  if (fs?.existsSync(text)) return openFolder(text);
  const parsed = parseSource(text);
  if (parsed.kind !== 'file') return openRemoteFiles(parsed, options);
  if (fs) return openFolder(text);
  // In a page, a path is relative to its address.
  return openRemoteFiles({ kind: 'url', url: new URL(text, globalThis.location.href).href }, options);
}

async function openFolder(path: string): Promise<ModelFiles> {
  const stat = builtinModule('node:fs')?.statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return (await filesOfRun(path)) ?? filesOfModelFolder(path);
  const hint = 'give the folder of a run, a checkpoint or a model, a URL, or a model of the hub (owner/name)';
  throw new EmbedderError(
    'SOURCE_NOT_FOUND',
    stat ? `${path} is a file; ${hint}` : `the folder ${path} does not exist; ${hint}`,
  );
}
