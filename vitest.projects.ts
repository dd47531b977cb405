import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Every package in one run. Named so that "vitest run" inside a package does not find it.
// The WebAssembly kernels, which all processors have. Tests of the native kernels switch them on.
process.env['UNITSPHERE_NATIVE'] ??= '0';

const root = dirname(fileURLToPath(import.meta.url));
export default defineConfig({
  test: {
    // Use every core: by default vitest leaves one free.
    maxWorkers: '100%',
    projects: [
      'packages/*',
      'apps/*',
      'benchmarks',
      'contract',
      'tools/prose',
      'tools/testing',
      'tools/workspace',
    ].map((path) => join(root, path)),
  },
});
