import { builtinModule } from '@unitsphere/core/disk';
import { SourceError } from './source-error.js';

/** Parsed source of weights. */
export type ParsedSource =
  | { kind: 'file'; path: string }
  | { kind: 'url'; url: string }
  | { kind: 'hub'; repository: string; revision?: string };

const HUB_PREFIX = /^hf[-_]hub:/;
// As the hub allows: owner/name, optionally followed by @revision.
const HUB_ID = /^([\w.-]+\/[\w.-]+)(?:@([\w./-]+))?$/;
const WEIGHT_FILE = /\.(safetensors|pth|pt|bin|onnx|tar|ckpt)$/i;

/**
 * Parses the text of a source. It is an http(s) URL, a model of the Hugging Face hub, or a file. A model is
 * `hf-hub:owner/name`, or `owner/name` if no such file exists and it lacks the extension of a weight file; `@revision` may
 * follow.
 * @throws SourceError for another kind of URL, and for an invalid id after `hf-hub:`.
 */
export function parseSource(source: string): ParsedSource {
  if (/^https?:\/\//i.test(source)) return { kind: 'url', url: source };
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(source))
    throw new SourceError(`"${source}" cannot be loaded: only http and https URLs are supported.`);
  const id = source.replace(HUB_PREFIX, '');
  const [, repository, revision] = HUB_ID.exec(id) ?? [];
  const isHub = repository !== undefined && isId(repository) && !isInvalidRevision(revision);
  if (HUB_PREFIX.test(source)) {
    if (!isHub) throw new SourceError(`"${source}" is not a model of the hub: write hf-hub:owner/name.`);
    return { kind: 'hub', repository: repository, revision };
  }
  const isFile = WEIGHT_FILE.test(source) || builtinModule('node:fs')?.existsSync(source);
  return isHub && !isFile
    ? { kind: 'hub', repository: repository, revision }
    : { kind: 'file', path: source };
}

// A part that begins with a period or hyphen is not an id: "../weights" is a path.
function isId(repository: string): boolean {
  return repository.split('/').every((part) => !/^[.-]/.test(part));
}

function isInvalidRevision(revision: string | undefined): boolean {
  return revision?.split('/').some((part) => part === '' || part === '.' || part === '..') ?? false;
}
