import type { Check, Outcome, Place } from '@unitsphere/contract';
import { expect, test } from 'vitest';
import { printAgreement } from '../src/agreement/print-agreement.js';
import { joinAgreement, runAgreement } from '../src/agreement/run-agreement.js';

const described = (name: string, subject: string) => ({ group: 'operations' as const, subject, name });
const compute = async () => ({ output: [1] });
const checks: Check[] = [
  { ...described('conv 1x1', 'conv'), compute },
  { ...described('conv 3x3', 'conv'), compute },
  { ...described('angle', 'angle'), compute },
  { group: 'memory', subject: 'memory', name: 'memory', verify: async () => [] },
];

function place(name: string, outcomes: Record<string, Partial<Outcome>>): Place {
  return {
    name,
    backend: name,
    device: `${name}'s device`,
    run: async (check) => {
      const { subject = '', group = 'operations' } = checks.find((c) => c.name === check) ?? {};
      return { group, subject, name: check, problems: [], differences: [], ...outcomes[check] };
    },
  };
}

const difference = (output: string, absolute: number, relative: number) => ({ output, absolute, relative });

test('reports the largest differences of each subject on each backend but cpu, and names those above the limit', async () => {
  const wasm = place('wasm', {
    'conv 1x1': { differences: [difference('output', 3e-6, 1e-7), difference('gradient of x', 1e-6, 2e-6)] },
    'conv 3x3': { differences: [difference('output', 2e-6, 1e-6)] },
    angle: { differences: [difference('output', 0, 0)] },
  });
  const webgpu = place('webgpu', {
    'conv 1x1': { differences: [difference('output', 1, 0.5)], problems: ['output differs'] },
    angle: { differences: [difference('output', 2e-4, 3e-4)], coarse: 'angles are coarse there' },
  });
  const cpu = place('cpu', {});
  const missing = [{ name: 'node', why: 'it is not installed.' }];
  const report = await runAgreement({ present: [cpu, wasm, webgpu], missing }, checks);

  expect(report.places.map(({ name }) => name)).toEqual(['wasm', 'webgpu']);
  expect(report.rows).toEqual([
    {
      group: 'operations',
      subject: 'conv',
      places: {
        wasm: {
          absolute: { value: 3e-6, in: 'conv 1x1: output' },
          relative: { value: 2e-6, in: 'conv 1x1: gradient of x' },
        },
        webgpu: {
          absolute: { value: 1, in: 'conv 1x1: output' },
          relative: { value: 0.5, in: 'conv 1x1: output' },
        },
      },
    },
    expect.objectContaining({ subject: 'angle' }),
  ]);
  expect(report.problems).toEqual(['webgpu, conv 1x1: output differs']);

  const text = printAgreement(report);
  expect(text).toMatch(/\| conv +\| +3\.0e-6 · 2\.0e-6 \| +\*\*1\.0e\+0 · 5\.0e-1\*\* \|/);
  expect(text).toMatch(/\| angle +\| +0 · 0 \| +\*\*2\.0e-4 · 3\.0e-4\*\* \|/);
  expect(text).toContain('- angle on webgpu is less precise: angles are coarse there.');
  expect(text).toContain('- **Failed**: webgpu, conv 1x1: output differs');
  expect(text).toContain('- Absent: node: it is not installed.');
  expect(text).toContain(
    'Largest relative difference: 5.0e-1, on webgpu, in conv 1x1: output. Differences above 0.0001: 2.',
  );
});

test('keeps the places that are not measured again', async () => {
  const measure = (name: string, value: number) => {
    const outcome = {
      differences: [difference('output', value, value)],
      problems: value > 1 ? ['differs'] : [],
    };
    const missing = name === 'wasm' ? [{ name: 'native', why: 'it is not built.' }] : [];
    return runAgreement({ present: [place(name, { angle: outcome })], missing }, [checks[2]]);
  };
  const both = joinAgreement(await measure('wasm', 2), await measure('native', 3));
  expect(both.places.map(({ name }) => name)).toEqual(['wasm', 'native']);
  expect(both.rows.map(({ places }) => Object.keys(places))).toEqual([['wasm', 'native']]);
  expect(both.problems).toEqual(['wasm, angle: differs', 'native, angle: differs']);
  expect(both.absent).toEqual({});
  const again = joinAgreement(both, await measure('native', 1));
  expect(again.rows[0].places['native'].absolute.value).toBe(1);
  expect(again.problems).toEqual(['wasm, angle: differs']);
});
