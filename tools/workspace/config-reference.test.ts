import { expect, test } from 'vitest';
import { listKeys, readConfigSchema, renderConfigReference } from './config-reference.mjs';

test('describes every key of the schema once, with its default', () => {
  const schema = readConfigSchema();
  const keys = listKeys(schema).filter(({ key }) => key.includes('.'));
  expect(keys.length).toBeGreaterThan(100);
  const rows = renderConfigReference(schema)
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  for (const { key, value } of keys) {
    const found = rows.filter((row) => row.startsWith(`| \`${key}\` |`));
    expect(found.length, key).toBe(1);
    if (typeof value.default === 'number') expect(found[0], key).toContain(`| \`${value.default}\` |`);
  }
});

test('names the values, the limits and the default of a key', () => {
  const schema = {
    properties: {
      part: {
        description: 'A part.',
        properties: {
          rate: { type: 'number', minimum: 0, maximum: 1, default: 0.5, description: 'A rate | a share.' },
          mode: { enum: ['fast', 'exact'], description: 'How.' },
        },
      },
    },
  };
  const text = renderConfigReference(schema);
  expect(text).toContain('## part\n\nA part.\n');
  expect(text).toContain('| `part.rate` | number ≥ 0, ≤ 1 | `0.5` | A rate \\| a share. |');
  expect(text).toContain('| `part.mode` | `"fast"`, `"exact"` |  | How. |');
});
