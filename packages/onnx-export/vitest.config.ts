import { defineConfig } from 'vitest/config';

// With a separate configuration, `vitest run` works in this folder as well as from the root.
export default defineConfig({ test: { include: ['test/**/*.test.ts'], testTimeout: 30_000 } });
