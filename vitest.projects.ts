import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Every package in one run. Named so that "vitest run" inside a package does not find it.
const root = dirname(fileURLToPath(import.meta.url));
export default defineConfig({
  test: {
    // Every core: vitest leaves one free, which of two is half of them.
    maxWorkers: '100%',
    projects: ['packages/*', 'apps/*', 'tools/golden', 'tools/prose', 'tools/workspace', 'benchmarks'].map((path) =>
      join(root, path),
    ),
  },
});
