import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEmbedder, embedderFiles } from '@unitsphere/embedder';
import { expect, test } from 'vitest';
import { formatResults } from '../src/commands/format-results.js';
import { runEvaluation } from '../src/evaluate/run-evaluation.js';
import { UserError } from '../src/user-error.js';
import { pictureFolder, silentProgress, temporaryFolder } from './fixtures.js';

const options = () => ({
  checkpoint: 'document-small',
  backend: 'wasm' as const,
  progress: silentProgress(),
});

test('evaluates a shipped model on every picture of a folder, without a network before training', async () => {
  const report = await runEvaluation({ ...options(), data: await pictureFolder(6), identities: 'all' });
  expect(report).toMatchObject({ checkpoint: 'document-small', backend: 'wasm' });
  expect(report.heldOut).toMatchObject({ identities: 6, images: 54 });
  expect(report.heldOut?.auroc).toBeGreaterThan(0.8);
  expect(report.rank1?.heldOut).toBeGreaterThan(0.7);
  for (const key of ['step', 'untrained']) expect(report).not.toHaveProperty(key);
  expect(report.rank1).not.toHaveProperty('untrained');
  expect(formatResults(report, 100).join('\n')).not.toContain('before training');
});

test('evaluates a model whose image size no backbone of a training would have', async () => {
  const folder = temporaryFolder();
  const embedder = await createEmbedder({ backbone: 'lcnet_035', neck: 'gap', head: 'none', imageSize: 40 });
  for (const [name, content] of Object.entries(await embedderFiles(embedder)))
    writeFileSync(join(folder, name), content);
  embedder.dispose();
  const report = await runEvaluation({
    ...options(),
    checkpoint: folder,
    data: await pictureFolder(3),
    identities: 'all',
  });
  expect(report.heldOut).toMatchObject({ identities: 3, images: 27 });
});

test('a model without a run requires data and --identities all', async () => {
  const refused = async (given: { data?: string; identities?: 'test' | 'all' }) => {
    const error = await runEvaluation({ ...options(), ...given }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(UserError);
    return `${(error as UserError).message} ${(error as UserError).hint}`;
  };
  expect(await refused({ identities: 'all' })).toContain('--data DIR');
  const data = temporaryFolder();
  for (const identities of [undefined, 'test'] as const)
    expect(await refused({ data, identities })).toContain('--identities all');
});
