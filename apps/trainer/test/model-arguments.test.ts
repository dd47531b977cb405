/** Each kind of model that `embed`, `enroll`, `recognize` and `gallery` accept. A run is in embed.test.ts. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmbedder, saveEmbedder } from '@unitsphere/embedder';
import { exportOnnx } from '@unitsphere/onnx-export';
import { start } from '@unitsphere/testing/backends';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { run } from '../src/commands/program.js';
import type { Work } from '../src/commands/work.js';
import { embedFiles } from '../src/evaluate/embed-files.js';
import { openEmbedder } from '../src/evaluate/open-embedder.js';

const MODEL_FILES = ['config.json', 'preprocessor_config.json', 'model.safetensors'];
const COMMIT = '0123456789'.repeat(4);
let folder: string;
let server: Server;

beforeAll(async () => {
  await start('wasm');
  folder = mkdtempSync(join(tmpdir(), 'models-'));
  const { default: sharp } = await import('sharp');
  mkdirSync(join(folder, 'cards'));
  for (let n = 0; n < 4; n++) {
    const tiles = createHash('sha512').update(`card ${n}`).digest().subarray(0, 48);
    await sharp(tiles, { raw: { width: 4, height: 4, channels: 3 } })
      .resize(64, 64, { kernel: 'cubic' })
      .png()
      .toFile(join(folder, 'cards', `${n}.png`));
  }
  const embedder = await createEmbedder({ backbone: 'lcnet_035', imageSize: 32, embeddingSize: 16 });
  await saveEmbedder(embedder, join(folder, 'model'));
  const onnx = await exportOnnx(embedder);
  embedder.dispose();
  writeFileSync(join(folder, 'cards.onnx'), onnx);
  mkdirSync(join(folder, 'transformers', 'onnx'), { recursive: true });
  writeFileSync(join(folder, 'transformers', 'onnx', 'model.onnx'), onnx);
  server = serveHub();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('HF_ENDPOINT', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
});
afterAll(() => {
  server.close();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** Serves the model folder as `me/cards` of the hub. */
function serveHub(): Server {
  const files = MODEL_FILES.map((name) => ({ name, bytes: readFileSync(join(folder, 'model', name)) }));
  const siblings = files.map(({ name, bytes }) => ({
    rfilename: name,
    size: bytes.length,
    lfs: { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length },
  }));
  return createServer(({ url = '/' }, response) => {
    const file = files.find(({ name }) => url === `/me/cards/resolve/${COMMIT}/${name}`);
    if (url.startsWith('/api/models/me/cards/')) response.end(JSON.stringify({ sha: COMMIT, siblings }));
    else response.writeHead(file ? 200 : 404).end(file?.bytes);
  });
}

async function unitsphere(...argv: string[]) {
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((data) => {
      output[name] += data;
      return true;
    });
  }
  const code = await run(argv, '0.0.0', { embedFiles, openEmbedder } as unknown as Work);
  vi.restoreAllMocks();
  return { code, ...output };
}

const here = (name: string) => join(folder, name);
test.each([
  ['a model folder', () => here('model')],
  ['a shipped model', () => 'document-small'],
  ['an ONNX file', () => here('cards.onnx')],
  ['a folder with an ONNX file', () => here('transformers')],
  ['a model of the hub', () => 'me/cards'],
])('every command takes %s', async (name, modelOf) => {
  const model = modelOf();
  const card = here('cards/2.png');
  const gallery = here(`${name}.gallery`);
  const embedded = await unitsphere('embed', model, card, '--json');
  expect(embedded.code, embedded.stderr).toBe(0);
  const [{ embedding }] = JSON.parse(embedded.stdout);
  expect(Math.hypot(...embedding)).toBeCloseTo(1, 4);

  const enrolled = await unitsphere('enroll', gallery, here('cards'), '--model', model);
  expect(enrolled.code, enrolled.stderr).toBe(0);
  expect(enrolled.stdout).toContain('4 images enrolled');
  // The gallery remembers its model.
  const found = await unitsphere('recognize', gallery, card, '--json', '-k', '1');
  expect(found.code, found.stderr).toBe(0);
  expect(JSON.parse(found.stdout)).toEqual([
    { file: card, decision: 'undecided', matches: [{ name: '2', score: expect.closeTo(1, 5) }] },
  ]);
  const strangers = ['--strangers', here('cards'), '--model', model];
  expect(await unitsphere('gallery', 'calibrate', gallery, ...strangers)).toMatchObject({ code: 0 });
  const rates = await unitsphere('gallery', 'evaluate', here('cards'), '--model', model, '--json');
  // It enrolls 2 of the 4 identities, and a calibration requires 3.
  expect(rates).toMatchObject({ code: 2, stderr: expect.stringContaining('Enroll at least 3') });
});

test('a gallery takes the ONNX export of its model, and no other model', async () => {
  const gallery = here('mixed.gallery');
  await unitsphere('enroll', gallery, here('cards'), '--model', here('model'));
  const onnx = await unitsphere(
    'recognize',
    gallery,
    here('cards/1.png'),
    '--model',
    here('cards.onnx'),
    '--json',
  );
  expect(JSON.parse(onnx.stdout)[0].matches[0]).toEqual({ name: '1', score: expect.closeTo(1, 4) });
  const other = await unitsphere('recognize', gallery, here('cards/1.png'), '--model', 'document-small');
  expect(other).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('holds embeddings of'),
  });
});

test('names an ONNX file that does not exist', async () => {
  const { code, stderr } = await unitsphere('embed', here('none.onnx'), here('cards/1.png'));
  expect(code).toBe(2);
  expect(stderr).toContain('none.onnx does not exist');
});
