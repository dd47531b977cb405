import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Backbone } from '@unitsphere/backbones';
import { float32, writeSafetensors } from '@unitsphere/core';
import { bundleModule } from '@unitsphere/testing/bundle-module';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { loadPretrained, SourceError } from '../src/index.js';
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

/** Fetches a file, and keeps it in the cache as if its weights could be read. */
const get = async (url: string, options: SourceOptions = {}) => {
  const { bytes, keep } = await fetchWeights(url, { retryDelay: 5, cache: false, ...options });
  await keep?.();
  return bytes;
};

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

  test.each([
    ['ETag', '"v2"', 90_000],
    ['size', '"v1"', 90_001],
  ])('restarts if the server resumes a file with another %s', async (_, etag, size) => {
    const changed = file.map((byte) => byte ^ 255);
    const { url, requests } = await serve((request, response) => {
      if (requests.length === 1) return sendFile(request, response, file, { only: 70_000 });
      if (requests.length > 2) return sendFile(request, response, changed, { etag: '"v2"' });
      // The server ignores If-Range.
      const from = Number(/\d+/.exec(request.headers.range ?? '')?.[0]);
      response
        .writeHead(206, { etag, 'content-range': `bytes ${from}-${size - 1}/${size}` })
        .end(changed.subarray(from));
    });
    expectBytes(await get(`${url}/w.pth`), changed);
    expect(requests.length).toBe(3);
  });

  test('restarts a compressed response instead of resuming it', async () => {
    const { url, requests } = await serve((request, response) => {
      if (requests.length > 1) return sendFile(request, response, file);
      response.writeHead(200, { etag: '"v1"', 'content-encoding': 'gzip' });
      response.write(gzipSync(file).subarray(0, 400), () => setTimeout(() => response.destroy(), 20));
    });
    expectBytes(await get(`${url}/w.pth`), file);
    expect(requests).toEqual(['GET /w.pth', 'GET /w.pth']);
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

  test('fails if the server sends too slowly, one byte at a time', async () => {
    const { url, requests } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': file.length });
      const timer = setInterval(() => response.write(Uint8Array.of(1)), 20);
      response.on('close', () => clearInterval(timer));
    });
    expect((await failure(`${url}/w.pth`, { stallTimeout: 200 })).message).toMatch(
      /in 4 attempts: the server sent only \d+ bytes in 0\.2 s, less than 1024 bytes per second/,
    );
    expect(requests.length).toBe(4);
  });

  test('fails after its total time, over all attempts', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': file.length });
      const timer = setInterval(() => response.write(new Uint8Array(100)), 20);
      response.on('close', () => clearInterval(timer));
    });
    const { message } = await failure(`${url}/w.pth`, { timeout: 200 });
    expect(message).toMatch(/could not be downloaded within 0\.2 s\. Set "timeout" to allow more time/);
    const busy = await serve((_, response) => response.writeHead(503).end());
    expect((await failure(`${busy.url}/w.pth`, { timeout: 100, retryDelay: 5000 })).message).toMatch(
      /within 0\.1 s/,
    );
  });

  test.each([true, false])(
    'fails at once if the file is larger than the limit (with a length: %s)',
    async (hasLength) => {
      const { url, requests } = await serve((_, response) => {
        response.writeHead(200, hasLength ? { 'content-length': file.length } : {}).end(file);
      });
      const { message } = await failure(`${url}/w.pth`, { maxBytes: 50_000 });
      expect(message).toMatch(/the file has more than 50000 bytes\. Set "maxBytes"/);
      expect(requests.length).toBe(1);
    },
  );

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

  test('warns of a folder that cannot be written, and continues', async () => {
    const { url } = await serve((request, response) => sendFile(request, response, file));
    const parent = folder();
    writeFileSync(join(parent, 'taken'), '');
    const warnings: string[] = [];
    const onWarning = (message: string) => void warnings.push(message);
    expectBytes(await get(`${url}/w.pth`, { cache: join(parent, 'taken'), onWarning }), file);
    expect(warnings.at(-1)).toMatch(/cannot be stored as .*taken.*w\.pth.*Set "cache" to another folder/);
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    expectBytes(await get(`${url}/w.pth`, { cache: join(parent, 'taken') }), file);
    expect(warn).toHaveBeenCalled();
    warn.mockRestore();
  });

  test('stores no file whose weights cannot be read', async () => {
    const weights = writeSafetensors(new Map([['w', float32([1000], new Float32Array(1000))]]));
    // The body ends with the connection, so only the weights show that it is truncated.
    const { url, requests } = await serve((request, response) => {
      if (request.headers['if-none-match'] === '"v1"') return response.writeHead(304).end();
      response.writeHead(200, { etag: '"v1"', connection: 'close', 'transfer-encoding': 'identity' });
      return response.end(requests.length === 1 ? weights.subarray(0, 2000) : weights);
    });
    const cache = folder();
    const load = () => loadPretrained(emptyModel(), `${url}/w.safetensors`, { cache, strict: false });
    await expect(load()).rejects.toThrow(/w\.safetensors cannot be read: .*truncated/);
    expect(files(cache)).toEqual([]);
    await load();
    expect(files(cache).length).toBe(2);
    await load();
    expect(requests.length).toBe(3);
  });

  test('downloads a cached file again whose weights cannot be read, and names it offline', async () => {
    const weights = writeSafetensors(new Map([['w', float32([1000], new Float32Array(1000))]]));
    let served = weights.subarray(0, 2000);
    const { url } = await serve((request, response) => sendFile(request, response, served));
    const cache = folder();
    const source = `${url}/w.safetensors`;
    await get(source, { cache });
    served = weights;
    await expect(loadPretrained(emptyModel(), source, { cache, offline: true })).rejects.toThrow(
      new RegExp(`w\\.safetensors \\(cached in ${cache}.*w\\.safetensors\\) cannot be read: .*truncated`),
    );
    await loadPretrained(emptyModel(), source, { cache, strict: false });
    expectBytes(await get(source, { cache, offline: true }), weights);
  });

  test('keeps the received bytes of a process that is killed, and resumes them', async () => {
    const { url, requests } = await serve((request, response) => {
      if (requests.length > 1) return sendFile(request, response, file);
      response.writeHead(200, { etag: '"v1"', 'content-length': file.length });
      return response.write(file.subarray(0, 70_000));
    });
    const cache = folder();
    const child = spawn(process.execPath, [
      bundleModule('./fixtures/download.ts', import.meta.url),
      `${url}/w.pth`,
      cache,
    ]);
    onTestFinished(() => void child.kill('SIGKILL'));
    const part = () => files(cache).find(({ name }) => name === 'w.pth.part');
    await vi.waitFor(() => expect(statSync(join(part()!.parentPath, part()!.name)).size).toBe(70_000), {
      timeout: 20_000,
    });
    // While the other process runs, this one leaves the part alone.
    expectBytes(await get(`${url}/w.pth`, { cache }), file);
    expect(requests).toEqual(['GET /w.pth', 'GET /w.pth']);
    expect(part()).toBeDefined();
    for (const { parentPath, name } of files(cache))
      if (!name.includes('.part')) rmSync(join(parentPath, name));
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await exited;
    expectBytes(await get(`${url}/w.pth`, { cache }), file);
    expect(requests.at(-1)).toBe('GET /w.pth bytes=70000-');
    expect(
      files(cache)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['w.pth', 'w.pth.json']);
  }, 60_000);

  test('discards the part of another version', async () => {
    const changed = file.map((byte) => byte ^ 255);
    let isBroken = true;
    const { url, requests } = await serve((request, response) =>
      isBroken
        ? sendFile(request, response, file, { only: 70_000 })
        : sendFile(request, response, changed, { etag: '"v2"' }),
    );
    const cache = folder();
    const controller = new AbortController();
    const aborted = get(`${url}/w.pth`, {
      cache,
      signal: controller.signal,
      onProgress: ({ loaded }) => loaded >= 70_000 && controller.abort(new Error('enough')),
    });
    await expect(aborted).rejects.toThrow('enough');
    expect(files(cache).map(({ name }) => name)).toContain('w.pth.part');
    isBroken = false;
    expectBytes(await get(`${url}/w.pth`, { cache }), changed);
    expect(requests.at(-1)).toBe('GET /w.pth bytes=70000-');
    expect(files(cache).length).toBe(2);
  });

  test('resumes what an earlier process of any machine left', async () => {
    const { url, requests } = await serve((request, response) => sendFile(request, response, file));
    const cache = folder();
    const place = join(cache, 'url', url.replace('http://', '').replace(':', '_'), 'w.pth');
    mkdirSync(place, { recursive: true });
    const part = join(place, 'w.pth.part');
    writeFileSync(part, file.subarray(0, 50_000));
    writeFileSync(`${part}.json`, JSON.stringify({ url: `${url}/w.pth`, etag: '"v1"', total: file.length }));
    writeFileSync(`${part}.lock`, JSON.stringify({ pid: 1, hostname: 'another.example', since: '' }));
    expectBytes(await get(`${url}/w.pth`, { cache }), file);
    expect(requests).toEqual(['GET /w.pth bytes=50000-']);
    expect(files(cache).length).toBe(2);
  });

  test('is shared by concurrent downloads of one file', async () => {
    const { url } = await serve((request, response) => sendFile(request, response, file));
    const cache = folder();
    const loads = Array.from({ length: 4 }, () => get(`${url}/w.pth`, { cache }));
    for (const bytes of await Promise.all(loads)) expectBytes(bytes, file);
    expect(files(cache).length).toBe(2);
  });
});

