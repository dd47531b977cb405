import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { computeRatios, FIELDS, listProblems } from '../gpu/report.mjs';

const rehearsal = () =>
  JSON.parse(readFileSync(new URL('../gpu/rehearsal.json', import.meta.url), 'utf8')) as {
    step: Parameters<typeof computeRatios>[0];
    ratios: Record<string, number>;
  };

test('the rehearsal of tools/gpu/check.sh has every field', () => {
  expect(listProblems(rehearsal())).toEqual([]);
});

test.each(Object.keys(FIELDS))('reports a missing %s', (path) => {
  const report = rehearsal() as unknown as Record<string, unknown>;
  const keys = path.split('.');
  const parent = keys.slice(0, -1).reduce((object, key) => object[key] as typeof report, report);
  delete parent[keys.at(-1) as string];
  expect(listProblems(report)).toEqual([expect.stringContaining(`${path} is missing`)]);
});

test('refuses a figure that is null in a rehearsal, and accepts it on a machine with a GPU', () => {
  const report = { ...rehearsal(), ratios: { ...rehearsal().ratios, webgpuToStock: null } };
  expect(listProblems(report)).toEqual(['ratios.webgpuToStock is null in a rehearsal']);
  expect(listProblems({ ...report, rehearsal: false })).toEqual([]);
});

test('computes ratios of images per second, and null for an absent contender', () => {
  const contender = (id: string, median: number) => ({ id, imagesPerSecond: { median } });
  const contenders = [contender('unitsphere-cuda', 300), contender('pytorch-cuda', 600)];
  expect(computeRatios({ contenders }, 'cuda', 'pytorch-cuda')).toEqual({
    nativeToPyTorch: 0.5,
    nativeToStock: null,
    webgpuToPyTorch: null,
    webgpuToStock: null,
  });
});
