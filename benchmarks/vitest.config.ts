import { defineConfig } from 'vitest/config';

// The tests start processes and time kernels, which takes long on a loaded machine.
export default defineConfig({ test: { testTimeout: 120_000 } });
