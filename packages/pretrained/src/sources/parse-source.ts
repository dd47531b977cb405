import { builtinModule } from '@unitsphere/core/disk';
import { SourceError } from './source-error.js';

/** Parsed source of weights. */
export type ParsedSource =
  | { kind: 'file'; path: string }
  | { kind: 'url'; url: string; sha256?: string }
  | { kind: 'hub'; repository: string; revision?: string };

const HUB_PREFIX = /^hf[-_]hub:/;
// As the hub allows: owner/name, optionally followed by @revision.
const HUB_ID = /^([\w.-]+\/[\w.-]+)(?:@([\w./-]+))?$/;
const WEIGHT_FILE = /\.(safetensors|pth|pt|bin|onnx|tar|ckpt)$/i;

/**
 * Parses the text of a source. It is an http(s) URL, a model of the Hugging Face hub, or a file. A model is
 * `hf-hub:owner/name`, or `owner/name` if no such file exists and it lacks the extension of a weight file; `@revision` may
 * follow. A URL may end in `#sha256=` and the expected SHA-256 of its file.
 * @throws SourceError for another kind of URL, an invalid SHA-256, and an invalid id after `hf-hub:`.
 */
export function parseSource(source: string): ParsedSource {
  if (/^https?:\/\//i.test(source)) return parsePinnedUrl(source);
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

function parsePinnedUrl(source: string): ParsedSource {
  const [url, fragment] = source.split(/#(.*)/s, 2);
  const [, pin] = /^sha256[=:](.*)$/is.exec(fragment ?? '') ?? [];
  return pin === undefined ? { kind: 'url', url } : { kind: 'url', url, sha256: checkSha256(pin) };
}

/** Returns a SHA-256 in lower case. @throws SourceError if it is not 64 hexadecimal digits. */
export function checkSha256(sha256: string): string {
  if (!/^[0-9a-f]{64}$/i.test(sha256))
    throw new SourceError(`The SHA-256 "${sha256.slice(0, 80)}" is not 64 hexadecimal digits.`);
  return sha256.toLowerCase();
}

// A part that begins with a period or hyphen is not an id: "../weights" is a path.
function isId(repository: string): boolean {
  return repository.split('/').every((part) => !/^[.-]/.test(part));
}

function isInvalidRevision(revision: string | undefined): boolean {
  return revision?.split('/').some((part) => part === '' || part === '.' || part === '..') ?? false;
}
