import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Random } from '@unitsphere/core/random';
import { build } from 'esbuild';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DecodedSource } from '../src/encoded/decoded-source.js';
import { type OpenSourceOptions, openSource, type SourceSpec } from '../src/open-source.js';
import { noiseImage } from './images.js';

const KILLS = Number(process.env.UNITSPHERE_KILLS ?? 2);
const IMAGES = 200;
const root = mkdtempSync(join(tmpdir(), 'unitsphere-kill-'));
const script = join(fileURLToPath(new URL('../.cache/', import.meta.url)), 'open-source.mjs');
const dir = join(root, 'photos');
const list = join(root, 'list.csv');
const decoding = { cacheDir: join(root, 'cache'), side: 64 };
const SPECS: SourceSpec[] = [
  { kind: 'folder', dir, ...decoding },
  { kind: 'csv', path: list, ...decoding },
];
const open = (spec: SourceSpec, options: OpenSourceOptions = {}) =>
  openSource(spec, options) as Promise<DecodedSource>;

beforeAll(async () => {
  const rows: string[] = [];
  for (let i = 0; i < IMAGES; i++) {
    mkdirSync(join(dir, `${i % 40}`), { recursive: true });
    const { data } = noiseImage(40, 40, i);
    const jpeg = await sharp(data, { raw: { width: 40, height: 40, channels: 3 } })
      .jpeg()
      .toBuffer();
    writeFileSync(join(dir, `${i % 40}`, `${i}.jpg`), jpeg);
    rows.push(`photos/${i % 40}/${i}.jpg,${i % 40},${i % 3},0,${20 + (i % 20)},40`);
  }
  writeFileSync(list, `path,label,x_1,y_1,x_2,y_2\n${rows.join('\n')}\n`);
  await build({
    stdin: {
      contents: `import { openSource } from './open-source.ts';
        await openSource(JSON.parse(process.argv[2]), { onProgress: (done) => console.log(done) });`,
      resolveDir: fileURLToPath(new URL('../src/', import.meta.url)),
      loader: 'ts',
    },
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
  });
}, 60_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Waits until a child has reported this many images. */
async function waitFor(output: Readable, count: number): Promise<void> {
  for await (const text of output) {
    if (
      String(text)
        .trim()
        .split('\n')
        .some((done) => Number(done) >= count)
    )
      return;
  }
}

test(`opening a folder and a list of boxes survives ${KILLS} SIGKILLs, and gives what an undisturbed opening gives`, {
  timeout: 120_000,
}, async () => {
  const random = new Random(5, 'kills');
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(process.execPath, [script, JSON.stringify(SPECS[kill % SPECS.length])]);
    const ended = once(child, 'exit');
    const reached = waitFor(child.stdout, 50 + random.int(IMAGES - 50));
    await Promise.race([reached, ended]);
    await sleep(random.uniform(0, 20));
    child.kill('SIGKILL');
    await ended;
  }
  for (const spec of SPECS) {
    const warnings: string[] = [];
    const onWarning = (message: string) => warnings.push(message);
    const reports: number[] = [];
    const survived = await open(spec, { onWarning, onProgress: (done) => reports.push(done) });
    const expected = await open({ ...spec, cacheDir: false } as SourceSpec);
    // An image that a killed process had written is not decoded again.
    expect(reports[0]).toBeGreaterThan(0);
    expect(survived.identities).toEqual(expected.identities);
    for (const [identity, { samples }] of expected.identities.entries()) {
      expect(survived.contents(identity)).toEqual(expected.contents(identity));
      for (let sample = 0; sample < samples; sample++) {
        expect(await survived.load(identity, sample)).toEqual(await expected.load(identity, sample));
      }
    }
    expect(warnings).toEqual([]);
  }
});
