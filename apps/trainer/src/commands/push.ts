import { formatBytes } from '../format-bytes.js';
import { say } from './console.js';
import type { Work } from './work.js';

/** Options of `unitsphere push`. */
export interface PushCommandOptions {
  dryRun?: boolean;
  private?: boolean;
}

/** Uploads an exported folder to the hub, or lists its files without a token. Returns the exit code. */
export async function push(
  folder: string,
  repo: string,
  options: PushCommandOptions,
  work: Work,
): Promise<number> {
  const { HF_TOKEN: token, HF_ENDPOINT: hubUrl } = process.env;
  const { files, commit } = await work.pushFolder({
    folder,
    repo,
    token: token || undefined,
    hubUrl: hubUrl || undefined,
    ...options,
  });
  for (const { path, bytes } of files) process.stdout.write(`${path}: ${formatBytes(bytes)}\n`);
  if (commit === undefined) {
    say(`Dry run: nothing was uploaded to ${repo}.${token ? '' : ' Set HF_TOKEN to upload.'}`);
  } else process.stdout.write(`${commit}\n`);
  return 0;
}
