import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pushFolder } from '../src/push/push-folder.js';
import { UserError } from '../src/user-error.js';

const repo = 'someone/cards';
let folder: string;
let server: Server;
let hubUrl: string;
/** Files that the hub received by its LFS protocol, and the commit's files by the path. */
let stored: Map<string, Buffer>;
let committed: Map<string, { kind: string; content: string }>;
let tokens: Set<string | undefined>;
/** Status with which the hub refuses everything. */
let denies: number | undefined;
/** Whether the connection breaks during the upload of the model. */
let breaks: boolean;
let exists: boolean;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'push-'));
  mkdirSync(join(folder, 'onnx'));
  writeFileSync(join(folder, 'README.md'), '# Cards\n');
  writeFileSync(join(folder, 'onnx', 'model.onnx'), Buffer.alloc(5000, 7));
  writeFileSync(join(folder, '.hidden'), 'secret');
  [stored, committed, tokens] = [new Map(), new Map(), new Set()];
  [denies, breaks, exists] = [undefined, false, false];
  server = createServer(async (request, response) => {
    if (breaks && request.url?.startsWith('/storage/')) return void request.socket.destroy();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const send = (value: object, status = 200) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    const url = request.url ?? '';
    if (url.startsWith('/storage/')) {
      stored.set(url.slice('/storage/'.length), body);
      response.writeHead(200).end();
      return;
    }
    tokens.add(request.headers.authorization);
    if (denies !== undefined) return void send({ error: 'Invalid credentials' }, denies);
    if (url === '/api/repos/create' && exists) send({ error: 'You already created this model repo' }, 409);
    else if (url === '/api/repos/create') send({ url: `${hubUrl}/${repo}`, name: repo });
    else if (url === `/api/models/${repo}/preupload/main`) {
      const { files } = JSON.parse(String(body)) as { files: { path: string }[] };
      const modeOf = (path: string) => (path.endsWith('.onnx') ? 'lfs' : 'regular');
      send({ files: files.map(({ path }) => ({ path, uploadMode: modeOf(path), shouldIgnore: false })) });
    } else if (url === `/${repo}.git/info/lfs/objects/batch`) {
      const { objects } = JSON.parse(String(body)) as { objects: { oid: string; size: number }[] };
      send({
        transfer: 'basic',
        objects: objects.map(({ oid, size }) => ({
          oid,
          size,
          actions: { upload: { href: `${hubUrl}/storage/${oid}` } },
        })),
      });
    } else if (url.startsWith(`/api/models/${repo}/commit/main`)) {
      for (const line of String(body).trim().split('\n')) {
        const { key, value } = JSON.parse(line);
        if (key !== 'header') committed.set(value.path, { kind: key, content: value.content ?? value.oid });
      }
      send({ commitUrl: `${hubUrl}/${repo}/commit/1`, commitOid: '1', hookOutput: '' });
    } else send({ error: `unexpected ${url}` }, 404);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  hubUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

test('uploads all files but hidden ones as one commit', async () => {
  const { files, commit } = await pushFolder({ folder, repo, token: 'hf_test', hubUrl });
  expect(files).toEqual([
    { path: 'README.md', bytes: 8 },
    { path: 'onnx/model.onnx', bytes: 5000 },
  ]);
  expect(commit).toBe(`${hubUrl}/${repo}/commit/1`);
  expect([...tokens]).toEqual(['Bearer hf_test']);
  expect([...committed.keys()].sort()).toEqual(['README.md', 'onnx/model.onnx']);
  const card = committed.get('README.md');
  expect(Buffer.from(card?.content ?? '', 'base64').toString()).toBe('# Cards\n');
  const model = committed.get('onnx/model.onnx');
  expect(model?.kind).toBe('lfsFile');
  expect(stored.get(model?.content ?? '')?.equals(Buffer.alloc(5000, 7))).toBe(true);
});

test.each([
  ['without a token', {}],
  ['with --dry-run', { token: 'hf_test', dryRun: true }],
])('lists the files and contacts nobody %s', async (_name, options) => {
  const { files, commit } = await pushFolder({ folder, repo, hubUrl, ...options });
  expect(files.length).toBe(2);
  expect(commit).toBeUndefined();
  expect(tokens.size).toBe(0);
});

test('refuses a wrong name, and a folder without a model or card, before any upload', async () => {
  const token = 'hf_test';
  await expect(pushFolder({ folder, repo: 'cards', token, hubUrl })).rejects.toThrow(
    /not the name of a model/,
  );
  rmSync(join(folder, 'README.md'));
  await expect(pushFolder({ folder, repo, token, hubUrl })).rejects.toThrow(/no model card/);
  rmSync(join(folder, 'onnx'), { recursive: true });
  await expect(pushFolder({ folder, repo, token, hubUrl })).rejects.toThrow(/no model file/);
  expect(tokens.size).toBe(0);
});

test('explains a token without permission, and a hub that cannot be reached', async () => {
  for (const status of [401, 403]) {
    denies = status;
    const error = await pushFolder({ folder, repo, token: 'hf_wrong', hubUrl }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toMatch(new RegExp(`refuses the upload.*${status}`));
    expect((error as UserError).hint).toMatch(/HF_TOKEN.*permission to write/);
  }
  denies = 500;
  await expect(pushFolder({ folder, repo, token: 'hf_test', hubUrl })).rejects.toThrow(UserError);
  const unreachable = pushFolder({ folder, repo, token: 'hf_test', hubUrl: 'http://127.0.0.1:1' });
  await expect(unreachable).rejects.toThrow(/cannot be reached/);
});

test('uploads to a model that exists', async () => {
  exists = true;
  const { commit } = await pushFolder({ folder, repo, token: 'hf_test', hubUrl });
  expect(commit).toBe(`${hubUrl}/${repo}/commit/1`);
  expect(committed.size).toBe(2);
});

test('an interrupted upload commits nothing, and can be repeated', async () => {
  breaks = true;
  const failure = pushFolder({ folder, repo, token: 'hf_test', hubUrl });
  await expect(failure).rejects.toThrow(UserError);
  await expect(failure).rejects.toThrow(/interrupted|cannot be reached/);
  expect(committed.size).toBe(0);
  breaks = false;
  await pushFolder({ folder, repo, token: 'hf_test', hubUrl });
  expect(committed.size).toBe(2);
});