describe('a SHA-256', () => {
  const pin = sha256(file);

  test('in the URL is checked, and is not sent', async () => {
    const { url, requests } = await serve((request, response) => sendFile(request, response, file));
    expectBytes(await get(`${url}/w.pth#sha256=${pin.toUpperCase()}`), file);
    expectBytes(await get(`${url}/w.pth#sha256=${pin}`, { sha256: pin }), file);
    expect(requests).toEqual(['GET /w.pth', 'GET /w.pth']);
    expect((await failure(`${url}/w.pth#sha256=${'a'.repeat(64)}`)).message).toMatch(
      /SHA-256 is [0-9a-f]{64}, but a{64} is expected/,
    );
  });

  test('that is invalid or differs from the option is refused', async () => {
    const url = 'http://127.0.0.1:9/w.pth';
    expect((await failure(`${url}#sha256=abc`)).message).toMatch(/"abc" is not 64 hexadecimal digits/);
    expect((await failure(url, { sha256: 'abc' })).message).toMatch(/"abc" is not 64 hexadecimal digits/);
    expect((await failure(`${url}#sha256=${pin}`, { sha256: 'a'.repeat(64) })).message).toMatch(
      /The "sha256" option and the URL .* differ/,
    );
  });

  test('is checked for files and bytes, too', async () => {
    const path = join(folder(), 'w.pth');
    writeFileSync(path, file);
    for (const source of [path, file]) {
      const load = (sha: string) => fetchWeights(source, { sha256: sha });
      expectBytes((await load(pin)).bytes, file);
      await expect(load('a'.repeat(64))).rejects.toThrow(/cannot be used: its SHA-256 is .*, but a{64}/);
    }
  });
});

/** Returns a model without weights, for files whose keys do not matter. */
function emptyModel(): Backbone {
  return {
    namedParameters: () => [],
    namedBuffers: () => [],
    adaptPositions: (state: unknown) => state,
    loadStateDict: () => ({ missing: [], unexpected: [] }),
  } as unknown as Backbone;
}
