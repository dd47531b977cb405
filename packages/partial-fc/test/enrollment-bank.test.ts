import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { soloCommunicator } from '@unitsphere/collectives';
import { readSafetensors, writeSafetensors } from '@unitsphere/core';
import { CosFace } from '@unitsphere/margin-losses';
import { start } from '@unitsphere/testing/backends';
import { withFault } from '@unitsphere/testing/faults';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fileStore, writeEnrollmentBank } from '../src/file.js';
import { deviceStore, enrollmentBank, hostStore, PartialFC } from '../src/index.js';

let folder: string;
beforeEach(async () => {
  await start('cpu');
  folder = mkdtempSync(join(tmpdir(), 'bank-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each(['device', 'host', 'file'])(
  'holds the centers at unit length and their class numbers: %s store',
  async (kind) => {
    const stores = { device: deviceStore(), host: hostStore(), file: fileStore(join(folder, 'centers')) };
    // More rows than are written at a time, on the second of two ranks, whose class numbers do not begin at 0.
    const partialFC = new PartialFC({
      classes: 10_001,
      dimensions: 3,
      loss: new CosFace(),
      seed: 1,
      store: stores[kind as keyof typeof stores],
      communicator: { ...soloCommunicator(), rank: 1, size: 2 },
    });
    const names = Array.from({ length: 5000 }, (_, i) => `card ${i}`);
    const { tensors, metadata } = await enrollmentBank(partialFC, { names });
    expect(tensors.get('embeddings')!.shape).toEqual([5000, 3]);
    const raw = await partialFC.store.readCenters(0, 5000);
    const embeddings = tensors.get('embeddings')!.data as Float32Array;
    for (let row = 0; row < 5000; row++) {
      const length = Math.hypot(...raw.slice(3 * row, 3 * row + 3));
      for (let d = 0; d < 3; d++) expect(embeddings[3 * row + d]).toBeCloseTo(raw[3 * row + d] / length, 5);
    }
    expect([...(tensors.get('labels')!.data as Int32Array)]).toEqual(names.map((_, i) => 5001 + i));
    expect(JSON.parse(metadata.names)).toEqual(names);
    const path = join(folder, 'bank.safetensors');
    await writeEnrollmentBank(path, partialFC, { names });
    const bytes = readFileSync(path);
    expect(bytes.equals(writeSafetensors(tensors, metadata))).toBe(true);
    expect(readSafetensors(bytes).metadata.format).toBe('unitsphere enrollment bank');
    partialFC.dispose();
  },
);

test('a full disk or a wrong number of names keeps the existing file', async () => {
  const partialFC = new PartialFC({ classes: 5, dimensions: 3, loss: new CosFace(), seed: 1 });
  const path = join(folder, 'bank.safetensors');
  writeFileSync(path, 'the existing file');
  await expect(writeEnrollmentBank(path, partialFC, { names: ['one'] })).rejects.toThrow(
    'there are 1 names for 5 classes',
  );
  for (const at of [0, 1, 2]) {
    await withFault('full', at, async () => {
      await expect(writeEnrollmentBank(path, partialFC)).rejects.toThrow('the disk is full');
    });
  }
  expect(readFileSync(path, 'utf8')).toBe('the existing file');
  expect(readdirSync(folder)).toEqual(['bank.safetensors']);
  partialFC.dispose();
});
