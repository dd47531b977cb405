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

// Many times faster than toEqual.
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

/** The error that a download ends with. */
async function failure(url: string, options: SourceOptions = {}): Promise<SourceError> {
  const error = await get(url, options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SourceError);
  return error as SourceError;
}

describe('a download', () => {
  test('comes whole, and tells how far it is', async () => {
    const { url } = await serve((request, response) => sendFile(request, response, file));
    const progress: [number, number | undefined][] = [];
    const bytes = await get(`${url}/w.pth`, {
      onProgress: ({ loaded, total }) => progress.push([loaded, total]),
    });
    expectBytes(bytes, file);
    expect(progress[0]).toEqual([0, file.length]);
    expect(progress.at(-1)).toEqual([file.length, file.length]);
  });

  test('goes on where the connection broke off', async () => {
    const { url, requests } = await serve((request, response) =>
      sendFile(request, response, file, { only: requests.length === 1 ? 70_000 : Number.POSITIVE_INFINITY }),
    );
    expectBytes(await get(`${url}/w.pth`, { sha256: sha256(file) }), file);
    expect(requests).toEqual(['GET /w.pth', expect.stringMatching(/^GET \/w\.pth bytes=[1-9]\d*-$/)]);
  });

  test('begins again when the file has changed meanwhile', async () => {
    const changed = file.map((byte) => byte ^ 255);
    const { url, requests } = await serve((request, response) =>
      requests.length === 1
        ? sendFile(request, response, file, { only: 70_000 })
        : sendFile(request, response, changed, { etag: '"v2"' }),
    );
    expectBytes(await get(`${url}/w.pth`), changed);
  });

  test('begins again when the server goes on at another place', async () => {
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

  test('without an ETag begins again rather than mix two files', async () => {
    const { url, requests } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': file.length });
      if (requests.length > 1) response.end(file);
      else response.write(file.subarray(0, 9000), () => setTimeout(() => response.destroy(), 20));
    });
    expectBytes(await get(`${url}/w.pth`), file);
    expect(requests).toEqual(['GET /w.pth', 'GET /w.pth']);
  });

  test('fails when the body is always too short', async () => {
    const { url, requests } = await serve((request, response) => {
      sendFile(request, response, file, { etag: 'W/"weak"', only: 1000 });
    });
    expect((await failure(`${url}/w.pth`)).message).toMatch(/in 4 tries/);
    expect(requests.length).toBe(4);
  });

  test('waits for a busy server, and says when it stays so', async () => {
    const { url, requests } = await serve((request, response) =>
      requests.length < 3 ? response.writeHead(503).end('busy') : sendFile(request, response, file),
    );
    expectBytes(await get(`${url}/w.pth`), file);
    const busy = await serve((_, response) => response.writeHead(503).end());
    expect((await failure(`${busy.url}/w.pth`)).message).toMatch(/in 4 tries: the server answers 503/);
  });

  test('is not tried again where that cannot help', async () => {
    for (const [status, message] of [
      [404, /there is no such file \(404\)/],
      [403, /refuses it \(403\).*accessToken/],
      [400, /answers 400/],
    ] as const) {
      const { url, requests } = await serve((_, response) => response.writeHead(status).end());
      expect((await failure(`${url}/w.pth`)).message).toMatch(message);
      expect(requests.length).toBe(1);
    }
  });

  test('follows redirects, and shows the token to the first server only', async () => {
    const other = await serve((request, response) => sendFile(request, response, file));
    const { url, headers } = await serve((_, response) =>
      response.writeHead(302, { location: `${other.url.replace('127.0.0.1', 'localhost')}/real` }).end(),
    );
    expectBytes(await get(`${url}/w.pth`, { accessToken: 'secret' }), file);
    expect(headers[0].authorization).toBe('Bearer secret');
    expect(other.headers[0].authorization).toBeUndefined();
  });

  test('of another file than the SHA-256 says fails', async () => {
    const { url } = await serve((request, response) => sendFile(request, response, file));
    const cache = folder();
    const error = await failure(`${url}/w.pth`, { sha256: 'a'.repeat(64), cache });
    expect(error.message).toMatch(/SHA-256 is [0-9a-f]{64}, but a{64} is expected/);
    expect(files(cache)).toEqual([]);
  });

  test('ends when nothing comes any more', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': file.length });
      response.write(file.subarray(0, 1000));
    });
    expect((await failure(`${url}/w.pth`, { stallTimeout: 60 })).message).toMatch(
      /sent nothing for too long/,
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

  test('from where nothing listens fails with the reason', async () => {
    expect((await failure('http://127.0.0.1:9/w.pth')).message).toMatch(
      /w\.pth could not be downloaded.*(ECONNREFUSED|bad port)/,
    );
  });
});

describe('the cache', () => {
  test('keeps an address, asks whether it is still the same, and leaves no parts behind', async () => {
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

  test('asks nothing where the SHA-256 is given', async () => {
    const { url, requests } = await serve((request, response) => sendFile(request, response, file));
    const options = { cache: folder(), sha256: sha256(file).toUpperCase() };
    await get(`${url}/w.pth`, options);
    await get(`${url}/w.pth`, options);
    expect(requests.length).toBe(1);
  });

  test('downloads again what was damaged or cut off on the disk', async () => {
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

  test('offline, an address that is not in it is named with what gets it', async () => {
    const cache = folder();
    const { message } = await failure('https://models.example/a/w.pth', { cache, offline: true });
    expect(message).toContain('https://models.example/a/w.pth is needed, but this is offline');
    expect(message).toContain(join(cache, 'url', 'models.example', 'a', 'w.pth'));
    expect(message).toContain('curl -L -o w.pth https://models.example/a/w.pth');
  });

  test('keeps everything below its folder, whatever the address', async () => {
    const { url } = await serve((request, response) => sendFile(request, response, file));
    const parent = folder();
    const cache = join(parent, 'cache');
    await get(`${url}/%2e%2e%2f..%2f..%2fw.pth?a=../../b`, { cache });
    expect(readdirSync(parent)).toEqual(['cache']);
    expect(files(cache).length).toBe(2);
  });

  test('that cannot be written is named', async () => {
    const { url } = await serve((request, response) => sendFile(request, response, file));
    const parent = folder();
    writeFileSync(join(parent, 'taken'), '');
    const { message } = await failure(`${url}/w.pth`, { cache: join(parent, 'taken') });
    expect(message).toMatch(/taken.*Name another folder \(cache\)/);
  });
});
