import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

// Every package in one run. Named so that "vitest run" inside a package does not find it.
// The WebAssembly kernels, which all processors have. Tests of the native kernels switch them on.
process.env['UNITSPHERE_NATIVE'] ??= '0';

// Temporary files in memory, where a flush costs nothing: tests flush thousands of them. TMPDIR chooses another folder.
const MEMORY = '/dev/shm';
if (!process.env['TMPDIR'] && isUsable(MEMORY)) {
  const folder = mkdtempSync(join(MEMORY, 'unitsphere-'));
  // As /tmp, because a test's server can run as another user.
  chmodSync(folder, 0o1777);
  process.env['TMPDIR'] = folder;
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
}

/** Whether a file system has 4 GiB free and runs programs, as tests of libraries and commands require. */
function isUsable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = statfsSync(folder);
    const mount = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .find((line) => line.split(' ')[1] === folder);
    return bavail * bsize > 4 * 2 ** 30 && mount !== undefined && !mount.includes('noexec');
  } catch {
    return false;
  }
}

const root = dirname(fileURLToPath(import.meta.url));

/**
 * Projects whose test files share processes, so that each process loads TensorFlow.js once. Their tests restore what they change.
 * Before adding one: npx vitest run --config vitest.projects.ts --no-isolate FOLDER
 */
const SHARED = [
  'apps/trainer',
  'benchmarks',
  'packages/clip-distiller',
  'packages/core',
  'packages/data',
  'packages/embedder',
  'packages/images',
  'packages/margin-losses',
  'packages/mixed-precision',
  'packages/necks',
  'packages/norms',
  'packages/onnx-export',
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
      setupFiles: [join(root, 'tools/testing/src/typed-array-equality.ts')],
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
