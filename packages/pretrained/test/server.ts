import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Local server for one test. */
export interface TestServer {
  url: string;
  /** All requests: method, path and, if any, range. */
  requests: string[];
  headers: IncomingMessage['headers'][];
}

/** Starts a server that stops at the end of the test. */
export async function serve(handler: Handler): Promise<TestServer> {
  const requests: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const server = createServer((request, response) => {
    requests.push([request.method, request.url, request.headers.range].filter(Boolean).join(' '));
    headers.push(request.headers);
    handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, headers };
}

/** Sends a file as a web server does, with an ETag and the requested range. */
export function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Uint8Array,
  { etag = '"v1"', only = Number.POSITIVE_INFINITY }: { etag?: string; only?: number } = {},
): void {
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304).end();
    return;
  }
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  const isResumed = range && request.headers['if-range'] === etag;
  const from = isResumed ? Number(range[1]) : 0;
  const body = bytes.subarray(from);
  response.writeHead(isResumed ? 206 : 200, {
    etag,
    'content-length': body.length,
    ...(isResumed && { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
  });
  if (only >= body.length) response.end(body);
  // The connection breaks after `only` bytes.
  else response.write(body.subarray(0, only), () => setTimeout(() => response.destroy(), 20));
}
