import { defineConfig } from 'vitest/config';

// This configuration lets `vitest run` work in this folder as well as from the root.
export default defineConfig({ test: { include: ['test/**/*.test.ts'], testTimeout: 30_000 } });
