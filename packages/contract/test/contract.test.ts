/** The contract on every backend that is here, in Node and in a browser. The end of `npm test` sums it up in a table. */
import { afterAll, describe, expect, test } from 'vitest';
// Where a backend is counted on, its absence is an error of this module.
import '../../../tools/workspace/backends.js';
import type { Check } from '../src/check.js';
import { contractChecks } from '../src/contract.js';
import { allPlaces } from '../src/places/all.js';
import type { Place } from '../src/places/place.js';

declare module 'vitest' {
  interface TaskMeta {
    /** What the place of a test runs on, for the table. */
    device?: string;
  }
}

const { present, missing, chromium, close } = await allPlaces();
afterAll(close);

for (const { name, why } of missing) {
  describe(name, () => {
    test.skipIf(process.env['CI'] !== 'true')(why, () => {
      expect.unreachable(`${name} should be here and is missing: ${why}`);
    });
  });
}

function fulfills(place: Place, checks: readonly Check[]) {
  describe(place.name, () => {
    test.for(checks)('$name', async ({ name }, { task }) => {
      task.meta.device = place.device;
      const { problems } = await place.run(name);
      expect(problems).toEqual([]);
    });
  });
}

for (const place of present) fulfills(place, contractChecks);

if (chromium) {
  // A few: what differs there is how the backend starts and whether our kernels reach its memory.
  const few = contractChecks.filter(({ name }) => /^(conv2d 3x3$|l2Normalize$|LCNet-050)/.test(name));
  const isolated = await chromium.places('isolated worker');
  for (const place of isolated.present) if (place.backend === 'wasm') fulfills(place, few);

  describe('a page', () => {
    test('whose .wasm files are not served says so', async () => {
      const page = await chromium.open();
      const start = page.evaluate(() =>
        (
          globalThis as unknown as { contract: { startWasm(folder: string): Promise<unknown> } }
        ).contract.startWasm('/nowhere/'),
      );
      await expect(start).rejects.toThrow(
        /The backend "wasm" cannot be used: .* Check that its .wasm files can be read; in a browser, give `wasmPaths`/,
      );
      await page.close();
    });
  });
}

test('the contract has every operation, layer, norm, neck and loss', async () => {
  const subjects = new Set(contractChecks.map(({ subject }) => subject));
  const exported = await Promise.all([
    import('@unitsphere/ops'),
    import('@unitsphere/core'),
    import('@unitsphere/norms'),
    import('@unitsphere/necks'),
    import('@unitsphere/margin-losses'),
  ]);
  const [ops, ...modules] = exported;
  // These compute nothing on a backend.
  const asides = [
    ...['countMultiplyAdds', 'MATMUL_PRECISIONS', 'PRODUCT_KINDS', 'toBfloat16'],
    ...['getFloat32MatmulPrecision', 'withFloat32MatmulPrecision', 'describeMatmulPrecision'],
    // It works in the host's memory.
    ...['sharedRowMemory', 'fitsSharedRowMemory'],
  ];
  const names = Object.keys(ops).filter((name) => !asides.includes(name));
  const { Module } = exported[1];
  for (const module of modules) {
    for (const [name, value] of Object.entries(module)) {
      const { prototype } = value as { prototype?: object };
      const layer = prototype instanceof Module;
      const loss = prototype !== undefined && 'target' in prototype;
      if (layer || loss) names.push(name);
    }
  }
  expect(names.filter((name) => !subjects.has(name))).toEqual([]);
});

test('names are unique', () => {
  const names = contractChecks.map(({ name }) => name);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});
