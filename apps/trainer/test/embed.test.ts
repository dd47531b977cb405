import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSource } from '@unitsphere/data';
import { loadEmbedder, saveEmbedder } from '@unitsphere/embedder';
import { start } from '@unitsphere/testing/backends';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { run } from '../src/commands/program.js';
import type { Work } from '../src/commands/work.js';
import { sourceSpec } from '../src/dataset/dataset.js';
import { evaluationImages, evaluationOptions } from '../src/dataset/evaluation-images.js';
import { imageEmbedder } from '../src/evaluate/embed.js';
import { embedFiles } from '../src/evaluate/embed-files.js';
import { openCheckpointEmbedder } from '../src/evaluate/open-embedder.js';
import { openCheckpoint } from '../src/run/checkpoints.js';
import { pictureFolder, temporaryFolder, tinyConfig, train } from './fixtures.js';

beforeAll(() => start('wasm'));
afterEach(() => void vi.restoreAllMocks());

/** Trains a tiny model. */
async function trainTiny() {
  const pictures = await pictureFolder();
  const base = temporaryFolder();
  const config = tinyConfig(pictures);
  await train(config, base);
  return { pictures, base, config, path: join(base, 'run') };
}

/** Runs a command, and returns its exit code and output. */
async function unitsphere(...argv: string[]) {
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((data) => {
      output[name] += data;
      return true;
    });
  }
  const code = await run(argv, '0.0.0', { embedFiles } as Work);
  vi.restoreAllMocks();
  return { code, ...output };
}

test('loadEmbedder gives the embeddings of the evaluation, bit for bit', async () => {
  const { config, path, pictures } = await trainTiny();
  const { checkpoint } = await openCheckpoint(path);
  const source = await openSource(sourceSpec(config.data, config.seed));
  const identities = source.identities.map((_, i) => i);
  const { main } = evaluationImages(source, identities, evaluationOptions(config));
  const pixels = await main.load([...main.images.keys()]);
  const evaluated = await openCheckpointEmbedder(checkpoint, config);
  const { embeddings, dimensions } = await imageEmbedder(evaluated).embed(pixels.map(({ data }) => data));
  const embedder = await loadEmbedder(path);
  expect(embedder.fingerprint).toBe(evaluated.fingerprint);
  expect(embedder.preprocessing).toMatchObject({ cropMode: 'squash', interpolation: 'bilinear' });
  const embedded = await embedder.embed(pixels);
  for (const [i, embedding] of embedded.entries()) {
    expect(Buffer.from(embedding.buffer)).toEqual(
      Buffer.from(embeddings.slice(i * dimensions, (i + 1) * dimensions).buffer),
    );
  }
  // The evaluation sees a file as `embed` does, and not as the training's cache of decoded images.
  for (const [i, { kind, identity }] of main.images.entries()) {
    if (kind !== 'clean') continue;
    const file = join(pictures, source.identities[identity].name);
    expect(Buffer.from((await embedder.embed(file)).buffer)).toEqual(Buffer.from(embedded[i].buffer));
  }
  embedder.dispose();
  evaluated.dispose();
});

describe('unitsphere embed', () => {
  test('prints the first values and the cosines, JSON, or writes a NumPy file', async () => {
    const { pictures, base, path } = await trainTiny();
    const files = ['000.png', '001.png', '000.png'].map((name) => join(pictures, name));
    const people = await unitsphere('embed', path, ...files);
    expect(people.code).toBe(0);
    expect(people.stdout).toMatch(/^3 images, 16 values each, of unit length\n/);
    expect(people.stdout).toMatch(/000\.png +1\.000 +-?\d\.\d{3} +1\.000\n/);
    expect(people.stderr).toMatch(/unitsphere enroll GALLERY DIR --model/);

    const json = await unitsphere('embed', path, ...files, '--json');
    const rows = JSON.parse(json.stdout) as { file: string; embedding: number[] }[];
    expect(rows.map(({ file }) => file)).toEqual(files);
    expect(rows[0].embedding).toHaveLength(16);
    expect(rows[2].embedding).toEqual(rows[0].embedding);

    const npy = join(base, 'embeddings.npy');
    expect((await unitsphere('embed', path, ...files, '--npy', npy)).stdout).toBe(`${npy}\n`);
    const bytes = readFileSync(npy);
    expect(bytes.subarray(0, 8).toString('latin1')).toBe('\x93NUMPY\x01\x00');
    const headerEnd = 10 + bytes.readUInt16LE(8);
    expect(headerEnd % 64).toBe(0);
    expect(bytes.subarray(10, headerEnd).toString('latin1')).toMatch(
      /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(3, 16\), \} *\n$/,
    );
    const values = rows.flatMap(({ embedding }) => embedding);
    expect(values.map((_, i) => bytes.readFloatLE(headerEnd + 4 * i))).toEqual(values);
  });

  test('runs the examples of its help', async () => {
    const { pictures, base, path } = await trainTiny();
    const here = join(base, 'here');
    mkdirSync(join(here, 'runs'), { recursive: true });
    renameSync(path, join(here, 'runs', 'cards-20260301-140509'));
    const embedder = await loadEmbedder(join(here, 'runs', 'cards-20260301-140509'));
    await saveEmbedder(embedder, join(here, 'model'));
    embedder.dispose();
    mkdirSync(join(here, 'photos'));
    const picture = readFileSync(join(pictures, '003.png'));
    for (const name of ['one.jpg', 'other.jpg', 'photos/a.jpg', 'photos/b.jpg'])
      writeFileSync(join(here, name), picture);

    const { stdout: help } = await unitsphere('embed', '--help');
    const examples = [...help.matchAll(/^ {2}unitsphere (embed .*)$/gm)].map(([, line]) => line.split(' '));
    expect(examples).toHaveLength(3);
    for (const example of examples) {
      // As a shell does: paths from the folder, and files of a pattern.
      const argv = example.flatMap((word) => {
        if (word === 'photos/*.jpg')
          return readdirSync(join(here, 'photos')).map((name) => join(here, 'photos', name));
        return /\.(jpg|npy)$|^runs|^model$/.test(word) ? [join(here, word)] : [word];
      });
      expect((await unitsphere(...argv)).code).toBe(0);
    }
    expect(readdirSync(here)).toContain('embeddings.npy');
  });

  test('embeds with a shipped model by its name', async () => {
    const { pictures } = await trainTiny();
    const { code, stdout } = await unitsphere('embed', 'document-small', join(pictures, '000.png'), '--json');
    expect(code).toBe(0);
    const [{ embedding }] = JSON.parse(stdout) as { embedding: number[] }[];
    expect(embedding).toHaveLength(256);
    expect(Math.hypot(...embedding)).toBeCloseTo(1, 4);
  });

  test('explains a missing model, a missing file and options that exclude each other', async () => {
    const { pictures, path } = await trainTiny();
    const file = join(pictures, '000.png');
    const model = await unitsphere('embed', 'no/such/model/here', file);
    expect(model).toMatchObject({ code: 2, stdout: '' });
    expect(model.stderr).toMatch(
      /error: the folder no\/such\/model\/here does not exist; give the folder of a run/,
    );
    const missing = await unitsphere('embed', path, file, join(pictures, 'none.png'));
    expect(missing).toMatchObject({ code: 2, stdout: '' });
    expect(missing.stderr).toMatch(/error: .*none\.png: no such file/);
    const both = await unitsphere('embed', path, file, '--json', '--npy', 'x.npy');
    expect(both).toMatchObject({ code: 2, stdout: '' });
    expect(both.stderr).toMatch(/'--json' cannot be used with option '--npy <FILE>'/);
  });
});
