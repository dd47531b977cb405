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
import { openFolder } from '../src/folder/open-folder.js';
import { noiseImage } from './images.js';

const KILLS = Number(process.env.UNITSPHERE_KILLS ?? 6);
const IMAGES = 400;
const root = mkdtempSync(join(tmpdir(), 'unitsphere-kill-'));
const script = join(fileURLToPath(new URL('../.cache/', import.meta.url)), 'open-folder.mjs');
const dir = join(root, 'photos');
const options = { cacheDir: join(root, 'cache'), side: 64 };

beforeAll(async () => {
  for (let i = 0; i < IMAGES; i++) {
    mkdirSync(join(dir, `${i % 40}`), { recursive: true });
    const { data } = noiseImage(40, 40, i);
    const jpeg = await sharp(data, { raw: { width: 40, height: 40, channels: 3 } })
      .jpeg()
      .toBuffer();
    writeFileSync(join(dir, `${i % 40}`, `${i}.jpg`), jpeg);
  }
  await build({
    stdin: {
      contents: `import { openFolder } from './open-folder.ts';
        await openFolder(process.argv[2], { ...JSON.parse(process.argv[3]), onProgress: (done) => console.log(done) });`,
      resolveDir: fileURLToPath(new URL('../src/folder/', import.meta.url)),
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

test(`opening survives ${KILLS} SIGKILLs, and gives what an undisturbed opening gives`, {
  timeout: 120_000,
}, async () => {
  const random = new Random(5, 'kills');
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(process.execPath, [script, dir, JSON.stringify(options)]);
    const ended = once(child, 'exit');
    const reached = waitFor(child.stdout, 100 + random.int(IMAGES - 100));
    await Promise.race([reached, ended]);
    await sleep(random.uniform(0, 20));
    child.kill('SIGKILL');
    await ended;
  }
  const warnings: string[] = [];
  const onWarning = (message: string) => warnings.push(message);
  const reports: number[] = [];
  const survived = await openFolder(dir, { ...options, onWarning, onProgress: (done) => reports.push(done) });
  const expected = await openFolder(dir, { ...options, cacheDir: false });
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
});
