/**
 * Adds a margin loss, a backbone, a norm, a neck and a distillation loss, each as one new file and one line in a registry,
 * and trains a step with all of them by their names in a config. The sources are extended in memory only.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readGolden } from '@unitsphere/testing/golden';
import { build } from 'esbuild';
import ts from 'typescript';
import { expect, test } from 'vitest';
import {
  extendedPackages,
  extendedSources,
  extendedSourcesPlugin,
  toKey,
} from './fixtures/extended-sources.js';
import { pictureFolder, temporaryFolder } from './fixtures.js';

const program = fileURLToPath(new URL('./fixtures/train-extensions.ts', import.meta.url));

function configText(pictures: string, teacher: string, cacheDir: string): string {
  return `
backend: wasm
data: { source: folder, path: ${JSON.stringify(pictures)}, cacheDir: ${JSON.stringify(join(pictures, '.cache'))}, imageSize: 32, workers: 0, split: { train: 0.5, validation: 0.25, test: 0.25 } }
model: { backbone: extension, neck: extension, norm: extension, embeddingSize: 8 }
loss: { name: extension, sharpness: 3, warmup: { steps: 1 } }
training: { steps: 1, batchSize: 4, replicas: 1, logEvery: 1, validateEvery: null, checkpointEvery: null }
distillation:
  teacher: { onnx: ${JSON.stringify(teacher)}, preprocessing: { imageSize: 16 } }
  loss: extension
  temperature: 2
  power: two
  cacheDir: ${JSON.stringify(cacheDir)}
`;
}

/** Bundles the program inside the package, so that Node finds its dependencies, and runs it in a child process. */
async function runProgram(args: readonly string[]): Promise<string> {
  const name = `extensions-${process.pid}.mjs`;
  const outfile = fileURLToPath(new URL(`../node_modules/.cache/unitsphere-test/${name}`, import.meta.url));
  const { outputFiles } = await build({
    entryPoints: [program],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    write: false,
    plugins: [extendedSourcesPlugin],
  });
  mkdirSync(dirname(outfile), { recursive: true });
  writeFileSync(outfile, outputFiles[0].contents);
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [outfile, ...args], {
      maxBuffer: 1 << 26,
    });
    return stdout;
  } finally {
    rmSync(outfile);
  }
}

test('one file and one line each are enough to train with a new loss, backbone, norm, neck and distillation loss', {
  timeout: 240_000,
}, async () => {
  const folder = temporaryFolder();
  const [teacher] = readGolden<{ name: string; model: string }>('onnx_teacher').cases;
  writeFileSync(join(folder, 'teacher.onnx'), Buffer.from(teacher.model, 'base64'));
  const text = configText(await pictureFolder(16), join(folder, 'teacher.onnx'), join(folder, 'features'));
  writeFileSync(join(folder, 'config.yaml'), text);
  const output = JSON.parse(await runProgram([join(folder, 'config.yaml'), folder]));

  expect(output.config.loss).toMatchObject({ name: 'extension', margin: 0.1, sharpness: 3 });
  expect(output.config.distillation).toMatchObject({ loss: 'extension', temperature: 2, power: 'two' });
  expect(output.reparsed).toEqual(output.config);
  expect(output.problem).toBe('--set: loss.sharpness: must be below 4, not 5');
  expect(output.metrics[0]).toMatchObject({ step: 1, margin: 0, scale: 16 });
  expect(output.metrics[0].loss).toBeGreaterThan(0);
  expect(output.metrics[0].distillationLoss).toBeGreaterThan(0);

  const { loss, model, distillation } = output.schema.properties;
  expect(loss.properties.name.enum).toContain('extension');
  expect(loss.properties.margin.description).toContain('extension: Margin; default 0.1.');
  expect(loss.properties.sharpness).toEqual({
    description: 'Sharpness. Only with name: extension. Default 2.',
    type: 'number',
    minimum: 1,
    exclusiveMaximum: 4,
  });
  for (const key of ['backbone', 'neck', 'norm']) expect(model.properties[key].enum).toContain('extension');
  const { properties } = distillation.anyOf.find(({ type }: { type: string }) => type === 'object');
  expect(properties.loss.enum).toContain('extension');
  expect(properties.power.enum).toEqual(['one', 'two']);
});

test('the types accept them without another change', { timeout: 240_000 }, () => {
  const file = fileURLToPath(new URL('../tsconfig.json', import.meta.url));
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(file, ts.sys.readFile).config,
    ts.sys,
    dirname(file),
  );
  const paths = Object.fromEntries(
    [...extendedPackages].flatMap(([name, folder]) => [
      [name, [join(folder, 'index.ts')]],
      [`${name}/*`, [join(folder, '*.ts')]],
    ]),
  );
  const host = ts.createCompilerHost({ ...options, paths });
  const { readFile, fileExists, getSourceFile } = host;
  host.fileExists = (path) => extendedSources.has(toKey(path)) || fileExists(path);
  host.readFile = (path) => extendedSources.get(toKey(path)) ?? readFile(path);
  host.getSourceFile = (path, language, ...rest) => {
    const text = extendedSources.get(toKey(path));
    return text === undefined
      ? getSourceFile(path, language, ...rest)
      : ts.createSourceFile(path, text, language);
  };
  const diagnostics = ts.getPreEmitDiagnostics(ts.createProgram([program], { ...options, paths }, host));
  expect(ts.formatDiagnostics(diagnostics, host)).toBe('');
});
