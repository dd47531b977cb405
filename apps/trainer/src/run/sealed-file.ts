import { createHash } from 'node:crypto';
import { UserError } from '../user-error.js';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const COMMENT = '# sha256 of the lines above: ';

/** Formats an object as JSON with a checksum of itself, its last key `sha256`. */
export function sealJson(value: object, space?: number): string {
  return `${JSON.stringify({ ...value, sha256: sha256(JSON.stringify(value)) }, null, space)}\n`;
}

/**
 * Parses an object written by {@link sealJson}. One without a checksum, of an older version, is read too.
 * @param file Path, for messages.
 * @throws UserError if it is not valid JSON, not an object, or does not match its checksum.
 */
export function parseSealedJson<T extends object>(text: string, file: string): T {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw damaged(file, 'is not valid JSON', cause);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw damaged(file, 'is not an object');
  const entries = Object.entries(parsed);
  const [key, sealed] = entries.at(-1) ?? [];
  const value = Object.fromEntries(entries.slice(0, -1));
  const matches = sealed === sha256(JSON.stringify(value));
  if (key === 'sha256' ? !matches : 'sha256' in value) throw damaged(file, 'does not match its checksum');
  // The name of the checksum is damaged.
  if (key !== 'sha256' && matches) throw damaged(file, 'lacks its checksum');
  return (key === 'sha256' ? value : parsed) as T;
}

/** Adds a checksum to YAML, as a comment in its last line. */
export function sealYaml(text: string): string {
  return `${text}${COMMENT}${sha256(text)}\n`;
}

/**
 * Checks a file written by {@link sealYaml}. One without a checksum is accepted.
 * @throws UserError if it does not match.
 */
export function checkSealedYaml(text: string, file: string): void {
  const at = text.lastIndexOf(COMMENT);
  if (at < 0 || text.slice(at + COMMENT.length).trimEnd() === sha256(text.slice(0, at))) return;
  throw new UserError(`${file} does not match its checksum: it is damaged, or was changed by hand`, {
    hint: 'Restore it. To change settings, use --set KEY=VALUE. To keep what you wrote, delete its last line.',
  });
}

function damaged(file: string, reason: string, cause?: unknown): UserError {
  return new UserError(`${file} is damaged: it ${reason}`, {
    hint: 'Restore the file from a backup, or delete the run and train it again.',
    cause,
  });
}
