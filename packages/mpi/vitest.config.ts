import { defineConfig } from 'vitest/config';

// Processes that wait for one another take their time on a loaded machine.
export default defineConfig({ test: { testTimeout: 120_000, hookTimeout: 120_000 } });
