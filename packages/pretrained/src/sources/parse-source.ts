import { builtin } from './builtin.js';
import { SourceError } from './source-error.js';

/** Where weights come from, understood from its text. */
export type ParsedSource =
  | { kind: 'file'; path: string }
  | { kind: 'url'; url: string }
  | { kind: 'hub'; repository: string; revision?: string };

const HUB_PREFIX = /^hf[-_]hub:/;
// As the hub allows them: owner/name, and a revision behind an @.
const HUB_ID = /^([\w.-]+\/[\w.-]+)(?:@([\w./-]+))?$/;
const WEIGHT_FILE = /\.(safetensors|pth|pt|bin|onnx|tar|ckpt)$/i;

/**
 * Tells what a source's text is: an address (http, https), a model of the Hugging Face hub (`hf-hub:owner/name`, or
 * `owner/name` where there is no such file and it does not end as a file of weights does; `@revision` behind it), or a file.
 * @throws SourceError for an address of another kind and for what follows hf-hub: and is no id.
 */
export function parseSource(source: string): ParsedSource {
  if (/^https?:\/\//i.test(source)) return { kind: 'url', url: source };
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(source))
    throw new SourceError(`"${source}" cannot be loaded: only http and https addresses are.`);
  const id = source.replace(HUB_PREFIX, '');
  const [, repository, revision] = HUB_ID.exec(id) ?? [];
  const isHub = repository !== undefined && isId(repository) && !isRevisionLess(revision);
  if (HUB_PREFIX.test(source)) {
    if (!isHub) throw new SourceError(`"${source}" is no model of the hub: hf-hub:owner/name is needed.`);
    return { kind: 'hub', repository: repository, revision };
  }
  const isFile = WEIGHT_FILE.test(source) || builtin('node:fs')?.existsSync(source);
  return isHub && !isFile
    ? { kind: 'hub', repository: repository, revision }
    : { kind: 'file', path: source };
}

// "../weights" is a path.
function isId(repository: string): boolean {
  return repository.split('/').every((part) => !/^[.-]/.test(part));
}

function isRevisionLess(revision: string | undefined): boolean {
  return revision?.split('/').some((part) => part === '' || part === '.' || part === '..') ?? false;
}
