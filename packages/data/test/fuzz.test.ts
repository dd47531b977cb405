/**
 * Mutated files, as `npm run fuzz -w packages/data` reads them in their thousands: each is read, or refused by an error that names it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FuzzRandom } from '@unitsphere/testing/fuzz/random';
import { expect, onTestFinished, test } from 'vitest';
import { FUZZ_FORMATS, Fuzzer } from '../fuzz/formats.js';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const INPUTS = 60;

test.each(FUZZ_FORMATS)('mutated .%s files give errors that name them, or valid results', async (format) => {
  const folder = mkdtempSync(join(tmpdir(), 'unitsphere-fuzz-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const fuzzer = new Fuzzer(format, repository, folder);
  const counts = { read: 0, refused: 0 };
  // Other inputs than the default seed's.
  for (let i = 0; i < INPUTS; i++) counts[await fuzzer.read(fuzzer.input(new FuzzRandom(7_000_000 + i)))]++;
  expect(counts.read).toBeGreaterThan(INPUTS / 10);
  expect(counts.refused).toBeGreaterThan(INPUTS / 10);
});
