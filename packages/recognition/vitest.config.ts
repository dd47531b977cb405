import { defineConfig } from 'vitest/config';

// A configuration of its own lets `vitest run` work in this folder as well as from the root.
export default defineConfig({ test: { include: ['test/**/*.test.ts'], testTimeout: 30_000 } });
