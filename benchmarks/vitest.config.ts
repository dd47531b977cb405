import { defineConfig } from 'vitest/config';

// Processes are started and kernels timed; a loaded machine takes its time.
export default defineConfig({ test: { testTimeout: 120_000 } });
