/** Opens a few thousand mutated gallery files. For 100,000: `npm run fuzz -w packages/recognition`. */
import { FuzzRandom } from '@unitsphere/testing/fuzz/random';
import { expect, test } from 'vitest';
import { createInput, runCase } from '../../fuzz/cases.js';
import { createSeeds } from '../../fuzz/seeds.js';

test('a mutated file ends in an error of the store or a correct gallery', { timeout: 120_000 }, async () => {
  const seeds = await createSeeds();
  const counts = { read: 0, refused: 0, failed: 0 };
  for (let i = 0; i < 3000; i++) {
    const { outcome, problem } = await runCase(createInput(new FuzzRandom(i), seeds));
    expect(problem, `input ${i}`).toBeUndefined();
    counts[outcome]++;
  }
  // Both outcomes must occur, otherwise the mutations are too strong or too weak.
  expect(counts.read).toBeGreaterThan(300);
  expect(counts.refused).toBeGreaterThan(1000);
});

test('the check detects a gallery that was never stored', async () => {
  const [seed, other] = await createSeeds();
  const { problem } = await runCase({ bytes: other.bytes, seed, isSealed: false });
  expect(problem).toBe('the gallery was never stored');
});
