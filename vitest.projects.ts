import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Every package in one run. Named so that "vitest run" inside a package does not find it.
const root = dirname(fileURLToPath(import.meta.url));
export default defineConfig({
  test: {
    projects: ['packages/*', 'apps/*', 'tools/golden', 'tools/workspace', 'benchmarks'].map((path) =>
      join(root, path),
    ),
  },
});
