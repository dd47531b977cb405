/** The contract on every available backend, in Node and in a browser. `npm test` ends with a table of the results. */
import { afterAll, describe, expect, test } from 'vitest';
// This import fails if a required backend is missing.
import '@unitsphere/testing/backends';
import type { Check } from '../src/check.js';
import { contractChecks } from '../src/contract.js';
import { openPlaces } from '../src/places/all.js';
import type { Place } from '../src/places/place.js';

declare module 'vitest' {
  interface TaskMeta {
    /** Device of the test's place, for the table. */
    device?: string;
  }
}

const { present, missing, chromium, close } = await openPlaces();
afterAll(close);

for (const { name, why } of missing) {
  describe(name, () => {
    // Nothing requires Rust, so its compiler may be missing in CI too.
    const isOptional = process.env['CI'] !== 'true' || name === 'wasm, native';
    test.skipIf(isOptional)(why, () => {
      expect.unreachable(`${name} is required and missing: ${why}`);
    });
  });
}

function testPlace(place: Place, checks: readonly Check[]) {
  describe(place.name, () => {
    test.for(checks)('$name', async ({ name }, { task }) => {
      task.meta.device = place.device;
      const { problems } = await place.run(name);
      expect(problems).toEqual([]);
    });
  });
}

for (const place of present) testPlace(place, contractChecks);

if (chromium) {
  // A few checks suffice: only the backend's start and its memory differ in an isolated page.
  const few = contractChecks.filter(({ name }) => /^(conv2d 3x3$|l2Normalize$|LCNet-050)/.test(name));
  const isolated = await chromium.places('isolated worker');
  for (const place of isolated.present) if (place.backend === 'wasm') testPlace(place, few);

  describe('a page', () => {
    test('reports .wasm files that the server does not have', async () => {
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

test('checks every operation, layer, norm, neck and loss', async () => {
  const subjects = new Set(contractChecks.map(({ subject }) => subject));
  const exported = await Promise.all([
    import('@unitsphere/ops'),
    import('@unitsphere/core'),
    import('@unitsphere/norms'),
    import('@unitsphere/necks'),
    import('@unitsphere/margin-losses'),
  ]);
  const [ops, ...modules] = exported;
  // These exports compute nothing on a backend.
  const ignored = [
    ...['countMultiplyAdds', 'MATMUL_PRECISIONS', 'PRODUCT_KINDS', 'toBfloat16'],
    ...['getFloat32MatmulPrecision', 'withFloat32MatmulPrecision', 'describeMatmulPrecision'],
    // The tests of the native kernels compare numbers of threads.
    ...['setKernelThreads', 'getKernelThreads'],
    // Shared rows are in the host's memory.
    ...['createSharedRowMemory', 'fitsSharedRowMemory'],
    // The kernels of @unitsphere/inference are checked by its tests.
    ...['createKernelSet', 'kernelCode', 'pixelTables'],
  ];
  const names = Object.keys(ops).filter((name) => !ignored.includes(name));
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
