import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SourceError } from '../src/index.js';
import { fetchWeights, type SourceOptions } from '../src/sources/fetch-weights.js';
import { sendFile, serve } from './server.js';

const file = Uint8Array.from({ length: 90_000 }, (_, i) => (i * 31) % 251);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

// Much faster than toEqual.
const expectBytes = (actual: Uint8Array, expected: Uint8Array) =>
  expect(Buffer.compare(actual, expected)).toBe(0);

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'unitsphere-pretrained-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const files = (path: string) =>
  readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());

const get = async (url: string, options: SourceOptions = {}) =>
  (await fetchWeights(url, { retryDelay: 5, cache: false, ...options })).bytes;

/** Returns the error of a failing download. */
async function failure(url: string, options: SourceOptions = {}): Promise<SourceError> {
  const error = await get(url, options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SourceError);
  return error as SourceError;
}

describe('a download', () => {
  test('returns the whole file, and reports progress', async () => {
    const { url } = await serve((request, response) => sendFile(request, response, file));
    const progress: [number, number | undefined][] = [];
    const bytes = await get(`${url}/w.pth`, {
      onProgress: ({ loaded, total }) => progress.push([loaded, total]),
    });
    expectBytes(bytes, file);
    expect(progress[0]).toEqual([0, file.length]);
    expect(progress.at(-1)).toEqual([file.length, file.length]);
  });

  test('resumes where the connection broke', async () => {
    const { url, requests } = await serve((request, response) =>
      sendFile(request, response, file, { only: requests.length === 1 ? 70_000 : Number.POSITIVE_INFINITY }),
    );
    expectBytes(await get(`${url}/w.pth`, { sha256: sha256(file) }), file);
    expect(requests).toEqual(['GET /w.pth', expect.stringMatching(/^GET \/w\.pth bytes=[1-9]\d*-$/)]);
  });

  test('restarts if the file has changed', async () => {
    const changed = file.map((byte) => byte ^ 255);
    const { url, requests } = await serve((request, response) =>
      requests.length === 1
        ? sendFile(request, response, file, { only: 70_000 })
        : sendFile(request, response, changed, { etag: '"v2"' }),
    );
    expectBytes(await get(`${url}/w.pth`), changed);
  });

  test('restarts if the server resumes at another position', async () => {
    const { url, requests } = await serve((request, response) => {
      if (requests.length !== 2)
        return sendFile(request, response, file, {
          only: requests.length === 1 ? 70_000 : Number.POSITIVE_INFINITY,
        });
      response
        .writeHead(206, { 'content-range': `bytes 5-${file.length - 1}/${file.length}` })
        .end(file.subarray(5));
    });
    expectBytes(await get(`${url}/w.pth`), file);
    expect(requests.length).toBe(3);
    expect(requests[2]).toBe('GET /w.pth');
  });

  test('restarts without an ETag', async () => {
    const { url, requests } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': file.length });
      if (requests.length > 1) response.end(file);
      else response.write(file.subarray(0, 9000), () => setTimeout(() => response.destroy(), 20));
    });
    expectBytes(await get(`${url}/w.pth`), file);
    expect(requests).toEqual(['GET /w.pth', 'GET /w.pth']);
  });

  test('fails if the body is always too short', async () => {
    const { url, requests } = await serve((request, response) => {
      sendFile(request, response, file, { etag: 'W/"weak"', only: 1000 });
    });
    expect((await failure(`${url}/w.pth`)).message).toMatch(/in 4 attempts/);
    expect(requests.length).toBe(4);
  });

  test('retries a busy server, and fails if it stays busy', async () => {
    const { url, requests } = await serve((request, response) =>
      requests.length < 3 ? response.writeHead(503).end('busy') : sendFile(request, response, file),
    );
    expectBytes(await get(`${url}/w.pth`), file);
    const busy = await serve((_, response) => response.writeHead(503).end());
    expect((await failure(`${busy.url}/w.pth`)).message).toMatch(/in 4 attempts: the server answers 503/);
  });

  test('does not retry errors that a retry cannot fix', async () => {
    for (const [status, message] of [
      [404, /the file does not exist \(404\)/],
      [403, /denies access \(403\).*accessToken/],
      [400, /answers 400/],
    ] as const) {
      const { url, requests } = await serve((_, response) => response.writeHead(status).end());
      expect((await failure(`${url}/w.pth`)).message).toMatch(message);
      expect(requests.length).toBe(1);
    }
  });

  test('follows redirects, and sends the token only to the first server', async () => {
    const other = await serve((request, response) => sendFile(request, response, file));
    const { url, headers } = await serve((_, response) =>
      response.writeHead(302, { location: `${other.url.replace('127.0.0.1', 'localhost')}/real` }).end(),
    );
    expectBytes(await get(`${url}/w.pth`, { accessToken: 'secret' }), file);
    expect(headers[0].authorization).toBe('Bearer secret');
    expect(other.headers[0].authorization).toBeUndefined();
  });

  test('refuses a file with another SHA-256', async () => {
    const { url } = await serve((request, response) => sendFile(request, response, file));
    const cache = folder();
    const error = await failure(`${url}/w.pth`, { sha256: 'a'.repeat(64), cache });
    expect(error.message).toMatch(/SHA-256 is [0-9a-f]{64}, but a{64} is expected/);
    expect(files(cache)).toEqual([]);
  });

  test('fails if the server stops sending', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': file.length });
      response.write(file.subarray(0, 1000));
    });
    expect((await failure(`${url}/w.pth`, { stallTimeout: 60 })).message).toMatch(
      /sent no data for too long/,
    );
  });

  test('can be aborted', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': file.length });
      response.write(file.subarray(0, 1000));
    });
    const controller = new AbortController();
    const loading = get(`${url}/w.pth`, { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 50);
    await expect(loading).rejects.toThrow('enough');
  });

  test('fails with the reason if nothing listens', async () => {
    expect((await failure('http://127.0.0.1:9/w.pth')).message).toMatch(
      /w\.pth could not be downloaded.*(ECONNREFUSED|bad port)/,
    );
  });
});

