import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Every package in one run. Named so that "vitest run" inside a package does not find it.
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
