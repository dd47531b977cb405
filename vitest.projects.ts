import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

// Every package in one run. Named so that "vitest run" inside a package does not find it.
// The WebAssembly kernels, which all processors have. Tests of the native kernels switch them on.
process.env['UNITSPHERE_NATIVE'] ??= '0';

const root = dirname(fileURLToPath(import.meta.url));

/**
 * Projects whose test files share processes, so that each process loads TensorFlow.js once. Their tests restore what they change.
 * Before adding one: npx vitest run --config vitest.projects.ts --no-isolate FOLDER
 */
const SHARED = [
  'packages/clip-distiller',
  'packages/core',
  'packages/data',
  'packages/images',
  'packages/margin-losses',
  'packages/necks',
  'packages/optimizers',
  'packages/pair-losses',
  'packages/partial-fc',
  'packages/pretrained',
  'packages/recognition',
  'packages/verification',
];

function projectOf(folder: string): TestProjectInlineConfiguration {
  const config = join(root, folder, 'vitest.config.ts');
  const manifest = join(root, folder, 'package.json');
  return {
    ...(existsSync(config) && { extends: config }),
    root: join(root, folder),
    test: {
      name: existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).name : basename(folder),
      isolate: !SHARED.includes(folder),
    },
  };
}

const foldersIn = (parent: string) => readdirSync(join(root, parent)).map((name) => `${parent}/${name}`);

export default defineConfig({
  test: {
    // Use every core: by default vitest leaves one free.
    maxWorkers: '100%',
    projects: [
      ...foldersIn('packages'),
      ...foldersIn('apps'),
      'benchmarks',
      'contract',
      'tools/prose',
      'tools/testing',
      'tools/workspace',
    ].map(projectOf),
  },
});
