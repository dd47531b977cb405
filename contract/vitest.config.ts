import { defineConfig } from 'vitest/config';

// Software devices compile slowly, especially on a busy machine.
export default defineConfig({ test: { testTimeout: 120_000, hookTimeout: 120_000 } });
