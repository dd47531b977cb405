import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeAbandoned, replaceFile, writeAll, writeFileAtomicSync } from '@unitsphere/core/disk';
import { defaultCacheDir } from '../encoded/cache-folders.js';

/** A server that sends nothing for this long has failed. */
const STALL_MS = 60_000;

/**
 * Downloads a shard into the cache, or returns the one that is there if the server says that it has not changed. Without a
 * connection, the one that is there is used.
 * @returns The path of the file.
 * @throws Error if it cannot be downloaded, and is not in the cache.
 */
export async function downloadShard(url: string, cacheDir: string = defaultCacheDir()): Promise<string> {
  const folder = join(cacheDir, 'shards');
  const path = join(folder, `${createHash('sha256').update(url).digest('hex').slice(0, 24)}.tar`);
  const known = existsSync(path) ? readTag(`${path}.json`, url) : undefined;
  const controller = new AbortController();
  let timer = setTimeout(() => controller.abort(), STALL_MS);
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => controller.abort(), STALL_MS);
  };
  try {
    const response = await fetch(url, {
      signal: controller.signal,
      headers: known ? { 'if-none-match': known } : {},
    });
    if (response.status === 304) return path;
    if (!response.ok || !response.body)
      throw new Error(`the server answers ${response.status} ${response.statusText}`);
    const { body, headers } = response;
    mkdirSync(folder, { recursive: true });
    removeAbandoned(path);
    let received = 0;
    await replaceFile(
      path,
      async (file) => {
        for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
          alive();
          await writeAll(file, chunk);
          received += chunk.byteLength;
        }
        const announced = Number(headers.get('content-length') ?? received);
        if (headers.get('content-encoding') === null && received !== announced) {
          throw new Error(`it ended after ${received} of ${announced} bytes`);
        }
      },
      { syncFolder: false },
    );
    const tag = headers.get('etag');
    writeFileAtomicSync(`${path}.json`, JSON.stringify({ url, etag: tag }), { syncFolder: false });
    return path;
  } catch (error) {
    if (known) return path;
    const reason = controller.signal.aborted ? `nothing arrived for ${STALL_MS / 1000} s` : messageOf(error);
    throw new Error(`The shard ${url} cannot be downloaded: ${reason}.`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** Returns the ETag of a downloaded shard; undefined if it is unknown, and the shard is then downloaded again. */
function readTag(file: string, url: string): string | undefined {
  try {
    const info = JSON.parse(readFileSync(file, 'utf8')) as { url: string; etag: string | null };
    return info.url === url ? (info.etag ?? undefined) : undefined;
  } catch {
    return undefined;
  }
}

function messageOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}