describe('the cache', () => {
  test('stores a URL, revalidates it, and leaves no temporary files', async () => {
    let etag = '"v1"';
    let served = file;
    const { url, requests } = await serve((request, response) =>
      sendFile(request, response, served, { etag }),
    );
    const cache = folder();
    expectBytes(await get(`${url}/w.pth`, { cache }), file);
    expect(
      files(cache)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['w.pth', 'w.pth.json']);
    expectBytes(await get(`${url}/w.pth`, { cache }), file);
    expect(requests.length).toBe(2);
    [etag, served] = ['"v2"', file.slice(0, 100)];
    expectBytes(await get(`${url}/w.pth`, { cache }), served);
    expectBytes(await get(`${url}/w.pth`, { cache, offline: true }), served);
    expect(requests.length).toBe(3);
  });

  test('sends no request if the SHA-256 is given', async () => {
    const { url, requests } = await serve((request, response) => sendFile(request, response, file));
    const options = { cache: folder(), sha256: sha256(file).toUpperCase() };
    await get(`${url}/w.pth`, options);
    await get(`${url}/w.pth`, options);
    expect(requests.length).toBe(1);
  });

  test('downloads files again that are damaged or truncated on disk', async () => {
    const { url, requests } = await serve((request, response) => sendFile(request, response, file));
    const cache = folder();
    await get(`${url}/w.pth`, { cache });
    const { parentPath, name } = files(cache).find((entry) => entry.name === 'w.pth')!;
    for (const damaged of [file.slice(0, 1000), file.map((byte, i) => (i === 77 ? byte ^ 1 : byte))]) {
      writeFileSync(join(parentPath, name), damaged);
      expectBytes(await get(`${url}/w.pth`, { cache }), file);
      expectBytes(readFileSync(join(parentPath, name)), file);
    }
    expect(requests.length).toBe(3);
  });

  test('reports a URL that is missing offline, with the command that downloads it', async () => {
    const cache = folder();
    const { message } = await failure('https://models.example/a/w.pth', { cache, offline: true });
    expect(message).toContain('https://models.example/a/w.pth is required, but downloads are disabled');
    expect(message).toContain(join(cache, 'url', 'models.example', 'a', 'w.pth'));
    expect(message).toContain('curl -L -o w.pth https://models.example/a/w.pth');
  });

  test('keeps all files below its folder, whatever the URL', async () => {
    const { url } = await serve((request, response) => sendFile(request, response, file));
    const parent = folder();
    const cache = join(parent, 'cache');
    await get(`${url}/%2e%2e%2f..%2f..%2fw.pth?a=../../b`, { cache });
    expect(readdirSync(parent)).toEqual(['cache']);
    expect(files(cache).length).toBe(2);
  });

  test('reports a folder that cannot be written', async () => {
    const { url } = await serve((request, response) => sendFile(request, response, file));
    const parent = folder();
    writeFileSync(join(parent, 'taken'), '');
    const { message } = await failure(`${url}/w.pth`, { cache: join(parent, 'taken') });
    expect(message).toMatch(/taken.*Set "cache" to another folder/);
  });
});
